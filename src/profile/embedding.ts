/** The centroid of vectors and how far they spread around it. Components are summed in whole units, so in any order. */

import { assert } from '../errors.ts';
import { addExact, createExactSum, type ExactSum, mergeExact, totalOf } from '../math/exact-sum.ts';
import { CELL_OK, EMBEDDING_DIMENSIONS_MAX, EMBEDDING_REACH, type EmbeddingColumn } from '../records.ts';
import { packSum, unpackSum } from './sums.ts';
import type { ProfileKind } from './track.ts';

/** Units of a component: single precision has no more behind the point for magnitudes of 0.004 and up. */
const UNIT = 2 ** 32;
/** A sum is two numbers, of which the lower counts units up to here. */
const LOW = 2 ** 26;
const WHOLE = 2 ** 53;

export interface EmbeddingState {
  dimensions: number;
  n: number;
  /** Of the squared lengths. */
  squares: ExactSum;
  /** Sum of each component: LOW high + low units. */
  high: Float64Array;
  low: Float64Array;
}

export const createEmbedding = (dimensions: number): EmbeddingState => ({
  dimensions,
  n: 0,
  squares: createExactSum(),
  high: new Float64Array(dimensions),
  low: new Float64Array(dimensions),
});

const pending = new Float64Array(EMBEDDING_DIMENSIONS_MAX);

/** Folds the first `count` of `rows` of a column. */
export function updateEmbedding(
  state: EmbeddingState,
  { dimensions, places, values, state: states }: EmbeddingColumn,
  rows: Int32Array,
  count: number,
): void {
  assert(dimensions === state.dimensions, 'vectors have the dimensions of the profile');
  pending.fill(0, 0, dimensions);
  let bound = 0;
  for (let i = 0; i < count; i++) {
    const row = rows[i]!;
    if (states[row] !== CELL_OK) continue;
    const at = places[row]! * dimensions;
    let [squares, largest] = [0, 0];
    for (let d = 0; d < dimensions; d++) {
      const value = values[at + d]!;
      squares += value * value;
      if (value > largest) largest = value;
      else if (-value > largest) largest = -value;
    }
    state.n++;
    addExact(state.squares, squares);
    // Several rows are summed before they are cut in two, as long as they are whole.
    bound += largest * UNIT + 1;
    if (bound > WHOLE) {
      settle(state);
      bound = largest * UNIT + 1;
    }
    for (let d = 0; d < dimensions; d++) pending[d]! += Math.round(values[at + d]! * UNIT);
  }
  settle(state);
}

/** Moves the pending units into the sums. */
function settle({ dimensions, high, low }: EmbeddingState): void {
  for (let d = 0; d < dimensions; d++) {
    const over = Math.floor(pending[d]! / LOW);
    high[d]! += over;
    low[d]! += pending[d]! - over * LOW;
  }
  pending.fill(0, 0, dimensions);
  carry(high, low);
}

/** The one canonical form: the lower number in 0..LOW-1. */
function carry(high: Float64Array, low: Float64Array): void {
  for (let d = 0; d < high.length; d++) {
    const over = Math.floor(low[d]! / LOW);
    high[d]! += over;
    low[d]! -= over * LOW;
  }
}

/** Length of each vector of a column; NaN where there is none. */
export function normsOf({ dimensions, places, values, state }: EmbeddingColumn): Float64Array {
  const norms = new Float64Array(state.length).fill(Number.NaN);
  for (let row = 0; row < state.length; row++) {
    if (state[row] !== CELL_OK) continue;
    const at = places[row]! * dimensions;
    let squares = 0;
    for (let d = 0; d < dimensions; d++) squares += values[at + d]! ** 2;
    norms[row] = Math.sqrt(squares);
  }
  return norms;
}

/** Mean vector; n at least 1. */
export const centroidOf = ({ n, high, low }: EmbeddingState): Float64Array =>
  high.map((units, d) => (units * LOW + low[d]!) / UNIT / n);

/** Sum of squared distances from the centroid. */
export function scatterOf(state: EmbeddingState): number {
  const squares = centroidOf(state).reduce((sum, x) => sum + x * x, 0);
  return Math.max(0, totalOf(state.squares) - state.n * squares);
}

export const embedding: ProfileKind<EmbeddingState> = {
  name: 'embedding',
  description: 'sums of the components of vectors and of their squared lengths',
  merge(into, from) {
    assert(into.dimensions === from.dimensions, 'merged vectors have the same dimensions');
    into.n += from.n;
    mergeExact(into.squares, from.squares);
    for (let d = 0; d < into.dimensions; d++) {
      into.high[d]! += from.high[d]!;
      into.low[d]! += from.low[d]!;
    }
    carry(into.high, into.low);
  },
  pack(state, out) {
    out.uint(state.dimensions);
    out.uint(state.n);
    packSum(state.squares, out);
    for (let d = 0; d < state.dimensions; d++) {
      out.int(state.high[d]!);
      out.uint(state.low[d]!);
    }
  },
  unpack(from) {
    const dimensions = from.count(2);
    assert(dimensions >= 1 && dimensions <= EMBEDDING_DIMENSIONS_MAX, 'vectors have not too many dimensions');
    const state = createEmbedding(dimensions);
    state.n = from.uint();
    state.squares = unpackSum(from);
    for (let d = 0; d < dimensions; d++) {
      state.high[d] = from.int();
      state.low[d] = from.uint();
    }
    carry(state.high, state.low);
    return state;
  },
};

assert(EMBEDDING_REACH * UNIT < WHOLE, 'a component is a whole number of units');
