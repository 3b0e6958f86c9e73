/** Mean and squared deviations of a stream, one value at a time. */

/** Plain data, part of a detector's state. */
export interface Running {
  n: number;
  mean: number;
  /** Sum of squared deviations from the mean. */
  m2: number;
}

export const createRunning = (): Running => ({ n: 0, mean: 0, m2: 0 });

/** Welford's update (B. P. Welford 1962, Note on a method for calculating corrected sums of squares and products). */
export function addTo(running: Running, value: number): void {
  running.n += 1;
  const delta = value - running.mean;
  running.mean += delta / running.n;
  running.m2 += delta * (value - running.mean);
}

/** Standard deviation with n - 1 in the denominator; 0 for fewer than two values, which do not spread. */
export const stdOf = ({ n, m2 }: Running): number => (n < 2 ? 0 : Math.sqrt(Math.max(0, m2) / (n - 1)));
