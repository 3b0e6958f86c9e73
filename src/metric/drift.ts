/** Distance of a window's inputs from the baseline. */

import type { TrackState } from '../profile/registry.ts';
import { bucketsOf, middleOf } from '../profile/sketch.ts';
import type { TrackBaseline } from '../records.ts';
import { cellCounts } from './cells.ts';
import { type MetricKind, measureOf, NO_BASELINE, numericMetric, type Outcome } from './metric.ts';

/** Added to every cell of both sides, so that an empty one does not make the index infinite. */
const JEFFREYS = 0.5;

/**
 * Population stability index: sum (q - p) ln(q / p) over the shares of two tables of counts with the same
 * cells (S. Kullback, R. A. Leibler, 1951, in its symmetric form). Each cell is counted as half a row more
 * (Jeffreys' prior). Cells that are empty on both sides say nothing and are left out. Never negative.
 */
export function psiOf(reference: ArrayLike<number>, current: ArrayLike<number>): number {
  let [cells, m, n] = [0, 0, 0];
  for (let i = 0; i < reference.length; i++) {
    if (reference[i] === 0 && current[i] === 0) continue;
    cells++;
    m += reference[i]!;
    n += current[i]!;
  }
  let psi = 0;
  for (let i = 0; i < reference.length; i++) {
    if (reference[i] === 0 && current[i] === 0) continue;
    const p = (reference[i]! + JEFFREYS) / (m + JEFFREYS * cells);
    const q = (current[i]! + JEFFREYS) / (n + JEFFREYS * cells);
    psi += (q - p) * Math.log(q / p);
  }
  return psi;
}

function psiOutcome(track: TrackState, baseline: TrackBaseline | undefined): Outcome | null {
  const cells = cellCounts(track, baseline);
  if (cells === null || 'reason' in cells) return cells;
  return { value: psiOf(cells.reference, cells.current), n: cells.n };
}

const psi: MetricKind = {
  name: 'psi',
  description:
    'Population stability index against the baseline: over its ten cells and what lies below and above, or over the known categories and all new ones together. With no drift at all it is about (cells - 1) (1/n + 1/m).',
  formula: 'sum (q - p) ln(q / p), every cell counted as half a row more',
  family: 'input',
  subjects: 'track',
  roles: ['input'],
  measure(key, track, { reference }) {
    const outcome = psiOutcome(track, reference.baseline(key.subject));
    return outcome === null ? [] : [measureOf(key.subject, key.model, outcome)];
  },
};

/**
 * Largest distance of the distribution functions of two sketches, over the borders of their buckets. The
 * distance over all values is at least this and larger by at most the mass of one bucket (0.8 % wide).
 *
 * @param reference [bucket, count] as `bucketsOf` gives them, not empty; likewise `current`
 */
export function ksOf(
  reference: readonly (readonly [number, number])[],
  current: readonly (readonly [number, number])[],
): number {
  let [m, n] = [0, 0];
  for (const [, count] of reference) m += count;
  for (const [, count] of current) n += count;
  let [was, is, distance] = [0, 0, 0];
  for (let i = 0, j = 0; i < reference.length || j < current.length; ) {
    const a = i < reference.length ? middleOf(reference[i]![0]) : Number.POSITIVE_INFINITY;
    const b = j < current.length ? middleOf(current[j]![0]) : Number.POSITIVE_INFINITY;
    if (a <= b) was += reference[i++]![1];
    if (b <= a) is += current[j++]![1];
    distance = Math.max(distance, Math.abs(was / m - is / n));
  }
  return distance;
}

const ks = numericMetric(
  {
    name: 'ks',
    description:
      'Largest distance of the distribution function from that of the baseline (Kolmogorov-Smirnov), too small by at most the mass of one bucket of the sketch.',
    formula: 'max |F(x) - G(x)|',
    family: 'input',
    subjects: 'numeric_track',
    unit: true,
    roles: ['input'],
  },
  (state, key, { reference }) => {
    const { n } = state;
    const baseline = reference.baseline(key.subject);
    if (baseline?.type !== 'numeric') return { reason: NO_BASELINE, n };
    if (n === 0) return { reason: 'no values', n };
    if (baseline.sketch.length === 0) return { reason: 'no values in the baseline', n };
    return { value: ksOf(baseline.sketch, bucketsOf(state.sketch)), n };
  },
);

export const DRIFT_METRICS = [psi, ks];
