/** Location and spread of numeric tracks: inputs, scores, latency and telemetry. */

import { meanOf, type NumericState, varianceOf } from '../profile/numeric.ts';
import { quantileOf } from '../profile/sketch.ts';
import type { TrackRole } from '../profile/track.ts';
import type { Result } from '../records.ts';
import { type MetricKind, type MetricSubjects, numericMetric, type Outcome } from './metric.ts';

type Reading = (state: NumericState) => number | undefined;

const outcomeOf = (state: NumericState, value: number | undefined, reason: string): Outcome =>
  value === undefined ? { reason, n: state.n } : { value, n: state.n };

/**
 * Nearest-rank quantile of the sketch, to a relative error of 1/128. The exact range is known, so that a
 * constant column has its own value as median.
 */
const quantile =
  (q: number): Reading =>
  (state) => {
    const value = quantileOf(state.sketch, q);
    return value === undefined ? undefined : Math.min(state.max, Math.max(state.min, value));
  };

const deviation: Reading = (state) => {
  const variance = varianceOf(state);
  return variance === undefined ? undefined : Math.sqrt(variance);
};
const minimum: Reading = (state) => (state.n === 0 ? undefined : state.min);
const maximum: Reading = (state) => (state.n === 0 ? undefined : state.max);

const QUANTILE = 'nearest rank, relative error at most 1/128';

const inputMetric = (
  name: string,
  description: string,
  formula: string,
  read: Reading,
  reason = 'no values',
): MetricKind =>
  numericMetric(
    { name, description, formula, family: 'input', subjects: 'numeric_track', roles: ['input'] },
    (state) => outcomeOf(state, read(state), reason),
  );

const softMetric = (
  name: string,
  description: string,
  formula: string,
  read: Reading,
  place: { family: Result['family']; subjects: MetricSubjects; roles: readonly TrackRole[] },
): MetricKind =>
  numericMetric({ name, description, formula, ...place }, (state) =>
    outcomeOf(state, read(state), 'no values'),
  );

const score = { family: 'output', subjects: 'model_output', roles: ['score'] } as const;
const latency = { family: 'software', subjects: 'service', roles: ['latency'] } as const;
const telemetry = { family: 'software', subjects: 'telemetry', roles: ['telemetry'] } as const;

export const MOMENT_METRICS = [
  inputMetric('mean', 'Mean of the values.', 'sum x / n', meanOf),
  inputMetric(
    'std',
    'Standard deviation of the values.',
    'sqrt(sum (x - mean)^2 / (n - 1))',
    deviation,
    'fewer than two values',
  ),
  inputMetric('median', 'Median of the values.', QUANTILE, quantile(0.5)),
  inputMetric('p05', 'The value that 5 % of the values do not exceed.', QUANTILE, quantile(0.05)),
  inputMetric('p95', 'The value that 95 % of the values do not exceed.', QUANTILE, quantile(0.95)),
  inputMetric('min', 'Smallest value.', 'min x', minimum),
  inputMetric('max', 'Largest value.', 'max x', maximum),
  softMetric(
    'score_mean',
    "Mean of a model's scores: of the positive class, the value, the length of the answer, or boxes an image.",
    'sum s / n',
    meanOf,
    score,
  ),
  softMetric('score_p50', "Median of a model's scores.", QUANTILE, quantile(0.5), score),
  softMetric('latency_p50', 'Median of the latency in milliseconds.', QUANTILE, quantile(0.5), latency),
  softMetric(
    'latency_p95',
    'Latency in milliseconds that 95 % do not exceed.',
    QUANTILE,
    quantile(0.95),
    latency,
  ),
  softMetric(
    'latency_p99',
    'Latency in milliseconds that 99 % do not exceed.',
    QUANTILE,
    quantile(0.99),
    latency,
  ),
  softMetric('telemetry_mean', 'Mean of a metric of the serving hosts.', 'sum x / n', meanOf, telemetry),
  softMetric('telemetry_max', 'Largest value of a metric of the serving hosts.', 'max x', maximum, telemetry),
];
