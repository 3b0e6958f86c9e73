/** Quantiles of a sketch with the interval of order statistics. */

import { betaCdf } from '../math/special.ts';
import type { NumericState } from '../profile/numeric.ts';
import { borderOf, bucketsOf, farBorderOf, middleOf } from '../profile/sketch.ts';
import { Z95 } from './intervals.ts';
import type { Outcome } from './metric.ts';

const TAIL = 0.025;
/** Up to here binomial tails are summed exactly; beyond, the normal approximation is off by less than a rank. */
const EXACT_MAX = 200;

/** P(X <= k) of n trials with the chance q. */
const binomialCdf = (k: number, n: number, q: number): number =>
  k < 0 ? 0 : k >= n ? 1 : betaCdf(1 - q, n - k, k + 1);

/**
 * Ranks of the order statistics that hold the q-quantile of any law between them with 95 % (H. A. David, H. N. Nagaraja,
 * Order Statistics, 2003, 7.1); null where n is too small for an end.
 */
export function quantileRanks(n: number, q: number): { low: number; high: number } | null {
  const [centre, spread] = [n * q, Z95 * Math.sqrt(n * q * (1 - q))];
  let low = Math.floor(centre - spread);
  let high = Math.ceil(centre + spread) + 1;
  if (n <= EXACT_MAX) {
    // The quantile is below the low one when fewer than `low` values are, and not below the high one otherwise.
    while (binomialCdf(low - 1, n, q) > TAIL) low--;
    while (binomialCdf(low, n, q) <= TAIL) low++;
    while (1 - binomialCdf(high - 1, n, q) > TAIL) high++;
    while (high > 1 && 1 - binomialCdf(high - 2, n, q) <= TAIL) high--;
  }
  return low < 1 || high > n ? null : { low, high };
}

/**
 * Nearest-rank quantile of the sketch, to a relative error of 1/128, and its interval, widened to the borders of the
 * buckets. The exact range is known, so that a constant column has its own value as median.
 */
export function quantileOutcome({ n, sketch, min, max }: NumericState, q: number): Outcome {
  if (n === 0) return { reason: 'no values', n };
  const ranks = quantileRanks(n, q);
  const own = Math.max(1, Math.ceil(q * n));
  let seen = 0;
  let [value, low, high] = [max, Number.NaN, Number.NaN];
  let isFound = false;
  for (const [bucket, count] of bucketsOf(sketch)) {
    if (ranks !== null && seen < ranks.low && seen + count >= ranks.low) low = endOf(bucket, 'low');
    if (seen < own && seen + count >= own) {
      value = middleOf(bucket);
      isFound = true;
    }
    seen += count;
    if (isFound && (ranks === null || seen >= ranks.high)) {
      if (ranks !== null) high = endOf(bucket, 'high');
      break;
    }
  }
  const within = (x: number): number => Math.min(max, Math.max(min, x));
  return { value: within(value), n, low: within(low), high: within(high) };
}

function endOf(bucket: number, end: 'low' | 'high'): number {
  const [near, far] = [borderOf(bucket), farBorderOf(bucket)];
  return end === 'low' ? Math.min(near, far) : Math.max(near, far);
}
