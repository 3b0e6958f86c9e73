/** How the numeric inputs of a service move together, against the baseline. */

import { betaCdf, normalTail } from '../math/special.ts';
import { type JointState, jointMoments, pairAt } from '../profile/joint.ts';
import { keyText } from '../profile/track.ts';
import { type MetricKind, measureOf, NO_BASELINE, type Outcome, type Reference } from './metric.ts';

type Compare = (own: JointState, reference: JointState) => Outcome;

const metric = (name: string, description: string, formula: string, compare: Compare): MetricKind => ({
  name,
  description,
  formula,
  family: 'input',
  subjects: 'service',
  roles: ['joint'],
  measure(key, track, { reference }) {
    if (track.kind !== 'joint') return [];
    return [measureOf(key.subject, key.model, against(track.state, keyText(key), reference, compare))];
  },
});

function against(own: JointState, key: string, reference: Reference, compare: Compare): Outcome {
  const { n } = own;
  const other = reference.state(key);
  if (other?.kind !== 'joint') return { reason: NO_BASELINE, n };
  if (other.state.standard !== own.standard || other.state.size !== own.size)
    return { reason: 'the baseline is of other inputs', n };
  if (n === 0) return { reason: 'no row has a value in every input', n };
  if (other.state.n < 2) return { reason: 'no values in the baseline', n };
  return compare(own, other.state);
}

/** A variance below this part of the largest is a rounding error: the input is a combination of others. */
const RANK_TOLERANCE = 1e-9;

/**
 * d' S^-1 d by a Cholesky decomposition with pivots; an input that the others determine is left out.
 *
 * @param matrix S, symmetric, at `pairAt`
 */
function quadraticForm(matrix: Float64Array, d: Float64Array): { value: number; rank: number } {
  const size = d.length;
  const at = (i: number, j: number): number => (i <= j ? pairAt(i, j) : pairAt(j, i));
  const [rest, left] = [matrix.slice(), d.slice()];
  const open = new Set(d.keys());
  const least = RANK_TOLERANCE * Math.max(...Array.from({ length: size }, (_, i) => matrix[at(i, i)]!));
  let [value, rank] = [0, 0];
  while (open.size > 0) {
    const pivot = [...open].reduce((best, i) => (rest[at(i, i)]! > rest[at(best, best)]! ? i : best));
    const variance = rest[at(pivot, pivot)]!;
    if (!(variance > least)) break;
    open.delete(pivot);
    rank++;
    value += left[pivot]! ** 2 / variance;
    for (const i of open) {
      const slope = rest[at(i, pivot)]! / variance;
      left[i]! -= slope * left[pivot]!;
      for (const j of open) if (i <= j) rest[at(i, j)]! -= slope * rest[at(j, pivot)]!;
    }
  }
  return { value, rank };
}

/** P(F > f) of the F distribution with a and b degrees of freedom. */
const fTail = (f: number, a: number, b: number): number => betaCdf(b / (b + a * f), b / 2, a / 2);

function drift(own: JointState, reference: JointState): Outcome {
  const [n, m] = [own.n, reference.n];
  const [mine, theirs] = [jointMoments(own), jointMoments(reference)];
  const pooled = mine.covariances.map((s, i) => (n * s + m * theirs.covariances[i]!) / (n + m - 2));
  const shift = mine.means.map((mean, i) => mean - theirs.means[i]!);
  const { value, rank } = quadraticForm(pooled, shift);
  const freedom = n + m - rank - 1;
  if (rank === 0) return { reason: 'no input varies', n };
  if (freedom < 1 || n + m - 2 < own.size) return { reason: 'fewer rows than inputs', n };
  const f = (((value * n * m) / (n + m)) * freedom) / (rank * (n + m - 2));
  return { value: Math.sqrt(value), n, p: fTail(f, rank, freedom) };
}

/** Fisher's z has no variance for fewer. */
const CORRELATION_N_MIN = 4;

function correlationShift(own: JointState, reference: JointState): Outcome {
  const { n } = own;
  const m = reference.n;
  if (n < CORRELATION_N_MIN || m < CORRELATION_N_MIN) return { reason: 'fewer than four rows', n };
  const [mine, theirs] = [correlationsOf(own), correlationsOf(reference)];
  const error = Math.sqrt(1 / (n - 3) + 1 / (m - 3));
  let [pairs, largest, least] = [0, 0, 1];
  mine.forEach((r, i) => {
    const r0 = theirs[i]!;
    if (Number.isNaN(r) || Number.isNaN(r0)) return;
    pairs++;
    largest = Math.max(largest, Math.abs(r - r0));
    const z = Math.abs(fisher(r) - fisher(r0)) / error;
    least = Math.min(least, 2 * normalTail(z));
  });
  if (pairs === 0) return { reason: 'no two inputs vary', n };
  return { value: largest, n, p: Math.min(1, pairs * least) };
}

/** atanh, kept finite for inputs that are the same. */
const fisher = (r: number): number => Math.atanh(Math.max(-CLOSEST, Math.min(CLOSEST, r)));
const CLOSEST = 1 - 1e-6;

/** Of the pairs i < j in turn; NaN where one of them is constant. */
function correlationsOf(state: JointState): number[] {
  const { covariances } = jointMoments(state);
  const found: number[] = [];
  for (let j = 0; j < state.size; j++) {
    for (let i = 0; i < j; i++) {
      const spread = covariances[pairAt(i, i)]! * covariances[pairAt(j, j)]!;
      const r = covariances[pairAt(i, j)]! / Math.sqrt(spread);
      found.push(spread > 0 ? Math.max(-1, Math.min(1, r)) : Number.NaN);
    }
  }
  return found;
}

const WHICH =
  'Of the first 20 numeric tracks of the baseline, in rows where all have a value, standardized by it and cut at 4 deviations.';

export const JOINT_METRICS = [
  metric(
    'multivariate_drift',
    `Distance of the mean of all numeric inputs together from that of the baseline, in standard deviations along the direction of the shift, which counts for more the less usual it is. With no drift its square is about inputs (1/n + 1/m). ${WHICH}`,
    "sqrt(d' S^-1 d) of Mahalanobis, d = mean - mean0, S the pooled covariance; p of Hotelling's T^2 for two samples",
    drift,
  ),
  metric(
    'correlation_shift',
    `Largest change of the correlation of two numeric inputs against the baseline. ${WHICH}`,
    'max |r - r0| over the pairs; p: the smallest of Fisher z over the pairs, times their number (it takes inputs for normal)',
    correlationShift,
  ),
];
