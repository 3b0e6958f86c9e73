/**
 * Prediction-powered risk monitoring: the running mean of a loss from many estimates of it that need no labels (as CBPE's) and the few
 * labels that have arrived (A. Angelopoulos et al. 2023, Prediction-powered inference, Science 382; PPRM, arXiv 2602.02229).
 */

import { asymptoticBound, type Interval } from '../math/confidence-sequence.ts';

/** One window, as sums, so that windows merge by addition. */
export interface PoweredBatch {
  /** Requests with an estimate of the loss f and no label: how many, sum and sum of squares of f. */
  n: number;
  sum: number;
  squares: number;
  /** Requests with a label too: how many, and sums over their loss y and f. */
  labelled: number;
  sumY: number;
  sumF: number;
  squaresY: number;
  squaresF: number;
  products: number;
}

/** Plain data. */
export interface PoweredState {
  /** Windows so far, the sum of their means, and of the variances of those. */
  k: number;
  total: number;
  variance: number;
  /** Variance of the first window's mean: the scale of the interval, which may not follow from what comes later. */
  scale: number;
  /** How much the next window trusts the estimates, in 0..1: from windows before it. */
  power: number;
  /** Sums over windows for `power`: covariance of loss and estimate, variance of the estimate; over labelled rows. */
  covariance: number;
  spread: number;
}

export const createPowered = (): PoweredState => ({
  k: 0,
  total: 0,
  variance: 0,
  scale: 0,
  power: 0,
  covariance: 0,
  spread: 0,
});

/**
 * Folds a window: mean loss = power mean(f without labels) + mean(y - power f with labels). Whatever the estimates are worth,
 * it has the mean of y; the better they are, the less it varies. `power` comes from earlier windows, so that the
 * sum stays a martingale. A window with fewer than two labels has no variance and is left out: false.
 *
 * Those with labels are to be a random sample. Early labels often are not.
 */
export function foldPowered(state: PoweredState, batch: PoweredBatch): boolean {
  const { labelled, n } = batch;
  if (labelled < 2) return false;
  // Without requests that only have an estimate there is nothing to gain from estimates.
  const power = n < 2 ? 0 : state.power;
  const meanY = batch.sumY / labelled;
  const meanF = batch.sumF / labelled;
  const varY = varianceOf(labelled, batch.sumY, batch.squaresY);
  const varF = varianceOf(labelled, batch.sumF, batch.squaresF);
  const covariance = (batch.products - labelled * meanY * meanF) / (labelled - 1);
  const rest = power === 0 ? 0 : power * (batch.sum / n - meanF);
  const spread = power === 0 ? 0 : (power * power * varianceOf(n, batch.sum, batch.squares)) / n;
  const variance = spread + Math.max(0, varY - 2 * power * covariance + power * power * varF) / labelled;
  state.k += 1;
  state.total += meanY + rest;
  state.variance += variance;
  if (state.scale === 0) state.scale = variance;
  // The best power is covariance / ((1 + labelled / n) variance of f), here from sums over windows.
  state.covariance += covariance;
  state.spread += n === 0 ? 0 : (1 + labelled / n) * varF;
  state.power = state.spread > 0 ? Math.min(1, Math.max(0, state.covariance / state.spread)) : 0;
  return true;
}

const varianceOf = (n: number, sum: number, squares: number): number =>
  Math.max(0, squares - (sum * sum) / n) / (n - 1);

/**
 * The mean loss over the windows so far and its interval at all times at once, two-sided at `alpha`, asymptotic in the number of labels. `kBest`:
 * the number of windows at which it is to be narrowest. undefined while nothing has varied.
 */
export function poweredInterval(
  { k, total, variance, scale }: PoweredState,
  kBest: number,
  alpha: number,
): (Interval & { mean: number }) | undefined {
  if (scale === 0) return undefined;
  const width = asymptoticBound(k, variance, scale * kBest, alpha / 2);
  return { mean: total / k, low: total / k - width, high: total / k + width };
}
