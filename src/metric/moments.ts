/** Location, spread and shape of numeric tracks: inputs, scores, latency and telemetry. */

import { studentQuantile } from '../math/special.ts';
import { type Shape, shapeOf } from '../profile/central.ts';
import { meanOf, type NumericState, reachOf, varianceOf } from '../profile/numeric.ts';
import { POWERS_REACH } from '../profile/powers.ts';
import type { TrackRole } from '../profile/track.ts';
import type { Result } from '../records.ts';
import { type Ends, Z95 } from './intervals.ts';
import { type MetricKind, type MetricSubjects, numericMetric, type Outcome } from './metric.ts';
import { quantileOutcome } from './order.ts';

type Reading = (state: NumericState) => Outcome;

const EMPTY = 'no values';
const BEYOND = 'beyond the range of numbers';

/** What several metrics read of one state; a state with as many values is the same one. */
interface Known {
  n: number;
  variance: number | undefined;
  shape: Shape | { reason: string } | undefined;
}

const known = new WeakMap<NumericState, Known>();

function knownOf(state: NumericState): Known {
  let found = known.get(state);
  if (found === undefined || found.n !== state.n) {
    found = { n: state.n, variance: varianceOf(state), shape: undefined };
    known.set(state, found);
  }
  return found;
}

/** The windows of a segment have one n for most of their tracks. */
const lastStudent = { n: 0, quantile: 0 };

function studentOf(n: number): number {
  if (lastStudent.n !== n) Object.assign(lastStudent, { n, quantile: studentQuantile(0.975, n - 1) });
  return lastStudent.quantile;
}

/** The mean with the interval of Student's t. */
const mean: Reading = (state) => {
  const { n } = state;
  const value = meanOf(state);
  if (value === undefined) return { reason: EMPTY, n };
  const { variance } = knownOf(state);
  if (variance === undefined) return { value, n };
  const half = studentOf(n) * Math.sqrt(variance / n);
  return { value, n, low: value - half, high: value + half };
};

/** With fewer values their kurtosis says nothing. */
const SPREAD_N_MIN = 4;

const deviation: Reading = (state) => {
  const { n } = state;
  const { variance } = knownOf(state);
  if (variance === undefined) return { reason: 'fewer than two values', n };
  if (variance === Number.POSITIVE_INFINITY) return { reason: BEYOND, n };
  return { value: Math.sqrt(variance), n, ...spreadEnds(state, variance) };
};

/**
 * Interval of a standard deviation for laws that need not be normal (D. G. Bonett, Approximate confidence interval for
 * standard deviation of nonnormal distributions, Computational Statistics & Data Analysis 50, 2006), with the kurtosis about
 * the mean.
 */
function spreadEnds(state: NumericState, variance: number): Ends {
  const { n } = state;
  const shape = shapeOutcome(state);
  if (n < SPREAD_N_MIN || 'reason' in shape) return {};
  const size = n / (n - Z95);
  const error = size * Math.sqrt((shape.kurtosis - (n - 3) / n) / (n - 1));
  const middle = Math.log(size * variance);
  return { low: Math.exp((middle - Z95 * error) / 2), high: Math.exp((middle + Z95 * error) / 2) };
}

/** Below this the fourth power counts as zero. */
const POWERS_LEAST = 2 ** -200;
/**
 * A power is known to 2^-98 of itself; so many deviations from zero that is 0.001 of a fourth moment about the mean.
 */
const DEVIATIONS_MAX = (0.001 * 2 ** 98) ** 0.25;

function shapeOutcome(state: NumericState): Shape | { reason: string } {
  const found = knownOf(state);
  found.shape ??= measuredShape(state, found.variance);
  return found.shape;
}

function measuredShape(state: NumericState, variance: number | undefined): Shape | { reason: string } {
  if (variance === undefined) return { reason: 'fewer than two values' };
  if (state.min === state.max) return { reason: 'all values are equal' };
  const reach = reachOf(state);
  if (reach > POWERS_REACH || reach < POWERS_LEAST) return { reason: BEYOND };
  if (reach > DEVIATIONS_MAX * Math.sqrt(variance))
    return { reason: 'the values differ too little for their distance from zero' };
  return shapeOf(state.sums, state.n) ?? { reason: 'all values are equal' };
}

