/** Exact comparison of two shares (R. A. Fisher 1935): given how many rows are marked, which of the samples they fall in. */

import { logGamma } from './special.ts';

const logChoose = (n: number, k: number): number => logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1);

/** Terms that fall are summed until they no longer count. */
function fallingSum(first: number, ratio: (step: number) => number): number {
  let [sum, term] = [0, first];
  for (let step = 0; term > sum * Number.EPSILON; step++) {
    sum += term;
    term *= ratio(step);
  }
  return sum;
}

/**
 * P(X >= k) and P(X <= k) for X of the `n` current rows marked, where `k + j` of all `n + m` rows are.
 *
 * @param k marked of the n current rows, 0..n; `j` of the m reference rows, 0..m
 */
export function hypergeometricTails(
  k: number,
  n: number,
  j: number,
  m: number,
): { upper: number; lower: number } {
  const marked = k + j;
  const here = Math.exp(logChoose(n, k) + logChoose(m, j) - logChoose(n + m, marked));
  // From one to the next marked row of the current sample, one less of the reference.
  const up = (step: number): number => {
    const [x, y] = [k + step, j - step];
    return ((n - x) * y) / ((x + 1) * (m - y + 1));
  };
  const down = (step: number): number => {
    const [x, y] = [k - step, j + step];
    return (x * (m - y)) / ((n - x + 1) * (y + 1));
  };
  // The tail towards the bulk is 1 less the other one: its terms rise first.
  const isAbove = k * m >= j * n;
  if (isAbove) {
    const upper = Math.min(1, fallingSum(here, up));
    return { upper, lower: Math.min(1, 1 - upper + here) };
  }
  const lower = Math.min(1, fallingSum(here, down));
  return { upper: Math.min(1, 1 - lower + here), lower };
}

/** Twice the smaller tail, at most 1. Two samples of one law give p <= a with at most the chance a, whatever their sizes. */
export function hypergeometricTwoSided(k: number, n: number, j: number, m: number): number {
  const { upper, lower } = hypergeometricTails(k, n, j, m);
  return Math.min(1, 2 * Math.min(upper, lower));
}

/**
 * P(X >= k) for X of `n` values that lie outside the range of `m` others of the same law, without ties (with ties it is an upper
 * bound). As the gaps between ordered values are exchangeable (S. S. Wilks 1942), it is the chance that of the first k + 1 of all
 * values at most one is of the m.
 */
export function outsideTail(k: number, n: number, m: number): number {
  if (k <= 0) return 1;
  const all = logChoose(n + m, k + 1);
  const none = k < n ? Math.exp(logChoose(n, k + 1) - all) : 0;
  return Math.min(1, none + m * Math.exp(logChoose(n, k) - all));
}
