/**
 * A sample of rows for the share of frequent values: those of the smallest hashes of their request's id (a bottom-k sample;
 * E. Cohen, H. Kaplan, Summarizing data using bottom-k sketches, 2007). It is uniform, the same for any order and split of
 * the stream, and of the same requests in every input. Counters of frequent values such as Misra and Gries's are neither
 * exact nor independent of the order in which they are merged.
 */

import { assert } from '../errors.ts';
import { CELL_OK } from '../records.ts';
import { type HashedColumn, VALUE_BITS } from './hashes.ts';
import type { ProfileKind } from './track.ts';

/** Rows of a sample: a share is known to 6 percentage points. */
export const HEAVY_ROWS = 256;
const VALUES = 2 ** VALUE_BITS;
/** Rows that are gathered before the smallest are chosen. */
const GATHERED_MAX = 2 * HEAVY_ROWS;

export interface HeavyState {
  /** Values, sampled or not. */
  n: number;
  size: number;
  /** The first `size`: hash of the id times 2^VALUE_BITS plus that of the value. */
  keys: Float64Array;
  /** Larger keys are not in the sample; infinite as long as it is not full. */
  limit: number;
  /** Hash of the id in `limit`. */
  idLimit: number;
}

export const createHeavy = (): HeavyState => ({
  n: 0,
  size: 0,
  keys: new Float64Array(16),
  limit: Number.POSITIVE_INFINITY,
  idLimit: Number.POSITIVE_INFINITY,
});

function add(state: HeavyState, key: number): void {
  if (key > state.limit) return;
  if (state.size === GATHERED_MAX) {
    settle(state);
    if (key > state.limit) return;
  }
  if (state.size === state.keys.length) {
    const grown = new Float64Array(Math.min(GATHERED_MAX, 2 * state.size));
    grown.set(state.keys);
    state.keys = grown;
  }
  state.keys[state.size++] = key;
}

/** The canonical form: the smallest keys, rising. */
function settle(state: HeavyState): void {
  state.keys.subarray(0, state.size).sort();
  if (state.size < HEAVY_ROWS) return;
  state.size = HEAVY_ROWS;
  state.limit = state.keys[HEAVY_ROWS - 1]!;
  state.idLimit = Math.floor(state.limit / VALUES);
}

/** Folds the first `count` of `rows`; `ids` are the hashes of the requests. */
export function updateHeavy(
  state: HeavyState,
  ids: Uint32Array,
  { values, states }: Pick<HashedColumn, 'values' | 'states'>,
  rows: Int32Array,
  count: number,
): void {
  for (let i = 0; i < count; i++) {
    const row = rows[i]!;
    if (states[row] !== CELL_OK) continue;
    state.n++;
    // Most rows are not in the sample, which their id tells.
    if (ids[row]! <= state.idLimit) add(state, ids[row]! * VALUES + values[row]!);
  }
}

export const heavy: ProfileKind<HeavyState> = {
  name: 'heavy',
  description: 'a sample of rows by the hash of their id, for the share of frequent values',
  merge(into, from) {
    into.n += from.n;
    for (let i = 0; i < from.size; i++) add(into, from.keys[i]!);
    settle(into);
  },
  pack(state, out) {
    settle(state);
    out.uint(state.n);
    out.uint(state.size);
    let last = 0;
    for (let i = 0; i < state.size; i++) {
      out.uint(state.keys[i]! - last);
      last = state.keys[i]!;
    }
  },
  unpack(from) {
    const state = createHeavy();
    state.n = from.uint();
    let key = 0;
    const size = from.count(1);
    assert(size <= HEAVY_ROWS, 'a sample has not too many rows');
    for (let left = size; left > 0; left--) {
      key += from.uint();
      assert(Number.isSafeInteger(key), 'a key of a row');
      add(state, key);
    }
    settle(state);
    return state;
  },
};

/** Rows of the sample, and how many of them have its most frequent value. */
export function topOf(state: HeavyState): { rows: number; top: number } {
  settle(state);
  const counts = new Map<number, number>();
  let top = 0;
  for (let i = 0; i < state.size; i++) {
    const value = state.keys[i]! % VALUES;
    const count = (counts.get(value) ?? 0) + 1;
    counts.set(value, count);
    top = Math.max(top, count);
  }
  return { rows: state.size, top };
}