const shape =
  (read: (found: Shape) => number): Reading =>
  (state) => {
    const found = shapeOutcome(state);
    return 'reason' in found ? { ...found, n: state.n } : { value: read(found), n: state.n };
  };

const quantile =
  (q: number): Reading =>
  (state) =>
    quantileOutcome(state, q);

const range =
  (end: 'min' | 'max'): Reading =>
  (state) =>
    state.n === 0 ? { reason: EMPTY, n: 0 } : { value: state[end], n: state.n };

const NO_SHAPE_ENDS = 'An interval would need moments of the sixth and eighth order, which are not kept.';
const NO_RANGE_ENDS =
  'How much further the law reaches cannot be bounded without a model: it has no interval.';

const QUANTILE = 'nearest rank, relative error at most 1/128; interval of order statistics';

interface Place {
  family: Result['family'];
  subjects: MetricSubjects;
  roles: readonly TrackRole[];
}

const metric = (
  name: string,
  description: string,
  formula: string,
  read: Reading,
  place: Place = input,
): MetricKind => numericMetric({ name, description, formula, ...place }, read);

const input: Place = { family: 'input', subjects: 'numeric_track', roles: ['input'] };
const score: Place = { family: 'output', subjects: 'model_output', roles: ['score'] };
const latency: Place = { family: 'software', subjects: 'service', roles: ['latency'] };
const telemetry: Place = { family: 'software', subjects: 'telemetry', roles: ['telemetry'] };

export const MOMENT_METRICS = [
  metric('mean', 'Mean of the values.', 'sum x / n; interval of Student', mean),
  metric(
    'std',
    'Standard deviation of the values.',
    'sqrt(sum (x - mean)^2 / (n - 1)); interval of Bonett 2006',
    deviation,
  ),
  metric(
    'skewness',
    `How lopsided the values are: 0 for a symmetric law, above 0 with a long tail upward. ${NO_SHAPE_ENDS}`,
    'g1 = m3 / m2^1.5, m_k = sum (x - mean)^k / n (Joanes and Gill 1998)',
    shape(({ skewness }) => skewness),
  ),
  metric(
    'kurtosis',
    `Excess kurtosis, how heavy the tails are: 0 for the normal law. ${NO_SHAPE_ENDS}`,
    'g2 = m4 / m2^2 - 3, m_k = sum (x - mean)^k / n (Joanes and Gill 1998)',
    shape(({ kurtosis }) => kurtosis - 3),
  ),
  metric('median', 'Median of the values.', QUANTILE, quantile(0.5)),
  metric('p05', 'The value that 5 % of the values do not exceed.', QUANTILE, quantile(0.05)),
  metric('p95', 'The value that 95 % of the values do not exceed.', QUANTILE, quantile(0.95)),
  metric('min', `Smallest value. ${NO_RANGE_ENDS}`, 'min x', range('min')),
  metric('max', `Largest value. ${NO_RANGE_ENDS}`, 'max x', range('max')),
  metric(
    'score_mean',
    "Mean of a model's scores: of the positive class, the value, the length of the answer, or boxes an image.",
    'sum s / n; interval of Student',
    mean,
    score,
  ),
  metric('score_p50', "Median of a model's scores.", QUANTILE, quantile(0.5), score),
  metric('latency_p50', 'Median of the latency in milliseconds.', QUANTILE, quantile(0.5), latency),
  metric(
    'latency_p95',
    'Latency in milliseconds that 95 % do not exceed.',
    QUANTILE,
    quantile(0.95),
    latency,
  ),
  metric(
    'latency_p99',
    'Latency in milliseconds that 99 % do not exceed.',
    QUANTILE,
    quantile(0.99),
    latency,
  ),
  metric(
    'telemetry_mean',
    'Mean of a metric of the serving hosts.',
    'sum x / n; interval of Student',
    mean,
    telemetry,
  ),
  metric(
    'telemetry_max',
    `Largest value of a metric of the serving hosts. ${NO_RANGE_ENDS}`,
    'max x',
    range('max'),
    telemetry,
  ),
];
