/** How right a classifier is, once labels have arrived. */

import type { ConfusionState } from '../profile/confusion.ts';
import { classOfSets, type SetsState } from '../profile/sets.ts';
import type { OutputSpec } from '../records.ts';
import { type Ends, meanOfSharesEnds, rateOf } from './intervals.ts';
import { wilson } from './label-curve.ts';
import { confusionMetric, type MetricKind, measureOf, type Outcome, outputOf } from './metric.ts';
import { cohenKappa, correlationOutcome, gwetAc1, macroF1Ends, matthews } from './table.ts';

const about = { family: 'performance', subjects: 'model_output', roles: ['performance'] } as const;
const NO_LABELS = 'no labels';

export interface ClassCounts {
  right: number;
  predicted: number;
  labelled: number;
}

function countsOf({ classes, counts }: ConfusionState, index: number): ClassCounts {
  let [predicted, labelled] = [0, 0];
  for (let other = 0; other < classes; other++) {
    predicted += counts[index * classes + other]!;
    labelled += counts[other * classes + index]!;
  }
  return { right: counts[index * classes + index]!, predicted, labelled };
}

export function setCountsOf(state: SetsState, index: number): ClassCounts {
  const { right, predictedOnly, trueOnly } = classOfSets(state, index);
  return { right, predicted: right + predictedOnly, labelled: right + trueOnly };
}

/** The classes that are predicted or labelled at least once. */
const occurringOf = (state: ConfusionState): ClassCounts[] =>
  Array.from({ length: state.classes }, (_, index) => countsOf(state, index)).filter(
    ({ predicted, labelled }) => predicted + labelled > 0,
  );

const totalOf = ({ counts }: ConfusionState): number => counts.reduce((sum, count) => sum + count, 0);

type ClassOutcome = (counts: ClassCounts) => Outcome;

export const precisionOf: ClassOutcome = ({ right, predicted }) =>
  rateOf(right, predicted, 'no positive predictions');
export const recallOf: ClassOutcome = ({ right, labelled }) => rateOf(right, labelled, 'no positive labels');

/** F1 = 2 J / (1 + J) of the share J of right ones among all that are predicted or labelled; so is its interval. */
export const f1Of: ClassOutcome = ({ right, predicted, labelled }) => {
  const n = predicted + labelled - right;
  if (n === 0) return { reason: 'no positive labels or predictions', n };
  const { low, high } = wilson(right, n);
  const back = (share: number): number => (2 * share) / (1 + share);
  return { value: (2 * right) / (predicted + labelled), n, low: back(low), high: back(high) };
};

/**
 * Of the positive class where the output names one. Otherwise the mean over the classes that occur, where
 * a class without a value counts as 0: one that is never predicted must not make the model look better.
 */
function classMetric(
  read: ClassOutcome,
  endsOf: (state: ConfusionState, occurring: readonly ClassCounts[], value: number) => Ends,
) {
  return (state: ConfusionState, { classes, positive }: OutputSpec): Outcome => {
    const n = totalOf(state);
    if (n === 0) return { reason: NO_LABELS, n };
    if (positive !== null) return read(countsOf(state, classes.indexOf(positive)));
    const occurring = occurringOf(state);
    let sum = 0;
    for (const counts of occurring) {
      const outcome = read(counts);
      if ('value' in outcome) sum += outcome.value;
    }
    const value = sum / occurring.length;
    return { value, n, ...endsOf(state, occurring, value) };
  };
}

/** Given how often each class is predicted (or labelled), the shares of right ones are independent of each other. */
const sharesEnds =
  (of: 'predicted' | 'labelled') =>
  (_: ConfusionState, occurring: readonly ClassCounts[]): Ends =>
    meanOfSharesEnds(
      occurring.filter((counts) => counts[of] > 0).map((counts) => ({ part: counts.right, n: counts[of] })),
      occurring.length,
    );

const accuracy = confusionMetric(
  {
    ...about,
    unit: true,
    worse: 'smaller',
    name: 'accuracy',
    description: 'Share of the labelled answers that are right.',
    formula: 'right / labelled; Wilson interval',
  },
  (state) => {
    let right = 0;
    for (let index = 0; index < state.classes; index++) right += state.counts[index * (state.classes + 1)]!;
    return rateOf(right, totalOf(state), NO_LABELS);
  },
);

const balancedAccuracy = confusionMetric(
  {
    ...about,
    unit: true,
    name: 'balanced_accuracy',
    description: 'Mean over the classes with labels of the share of their labels that are found.',
    formula: 'mean of right / labelled by class; interval by MOVER of Wilson intervals',
  },
  (state) => {
    const n = totalOf(state);
    const labelled = occurringOf(state).filter((counts) => counts.labelled > 0);
    if (n === 0) return { reason: NO_LABELS, n };
    const value = labelled.reduce((sum, counts) => sum + counts.right / counts.labelled, 0) / labelled.length;
    return { value, n, ...sharesEnds('labelled')(state, labelled) };
  },
);

