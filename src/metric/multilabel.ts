/** How right sets of labels are, once the true sets have arrived. */

import type { SetsState } from '../profile/sets.ts';
import { type Ends, rateOf, shareEnds } from './intervals.ts';
import { type MetricKind, measureOf, type Outcome, worseWhen } from './metric.ts';
import { type ClassCounts, f1Of, setCountsOf } from './performance.ts';

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

/**
 * One correlation for all pairs of classes, 0..1, of their parts in 2 right - F1 (2 right + errors) of a row: the sum over the classes has
 * the variance over rows, and each class has its own. 1 where no class varies, since nothing is known of them then.
 */
function commonCorrelation(state: SetsState, occurring: readonly ClassCounts[]): number {
  const { n, right, errors, right2, errors2, rightErrors } = state;
  const value = (2 * right) / (2 * right + errors);
  const [a, b] = [2 * (1 - value), value];
  let [variances, deviations] = [0, 0];
  for (const { right: own, predicted, labelled } of occurring) {
    const wrong = predicted + labelled - 2 * own;
    const variance = Math.max(0, a * a * own + b * b * wrong - (a * own - b * wrong) ** 2 / n);
    variances += variance;
    deviations += Math.sqrt(variance);
  }
  const pairs = deviations ** 2 - variances;
  const together = a * a * right2 - 2 * a * b * rightErrors + b * b * errors2 - variances;
  return pairs > 0 ? Math.min(1, Math.max(0, together / pairs)) : 1;
}

/**
 * Of the mean over `values`, by the square-and-add recovery of variance from their intervals, with one correlation (G. Y. Zou 2007,
 * Toward using confidence intervals to compare correlations, Psychological Methods 12).
 */
function correlatedEnds(values: readonly (Ends & { value: number })[], correlation: number): Ends {
  const spread = (distanceOf: (one: Ends & { value: number }) => number): number => {
    const distances = values.map(distanceOf);
    const sum = distances.reduce((all, x) => all + x, 0);
    const squares = distances.reduce((all, x) => all + x * x, 0);
    return Math.sqrt((1 - correlation) * squares + correlation * sum * sum);
  };
  const total = values.reduce((sum, { value }) => sum + value, 0);
  return {
    low: (total - spread(({ value, low }) => value - low!)) / values.length,
    high: (total + spread(({ value, high }) => high! - value)) / values.length,
  };
}

const macroF1 = setsMetric(
  'macro_f1',
  'Mean F1 of the classes of a multilabel output that occur. How two classes go together is not kept, so its interval takes all pairs of them for equally correlated, by as much as the rows say.',
  'mean of 2 right / (predicted + labelled) by class; interval by MOVER of those of the classes, which are by Wilson of TP / (TP + FP + FN)',
  (state) => {
    const occurring = Array.from({ length: state.classes }, (_, index) => setCountsOf(state, index)).filter(
      ({ predicted, labelled }) => predicted + labelled > 0,
    );
    const values = occurring.map(f1Of).filter((outcome) => 'value' in outcome);
    const { n } = state;
    if (values.length === 0) return { reason: 'no labels in any set', n };
    const value = values.reduce((sum, one) => sum + one.value, 0) / values.length;
    return { value, n, ...correlatedEnds(values, commonCorrelation(state, occurring)) };
  },
);

export const MULTILABEL_METRICS = [
  worseWhen('smaller', subsetAccuracy),
  worseWhen('larger', hammingLoss),
  microF1,
  macroF1,
];
