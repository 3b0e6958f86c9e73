/**
 * Sets of labels against true sets: counts for each class, and by row what the spread of the averages needs. A row's
 * errors are the classes that are in one of the two sets alone. All are whole numbers.
 */

import { assert } from '../errors.ts';
import { wordsOf } from '../math/bits.ts';
import { SET_CLASSES_MAX } from '../records.ts';
import type { ProfileKind } from './track.ts';

const PER_CLASS = 3;

const TALLIES = ['n', 'exact', 'right', 'errors', 'right2', 'errors2', 'rightErrors'] as const;

export interface SetsState {
  classes: number;
  /** For each class in turn: rows in which it is in both sets, predicted only, true only. */
  counts: Float64Array;
  n: number;
  /** Rows with equal sets. */
  exact: number;
  /** Sums over rows of the classes in both sets, of the errors, of their squares and of their product. */
  right: number;
  errors: number;
  right2: number;
  errors2: number;
  rightErrors: number;
}

export const createSets = (classes: number): SetsState => ({
  classes,
  counts: new Float64Array(PER_CLASS * classes),
  n: 0,
  exact: 0,
  right: 0,
  errors: 0,
  right2: 0,
  errors2: 0,
  rightErrors: 0,
});

/** Folds one row: sets as words of 32 bits, class c is bit c % 32 of word c / 32. */
export function addSets(state: SetsState, predicted: ArrayLike<number>, truth: ArrayLike<number>): void {
  const { counts } = state;
  let [right, errors] = [0, 0];
  for (let word = 0; word < wordsOf(state.classes); word++) {
    const [a, b] = [predicted[word]! | 0, truth[word]! | 0];
    for (let either = a | b; either !== 0; either &= either - 1) {
      const bit = either & -either;
      const index = 32 * word + 31 - Math.clz32(bit);
      if (index >= state.classes) continue;
      const cell = (a & bit) === 0 ? 2 : (b & bit) === 0 ? 1 : 0;
      counts[PER_CLASS * index + cell]!++;
      if (cell === 0) right++;
      else errors++;
    }
  }
  state.n++;
  if (errors === 0) state.exact++;
  state.right += right;
  state.errors += errors;
  state.right2 += right * right;
  state.errors2 += errors * errors;
  state.rightErrors += right * errors;
}

/** Rows of a class: in both sets, predicted only, true only. */
export const classOfSets = (
  { counts }: SetsState,
  index: number,
): { right: number; predictedOnly: number; trueOnly: number } => ({
  right: counts[PER_CLASS * index]!,
  predictedOnly: counts[PER_CLASS * index + 1]!,
  trueOnly: counts[PER_CLASS * index + 2]!,
});

export const sets: ProfileKind<SetsState> = {
  name: 'sets',
  description: 'counts by class of predicted sets of labels against true ones',
  merge(into, from) {
    assert(into.classes === from.classes, 'merged sets have the same classes');
    for (let i = 0; i < from.counts.length; i++) into.counts[i]! += from.counts[i]!;
    for (const name of TALLIES) into[name] += from[name];
  },
  pack(state, out) {
    out.uint(state.classes);
    for (const count of state.counts) out.uint(count);
    for (const name of TALLIES) out.uint(state[name]);
  },
  unpack(from) {
    const classes = from.count(PER_CLASS);
    assert(classes <= SET_CLASSES_MAX, 'a set has not too many classes');
    const state = createSets(classes);
    for (let i = 0; i < state.counts.length; i++) state.counts[i] = from.uint();
    for (const name of TALLIES) state[name] = from.uint();
    return state;
  },
};
