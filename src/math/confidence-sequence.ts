/**
 * Confidence sequences: intervals that hold at all times at once, with probability 1 - alpha, so that one may look after each value
 * (S. R. Howard, A. Ramdas, J. McAuliffe, J. Sekhon 2021, Time-uniform, nonparametric, nonasymptotic confidence sequences, Annals
 * of Statistics 49).
 */

import { assert } from '../errors.ts';
import { logBeta } from './special.ts';

export interface Interval {
  low: number;
  high: number;
}

/** Halvings that bring an interval of length 1 down to the spacing of doubles. */
const HALVINGS = 60;

/** Between `inside`, where `holds` is true, and `outside`, the last place where it is. */
function borderOf(inside: number, outside: number, holds: (at: number) => boolean): number {
  if (holds(outside)) return outside;
  let [from, to] = [inside, outside];
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (from + to) / 2;
    if (holds(middle)) from = middle;
    else to = middle;
  }
  return (from + to) / 2;
}

/**
 * The rate of independent trials: all rates that the beta mixture Beta(a, b) (uniform by default) has not yet refuted,
 * B(a + s, b + n - s) / (B(a, b) rate^s (1 - rate)^(n - s)) < 1 / alpha (H. Robbins 1970).
 */
export function betaMixtureInterval(successes: number, n: number, alpha: number, a = 1, b = 1): Interval {
  assert(successes >= 0 && successes <= n, 'there are more successes than trials');
  const failures = n - successes;
  const mixture = logBeta(a + successes, b + failures) - logBeta(a, b) + Math.log(alpha);
  const log = (count: number, p: number): number => (count === 0 ? 0 : count * Math.log(p));
  const holds = (rate: number): boolean => mixture < log(successes, rate) + log(failures, 1 - rate);
  const rate = n === 0 ? 0.5 : successes / n;
  return { low: borderOf(rate, 0, holds), high: borderOf(rate, 1, holds) };
}

/**
 * Half the width, in sums, of the two-sided normal mixture for a sub-Gaussian sum with intrinsic time `v` (n sigma^2; n / 4 for values in
 * 0..1): sqrt((v + rho) ln((v + rho) / (rho alpha^2))), rho = vBest / (2 ln(1 / alpha) + ln(1 + 2 ln(1 / alpha))), narrowest near
 * v = vBest. Divide by n for the mean.
 */
export function normalMixtureBound(v: number, vBest: number, alpha: number): number {
  const log = 2 * Math.log(1 / alpha);
  const rho = vBest / (log + Math.log(1 + log));
  return Math.sqrt((v + rho) * Math.log((v + rho) / (rho * alpha * alpha)));
}

/** The mean of values in 0..1, of any distribution, at all times: Hoeffding's sub-Gaussian sum under the normal mixture. */
export function meanInterval(sum: number, n: number, nBest: number, alpha: number): Interval {
  if (n === 0) return { low: 0, high: 1 };
  const width = normalMixtureBound(n / 4, nBest / 4, alpha) / n;
  return { low: Math.max(0, sum / n - width), high: Math.min(1, sum / n + width) };
}

/**
 * Half the width of the asymptotic confidence sequence for a running mean of k estimates whose variances sum to `v`, one-sided at alpha
 * (I. Waudby-Smith, D. Arbour, R. Sinha, E. Kennedy, A. Ramdas 2024, Time-uniform central limit theory and asymptotic
 * confidence sequences, Annals of Statistics 52):
 * sqrt(2 (v rho^2 + 1) / (k^2 rho^2) ln(1 + sqrt(v rho^2 + 1) / (2 alpha))), rho^2 = (-2 ln(2 alpha) + ln(1 - 2 ln(2 alpha))) / vBest.
 */
export function asymptoticBound(k: number, v: number, vBest: number, alpha: number): number {
  assert(alpha > 0 && alpha < 0.5, 'alpha lies between 0 and 1/2');
  const log = -2 * Math.log(2 * alpha);
  const rho2 = (log + Math.log(1 + log)) / vBest;
  const scaled = v * rho2 + 1;
  return Math.sqrt(((2 * scaled) / (k * k * rho2)) * Math.log(1 + Math.sqrt(scaled) / (2 * alpha)));
}
