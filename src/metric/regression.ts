/** How far the answers of a regressor are from their truths, once labels have arrived. */

import { totalOf } from '../math/exact-sum.ts';
import type { NumericState } from '../profile/numeric.ts';
import type { RegressionState, RegressionSum } from '../profile/regression.ts';
import { bucketsOf } from '../profile/sketch.ts';
import { keyText } from '../profile/track.ts';
import { logEnds, meanOutcome, meanVariance, rateOf } from './intervals.ts';
import { type MetricKind, measureOf, NO_BASELINE, type Outcome, worseWhen } from './metric.ts';
import { quantileOutcome } from './order.ts';

const about = { family: 'performance', subjects: 'model_output', roles: ['performance'] } as const;
const NO_LABELS = 'no labels';

type Total = (name: RegressionSum) => number;

const errorMetric = (
  name: string,
  description: string,
  formula: string,
  read: (n: number, total: Total, state: RegressionState) => Outcome,
): MetricKind => ({
  ...about,
  name,
  description,
  formula,
  measure(key, track) {
    if (track.kind !== 'regression') return [];
    const { state } = track;
    const total: Total = (of) => totalOf(state.sums[of]);
    const outcome = state.n === 0 ? { reason: NO_LABELS, n: 0 } : read(state.n, total, state);
    return [measureOf(key.subject, key.model, outcome)];
  },
});

const mae = errorMetric(
  'mae',
  'Mean absolute error of a regressor.',
  'sum |prediction - truth| / n; Student interval',
  (n, total) => meanOutcome(total('absE'), total('e2'), n, NO_LABELS, 0),
);

const bias = errorMetric(
  'bias',
  'Mean signed error of a regressor.',
  'sum (prediction - truth) / n; Student interval',
  (n, total) => meanOutcome(total('e'), total('e2'), n, NO_LABELS),
);

const rmse = errorMetric(
  'rmse',
  'Root of the mean squared error of a regressor.',
  'sqrt(sum (prediction - truth)^2 / n); interval by the delta method on the logarithm',
  (n, total) => {
    const square = total('e2') / n;
    const variance = meanVariance(total('e2'), total('e4'), n);
    const value = Math.sqrt(square);
    if (variance === undefined || square === 0) return { value, n };
    const { low, high } = logEnds(square, variance);
    return { value, n, low: Math.sqrt(low!), high: Math.sqrt(high!) };
  },
);

const mape = errorMetric(
  'mape',
  'Mean absolute error as a share of the truth, over the rows whose truth is not 0.',
  'sum |(prediction - truth) / truth| / n; Student interval',
  (_, total, { nonzero }) => meanOutcome(total('p'), total('p2'), nonzero, 'no truth other than 0', 0),
);

/** 1 - R2 is a ratio of means: of e^2, and of the squared distance of the truth from its mean. */
function r2Of(n: number, total: Total): Outcome {
  const mean = total('t') / n;
  const spread = total('t2') / n - mean * mean;
  if (n < 2 || !(spread > 0)) return { reason: 'the truths do not differ', n };
  const ratio = total('e2') / n / spread;
  const value = 1 - ratio;
  // Moments of e^2 and (t - mean)^2, whose difference e^2 - ratio (t - mean)^2 has a mean of 0.
  const crossed = total('e2t2') - 2 * mean * total('e2t') + mean * mean * total('e2');
  const fourth = total('t4') - 4 * mean * total('t3') + 6 * mean * mean * total('t2') - 3 * n * mean ** 4;
  const squares = total('e4') - 2 * ratio * crossed + ratio * ratio * fourth;
  const variance = Math.max(0, squares) / (n - 1) / n / spread ** 2;
  if (ratio === 0) return { value, n };
  const { low, high } = logEnds(ratio, variance);
  return { value, n, low: 1 - high!, high: 1 - low! };
}

const r2 = errorMetric(
  'r2',
  'Share of the variance of the truths that a regressor explains; below 0 it is worse than their mean.',
  '1 - sum (prediction - truth)^2 / sum (truth - mean)^2; interval by the delta method on ln(1 - R2)',
  r2Of,
);

/** The size of errors is a track of its own, for its quantiles. */
export const ABSOLUTE = '#abs';

const medianAe: MetricKind = {
  ...about,
  name: 'median_ae',
  description: 'Median of the absolute error of a regressor.',
  formula: 'nearest rank, relative error at most 1/128; interval of order statistics',
  measure(key, track) {
    if (track.kind !== 'numeric' || !key.subject.endsWith(ABSOLUTE)) return [];
    const subject = key.subject.slice(0, -ABSOLUTE.length);
    const { n } = track.state;
    const outcome = n === 0 ? { reason: NO_LABELS, n } : quantileOutcome(track.state, 0.5);
    return [measureOf(subject, key.model, outcome)];
  },
};

/** The border is that of the bucket of the sketch in which nine tenths of the reference are reached, so both sides count exactly. */
const LARGE_QUANTILE = 0.9;

/** Errors larger than nine in ten of the reference were: of the reference itself and of the window. */
export function largeErrors(
  before: NumericState,
  now: NumericState,
): { reference: { bad: number; n: number }; current: { bad: number; n: number } } | null {
  if (before.n === 0) return null;
  let border = Number.NEGATIVE_INFINITY;
  let seen = 0;
  for (const [bucket, count] of bucketsOf(before.sketch)) {
    border = bucket;
    seen += count;
    if (seen >= LARGE_QUANTILE * before.n) break;
  }
  const beyond = ({ sketch, n }: NumericState) => ({
    bad: bucketsOf(sketch).reduce((sum, [bucket, count]) => sum + (bucket > border ? count : 0), 0),
    n,
  });
  return { reference: beyond(before), current: beyond(now) };
}

const largeErrorRate: MetricKind = {
  ...about,
  name: 'large_error_rate',
  description:
    'Share of the labelled answers of a regressor that are further off than nine in ten of the reference were.',
  formula: '|prediction - truth| beyond the 0.9 quantile of the reference / labelled; Wilson interval',
  unit: true,
  worse: 'larger',
  measure(key, track, { reference }) {
    if (track.kind !== 'numeric' || !key.subject.endsWith(ABSOLUTE)) return [];
    const subject = key.subject.slice(0, -ABSOLUTE.length);
    const before = reference.state(keyText(key));
    const found = before?.kind === 'numeric' ? largeErrors(before.state, track.state) : null;
    const { n } = track.state;
    const outcome = found === null ? { reason: NO_BASELINE, n } : rateOf(found.current.bad, n, NO_LABELS);
    return [measureOf(subject, key.model, outcome)];
  },
};

export const REGRESSION_METRICS = [
  worseWhen('larger', mae),
  rmse,
  worseWhen('larger', mape),
  r2,
  bias,
  medianAe,
  largeErrorRate,
];
