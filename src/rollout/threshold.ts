/**
 * From which confidence on a model may decide by itself (Y. Geifman, R. El-Yaniv 2017, Selective classification for deep neural networks, NeurIPS): the
 * smallest threshold whose upper bound of the selective risk meets the target.
 */

import { assert } from '../errors.ts';
import { betaMixtureInterval } from '../math/confidence-sequence.ts';
import { betaQuantile } from '../math/special.ts';

/** Answers with a known outcome whose confidence lies from `from` to the next cell. */
export interface ConfidenceCell {
  from: number;
  n: number;
  wrong: number;
}

/**
 * exact: of Clopper and Pearson 1934, for a sample that is looked at once, as in the paper. sequence: holds at all times at once, for a threshold that
 * is chosen anew with every window; it asks for about three times as many outcomes.
 */
export type RiskBound = 'exact' | 'sequence';

export interface Threshold {
  /** Answers of at least this confidence are decided by the model. */
  threshold: number;
  /** Their share of all answers with a known outcome. */
  coverage: number;
  n: number;
  wrong: number;
  /** Upper bound of the share of wrong ones among them. */
  riskHigh: number;
}

/** The highest rate of wrong answers that is not refuted at `alpha`; 1 without answers. */
export function riskHighOf(wrong: number, n: number, alpha: number, bound: RiskBound): number {
  assert(wrong >= 0 && wrong <= n, 'wrong answers are answers');
  if (n === 0 || wrong === n) return 1;
  if (bound === 'sequence') return betaMixtureInterval(wrong, n, alpha).high;
  return betaQuantile(1 - alpha, wrong + 1, n - wrong);
}

/** The lowest rate of wrong answers that is not refuted, at all times at once; 0 without answers. */
export const riskLowOf = (wrong: number, n: number, alpha: number): number =>
  betaMixtureInterval(wrong, n, alpha).low;

/**
 * null: no threshold meets the target. Cells rise. The bounds of all thresholds hold together with 1 - alpha: each has an even part of alpha, where
 * the paper's bisection spends it on log2(n) of them and may miss a threshold where the risk does not fall with confidence.
 */
export function thresholdOf(
  cells: readonly ConfidenceCell[],
  target: number,
  alpha: number,
  bound: RiskBound,
): Threshold | null {
  const total = cells.reduce((sum, { n }) => sum + n, 0);
  let [n, wrong] = [0, 0];
  let best: Threshold | null = null;
  for (let i = cells.length - 1; i >= 0; i--) {
    assert(i === 0 || cells[i - 1]!.from < cells[i]!.from, 'cells rise');
    n += cells[i]!.n;
    wrong += cells[i]!.wrong;
    const riskHigh = riskHighOf(wrong, n, alpha / cells.length, bound);
    if (riskHigh <= target) best = { threshold: cells[i]!.from, coverage: n / total, n, wrong, riskHigh };
  }
  return best;
}
