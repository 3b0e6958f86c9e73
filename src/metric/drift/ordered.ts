/** Distances that need the order of the values, from the sketches of a window and of its baseline. */

import { cramerVonMisesP } from '../../math/cramer-von-mises.ts';
import { kolmogorovTail, smirnovOneSampleTail, smirnovTail } from '../../math/smirnov.ts';
import { normalTail } from '../../math/special.ts';
import type { NumericState } from '../../profile/numeric.ts';
import { bucketsOf, middleOf } from '../../profile/sketch.ts';
import type { NumericBaseline } from '../../records.ts';
import { Z95 } from '../intervals.ts';
import { type MetricKind, NO_BASELINE, numericMetric, type Outcome } from '../metric.ts';
import { perCell } from '../per-cell.ts';

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

/** All distances of a track share its points. */
const pointsOfWindow = perCell((state: NumericState): Points => pointsOf(bucketsOf(state.sketch)));

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

/** Up to so many rows the law of one sample is summed; beyond, its limit is as good. */
const ONE_SAMPLE_MAX = 1_000;

/**
 * P-value of the two-sample test (N. V. Smirnov 1939): exact for small samples, else that of one sample of the size m n / (m +
 * n), and for large ones Kolmogorov's limit. Ties, as the buckets of a sketch make them, only make it too large.
 */
export function ksP(distance: number, m: number, n: number): number {
  if (m * n <= EXACT_PAIRS_MAX) return smirnovTail(distance, m, n);
  const size = (m * n) / (m + n);
  return size <= ONE_SAMPLE_MAX
    ? smirnovOneSampleTail(distance, Math.floor(size))
    : kolmogorovTail(distance * Math.sqrt(size));
}

/**
 * Half of the 95 % interval of a distance of distribution functions: both are this near to the truth together (P. Massart 1990).
 */
const ksHalf = (m: number, n: number): number =>
  Math.sqrt(Math.log(2 / 0.025) / 2) * (1 / Math.sqrt(m) + 1 / Math.sqrt(n));

export interface Transport {
  /** Wasserstein distance of order 1, in the unit of the values: sum |F - G| dx. */
  distance: number;
  /** What it is in the mean when both samples are of one law, in the same unit. */
  expected: number;
  /** Standard deviation of all values of both samples. */
  deviation: number;
  /**
   * Upper bounds of what chance adds to the mean of `distance`, and of the standard deviation that it has, whether there is a
   * change or not.
   */
  chance: number;
  error: number;
}

/** Sums of values and squares around an origin, as they come up. */
function createSpread(origin: number) {
  let [seen, sum, squares] = [0, 0, 0];
  return {
    /** Counts the rows up to `upTo` that have not been seen as having the value x. */
    add(upTo: number, x: number): void {
      const count = upTo - seen;
      seen = upTo;
      sum += count * (x - origin);
      squares += count * (x - origin) ** 2;
    },
    variance: (): number => Math.max(0, squares / seen - (sum / seen) ** 2),
  };
}

/** @param reference not empty; likewise `current` */
export function transportOf(reference: Points, current: Points): Transport {
  const [m, n] = [sizeOf(reference), sizeOf(current)];
  const origin = Math.min(reference[0]![0], current[0]![0]);
  const [before, now, all] = [createSpread(origin), createSpread(origin), createSpread(origin)];
  let [distance, spread, chance] = [0, 0, 0];
  walk(reference, current, (was, is, x, gap) => {
    const [f, g, share] = [was / m, is / n, (was + is) / (m + n)];
    distance += Math.abs(f - g) * gap;
    spread += Math.sqrt(Math.max(0, share * (1 - share))) * gap;
    chance += Math.sqrt((f * (1 - f)) / m + (g * (1 - g)) / n) * gap;
    before.add(was, x);
    now.add(is, x);
    all.add(was + is, x);
  });
  return {
    distance,
    // The mean of |Z| for a normal Z is sqrt(2 / pi) deviations.
    expected: Math.sqrt((2 / Math.PI) * (1 / m + 1 / n)) * spread,
    deviation: Math.sqrt(all.variance()),
    chance: Math.sqrt(2 / Math.PI) * chance,
    error: Math.sqrt(before.variance() / m + now.variance() / n),
  };
}

/**
 * 95 % interval of a Wasserstein distance, by the argument of `transportP` for two laws: chance only adds to the mean of a
 * convex distance.
 */
export const transportEnds = ({ distance, chance, error }: Transport): { low: number; high: number } => ({
  low: Math.max(0, distance - chance - Z95 * error),
  high: distance + Z95 * error,
});

/**
 * Upper bound of the p-value of a Wasserstein distance. Without drift it is the supremum of a Gaussian process over the
 * functions of slope at most 1, whose variance is at most (1/n + 1/m) Var x; so it exceeds its mean by t with at most the chance
 * of a normal variable of that variance (C. Borell 1975, V. N. Sudakov and B. S. Tsirelson 1974).
 */
export function transportP({ distance, expected, deviation }: Transport, m: number, n: number): number {
  const error = deviation * Math.sqrt(1 / m + 1 / n);
  return distance <= expected || error === 0 ? 1 : normalTail((distance - expected) / error);
}

/** A distance that is a norm of F - G, in which chance moves it by its own norm at most (the triangle inequality). */
export interface Norm {
  distance: number;
  /** Root of the mean square of what chance does to it, at most. */
  error: number;
}

