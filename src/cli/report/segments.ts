/** The worst segments of one performance metric. */

import { COMPARED_N_MIN, type Difference, differenceOf, falseDiscoveryRates } from '../results/compare.ts';
import { type Pooled, pool } from '../results/pool.ts';
import { apart, type Series, type Stretch } from '../results/stretch.ts';
import { traitsOf } from '../results/traits.ts';

/** The false discovery rate up to which a segment is called certainly worse. */
export const RATE_MAX = 0.05;

export interface SegmentRow {
  segment: string;
  pooled: Pooled;
  /** Against the whole traffic. */
  difference: Difference;
  /** The value of the difference so that more is worse. */
  worse: number;
  /** By how much it is worse at least, by the bound of the interval that is nearest to the whole; negative: not at all. */
  worseBy: number | null;
  /** Whether the interval of the difference excludes 0. */
  excludesWhole: boolean;
  /** Benjamini-Hochberg over the segments of this metric; null: not compared. */
  rate: number | null;
  /**
   * worse, better: with a false discovery rate of at most RATE_MAX. perhaps: the interval excludes the whole, but not so
   * after the correction. Empty: no difference is seen.
   */
  verdict: 'worse' | 'better' | 'perhaps' | '';
}

/** The segments of one metric, output and model, the certainly worst ones first. */
export function rowsOf(stretch: Stretch, whole: Series): SegmentRow[] {
  const { metric, subject, model } = whole;
  const { better } = traitsOf(metric);
  const wholeWindows = apart(whole.final, stretch.sizeMs);
  const rows: SegmentRow[] = [];
  for (const series of stretch.series.values()) {
    if (series.segment === '*' || series.metric !== metric) continue;
    if (series.subject !== subject || series.model !== model) continue;
    const windows = apart(series.final, stretch.sizeMs);
    const pooled = pool(metric, windows);
    const difference = differenceOf(metric, windows, wholeWindows);
    if (pooled === null || difference === null) continue;
    const direction = directionOf(better, pooled.value);
    const worseBy = boundOf(direction, difference);
    const excludesWhole = difference.low !== null && (difference.low > 0 || difference.high! < 0);
    const { segment } = series;
    const worse = direction * difference.value;
    rows.push({ segment, pooled, difference, worse, worseBy, excludesWhole, rate: null, verdict: '' });
  }
  const rates = falseDiscoveryRates(rows.map(({ difference }) => difference.p));
  rows.forEach((row, i) => {
    row.rate = rates[i]!;
    if (row.rate !== null && row.rate <= RATE_MAX) {
      row.verdict = row.worse > 0 ? 'worse' : 'better';
    } else if (row.excludesWhole) row.verdict = 'perhaps';
  });
  return rows.sort(
    (a, b) =>
      (b.worseBy ?? Number.NEGATIVE_INFINITY) - (a.worseBy ?? Number.NEGATIVE_INFINITY) ||
      b.worse - a.worse ||
      (a.segment < b.segment ? -1 : 1),
  );
}

type Better = ReturnType<typeof traitsOf>['better'];

/**
 * Whether a higher value is worse (1) or a lower one (-1). What should be 0 is worse the further it lies on its own side.
 */
const directionOf = (better: Better, value: number): 1 | -1 =>
  better === 'higher' || (better === 'zero' && value < 0) ? -1 : 1;

/** The bound of the difference that is nearest to the whole, so that more is worse. */
function boundOf(direction: 1 | -1, { low, high }: Difference): number | null {
  if (low === null || high === null) return null;
  return direction === 1 ? low : -high;
}

/** Segments that have fewer samples than are compared. */
export const tooFew = (rows: readonly SegmentRow[]): number =>
  rows.filter(({ pooled }) => pooled.n < COMPARED_N_MIN).length;
