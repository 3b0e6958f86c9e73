/** A segment against the whole traffic that it is part of. */

import { median } from 'simple-statistics';
import { betaCdf, normalTail, studentQuantile, studentTwoSided } from '../../math/special.ts';
import type { Columns } from './columns.ts';
import { betweenOf, medianRanks, SPREAD_WINDOWS_MIN, type Sums, scaleOf, sumsOf, Z } from './pool.ts';

/** The rules' own default: fewer say nothing. */
export const COMPARED_N_MIN = 30;

export interface Difference {
  /** Segment - whole. */
  value: number;
  /** 95 % interval; null: it cannot be computed. */
  low: number | null;
  high: number | null;
  /** Two-sided, of no difference; null likewise. */
  p: number | null;
  /** Why there is no interval. */
  reason: string;
}

const without = (value: number, reason: string): Difference => ({
  value,
  low: null,
  high: null,
  p: null,
  reason,
});

/** Null where one of them has no value. */
export function differenceOf(metric: string, part: Columns, whole: Columns): Difference | null {
  const [a, b] = [sumsOf(metric, part), sumsOf(metric, whole)];
  if (a === null || b === null) return null;
  if (a.pooling === 'median') return ofMedians(a, b);
  // One of them may be counts and the other a mean over classes; both are means then.
  const scale = scaleOf(b.pooling);
  const value = scaleOf(a.pooling).back(a.mean) - scale.back(b.mean);
  if (a.n < COMPARED_N_MIN) return without(value, `fewer than ${COMPARED_N_MIN} in the segment`);
  if (a.n >= b.n) return without(value, 'the segment is all of the traffic');
  const slope = scale.slope(b.mean);
  const within = withinDifference(a, b);
  const between = betweenDifference(a, b);
  if (within === undefined && between === undefined) {
    return without(value, `fewer than ${SPREAD_WINDOWS_MIN} windows, and no intervals of them`);
  }
  const variance = Math.max(within ?? 0, between ?? 0) * slope * slope;
  const df = between !== undefined && between >= (within ?? 0) ? b.ends.length - 1 : Number.POSITIVE_INFINITY;
  return withStudent(value, Math.sqrt(variance), df);
}

/** @param df infinite: the normal distribution */
export function withStudent(value: number, error: number, df: number): Difference {
  const half = (Number.isFinite(df) ? studentQuantile(0.975, df) : Z) * error;
  let p = value === 0 ? 1 : 0;
  if (error > 0) {
    const t = Math.abs(value) / error;
    p = Number.isFinite(df) ? studentTwoSided(t, df) : 2 * normalTail(t);
  }
  return { value, low: value - half, high: value + half, p, reason: '' };
}

/**
 * Of sampling alone, on the scale of the sums. The segment is part of the whole: their difference is that of the segment
 * and the rest, times the share of the rest. Of counts with the share of the whole, as in the score test, so that a
 * segment in which nothing is wrong has an error too.
 */
function withinDifference(a: Sums, b: Sums): number | undefined {
  if (a.within === undefined || b.within === undefined) return undefined;
  if (b.pooling === 'share' || b.pooling === 'f1') return b.mean * (1 - b.mean) * (1 / a.n - 1 / b.n);
  const rest = b.n - a.n;
  const ofRest = Math.max(0, b.n * b.n * b.within - a.n * a.n * a.within) / (rest * rest);
  return (rest / b.n) ** 2 * (a.within + ofRest);
}

/**
 * Of the spread of windows: linearised residuals of both ratios in the same window, so that what moves segment and
 * whole together cancels (W. G. Cochran, Sampling techniques, 1977, section 6.18).
 */
function betweenDifference(a: Sums, b: Sums): number | undefined {
  const windows = b.ends.length;
  if (windows < SPREAD_WINDOWS_MIN || a.ends.length < SPREAD_WINDOWS_MIN) return undefined;
  const at = new Map(a.ends.map((endMs, i) => [endMs, i]));
  let squares = 0;
  b.ends.forEach((endMs, i) => {
    const j = at.get(endMs);
    const own = j === undefined ? 0 : (a.ns[j]! * (a.values[j]! - a.mean)) / a.n;
    squares += (own - (b.ns[i]! * (b.values[i]! - b.mean)) / b.n) ** 2;
  });
  return (windows / (windows - 1)) * squares;
}

/** Sign test and the interval that belongs to it, over the windows in common. */
function ofMedians(a: Sums, b: Sums): Difference | null {
  const at = new Map(b.ends.map((endMs, i) => [endMs, i]));
  const differences: number[] = [];
  a.ends.forEach((endMs, i) => {
    const j = at.get(endMs);
    if (j !== undefined) differences.push(a.values[i]! - b.values[j]!);
  });
  if (differences.length === 0) return null;
  differences.sort((x, y) => x - y);
  const value = median(differences);
  if (a.n < COMPARED_N_MIN) return without(value, `fewer than ${COMPARED_N_MIN} in the segment`);
  const ranks = medianRanks(differences.length);
  if (ranks === null) return without(value, 'fewer than six windows in common');
  const above = differences.filter((difference) => difference > 0).length;
  const below = differences.filter((difference) => difference < 0).length;
  const fewer = Math.min(above, below);
  const p = above + below === 0 ? 1 : Math.min(1, 2 * betaCdf(0.5, above + below - fewer, fewer + 1));
  return { value, low: differences[ranks[0]]!, high: differences[ranks[1]]!, p, reason: '' };
}

/** Of two stretches of time that share no window. */
export function changeOf(metric: string, before: Columns, after: Columns): Difference | null {
  const [a, b] = [sumsOf(metric, before), sumsOf(metric, after)];
  if (a === null || b === null) return null;
  if (a.pooling === 'median') {
    return without(median(b.values) - median(a.values), 'windows of this metric cannot be added up');
  }
  const value = scaleOf(b.pooling).back(b.mean) - scaleOf(a.pooling).back(a.mean);
  const variances = [a, b].map((sums) => {
    const variance = Math.max(sums.within ?? -1, betweenOf(sums) ?? -1);
    return variance < 0 ? Number.NaN : variance * scaleOf(sums.pooling).slope(sums.mean) ** 2;
  });
  const variance = variances[0]! + variances[1]!;
  if (Number.isNaN(variance)) return without(value, `fewer than ${SPREAD_WINDOWS_MIN} windows`);
  const windows = a.values.length + b.values.length;
  return withStudent(value, Math.sqrt(variance), windows > 2 ? windows - 2 : Number.POSITIVE_INFINITY);
}

/**
 * Benjamini-Hochberg: each p as the smallest false discovery rate at which it would be listed (Y. Benjamini,
 * Y. Hochberg, 1995). Null stays null and is not counted.
 */
export function falseDiscoveryRates(ps: readonly (number | null)[]): (number | null)[] {
  const order = ps.flatMap((p, i) => (p === null ? [] : [{ p, i }])).sort((a, b) => b.p - a.p);
  const rates: (number | null)[] = ps.map(() => null);
  let least = 1;
  order.forEach(({ p, i }, fromTop) => {
    least = Math.min(least, (p * order.length) / (order.length - fromTop));
    rates[i] = least;
  });
  return rates;
}
