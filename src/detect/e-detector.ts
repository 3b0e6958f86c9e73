/**
 * Mixture e-detectors (J. Shin, A. Ramdas, A. Rinaldo 2024, E-detectors: a nonparametric framework for sequential change
 * detection, New England J. of Statistics in Data Science 2): M <- (M + 1) L (Shiryaev-Roberts) or M <- max(M, 1) L (CUSUM), with E(L) <= 1 given
 * the past. An alarm at M >= A comes on average no earlier than after A steps, under any dependence and for
 * any distribution that the null hypothesis allows. A step is a window, or a single value.
 */

import { assert } from '../errors.ts';
import { logSumOf } from '../math/log-sum.ts';
import type { Component } from './components.ts';

export type Variant = 'shiryaev_roberts' | 'cusum';

/** Plain data; one entry for each component, in the order of the list that is folded with. */
export interface EDetectorState {
  /** ln(M + 1) of Shiryaev-Roberts: 0 at the beginning, and no overflow. */
  sums: number[];
  /** ln M of CUSUM, the largest term of the sum. */
  peaks: number[];
  /** The time of the step in which that term began: the most likely onset. */
  since: number[];
}

/** `components`: how many are folded; 1 for e-values. */
export const createEDetector = (components = 1): EDetectorState => ({
  sums: new Array<number>(components).fill(0),
  peaks: new Array<number>(components).fill(0),
  since: new Array<number>(components).fill(0),
});

/** Begins again, in place. */
export function resetEDetector(state: EDetectorState): void {
  Object.assign(state, createEDetector(state.sums.length));
}

/** From here on ln(M + 1) and ln M are the same number. */
const EXP_MAX = 40;

/** ln(1 + exp(x)), without overflow. */
const softplus = (x: number): number => (x > EXP_MAX ? x : Math.log1p(Math.exp(x)));

function stepComponent(state: EDetectorState, k: number, logE: number, time: number): void {
  if (state.peaks[k]! <= 0) {
    state.since[k] = time;
    state.peaks[k] = logE;
  } else state.peaks[k]! += logE;
  state.sums[k] = softplus(state.sums[k]! + logE);
}

/** Folds one e-value, given as its logarithm, into a state of one component. `time` is that of the step. */
export function foldE(state: EDetectorState, logE: number, time: number): void {
  assert(Number.isFinite(logE), 'the logarithm of an e-value is finite');
  stepComponent(state, 0, logE, time);
}

/** Values in 0..1 and how often each occurred in a window. */
export type LossTable = readonly (readonly [value: number, count: number])[];

/**
 * Folds a window of values in 0..1, exactly, from its counts: L = prod (1 + slope (x - centre))^count. The components may
 * change from window to window (a rolling or seasonal baseline), as long as the window itself has no part
 * in them. Additions are in the order of the table, so the same table must come in the same order.
 */
export function foldCounts(
  state: EDetectorState,
  components: readonly Component[],
  table: LossTable,
  time: number,
): void {
  assert(state.sums.length === components.length, 'a state goes with the components it was created for');
  components.forEach(({ slope, centre }, k) => {
    let logL = 0;
    for (const [value, count] of table) logL += count * Math.log1p(slope * (value - centre));
    stepComponent(state, k, logL, time);
  });
}

/** ln M of one component; -Infinity where M is 0. */
function logOf(state: EDetectorState, k: number, variant: Variant): number {
  if (variant === 'cusum') return state.peaks[k]!;
  const sum = state.sums[k]!;
  return sum > EXP_MAX ? sum : Math.log(Math.expm1(sum));
}

/** ln M of the mixture, the evidence; -Infinity before the first step. Compare with ln A. */
export function logEvidenceOf(
  state: EDetectorState,
  components: readonly Pick<Component, 'weight'>[] = [{ weight: 1 }],
  variant: Variant = 'shiryaev_roberts',
): number {
  return logSumOf(components.map(({ weight }, k) => [weight, logOf(state, k, variant)] as const));
}

/**
 * The estimated onset: the time at which the largest term of the sum began, over all starts and components. undefined while
 * no stretch speaks against the null.
 */
export function onsetOf(
  state: EDetectorState,
  components: readonly Pick<Component, 'weight'>[] = [{ weight: 1 }],
): number | undefined {
  let best = Number.NEGATIVE_INFINITY;
  let onset: number | undefined;
  components.forEach(({ weight }, k) => {
    const term = Math.log(weight) + state.peaks[k]!;
    if (state.peaks[k]! <= 0 || term <= best) return;
    best = term;
    onset = state.since[k];
  });
  return onset;
}

/** M <- factor M, for a factor of 0..1; the onset stays. */
export function scaleEDetector(state: EDetectorState, factor: number): void {
  assert(factor >= 0 && factor <= 1, 'evidence is only ever scaled down');
  state.sums = state.sums.map((sum) =>
    factor === 0
      ? 0
      : sum > EXP_MAX
        ? softplus(sum + Math.log(factor))
        : Math.log1p(factor * Math.expm1(sum)),
  );
}
