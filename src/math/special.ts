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
