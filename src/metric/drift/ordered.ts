/** Distances that need the order of the values, from the sketches of a window and of its baseline. */

import { kolmogorovTail, smirnovTail } from '../../math/smirnov.ts';
import { normalTail } from '../../math/special.ts';
import type { NumericState } from '../../profile/numeric.ts';
import { bucketsOf, middleOf } from '../../profile/sketch.ts';
import type { NumericBaseline } from '../../records.ts';
import { type MetricKind, NO_BASELINE, numericMetric, type Outcome } from '../metric.ts';

/** [value, count] with rising values. */
export type Points = readonly (readonly [number, number])[];

const pointsOf = (buckets: readonly (readonly [number, number])[]): Points =>
  buckets.map(([bucket, count]) => [middleOf(bucket), count]);

/** A baseline lives as long as its configuration, and is asked for every window. */
const known = new WeakMap<NumericBaseline, Points>();

function pointsOfBaseline(baseline: NumericBaseline): Points {
  let points = known.get(baseline);
  if (points === undefined) {
    points = pointsOf(baseline.sketch);
    known.set(baseline, points);
  }
  return points;
}

export const sizeOf = (points: Points): number => points.reduce((sum, [, count]) => sum + count, 0);

/** Calls back after each value that occurs, with the rows of either side up to it, and how far the next value is. */
export function walk(
  reference: Points,
  current: Points,
  step: (was: number, is: number, x: number, gap: number) => void,
): void {
  let [was, is] = [0, 0];
  for (let i = 0, j = 0; i < reference.length || j < current.length; ) {
    const a = reference[i]?.[0] ?? Number.POSITIVE_INFINITY;
    const b = current[j]?.[0] ?? Number.POSITIVE_INFINITY;
    const x = Math.min(a, b);
    if (a === x) was += reference[i++]![1];
    if (b === x) is += current[j++]![1];
    const next = Math.min(
      reference[i]?.[0] ?? Number.POSITIVE_INFINITY,
      current[j]?.[0] ?? Number.POSITIVE_INFINITY,
    );
    step(was, is, x, next === Number.POSITIVE_INFINITY ? 0 : next - x);
  }
}

/**
 * Largest distance of two distribution functions. Of sketches it is that over the borders of their buckets: the distance over all
 * values is at least this and larger by at most the mass of one bucket (0.8 % wide).
 *
 * @param reference not empty; likewise `current`
 */
export function ksOf(reference: Points, current: Points): number {
  const [m, n] = [sizeOf(reference), sizeOf(current)];
  let distance = 0;
  walk(reference, current, (was, is) => {
    distance = Math.max(distance, Math.abs(was / m - is / n));
  });
  return distance;
}

/** Up to so many pairs of rows the paths are counted, which takes as many steps. */
const EXACT_PAIRS_MAX = 20_000;

/**
 * P-value of the two-sample test (N. V. Smirnov 1939): exact for small samples, else Kolmogorov's limit. Ties, as the buckets of a
 * sketch make them, only make it too large.
 */
export const ksP = (distance: number, m: number, n: number): number =>
  m * n <= EXACT_PAIRS_MAX
    ? smirnovTail(distance, m, n)
    : kolmogorovTail(distance * Math.sqrt((m * n) / (m + n)));

/** Half of the 95 % interval of a distance of distribution functions: both are this near to the truth together (P. Massart 1990). */
const ksHalf = (m: number, n: number): number =>
  Math.sqrt(Math.log(2 / 0.025) / 2) * (1 / Math.sqrt(m) + 1 / Math.sqrt(n));

export interface Transport {
  /** Wasserstein distance of order 1, in the unit of the values: sum |F - G| dx. */
  distance: number;
  /** What it is in the mean when both samples are of one law, in the same unit. */
  expected: number;
  /** Standard deviation of all values of both samples. */
  deviation: number;
}

/** @param reference not empty; likewise `current` */
export function transportOf(reference: Points, current: Points): Transport {
  const [m, n] = [sizeOf(reference), sizeOf(current)];
  const origin = Math.min(reference[0]![0], current[0]![0]);
  let [distance, spread, seen, sum, squares] = [0, 0, 0, 0, 0];
  walk(reference, current, (was, is, x, gap) => {
    distance += Math.abs(was / m - is / n) * gap;
    const share = (was + is) / (m + n);
    spread += Math.sqrt(Math.max(0, share * (1 - share))) * gap;
    const count = was + is - seen;
    seen += count;
    sum += count * (x - origin);
    squares += count * (x - origin) ** 2;
  });
  const mean = sum / seen;
  const size = 1 / m + 1 / n;
  return {
    distance,
    // The mean of |Z| for a normal Z is sqrt(2 / pi) deviations.
    expected: Math.sqrt((2 / Math.PI) * size) * spread,
    deviation: Math.sqrt(Math.max(0, squares / seen - mean * mean)),
  };
}

