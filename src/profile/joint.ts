/**
 * How the numeric inputs of a service move together: sums and products of their standardized values. Rows count in which
 * every input has a value. Deviations from the baseline are cut at 4, so that a row of outliers does not rule, and counted
 * in whole units, so that sums are exact in any order.
 */

import { assert } from '../errors.ts';
import { hash32 } from '../math/hash.ts';
import { CELL_OK, type ServiceSpec } from '../records.ts';
import type { ProfileKind } from './track.ts';
import { baselineOf, tracksOfInput } from './tracks.ts';

/** 210 products; of a wider service the first inputs in the order of the configuration. */
export const JOINT_INPUTS_MAX = 20;
/** Standard deviations from the baseline's mean that count. */
export const JOINT_REACH = 4;
/** Units of a standard deviation: products stay below 2^24, so that 2^29 rows stay whole. */
export const JOINT_UNIT = 1024;
/** In place of a value that is missing or invalid. */
const NONE = -32_768;
const BLOCK = 256;

export interface JointParameters {
  /** Numeric tracks of inputs, two at least. */
  tracks: readonly string[];
  means: Float64Array;
  stds: Float64Array;
  /** A hash of all that: states of other parameters cannot be merged or compared. */
  standard: number;
}

export interface JointState {
  size: number;
  standard: number;
  /** Rows with a value in every input. */
  n: number;
  /** By input, in units. */
  sums: Float64Array;
  /** Of each pair i <= j at `pairAt(i, j)`, in squared units. */
  products: Float64Array;
}

export const pairAt = (i: number, j: number): number => (j * (j + 1)) / 2 + i;

export const createJoint = ({ size, standard }: { size: number; standard: number }): JointState => ({
  size,
  standard,
  n: 0,
  sums: new Float64Array(size),
  products: new Float64Array(pairAt(0, size)),
});

/** Null where the baseline knows fewer than two numeric tracks that vary. */
export function jointParametersOf(spec: ServiceSpec): JointParameters | null {
  const found: { track: string; mean: number; std: number }[] = [];
  for (const { track, kind } of spec.inputs.flatMap(tracksOfInput)) {
    const baseline = baselineOf(spec, track);
    if (kind !== 'numeric' || baseline?.type !== 'numeric' || !(baseline.std > 0)) continue;
    if (found.length < JOINT_INPUTS_MAX) found.push({ track, mean: baseline.mean, std: baseline.std });
  }
  if (found.length < 2) return null;
  return {
    tracks: found.map(({ track }) => track),
    means: Float64Array.from(found, ({ mean }) => mean),
    stds: Float64Array.from(found, ({ std }) => std),
    standard: hash32(JSON.stringify(found)),
  };
}

/** A column in units of the baseline's deviation. */
export function standardized(
  values: Float64Array,
  states: Uint8Array,
  mean: number,
  std: number,
): Int16Array {
  const units = new Int16Array(states.length);
  const limit = JOINT_REACH * JOINT_UNIT;
  for (let i = 0; i < units.length; i++) {
    if (states[i] !== CELL_OK) units[i] = NONE;
    else units[i] = Math.round(Math.max(-limit, Math.min(limit, ((values[i]! - mean) / std) * JOINT_UNIT)));
  }
  return units;
}

/** The rows of a block that are whole, column after column. */
const block = new Float64Array(JOINT_INPUTS_MAX * BLOCK);

/** Folds the first `count` of `rows` of standardized columns, one for each input. */
export function updateJoint(
  state: JointState,
  columns: readonly Int16Array[],
  rows: Int32Array,
  count: number,
): void {
  assert(columns.length === state.size, 'a column for each input');
  for (let from = 0; from < count; from += BLOCK) {
    let size = 0;
    for (let i = from; i < Math.min(count, from + BLOCK); i++) {
      let whole = true;
      for (let c = 0; c < columns.length && whole; c++) {
        const units = columns[c]![rows[i]!]!;
        whole = units !== NONE;
        block[c * BLOCK + size] = units;
      }
      if (whole) size++;
    }
    foldBlock(state, size);
  }
}

function foldBlock(state: JointState, size: number): void {
  const { sums, products } = state;
  state.n += size;
  for (let j = 0; j < state.size; j++) {
    let sum = 0;
    for (let r = 0; r < size; r++) sum += block[j * BLOCK + r]!;
    sums[j]! += sum;
    for (let i = 0; i <= j; i++) {
      let product = 0;
      for (let r = 0; r < size; r++) product += block[i * BLOCK + r]! * block[j * BLOCK + r]!;
      products[pairAt(i, j)]! += product;
    }
  }
}

/** Mean of each input and covariance (divisor n) of each pair at `pairAt`, in standard deviations of the baseline. */
export function jointMoments({ size, n, sums, products }: JointState): {
  means: Float64Array;
  covariances: Float64Array;
} {
  const means = sums.map((sum) => sum / n / JOINT_UNIT);
  const covariances = products.map((product) => product / n / JOINT_UNIT / JOINT_UNIT);
  for (let j = 0; j < size; j++)
    for (let i = 0; i <= j; i++) covariances[pairAt(i, j)]! -= means[i]! * means[j]!;
  return { means, covariances };
}

export const joint: ProfileKind<JointState> = {
  name: 'joint',
  description: 'sums and products of the standardized values of numeric inputs',
  merge(into, from) {
    assert(
      into.size === from.size && into.standard === from.standard,
      'merged joint sums are of one baseline',
    );
    into.n += from.n;
    for (let i = 0; i < into.sums.length; i++) into.sums[i]! += from.sums[i]!;
    for (let i = 0; i < into.products.length; i++) into.products[i]! += from.products[i]!;
  },
  pack(state, out) {
    out.uint(state.size);
    out.uint(state.standard);
    out.uint(state.n);
    for (const sum of state.sums) out.int(sum);
    for (const product of state.products) out.int(product);
  },
  unpack(from) {
    const size = from.count(1);
    assert(size >= 2 && size <= JOINT_INPUTS_MAX, 'joint sums have not too many inputs');
    const state = createJoint({ size, standard: from.uint() });
    state.n = from.uint();
    for (let i = 0; i < state.sums.length; i++) state.sums[i] = from.int();
    for (let i = 0; i < state.products.length; i++) state.products[i] = from.int();
    return state;
  },
};
