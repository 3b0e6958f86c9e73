/** 95 % intervals that the metrics share. Where there is none, both ends are undefined. */

import { hypergeometricTwoSided } from '../math/hypergeometric.ts';
import { normalQuantile, studentQuantile } from '../math/special.ts';
import { wilson } from './label-curve.ts';
import type { Outcome } from './metric.ts';

export interface Ends {
  low?: number | undefined;
  high?: number | undefined;
}

const LEVEL = 0.975;
export const Z95 = normalQuantile(LEVEL);

/** part / n with the interval of Wilson, or the reason where n is 0. */
export const rateOf = (part: number, n: number, reason: string): Outcome =>
  n === 0 ? { reason, n } : { value: part / n, n, ...wilson(part, n) };

export interface Share {
  part: number;
  n: number;
}

/** The same with the p-value of a share against that of the reference: exact for both sizes, two-sided; none without rows there. */
export function comparedRate({ part, n }: Share, before: Share | undefined, reason: string): Outcome {
  const rate = rateOf(part, n, reason);
  if ('reason' in rate || before === undefined || before.n === 0) return rate;
  return { ...rate, p: hypergeometricTwoSided(part, n, before.part, before.n) };
}

/**
 * Of a value in 0..1 with a known sampling variance: Wilson's interval of a share with as much variance (effective sample
 * size v (1 - v) / variance), which stays within 0..1 and does not collapse near its ends. At 0 and 1, where the estimate
 * of the variance is 0, the sample size itself is taken.
 */
export function shareEnds(value: number, variance: number, n: number): Ends {
  const spread = value * (1 - value);
  const size = variance > 0 && spread > 0 ? spread / variance : n;
  return size > 0 ? wilson(value * size, size) : {};
}

/** Of a chance that one row ranks before another: it may be 0 or 1 with an estimated variance of 0, which is that of `fallback` rows. */
export const rankEnds = (value: number, variance: number, fallback: number): Ends =>
  variance > 0 && value > 0 && value < 1 ? logitEnds(value, variance) : shareEnds(value, 0, fallback);

/** Delta method on the logit scale, 0 < value < 1. */
export function logitEnds(value: number, variance: number): Ends {
  const half = (Z95 * Math.sqrt(variance)) / (value * (1 - value));
  const odds = value / (1 - value);
  const at = (shift: number): number => 1 / (1 + 1 / (odds * Math.exp(shift)));
  return { low: at(-half), high: at(half) };
}

/** Delta method on Fisher's scale atanh, -1 < value < 1. */
export function fisherEnds(value: number, variance: number): Ends {
  const half = (Z95 * Math.sqrt(variance)) / (1 - value * value);
  const middle = Math.atanh(value);
  return { low: Math.tanh(middle - half), high: Math.tanh(middle + half) };
}

/** Delta method on the logarithm, value > 0. */
export function logEnds(value: number, variance: number): Ends {
  const half = (Z95 * Math.sqrt(variance)) / value;
  return { low: value * Math.exp(-half), high: value * Math.exp(half) };
}

/**
 * Of the noncentrality of a chi-square variable `x` with `df` degrees: sqrt(x - (df - 1) / 2) is about normal with mean
 * sqrt(noncentrality + (df - 1) / 2) and variance 1 (M. Sankaran, Approximations to the non-central chi-square distribution,
 * Biometrika 50, 1963). Both ends are 0 where x is smaller than chance lets expect.
 *
 * @param deviation of the root, where more than chi-square is uncertain
 */
export function noncentralityEnds(x: number, df: number, deviation = 1): { low: number; high: number } {
  const shift = (df - 1) / 2;
  const root = Math.sqrt(Math.max(0, x - shift));
  const at = (z: number): number => Math.max(0, Math.max(0, root + z) ** 2 - shift);
  return { low: at(-Z95 * deviation), high: at(Z95 * deviation) };
}

/**
 * Of what an estimate is of that is `chance` times noncentral chi-square near 0, where its variance is 4 chance value. Further off the
 * scale is stretched until it is the one given. The estimate is too large by about df chance, and may lie above the whole
 * interval of the truth, which is widened to it.
 *
 * @param value at least 0
 * @param variance of the delta method
 * @param excess how much more than df chance the estimate is too large, at least 0
 */
export function scaledEnds(value: number, df: number, chance: number, variance: number, excess = 0): Ends {
  const scale = chance * (value > 0 ? Math.max(1, variance / (4 * chance * value)) : 1);
  const { high } = noncentralityEnds(value / scale, df);
  const { low } = noncentralityEnds(Math.max(0, value - excess) / scale, df);
  return { low: Math.min(value, low * scale), high: Math.max(value, high * scale) };
}

/** Variance of a mean from the sums of values and squares; undefined below two values. */
export function meanVariance(sum: number, squares: number, n: number): number | undefined {
  if (n < 2) return undefined;
  return Math.max(0, squares - (sum / n) * sum) / (n - 1) / n;
}

/** A mean with the interval of Student's t, from the sums of values and squares, within the range of the values. */
export function meanOutcome(
  sum: number,
  squares: number,
  n: number,
  reason: string,
  least = Number.NEGATIVE_INFINITY,
): Outcome {
  if (n === 0) return { reason, n };
  const value = sum / n;
  const variance = meanVariance(sum, squares, n);
  if (variance === undefined) return { value, n };
  const half = studentQuantile(LEVEL, n - 1) * Math.sqrt(variance);
  return { value, n, low: Math.max(least, value - half), high: value + half };
}

/**
 * The mean of independent shares, by the square-and-add recovery of variance from their Wilson intervals (G. Y. Zou,
 * A. Donner, Construction of confidence limits about effect measures, Statistics in Medicine 27, 2008).
 *
 * @param parts count and size of each share that has one
 * @param of how many the mean is over; those without a share count as 0
 */
export function meanOfSharesEnds(parts: readonly { part: number; n: number }[], of: number): Ends {
  let [value, below, above] = [0, 0, 0];
  for (const { part, n } of parts) {
    const { low, high } = wilson(part, n);
    const share = part / n;
    value += share;
    below += (share - low) ** 2;
    above += (high - share) ** 2;
  }
  return { low: (value - Math.sqrt(below)) / of, high: (value + Math.sqrt(above)) / of };
}
