/**
 * How likely two samples of one law have distribution functions so far apart in the mean: the law of T = m n / (m + n)^2 sum (F
 * - G)^2 over all rows.
 */

import { logGamma, normalTail } from './special.ts';

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}

/**
 * P(T >= t) of samples without ties, exact: of all paths from (0, 0) to (m, n) the share whose sum of (i / m - j / n)^2 is as
 * large (Y. Xiao, A. Gordon, A. Yakovlev 2007, A C++ program for the Cramer-von Mises two-sample test, Journal of Statistical
 * Software 17). Takes as much room as there are different sums: for samples of a few rows.
 */
export function pathsTail(t: number, m: number, n: number): number {
  const multiple = (m * n) / greatestDivisor(m, n);
  // Sums are whole multiples of 1 / multiple^2; rounding must not lose the one that was found.
  const least = ((t * (m + n) ** 2) / (m * n)) * multiple ** 2 - 0.5;
  /** By i, of the paths to (i, j): how many have each sum. */
  let columns: Map<number, number>[] = [];
  for (let j = 0; j <= n; j++) {
    const next: Map<number, number>[] = [];
    for (let i = 0; i <= m; i++) {
      const step = ((i / m - j / n) * multiple) ** 2;
      const sums = new Map<number, number>();
      if (i === 0 && j === 0) sums.set(0, 1);
      for (const before of [next[i - 1], columns[i]])
        for (const [sum, paths] of before ?? []) {
          const at = Math.round(sum + step);
          sums.set(at, (sums.get(at) ?? 0) + paths);
        }
      next.push(sums);
    }
    columns = next;
  }
  let [all, beyond] = [0, 0];
  for (const [sum, paths] of columns[m]!) {
    all += paths;
    if (sum >= least) beyond += paths;
  }
  return beyond / all;
}

/** Step of the trapezoid rule, which for this integrand is exact to 16 digits. */
const STEP = 1 / 8;

/**
 * exp(x) times the modified Bessel function K of order 1/4, x > 0: the integral of exp(-x (cosh t - 1)) cosh(t / 4) over t >= 0
 * (DLMF 10.32.9).
 */
function scaledBesselK(x: number): number {
  let sum = 1 / 2;
  for (let t = STEP; ; t += STEP) {
    const term = Math.exp(-x * (Math.cosh(t) - 1)) * Math.cosh(t / 4);
    sum += term;
    if (term < 1e-18 * sum) return sum * STEP;
  }
}

/** Where the tail is smaller than what the series loses by rounding. */
const SERIES_MAX = 4;
const SERIES_MIN = 0.02;

/**
 * P(W > x) of the limit law of T, that of sum Z_k^2 / (pi k)^2 with normal Z: the series of T. W. Anderson, D. A. Darling 1952
 * (Asymptotic theory of certain goodness of fit criteria, Annals of Mathematical Statistics 23, eq. 4.35); far out the term of
 * the largest weight (V. M. Zolotarev 1961), 2 % too large.
 */
export function cramerVonMisesTail(x: number): number {
  if (x < SERIES_MIN) return 1;
  if (x > SERIES_MAX) return 2 * Math.SQRT2 * normalTail(Math.PI * Math.sqrt(x));
  let cdf = 0;
  for (let k = 0; ; k++) {
    const y = 4 * k + 1;
    const q = y ** 2 / (16 * x);
    const weight = Math.exp(logGamma(k + 0.5) - logGamma(k + 1) - 2 * q) * Math.sqrt(y);
    const term = (weight * scaledBesselK(q)) / (Math.PI ** 1.5 * Math.sqrt(x));
    cdf += term;
    if (term < 1e-17) return Math.min(1, Math.max(0, 1 - cdf));
  }
}

/** Up to so many rows of both samples the paths are counted. */
const EXACT_ROWS_MAX = 20;

/**
 * P(T >= t) without a change: exact for small samples, else the limit law at the mean and the variance that T has (T. W.
 * Anderson 1962, On the distribution of the two-sample Cramer-von Mises criterion, Annals of Mathematical Statistics 33).
 */
export function cramerVonMisesP(t: number, m: number, n: number): number {
  const [all, pairs] = [m + n, m * n];
  if (all <= EXACT_ROWS_MAX) return pathsTail(t, m, n);
  const mean = (1 + 1 / all) / 6;
  const variance =
    ((all + 1) * (4 * pairs * all - 3 * (m * m + n * n) - 2 * pairs)) / (180 * all * all * pairs);
  return cramerVonMisesTail(1 / 6 + (t - mean) / Math.sqrt(45 * variance));
}
