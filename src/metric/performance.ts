/** How right a classifier is, once labels have arrived. */

import type { ConfusionState } from '../profile/confusion.ts';
import type { OutputSpec } from '../records.ts';
import { confusionMetric, type Outcome, shareOf } from './metric.ts';

const about = { family: 'performance', subjects: 'model_output', roles: ['performance'] } as const;

interface ClassCounts {
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

const totalOf = ({ counts }: ConfusionState): number => counts.reduce((sum, count) => sum + count, 0);

type ClassOutcome = (counts: ClassCounts) => Outcome;

const precisionOf: ClassOutcome = ({ right, predicted }) =>
  shareOf(right, predicted, 'no positive predictions');
const recallOf: ClassOutcome = ({ right, labelled }) => shareOf(right, labelled, 'no positive labels');
const f1Of: ClassOutcome = ({ right, predicted, labelled }) =>
  predicted + labelled === 0
    ? { reason: 'no positive labels or predictions', n: 0 }
    : { value: (2 * right) / (predicted + labelled), n: predicted + labelled - right };

/**
 * Of the positive class where the output names one. Otherwise the mean over the classes that occur, where
 * a class without a value counts as 0: one that is never predicted must not make the model look better.
 */
function classMetric(read: ClassOutcome) {
  return (state: ConfusionState, { classes, positive }: OutputSpec): Outcome => {
    const n = totalOf(state);
    if (n === 0) return { reason: 'no labels', n };
    if (positive !== null) return read(countsOf(state, classes.indexOf(positive)));
    let [sum, occurring] = [0, 0];
    for (let index = 0; index < state.classes; index++) {
      const counts = countsOf(state, index);
      if (counts.predicted + counts.labelled === 0) continue;
      const outcome = read(counts);
      occurring++;
      if ('value' in outcome) sum += outcome.value;
    }
    return { value: sum / occurring, n };
  };
}

const accuracy = confusionMetric(
  {
    ...about,
    name: 'accuracy',
    description: 'Share of the labelled answers that are right.',
    formula: 'right / labelled',
  },
  (state) => {
    let right = 0;
    for (let index = 0; index < state.classes; index++) right += state.counts[index * (state.classes + 1)]!;
    return shareOf(right, totalOf(state), 'no labels');
  },
);

const precision = confusionMetric(
  {
    ...about,
    name: 'precision',
    description: 'Share of the positive answers that are right; the mean over classes if none is positive.',
    formula: 'true positives / predicted positives',
  },
  classMetric(precisionOf),
);

const recall = confusionMetric(
  {
    ...about,
    name: 'recall',
    description: 'Share of the positive labels that are found; the mean over classes if none is positive.',
    formula: 'true positives / labelled positives',
  },
  classMetric(recallOf),
);

const f1 = confusionMetric(
  {
    ...about,
    name: 'f1',
    description: 'Harmonic mean of precision and recall; the mean over classes if none is positive.',
    formula: '2 true positives / (predicted positives + labelled positives)',
  },
  classMetric(f1Of),
);

export const PERFORMANCE_METRICS = [accuracy, precision, recall, f1];
