/**
 * How labels arrive: the usual share by age, cohorts that are late against it, and how far early labels mislead. A
 * cohort is one window of requests; its revisions give what was known at fixed ages.
 */

import { quantileSorted } from 'simple-statistics';
import { normalQuantile, studentQuantile } from '../math/special.ts';

/** A value, or why there is none. */
export type Known<T> = { value: T } | { reason: string };

export interface Cohort {
  /** End of the window. */
  endMs: number;
  /** Requests that wait for a label. */
  n: number;
  /** Share of labels known by revision; undefined: the revision brought no news and was left out. */
  shares: readonly (number | undefined)[];
  /** Whether its last revision is the final one. */
  isFinal: boolean;
}

/** What share of labels is usual at one revision, over the cohorts that are complete. */
export interface CurvePoint {
  revision: number;
  median: number;
  /** 5 % and 95 % quantiles. */
  low: number;
  high: number;
  cohorts: number;
}

export interface Interval {
  low: number;
  high: number;
}

/** With fewer, the 5 % quantile would be below the smallest cohort seen. */
export const CURVE_COHORTS_MIN = 20;
/** A mean difference with an interval. */
export const BIAS_COHORTS_MIN = 5;
/** A prediction for one more cohort: its width is that of the spread, which fewer do not show. */
export const CORRECTION_COHORTS_MIN = 20;
const LEVEL = 0.975;
const Z = normalQuantile(LEVEL);

/**
 * 95 % interval of a share (E. B. Wilson, Probable inference, the law of succession, and statistical inference, 1927).
 *
 * @param count n times the share; n may be an effective sample size, both need not be whole
 */
export function wilson(count: number, n: number): Interval {
  const z = Z;
  const share = count / n;
  const centre = (share + (z * z) / (2 * n)) / (1 + (z * z) / n);
  const half = (z / (1 + (z * z) / n)) * Math.sqrt((share * (1 - share)) / n + (z * z) / (4 * n * n));
  return { low: share <= 0 ? 0 : centre - half, high: share >= 1 ? 1 : centre + half };
}

/** Shares with what was left out filled in: a revision without news knows what the one before knew. */
function filled({ shares }: Cohort): (number | undefined)[] {
  let last: number | undefined;
  return Array.from(shares, (share) => {
    last = share ?? last;
    return last;
  });
}

/**
 * Median and 5 to 95 % band of the share of labels at each revision. Cohorts with another number of revisions than
 * the newest complete one were recorded under another configuration and are left out.
 */
export function usualCurve(cohorts: readonly Cohort[]): Known<CurvePoint[]> {
  const newest = cohorts.filter(({ isFinal }) => isFinal).reduce(later, undefined);
  const complete = cohorts.filter(
    ({ isFinal, shares }) => isFinal && shares.length === newest?.shares.length,
  );
  if (complete.length < CURVE_COHORTS_MIN) {
    return { reason: `${complete.length} complete cohorts, ${CURVE_COHORTS_MIN} are needed` };
  }
  const shares = complete.map(filled);
  const value: CurvePoint[] = [];
  for (let revision = 0; revision < newest!.shares.length; revision++) {
    const known = shares.map((row) => row[revision]).filter((share) => share !== undefined);
    if (known.length < CURVE_COHORTS_MIN) continue;
    known.sort((a, b) => a - b);
    const [low, median, high] = [0.05, 0.5, 0.95].map((q) => quantileSorted(known, q));
    value.push({ revision, median: median!, low: low!, high: high!, cohorts: known.length });
  }
  return { value };
}

const later = (a: Cohort | undefined, b: Cohort): Cohort => (a === undefined || b.endMs > a.endMs ? b : a);

/** Where one cohort is against the curve. */
export interface Place extends Interval {
  revision: number;
  share: number;
  usual: CurvePoint;
  state: 'late' | 'usual' | 'early';
}

/**
 * Late: the cohort's own 95 % interval lies wholly below the band of the curve, so that neither few requests nor the
 * spread that is usual between cohorts explains it. Null: the curve says nothing about its revision.
 */
export function placeOf(cohort: Cohort, curve: readonly CurvePoint[]): Place | null {
  const shares = filled(cohort);
  const revision = shares.length - 1;
  const share = shares[revision];
  const usual = curve.find((point) => point.revision === revision);
  if (share === undefined || usual === undefined || cohort.n <= 0) return null;
  const { low, high } = wilson(share * cohort.n, cohort.n);
  const state = high < usual.low ? 'late' : low > usual.high ? 'early' : 'usual';
  return { revision, share, low, high, usual, state };
}

/** The same cohort measured early and when all its labels were in. */
export interface EarlyPair {
  early: number;
  final: number;
}

export interface EarlyBias extends Interval {
  /** Mean of early - final. */
  mean: number;
  /** Standard deviation of early - final over cohorts. */
  std: number;
  cohorts: number;
}

/**
 * How far a value from early labels lies from the final one of the same cohorts on average, with the 95 % interval of
 * Student's t. Cohorts are taken as independent of each other.
 */
export function earlyBias(pairs: readonly EarlyPair[]): Known<EarlyBias> {
  const cohorts = pairs.length;
  if (cohorts < BIAS_COHORTS_MIN) {
    return { reason: `${cohorts} cohorts have an early and a final value, ${BIAS_COHORTS_MIN} are needed` };
  }
  const differences = pairs.map(({ early, final }) => early - final);
  const mean = differences.reduce((sum, difference) => sum + difference, 0) / cohorts;
  const squares = differences.reduce((sum, difference) => sum + (difference - mean) ** 2, 0);
  const std = Math.sqrt(squares / (cohorts - 1));
  const half = studentQuantile(LEVEL, cohorts - 1) * (std / Math.sqrt(cohorts));
  return { value: { mean, low: mean - half, high: mean + half, std, cohorts } };
}

export interface Corrected extends Interval {
  value: number;
}

/**
 * What an early value is likely to become: less the bias, with the 95 % prediction interval for one more cohort
 * (mean +- t std sqrt(1 + 1/m); G. J. Hahn, W. Q. Meeker, Statistical intervals, 1991, section 4.7). It holds for cohorts
 * that behave as those of the past: one whose labels are late is not such a cohort.
 *
 * @param range what the metric can be, as [least, greatest]
 */
export function correctEarly(
  early: number,
  bias: Known<EarlyBias>,
  range: readonly [number, number] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
): Known<Corrected> {
  if ('reason' in bias) return bias;
  const { mean, std, cohorts } = bias.value;
  if (cohorts < CORRECTION_COHORTS_MIN) {
    return {
      reason: `${cohorts} cohorts have an early and a final value, ${CORRECTION_COHORTS_MIN} are needed to correct`,
    };
  }
  const half = studentQuantile(LEVEL, cohorts - 1) * std * Math.sqrt(1 + 1 / cohorts);
  const within = (value: number): number => Math.min(range[1], Math.max(range[0], value));
  const value = within(early - mean);
  return { value: { value, low: within(early - mean - half), high: within(early - mean + half) } };
}
