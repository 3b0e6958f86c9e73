/**
 * Errors of a regressor against their truths, as exact sums: of the losses, of their squares for the intervals, and of
 * what the spread of R2 needs. A power beyond the largest double counts as that.
 */

import { addExact, createExactSum, type ExactSum, mergeExact } from '../math/exact-sum.ts';
import { packSum, unpackSum } from './sums.ts';
import type { ProfileKind } from './track.ts';

/** e = prediction - truth, t = truth, p = |e / t|. */
export const REGRESSION_SUMS = [
  'e',
  'absE',
  'e2',
  'e4',
  't',
  't2',
  't3',
  't4',
  'e2t',
  'e2t2',
  'p',
  'p2',
] as const;
export type RegressionSum = (typeof REGRESSION_SUMS)[number];

export interface RegressionState {
  n: number;
  /** Rows whose truth is not 0: those that p is of. */
  nonzero: number;
  sums: Record<RegressionSum, ExactSum>;
}

export const createRegression = (): RegressionState => ({
  n: 0,
  nonzero: 0,
  sums: Object.fromEntries(
    REGRESSION_SUMS.map((name) => [name, createExactSum()]),
  ) as RegressionState['sums'],
});

const bounded = (x: number): number => Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, x));

/** Folds one row of two finite numbers. */
export function addError(state: RegressionState, prediction: number, truth: number): void {
  const { sums } = state;
  const e = bounded(prediction - truth);
  const [e2, t2] = [bounded(e * e), bounded(truth * truth)];
  state.n++;
  addExact(sums.e, e);
  addExact(sums.absE, Math.abs(e));
  addExact(sums.e2, e2);
  addExact(sums.e4, bounded(e2 * e2));
  addExact(sums.t, truth);
  addExact(sums.t2, t2);
  addExact(sums.t3, bounded(t2 * truth));
  addExact(sums.t4, bounded(t2 * t2));
  addExact(sums.e2t, bounded(e2 * truth));
  addExact(sums.e2t2, bounded(e2 * t2));
  if (truth === 0) return;
  const p = bounded(Math.abs(e / truth));
  state.nonzero++;
  addExact(sums.p, p);
  addExact(sums.p2, bounded(p * p));
}

export const regression: ProfileKind<RegressionState> = {
  name: 'regression',
  description: 'exact sums of the errors of a regressor, of their squares and with their truths',
  merge(into, from) {
    into.n += from.n;
    into.nonzero += from.nonzero;
    for (const name of REGRESSION_SUMS) mergeExact(into.sums[name], from.sums[name]);
  },
  pack(state, out) {
    out.uint(state.n);
    out.uint(state.nonzero);
    for (const name of REGRESSION_SUMS) packSum(state.sums[name], out);
  },
  unpack(from) {
    const state = createRegression();
    state.n = from.uint();
    state.nonzero = from.uint();
    for (const name of REGRESSION_SUMS) state.sums[name] = unpackSum(from);
    return state;
  },
};
