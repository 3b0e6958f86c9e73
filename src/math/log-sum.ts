/** Sums of values that are given by their logarithms, since they overflow. */

/** ln of a weighted sum of values. */
export function logSumOf(terms: readonly (readonly [weight: number, log: number])[]): number {
  const most = Math.max(...terms.map(([, log]) => log));
  if (most === Number.NEGATIVE_INFINITY) return most;
  let sum = 0;
  for (const [weight, log] of terms) sum += weight * Math.exp(log - most);
  return most + Math.log(sum);
}

/** ln of the sum; -Infinity of none. */
export const logSum = (logs: readonly number[]): number => logSumOf(logs.map((log) => [1, log] as const));
