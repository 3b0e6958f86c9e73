/** Where the vectors of an input lie, against the baseline. */

import { centroidOf, type EmbeddingState, scatterOf } from '../profile/embedding.ts';
import { keyText } from '../profile/track.ts';
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

function cosine(own: EmbeddingState, reference: EmbeddingState): Outcome {
  const { n } = own;
  const [a, b] = [centroidOf(own), centroidOf(reference)];
  const lengths = Math.sqrt(dot(a, a)) * Math.sqrt(dot(b, b));
  if (lengths === 0) return { reason: 'a centroid is zero and has no direction', n };
  // Equal directions are 0 in spite of rounding.
  return { value: 1 - Math.max(-1, Math.min(1, dot(a, b) / lengths)), n };
}

function standardized(own: EmbeddingState, reference: EmbeddingState): Outcome {
  const [n, m] = [own.n, reference.n];
  if (n + m < 3) return { reason: 'fewer than three vectors', n };
  const variance = (scatterOf(own) + scatterOf(reference)) / (n + m - 2);
  const shift = centroidOf(own).map((x, d) => x - centroidOf(reference)[d]!);
  const distance = Math.sqrt(dot(shift, shift));
  if (!(variance > 0)) return { reason: 'the vectors do not differ from their centroid', n };
  return { value: distance / Math.sqrt(variance), n };
}

export const EMBEDDING_METRICS = [
  metric(
    'embedding_shift',
    'Cosine distance of the centroid of the vectors from that of the baseline: 0 for the same direction, 1 for a right angle, 2 for the opposite. The lengths of vectors are the numeric track `NAME.norm`.',
    '1 - cos(c, c0)',
    cosine,
  ),
  metric(
    'embedding_distance',
    'Distance of the centroid of the vectors from that of the baseline, in standard deviations of the vectors around their centroids. With no drift its square is about 1/n + 1/m.',
    '|c - c0| / sqrt(mean of |x - centroid|^2, pooled)',
    standardized,
  ),
];