/**
 * Upper bound of the p-value of a Wasserstein distance. Without drift it is the supremum of a Gaussian process over the functions of slope at
 * most 1, whose variance is at most (1/n + 1/m) Var x; so it exceeds its mean by t with at most the chance of a normal
 * variable of that variance (C. Borell 1975, V. N. Sudakov and B. S. Tsirelson 1974).
 */
export function transportP({ distance, expected, deviation }: Transport, m: number, n: number): number {
  const error = deviation * Math.sqrt(1 / m + 1 / n);
  return distance <= expected || error === 0 ? 1 : normalTail((distance - expected) / error);
}

/**
 * Energy distance of two distributions, sqrt(2 sum (F - G)^2 dx), in the root of the unit of the values (G. J. Szekely, M. L. Rizzo 2013).
 *
 * @param reference not empty; likewise `current`
 */
export function energyOf(reference: Points, current: Points): number {
  const [m, n] = [sizeOf(reference), sizeOf(current)];
  let sum = 0;
  walk(reference, current, (was, is, _, gap) => {
    sum += (was / m - is / n) ** 2 * gap;
  });
  return Math.sqrt(2 * sum);
}

const about = { family: 'input', subjects: 'numeric_track', roles: ['input'] } as const;

/** A metric of the values of a window and of its baseline, in their order. */
export const orderedMetric = (
  kind: Pick<MetricKind, 'name' | 'description' | 'formula' | 'unit'>,
  read: (reference: Points, current: Points, state: NumericState, baseline: NumericBaseline) => Outcome,
): MetricKind =>
  numericMetric({ ...about, ...kind }, (state, key, { reference }) => {
    const { n } = state;
    const baseline = reference.baseline(key.subject);
    if (baseline?.type !== 'numeric') return { reason: NO_BASELINE, n };
    if (n === 0) return { reason: 'no values', n };
    if (baseline.sketch.length === 0) return { reason: 'no values in the baseline', n };
    return read(pointsOfBaseline(baseline), pointsOf(bucketsOf(state.sketch)), state, baseline);
  });

export const ORDERED_DRIFT_METRICS = [
  orderedMetric(
    {
      name: 'ks',
      description:
        'Largest distance of the distribution function from that of the baseline (Kolmogorov-Smirnov), too small by at most the mass of one bucket of the sketch; so p is too large rather than too small.',
      formula: 'max |F(x) - G(x)|; interval of Massart 1990 for both sides; p of Smirnov for two samples',
      unit: true,
    },
    (reference, current, { n }, baseline) => {
      const value = ksOf(reference, current);
      const half = ksHalf(baseline.n, n);
      return {
        value,
        n,
        low: Math.max(0, value - half),
        high: Math.min(1, value + half),
        p: ksP(value, baseline.n, n),
      };
    },
  ),
  orderedMetric(
    {
      name: 'wasserstein',
      description:
        'How far the values have moved in the mean (Wasserstein distance of order 1), in standard deviations of the baseline; from the sketches, so that each value is known to 0.8 %. p is an upper bound for large samples.',
      formula:
        'sum |F(x) - G(x)| dx / std of the baseline (divided by m, not m - 1); p of Borell, Sudakov and Tsirelson',
    },
    (reference, current, { n }, { n: m, std }) => {
      if (std === 0) return { reason: 'the values of the baseline do not vary', n };
      const transport = transportOf(reference, current);
      const deviation = std * Math.sqrt(1 - 1 / m);
      return { value: transport.distance / deviation, n, p: transportP(transport, m, n) };
    },
  ),
  orderedMetric(
    {
      name: 'energy_distance',
      description:
        'Energy distance from the baseline, for values in standard deviations of the baseline. Less than `wasserstein` it looks at far values.',
      formula: 'sqrt(2 sum (F(x) - G(x))^2 dx / std of the baseline)',
    },
    (reference, current, { n }, { std }) =>
      std === 0
        ? { reason: 'the values of the baseline do not vary', n }
        : { value: energyOf(reference, current) / Math.sqrt(std), n },
  ),
];
