/** Where the vectors of an input lie, against the baseline. */

import { studentQuantile } from '../math/special.ts';
import { centroidOf, type EmbeddingState, scatterOf } from '../profile/embedding.ts';
import { keyText } from '../profile/track.ts';
import type { Ends } from './intervals.ts';
import { type MetricKind, measureOf, NO_BASELINE, type Outcome, type Reference } from './metric.ts';

type Compare = (own: EmbeddingState, reference: EmbeddingState) => Outcome;

const metric = (name: string, description: string, formula: string, compare: Compare): MetricKind => ({
  name,
  description,
  formula,
  family: 'input',
  subjects: 'embedding_input',
  roles: ['embedding'],
  measure(key, track, { reference }) {
    if (track.kind !== 'embedding') return [];
    return [measureOf(key.subject, key.model, against(track.state, keyText(key), reference, compare))];
  },
});

function against(own: EmbeddingState, key: string, reference: Reference, compare: Compare): Outcome {
  const { n } = own;
  const other = reference.state(key);
  if (other?.kind !== 'embedding') return { reason: NO_BASELINE, n };
  if (other.state.dimensions !== own.dimensions) return { reason: 'the baseline has other dimensions', n };
  if (n === 0) return { reason: 'no vectors', n };
  if (other.state.n === 0) return { reason: 'no vectors in the baseline', n };
  return compare(own, other.state);
}

const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, x, d) => sum + x * b[d]!, 0);

/** Of a centroid: the mean of its squared distance from the true one. Undefined below two vectors. */
const noiseOf = (state: EmbeddingState): number | undefined =>
  state.n < 2 ? undefined : scatterOf(state) / (state.n - 1) / state.n;

const LEVEL = 0.975;

/**
 * How far a centroid may lie from the true one, in radians seen from zero: within a ball around it, whose radius is exceeded
 * with a chance of 2.5 %. The length of the noise is at most the root of its mean square in the mean, and deviates from there as a normal
 * variable of that variance at most (C. Borell 1975, V. N. Sudakov and B. S. Tsirelson 1974); of few vectors as Student's.
 */
function angleAround(state: EmbeddingState, length: number): number | undefined {
  const noise = noiseOf(state);
  if (noise === undefined) return undefined;
  const radius = (1 + studentQuantile(LEVEL, state.n - 1)) * Math.sqrt(noise);
  return radius < length ? Math.asin(radius / length) : Math.PI;
}

/** Both centroids lie within their angles at once in 95 % by Bonferroni; so the angle between them is known to the sum. */
function cosineEnds(value: number, own: number | undefined, other: number | undefined): Ends {
  if (own === undefined || other === undefined) return {};
  const [angle, half] = [Math.acos(1 - value), own + other];
  return {
    low: Math.min(value, 1 - Math.cos(Math.max(0, angle - half))),
    high: Math.max(value, 1 - Math.cos(Math.min(Math.PI, angle + half))),
  };
}

function cosine(own: EmbeddingState, reference: EmbeddingState): Outcome {
  const { n } = own;
  const [a, b] = [centroidOf(own), centroidOf(reference)];
  const [length, other] = [Math.sqrt(dot(a, a)), Math.sqrt(dot(b, b))];
  const lengths = length * other;
  if (lengths === 0) return { reason: 'a centroid is zero and has no direction', n };
  // Equal directions are 0 in spite of rounding.
  const value = 1 - Math.max(-1, Math.min(1, dot(a, b) / lengths));
  return { value, n, ...cosineEnds(value, angleAround(own, length), angleAround(reference, other)) };
}

/**
 * Of the distance in deviations. By Jensen its mean is at least the true one, and at most the length of the noise more, the root of s in the mean; it
 * deviates from its mean as a normal variable of the variance s at most (Borell, Sudakov and Tsirelson). Like the d of J. Cohen it has
 * value^2 / (2 (n + m - 2)) more from the deviation that it is divided by (L. V. Hedges 1981), which vectors along one line have and others less.
 */
function distanceEnds(value: number, own: EmbeddingState, reference: EmbeddingState, variance: number): Ends {
  const [a, b] = [noiseOf(own), noiseOf(reference)];
  if (a === undefined || b === undefined) return {};
  const noise = (a + b) / variance;
  // The degrees of freedom of B. L. Welch: the two samples need not spread alike.
  const df = (a + b) ** 2 / (a ** 2 / (own.n - 1) + b ** 2 / (reference.n - 1));
  const error = Math.sqrt(noise + value ** 2 / (2 * (own.n + reference.n - 2)));
  const half = studentQuantile(LEVEL, df) * error;
  return { low: Math.max(0, value - Math.sqrt(noise) - half), high: value + half };
}

function standardized(own: EmbeddingState, reference: EmbeddingState): Outcome {
  const [n, m] = [own.n, reference.n];
  if (n + m < 3) return { reason: 'fewer than three vectors', n };
  const variance = (scatterOf(own) + scatterOf(reference)) / (n + m - 2);
  const shift = centroidOf(own).map((x, d) => x - centroidOf(reference)[d]!);
  const distance = Math.sqrt(dot(shift, shift));
  if (!(variance > 0)) return { reason: 'the vectors do not differ from their centroid', n };
  const value = distance / Math.sqrt(variance);
  return { value, n, ...distanceEnds(value, own, reference, variance) };
}

export const EMBEDDING_METRICS = [
  metric(
    'embedding_shift',
    'Cosine distance of the centroid of the vectors from that of the baseline: 0 for the same direction, 1 for a right angle, 2 for the opposite. The lengths of vectors are the numeric track `NAME.norm`.',
    '1 - cos(c, c0); interval by the angles that the noise of either centroid fills',
    cosine,
  ),
  metric(
    'embedding_distance',
    'Distance of the centroid of the vectors from that of the baseline, in standard deviations of the vectors around their centroids. With no drift its square is about 1/n + 1/m.',
    '|c - c0| / sqrt(mean of |x - centroid|^2, pooled); interval by the length of the noise and Gaussian concentration',
    standardized,
  ),
];
