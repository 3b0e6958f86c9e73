/** The Benjamini-Hochberg procedure for e-values. */

/**
 * Indices, in order, of the hypotheses that are rejected with a false discovery rate of at most `alpha`, under any
 * dependence: the k largest, with k the largest number of which the k-th e-value reaches m / (k alpha) (R. Wang, A. Ramdas
 * 2022, False discovery rate control with e-values, JRSS B 84). An e-value too large for a number may be Infinity.
 */
export function eBh(eValues: readonly number[], alpha: number): number[] {
  const order = eValues.map((_, i) => i).sort((a, b) => eValues[b]! - eValues[a]! || a - b);
  const bound = eValues.length / alpha;
  let k = order.length;
  while (k > 0 && eValues[order[k - 1]!]! * k < bound) k--;
  return order.slice(0, k).sort((a, b) => a - b);
}
