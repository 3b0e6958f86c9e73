/** How right sets of labels are, once the true sets have arrived. */

import type { SetsState } from '../profile/sets.ts';
import { rateOf, shareEnds } from './intervals.ts';
import { type MetricKind, measureOf, type Outcome } from './metric.ts';
import { f1Of, setCountsOf } from './performance.ts';

const about = {
  family: 'performance',
  subjects: 'model_output',
  unit: true,
  roles: ['performance'],
} as const;
const NO_LABELS = 'no labels';

const setsMetric = (
  name: string,
  description: string,
  formula: string,
  read: (state: SetsState) => Outcome,
): MetricKind => ({
  ...about,
  name,
  description,
  formula,
  measure(key, track) {
    if (track.kind !== 'sets') return [];
    const outcome = track.state.n === 0 ? { reason: NO_LABELS, n: 0 } : read(track.state);
    return [measureOf(key.subject, key.model, outcome)];
  },
});

const subsetAccuracy = setsMetric(
  'subset_accuracy',
  'Share of the labelled sets of a multilabel output that are right as a whole.',
  'equal sets / labelled; Wilson interval',
  ({ exact, n }) => rateOf(exact, n, NO_LABELS),
);

/** Rows are independent, their classes are not: the variance is that over rows. */
const rowVariance = (squares: number, mean: number, n: number): number =>
  n > 1 ? Math.max(0, squares / n - mean * mean) / (n - 1) : 0;

const hammingLoss = setsMetric(
  'hamming_loss',
  'Share of the classes of a multilabel output that are wrongly in or not in the set.',
  'classes in one of the two sets alone / (labelled * classes); Wilson interval of as much variance over rows',
  ({ n, classes, errors, errors2 }) => {
    const value = errors / n / classes;
    const variance = rowVariance(errors2, errors / n, n) / (classes * classes);
    return { value, n, ...shareEnds(value, variance, n) };
  },
);

/** 2 right / (2 right + errors) is a ratio over rows: its variance is that of 2 right - F1 (2 right + errors). */
const microF1 = setsMetric(
  'micro_f1',
  'F1 of all classes of a multilabel output together.',
  '2 right / (2 right + wrong) over classes and rows; Wilson interval of as much variance over rows',
  ({ n, right, errors, right2, errors2, rightErrors }) => {
    const size = 2 * right + errors;
    if (size === 0) return { reason: 'no labels in any set', n };
    const value = (2 * right) / size;
    const [a, b] = [2 * (1 - value), value];
    const squares = Math.max(0, a * a * right2 - 2 * a * b * rightErrors + b * b * errors2);
    const variance = n > 1 ? (squares * n) / (n - 1) / (size * size) : 0;
    return { value, n, ...shareEnds(value, variance, n) };
  },
);

const macroF1 = setsMetric(
  'macro_f1',
  'Mean F1 of the classes of a multilabel output that occur. How classes go together is not kept, so it has no interval.',
  'mean of 2 right / (predicted + labelled) by class',
  (state) => {
    let [sum, occurring] = [0, 0];
    for (let index = 0; index < state.classes; index++) {
      const outcome = f1Of(setCountsOf(state, index));
      if (!('value' in outcome)) continue;
      sum += outcome.value;
      occurring++;
    }
    return occurring === 0
      ? { reason: 'no labels in any set', n: state.n }
      : { value: sum / occurring, n: state.n };
  },
);

export const MULTILABEL_METRICS = [subsetAccuracy, hammingLoss, microF1, macroF1];
