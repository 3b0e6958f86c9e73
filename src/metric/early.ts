/**
 * What values from early labels are worth. Early labels are no random sample: a chargeback comes sooner than the silence that means a
 * good payment. How far early values lay from the final ones of past windows tells by how much, and corrects those of this one.
 */

import type { TrackState } from '../profile/registry.ts';
import type { TrackKey } from '../profile/track.ts';
import type { OutputType } from '../records.ts';
import { correctEarly, type EarlyPair, earlyBias, type Known } from './label-curve.ts';
import {
  type Measure,
  type MetricContext,
  type MetricKind,
  measureOf,
  type Outcome,
  outputOf,
} from './metric.ts';
import { MULTILABEL_METRICS } from './multilabel.ts';
import { PERFORMANCE_METRICS } from './performance.ts';
import { REGRESSION_METRICS } from './regression.ts';

/** The metric that speaks for an output, and what it can be. */
interface Headline {
  metric: string;
  range: readonly [number, number];
}

const HEADLINES: Partial<Record<OutputType, Headline>> = {
  classifier: { metric: 'accuracy', range: [0, 1] },
  multilabel: { metric: 'subset_accuracy', range: [0, 1] },
  regressor: { metric: 'mae', range: [0, Number.POSITIVE_INFINITY] },
};

const KINDS: readonly MetricKind[] = [...PERFORMANCE_METRICS, ...MULTILABEL_METRICS, ...REGRESSION_METRICS];

/** The headline metric of a track of answers with labels; undefined: it is of another kind. */
export function headlineOf(
  key: TrackKey,
  track: TrackState,
  context: MetricContext,
): { measure: Measure; range: Headline['range'] } | undefined {
  const output = outputOf(context.spec, key.subject);
  const headline = output === undefined ? undefined : HEADLINES[output.type];
  if (key.role !== 'performance' || headline === undefined) return undefined;
  const kind = KINDS.find(({ name }) => name === headline.metric)!;
  const measure = kind.measure(key, track, context)[0];
  return measure === undefined ? undefined : { measure, range: headline.range };
}

type Told = { early: number; n: number; pairs: readonly EarlyPair[]; range: Headline['range'] };

function earlyMetric(
  name: string,
  description: string,
  formula: string,
  read: (told: Told) => Outcome,
): MetricKind {
  return {
    name,
    description,
    formula,
    family: 'performance',
    subjects: 'model_output',
    roles: ['performance'],
    measure(key, track, context) {
      if (context.isFinal || context.earlyPairs === undefined) return [];
      const headline = headlineOf(key, track, context);
      if (headline === undefined) return [];
      const { value, reason, n } = headline.measure;
      const pairs = context.earlyPairs(key.model, key.subject);
      const outcome =
        value === null ? { reason, n } : read({ early: value, n, pairs, range: headline.range });
      return [measureOf(key.subject, key.model, outcome)];
    },
  };
}

const outcomeOf = <T>(known: Known<T>, n: number, read: (value: T) => Outcome): Outcome =>
  'reason' in known ? { reason: known.reason, n } : read(known.value);

export const EARLY_METRICS = [
  earlyMetric(
    'early_label_bias',
    'How far the accuracy of early labels (of a regressor mae, of sets subset_accuracy) lies from the final one: the mean over past windows at the same revision. Only of preliminary results; n counts the windows.',
    'mean of early - final; Student interval; needs 5 windows',
    ({ pairs }) =>
      outcomeOf(earlyBias(pairs), pairs.length, ({ mean, low, high, cohorts }) => ({
        value: mean,
        n: cohorts,
        low,
        high,
      })),
  ),
  earlyMetric(
    'early_corrected',
    'What the accuracy of early labels (of a regressor mae, of sets subset_accuracy) is likely to become when all have come: less the bias of past windows at the same revision. Only of preliminary results.',
    'early - mean of early - final, within the range of the metric; 95 % prediction interval for one more window; needs 20 windows',
    ({ early, n, pairs, range }) =>
      outcomeOf(correctEarly(early, earlyBias(pairs), range), n, ({ value, low, high }) => ({
        value,
        n,
        low,
        high,
      })),
  ),
];
