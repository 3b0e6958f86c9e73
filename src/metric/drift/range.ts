/** Values beyond all that the baseline has seen. */

import { hypergeometricTails, outsideTail } from '../../math/hypergeometric.ts';
import { cellCounts } from '../cells.ts';
import { rateOf } from '../intervals.ts';
import { type MetricKind, measureOf } from '../metric.ts';

/**
 * P-value of `outside` of n values, one-sided. Without drift every order of the m + n values is as likely as any other, so that about
 * 2 / (m + 1) of them are expected beyond the range of the m. Where the borders are those of other data, the baseline has
 * such values itself and the two shares are compared.
 */
function pOf(outside: number, n: number, before: number, m: number): number {
  return before === 0 ? outsideTail(outside, n, m) : hypergeometricTails(outside, n, before, m).upper;
}

const rangeShift: MetricKind = {
  name: 'range_shift',
  description:
    'Share of the values of a numeric input that are smaller or larger than all values of the baseline. With no drift at all it is about 2 / (m + 1), m the values of the baseline.',
  formula:
    'values outside min..max of the baseline / values; Wilson interval; p of more such values than the order of m + n values of one law lets expect, exact',
  family: 'input',
  subjects: 'numeric_track',
  unit: true,
  roles: ['input'],
  measure(key, track, { reference }) {
    if (track.kind !== 'numeric') return [];
    const cells = cellCounts(track, reference.baseline(key.subject));
    if (cells === null) return [];
    if ('reason' in cells) return [measureOf(key.subject, key.model, cells)];
    const ends = (counts: readonly number[]): number => counts[0]! + counts.at(-1)!;
    const [outside, before] = [ends(cells.current), ends(cells.reference)];
    const m = cells.reference.reduce((sum, count) => sum + count, 0);
    const rate = rateOf(outside, cells.n, 'no values');
    return [measureOf(key.subject, key.model, { ...rate, p: pOf(outside, cells.n, before, m) })];
  },
};

export const RANGE_METRICS = [rangeShift];
