/** Distribution functions that the statistics need, named as the field does, over the special functions of stdlib. */

import betainc from '@stdlib/math-base-special-betainc';
import betaincinv from '@stdlib/math-base-special-betaincinv';
import erfc from '@stdlib/math-base-special-erfc';
import gammainc from '@stdlib/math-base-special-gammainc';
import gammaincinv from '@stdlib/math-base-special-gammaincinv';
import gammaln from '@stdlib/math-base-special-gammaln';
import normalQuantileOf from '@stdlib/stats-base-dists-normal-quantile';

/** ln |gamma(x)|, x > 0. */
export const logGamma = (x: number): number => gammaln(x);

/** ln B(a, b), a and b > 0. */
export const logBeta = (a: number, b: number): number => gammaln(a) + gammaln(b) - gammaln(a + b);

/** P(Z <= z) of the standard normal distribution. */
export const normalCdf = (z: number): number => erfc(-z / Math.SQRT2) / 2;

/** P(Z > z) of the standard normal distribution, exact far in the tail. */
export const normalTail = (z: number): number => erfc(z / Math.SQRT2) / 2;

/** The z of which P(Z <= z) = p, 0 < p < 1. */
export const normalQuantile = (p: number): number => normalQuantileOf(p, 0, 1);

/** P(X <= x) of the chi-square distribution with `df` > 0 degrees of freedom. */
export const chiSquareCdf = (x: number, df: number): number =>
  x <= 0 ? 0 : gammainc(x / 2, df / 2, true, false);

/** P(X > x) of the chi-square distribution with `df` > 0 degrees of freedom, exact far in the tail. */
export const chiSquareTail = (x: number, df: number): number =>
  x <= 0 ? 1 : gammainc(x / 2, df / 2, true, true);

/** The x of which P(X <= x) = p of the chi-square distribution, 0 <= p < 1. */
export const chiSquareQuantile = (p: number, df: number): number => 2 * gammaincinv(p, df / 2);

/** P(X <= x) of the beta distribution, a and b > 0, x in 0..1. */
export const betaCdf = (x: number, a: number, b: number): number => betainc(x, a, b);

/** The x of which P(X <= x) = p of the beta distribution, p in 0..1. */
export const betaQuantile = (p: number, a: number, b: number): number => betaincinv(p, a, b);

/** P(|T| > |t|) of Student's distribution with `df` > 0 degrees of freedom. */
export const studentTwoSided = (t: number, df: number): number => betainc(df / (df + t * t), df / 2, 0.5);

/** The t of which P(T <= t) = p of Student's distribution, 0 < p < 1. */
export function studentQuantile(p: number, df: number): number {
  const tail = 2 * Math.min(p, 1 - p);
  if (tail === 1) return 0;
  const x = betaincinv(tail, df / 2, 0.5);
  const t = Math.sqrt((df * (1 - x)) / x);
  return p < 0.5 ? -t : t;
}

/** Standard deviations below the mean of a Poisson weight from which on a sum over it begins: what lies below is less than 1e-22 of it. */
const POISSON_SPREADS = 10;

/**
 * P(X > x) of the noncentral chi-square distribution with `df` > 0 degrees of freedom, exact far in the tail: the mean of central tails over
 * Poisson(noncentrality / 2) more pairs of degrees (R. A. Fisher 1928). Terms are positive and each follows from the one before, as in D. Benton,
 * K. Krishnamoorthy 2003, Computing discrete mixtures of continuous distributions, Computational Statistics & Data Analysis 43.
 */
export function noncentralChiSquareTail(x: number, df: number, noncentrality: number): number {
  if (x <= 0) return 1;
  const mean = noncentrality / 2;
  if (mean === 0) return chiSquareTail(x, df);
  const half = x / 2;
  let j = Math.max(0, Math.floor(mean - POISSON_SPREADS * (Math.sqrt(mean) + 1)));
  let weight = Math.exp(j * Math.log(mean) - mean - gammaln(j + 1));
  let shape = df / 2 + j;
  let tail = chiSquareTail(x, df + 2 * j);
  // What two more degrees of freedom add to the tail.
  let step = Math.exp(shape * Math.log(half) - half - gammaln(shape + 1));
  let sum = 0;
  for (;;) {
    const term = weight * tail;
    sum += term;
    if (j > mean && term <= sum * Number.EPSILON * (1 - mean / (j + 1))) return Math.min(1, sum);
    tail = Math.min(1, tail + step);
    shape += 1;
    step *= half / shape;
    j += 1;
    weight *= mean / j;
  }
}