const precision = confusionMetric(
  {
    ...about,
    unit: true,
    name: 'precision',
    description: 'Share of the positive answers that are right; the mean over classes if none is positive.',
    formula: 'true positives / predicted positives; Wilson interval, of a mean by MOVER',
  },
  classMetric(precisionOf, sharesEnds('predicted')),
);

const recall = confusionMetric(
  {
    ...about,
    unit: true,
    name: 'recall',
    description: 'Share of the positive labels that are found; the mean over classes if none is positive.',
    formula: 'true positives / labelled positives; Wilson interval, of a mean by MOVER',
  },
  classMetric(recallOf, sharesEnds('labelled')),
);

const specificity = confusionMetric(
  {
    ...about,
    unit: true,
    name: 'specificity',
    description:
      'Share of the labels that are not positive for which the answer is not either, of an output with a positive class.',
    formula: 'true negatives / labelled negatives; Wilson interval',
  },
  (state, { classes, positive }) => {
    if (positive === null) return null;
    const n = totalOf(state);
    const { right, predicted, labelled } = countsOf(state, classes.indexOf(positive));
    const negatives = n - labelled;
    return rateOf(negatives - (predicted - right), negatives, n === 0 ? NO_LABELS : 'no negative labels');
  },
);

const f1 = confusionMetric(
  {
    ...about,
    unit: true,
    name: 'f1',
    description: 'Harmonic mean of precision and recall; the mean over classes if none is positive.',
    formula:
      '2 true positives / (predicted positives + labelled positives); interval by Wilson of TP / (TP + FP + FN), of a mean by the delta method',
  },
  classMetric(f1Of, (state, occurring, value) => macroF1Ends(state, value, occurring.length)),
);

const mcc = confusionMetric(
  {
    ...about,
    name: 'mcc',
    description: 'Matthews correlation of answers and labels, of several classes R_K.',
    formula:
      '(sum p_kk - sum r_k c_k) / sqrt((1 - sum r_k^2) (1 - sum c_k^2)); interval by the delta method on atanh',
  },
  (state) => correlationOutcome(state, matthews, NO_LABELS),
);

const labelKappa = confusionMetric(
  {
    ...about,
    name: 'label_kappa',
    description: "Cohen's kappa of answers and labels: agreement beyond that of chance.",
    formula: '(agreement - sum r_k c_k) / (1 - sum r_k c_k); interval by the delta method on atanh',
  },
  (state) => correlationOutcome(state, cohenKappa, NO_LABELS),
);

const labelAc1 = confusionMetric(
  {
    ...about,
    name: 'label_ac1',
    description: "Gwet's AC1 of answers and labels: as kappa, and steady where one class is rare.",
    formula:
      '(agreement - e) / (1 - e), e = sum m_k (1 - m_k) / (classes - 1), m_k = (r_k + c_k) / 2; interval by the delta method on atanh',
  },
  (state) => correlationOutcome(state, gwetAc1, NO_LABELS),
);

/** Of each class of an output without a positive one. */
const byClass = (name: string, description: string, formula: string, read: ClassOutcome): MetricKind => ({
  ...about,
  unit: true,
  name,
  description,
  formula,
  subjects: 'class',
  measure(key, track, { spec }) {
    const output = outputOf(spec, key.subject);
    if (output === undefined || output.positive !== null) return [];
    if (track.kind !== 'confusion' && track.kind !== 'sets') return [];
    // Folded under other classes than those that are configured now.
    if (track.state.classes !== output.classes.length) return [];
    return output.classes.map((label, index) => {
      const counts = track.kind === 'sets' ? setCountsOf(track.state, index) : countsOf(track.state, index);
      return measureOf(`${key.subject}=${label}`, key.model, read(counts));
    });
  },
});

const classPrecision = byClass(
  'class_precision',
  'Share of the answers of a class that are right, where the output has no positive class; of sets, those with the class.',
  'right / predicted; Wilson interval',
  ({ right, predicted }) => rateOf(right, predicted, 'no predictions of the class'),
);
const classRecall = byClass(
  'class_recall',
  'Share of the labels of a class that are found, where the output has no positive class; of sets, those with the class.',
  'right / labelled; Wilson interval',
  ({ right, labelled }) => rateOf(right, labelled, 'no labels of the class'),
);

export const PERFORMANCE_METRICS = [
  accuracy,
  balancedAccuracy,
  precision,
  recall,
  specificity,
  f1,
  mcc,
  labelKappa,
  labelAc1,
  classPrecision,
  classRecall,
];