/** Of the difference of both sides from one value to the next. */
interface Piece {
  /** Its mean square in between. */
  square(before: number, after: number, rows: number): number;
  weight(rows: number, gap: number): number;
}

function normOf(reference: Points, current: Points, piece: Piece): Norm {
  const [m, n] = [sizeOf(reference), sizeOf(current)];
  let [sum, noise, seen, before] = [0, 0, 0, 0];
  walk(reference, current, (was, is, _, gap) => {
    const [f, g] = [was / m, is / n];
    const rows = was + is - seen;
    const weight = piece.weight(rows, gap);
    sum += piece.square(before, f - g, rows) * weight;
    seen = was + is;
    before = f - g;
    noise += ((f * (1 - f)) / m + (g * (1 - g)) / n) * weight;
  });
  return { distance: Math.sqrt(sum), error: Math.sqrt(noise) };
}

/**
 * 95 % interval of a norm: chance adds to its mean, by `error` at most, and spreads it around that by no more. Wider than need
 * be.
 */
export const normEnds = ({ distance, error }: Norm): { low: number; high: number } => ({
  low: Math.max(0, distance - (1 + Z95) * error),
  high: distance + Z95 * error,
});

/**
 * Energy distance of two distributions, sqrt(2 sum (F - G)^2 dx), in the root of the unit of the values (G. J. Szekely, M. L.
 * Rizzo 2013).
 *
 * @param reference not empty; likewise `current`
 */
export const energyOf = (reference: Points, current: Points): Norm =>
  normOf(reference, current, { square: (_, after) => after ** 2, weight: (_, gap) => 2 * gap });

/**
 * Root of the criterion of H. Cramer and R. von Mises for two samples, T = m n / (m + n)^2 sum (F - G)^2 over the rows of both
 * (T. W. Anderson 1962). From one end of equal values to the other F - G is taken to go in equal steps, one for each row: as it
 * does in the mean if they are put in any order.
 *
 * @param reference not empty; likewise `current`
 */
export function cramerVonMisesOf(reference: Points, current: Points): Norm {
  const [m, n] = [sizeOf(reference), sizeOf(current)];
  const size = (m * n) / (m + n) ** 2;
  return normOf(reference, current, {
    square(before, after, rows) {
      const step = after - before;
      const linear = before * step * (1 + 1 / rows);
      return before ** 2 + linear + (step ** 2 * (1 + 1 / rows) * (2 + 1 / rows)) / 6;
    },
    weight: (rows) => size * rows,
  });
}

const about = { family: 'input', subjects: 'numeric_track', roles: ['input'] } as const;

/** A metric of the values of a window and of its baseline, in their order. */
export const orderedMetric = (
  kind: Pick<MetricKind, 'name' | 'description' | 'formula' | 'unit'>,
  read: (reference: Points, current: Points, state: NumericState, baseline: NumericBaseline) => Outcome,
): MetricKind =>
  numericMetric({ ...about, ...kind }, (state, key, context) => {
    const { reference } = context;
    const { n } = state;
    const baseline = reference.baseline(key.subject);
    if (baseline?.type !== 'numeric') return { reason: NO_BASELINE, n };
    if (n === 0) return { reason: 'no values', n };
    if (baseline.sketch.length === 0) return { reason: 'no values in the baseline', n };
    return read(pointsOfBaseline(baseline), pointsOfWindow(state, context), state, baseline);
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
        'sum |F(x) - G(x)| dx / std of the baseline (divided by m, not m - 1); interval and p of Borell, Sudakov and Tsirelson',
    },
    (reference, current, { n }, { n: m, std }) => {
      if (std === 0) return { reason: 'the values of the baseline do not vary', n };
      const transport = transportOf(reference, current);
      const deviation = std * Math.sqrt(1 - 1 / m);
      const { low, high } = transportEnds(transport);
      return {
        value: transport.distance / deviation,
        n,
        low: low / deviation,
        high: high / deviation,
        p: transportP(transport, m, n),
      };
    },
  ),
  orderedMetric(
    {
      name: 'energy_distance',
      description:
        'Energy distance from the baseline, for values in standard deviations of the baseline. Less than `wasserstein` it looks at far values.',
      formula:
        'sqrt(2 sum (F(x) - G(x))^2 dx / std of the baseline); interval of the triangle inequality, wider than need be',
    },
    (reference, current, { n }, { std }) => {
      if (std === 0) return { reason: 'the values of the baseline do not vary', n };
      const energy = energyOf(reference, current);
      const { low, high } = normEnds(energy);
      const root = Math.sqrt(std);
      return { value: energy.distance / root, n, low: low / root, high: high / root };
    },
  ),
  orderedMetric(
    {
      name: 'cramer_von_mises',
      description:
        'How far the distribution function lies from that of the baseline in the mean of the squares: it sees what moves many values a little, where `ks` looks at one place. Without any change about 1/6; it grows with n.',
      formula:
        'm n / (m + n)^2 sum (F(x) - G(x))^2 over the rows of both; interval of the triangle inequality, wider than need be; p of Anderson 1962',
    },
    (reference, current, { n }, { n: m }) => {
      const norm = cramerVonMisesOf(reference, current);
      const { low, high } = normEnds(norm);
      const value = norm.distance ** 2;
      return { value, n, low: low ** 2, high: high ** 2, p: cramerVonMisesP(value, m, n) };
    },
  ),
];
