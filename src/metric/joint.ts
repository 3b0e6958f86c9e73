/** How the numeric inputs of a service move together, against the baseline. */

import { betaCdf, normalQuantile, normalTail } from '../math/special.ts';
import { type JointState, jointMoments, pairAt } from '../profile/joint.ts';
import { keyText } from '../profile/track.ts';
import { type Ends, noncentralityEnds } from './intervals.ts';
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

/**
 * Of the distance of the true means. T^2, scaled to F, is noncentral chi-square for large samples, with nm / (n + m) times the squared
 * distance. The variance of its root is x / (2 freedom) more than that of chi-square,
 * for the covariance that is estimated. It holds the truth in 95 to 98 % of samples, and in 92.5 % where the noncentrality is about 4.
 *
 * @param size nm / (n + m)
 */
function distanceEnds(value: number, x: number, size: number, rank: number, freedom: number): Ends {
  const { low, high } = noncentralityEnds(x, rank, Math.sqrt(1 + x / (2 * freedom)));
  // Few rows make the value too large: it may lie above what is likely.
  return { low: Math.min(value, Math.sqrt(low / size)), high: Math.max(value, Math.sqrt(high / size)) };
}

function drift(own: JointState, reference: JointState): Outcome {
  const [n, m] = [own.n, reference.n];
  const [mine, theirs] = [jointMoments(own), jointMoments(reference)];
  const pooled = mine.covariances.map((s, i) => (n * s + m * theirs.covariances[i]!) / (n + m - 2));
  const shift = mine.means.map((mean, i) => mean - theirs.means[i]!);
  const { value, rank } = quadraticForm(pooled, shift);
  const freedom = n + m - rank - 1;
  if (rank === 0) return { reason: 'no input varies', n };
  if (freedom < 1 || n + m - 2 < own.size) return { reason: 'fewer rows than inputs', n };
  const size = (n * m) / (n + m);
  const x = (value * size * freedom) / (n + m - 2);
  const distance = Math.sqrt(value);
  const ends = distanceEnds(distance, x, size, rank, freedom);
  return { value: distance, n, p: fTail(x / rank, rank, freedom), ...ends };
}

/** Fisher's z has no variance for fewer. */
const CORRELATION_N_MIN = 4;

function correlationShift(own: JointState, reference: JointState): Outcome {
  const { n } = own;
  const m = reference.n;
  if (n < CORRELATION_N_MIN || m < CORRELATION_N_MIN) return { reason: 'fewer than four rows', n };
  const [mine, theirs] = [correlationsOf(own), correlationsOf(reference)];
  const pairs = mine.map((r, i) => [r, theirs[i]!] as const).filter((pair) => !pair.some(Number.isNaN));
  if (pairs.length === 0) return { reason: 'no two inputs vary', n };
  const error = Math.sqrt(1 / (n - 3) + 1 / (m - 3));
  let [value, least] = [0, 1];
  for (const [r, r0] of pairs) {
    value = Math.max(value, Math.abs(r - r0));
    const z = Math.abs(fisher(r) - fisher(r0)) / error;
    least = Math.min(least, 2 * normalTail(z));
  }
  return { value, n, p: Math.min(1, pairs.length * least), ...shiftEnds(pairs, n, m) };
}

/**
 * Of the largest change: that of each pair by the square-and-add recovery of variance from Fisher's intervals of both correlations (G. Y. Zou
 * 2007, Toward using confidence intervals to compare correlations, Psychological Methods 12), all together by Bonferroni.
 */
function shiftEnds(pairs: readonly (readonly [number, number])[], n: number, m: number): Ends {
  const z = normalQuantile(1 - 0.025 / pairs.length);
  let [low, high] = [0, 0];
  for (const [r, r0] of pairs) {
    const change = Math.abs(r - r0);
    const [upper, lower] = r > r0 ? [spanOf(r, n, z), spanOf(r0, m, z)] : [spanOf(r0, m, z), spanOf(r, n, z)];
    const below = Math.hypot(upper.below, lower.above);
    const above = Math.hypot(upper.above, lower.below);
    low = Math.max(low, change - below);
    // A change the other way counts as well.
    high = Math.max(high, change + above, below - change);
  }
  return { low, high: Math.min(2, high) };
}

/** How far Fisher's interval reaches below and above a correlation. */
function spanOf(r: number, n: number, z: number): { below: number; above: number } {
  const [middle, half] = [fisher(r), z / Math.sqrt(n - 3)];
  return {
    below: Math.max(0, r - Math.tanh(middle - half)),
    above: Math.max(0, Math.tanh(middle + half) - r),
  };
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
    "sqrt(d' S^-1 d) of Mahalanobis, d = mean - mean0, S the pooled covariance; interval of Sankaran 1963; p of Hotelling's T^2 for two samples (both take inputs for normal)",
    drift,
  ),
  metric(
    'correlation_shift',
    `Largest change of the correlation of two numeric inputs against the baseline. ${WHICH}`,
    'max |r - r0| over the pairs; interval of Fisher z for all pairs together; p: the smallest of Fisher z over the pairs, times their number (both take inputs for normal)',
    correlationShift,
  ),
];
