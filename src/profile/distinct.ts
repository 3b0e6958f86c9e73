/**
 * How many different values a stream has had: HyperLogLog (P. Flajolet, E. Fusy, O. Gandouet, F. Meunier, HyperLogLog: the
 * analysis of a near-optimal cardinality estimation algorithm, 2007) with 2,048 registers and hashes of 64 bits.
 */

import { assert } from '../errors.ts';
import { CELL_OK } from '../records.ts';
import { type HashedColumn, REGISTER_BITS } from './hashes.ts';
import type { ProfileKind } from './track.ts';

const REGISTERS = 2 ** REGISTER_BITS;
/** Bits of a hash behind those of the register. */
const REST_BITS = 64 - REGISTER_BITS;

/** Standard error of the estimate, relative. */
export const DISTINCT_ERROR = 1.04 / Math.sqrt(REGISTERS);

/** Six bits a register. */
const DENSE_BYTES = (REGISTERS * 6) / 8;
/** So many registers take as much one by one, in two bytes each. */
const SPARSE_MAX = DENSE_BYTES / 2;

export interface DistinctState {
  /** Values, not distinct ones. */
  n: number;
  /** The largest rank seen in each; 0: none. */
  registers: Uint8Array;
}

export const createDistinct = (): DistinctState => ({ n: 0, registers: new Uint8Array(REGISTERS) });

/** Folds the first `count` of `rows`. */
export function updateDistinct(
  state: DistinctState,
  { registers, ranks, states }: HashedColumn,
  rows: Int32Array,
  count: number,
): void {
  const own = state.registers;
  for (let i = 0; i < count; i++) {
    const row = rows[i]!;
    if (states[row] !== CELL_OK) continue;
    state.n++;
    const register = registers[row]!;
    if (ranks[row]! > own[register]!) own[register] = ranks[row]!;
  }
}

const filledOf = (registers: Uint8Array): number => {
  let filled = 0;
  for (const rank of registers) if (rank > 0) filled++;
  return filled;
};

export const distinct: ProfileKind<DistinctState> = {
  name: 'distinct',
  description: 'registers of HyperLogLog, for the number of different values',
  merge(into, from) {
    into.n += from.n;
    for (let i = 0; i < REGISTERS; i++)
      if (from.registers[i]! > into.registers[i]!) into.registers[i] = from.registers[i]!;
  },
  pack({ n, registers }, out) {
    const filled = filledOf(registers);
    out.uint(n);
    out.uint(filled);
    if (filled > SPARSE_MAX) {
      out.raw(dense(registers));
      return;
    }
    let last = 0;
    for (let i = 0; i < REGISTERS; i++) {
      if (registers[i] === 0) continue;
      out.uint((i - last) * 64 + registers[i]!);
      last = i;
    }
  },
  unpack(from) {
    const state = createDistinct();
    state.n = from.uint();
    const filled = from.uint();
    if (filled > SPARSE_MAX) {
      spread(from.raw(DENSE_BYTES), state.registers);
      assert(filledOf(state.registers) === filled, 'as many registers as are counted');
      return state;
    }
    let at = 0;
    for (let i = 0; i < filled; i++) {
      const entry = from.uint();
      const rank = entry % 64;
      at += Math.floor(entry / 64);
      assert(at < REGISTERS && rank >= 1 && rank <= REST_BITS + 1, 'a register and its rank');
      assert(state.registers[at] === 0, 'each register once');
      state.registers[at] = rank;
    }
    return state;
  },
};

function dense(registers: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(DENSE_BYTES);
  for (let i = 0, at = 0; i < REGISTERS; i += 4, at += 3) {
    const bits =
      registers[i]! | (registers[i + 1]! << 6) | (registers[i + 2]! << 12) | (registers[i + 3]! << 18);
    bytes[at] = bits & 255;
    bytes[at + 1] = (bits >> 8) & 255;
    bytes[at + 2] = bits >> 16;
  }
  return bytes;
}

function spread(bytes: Uint8Array, registers: Uint8Array): void {
  for (let i = 0, at = 0; i < REGISTERS; i += 4, at += 3) {
    const bits = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16);
    for (let k = 0; k < 4; k++) {
      const rank = (bits >> (6 * k)) & 63;
      assert(rank <= REST_BITS + 1, 'a rank of a register');
      registers[i + k] = rank;
    }
  }
}

/**
 * Estimate of the number of different values, without a bias that tables must take away (O. Ertl, New cardinality estimation
 * algorithms for HyperLogLog sketches, 2017, algorithm 6); `least`: there are at least so many.
 */
export function distinctOf({ registers }: DistinctState): { estimate: number; least: number } {
  const counts = new Float64Array(REST_BITS + 2);
  for (const rank of registers) counts[rank]!++;
  let z = REGISTERS * tau(1 - counts[REST_BITS + 1]! / REGISTERS);
  for (let k = REST_BITS; k >= 1; k--) z = 0.5 * (z + counts[k]!);
  z += REGISTERS * sigma(counts[0]! / REGISTERS);
  return { estimate: REGISTERS ** 2 / (2 * Math.LN2) / z, least: REGISTERS - counts[0]! };
}

function sigma(x: number): number {
  if (x === 1) return Number.POSITIVE_INFINITY;
  let [y, z, before] = [1, x, -1];
  for (let power = x; z !== before; y += y) {
    power *= power;
    before = z;
    z += power * y;
  }
  return z;
}

function tau(x: number): number {
  if (x === 0 || x === 1) return 0;
  let [y, z, before] = [1, 1 - x, -1];
  for (let root = x; z !== before; ) {
    root = Math.sqrt(root);
    before = z;
    y *= 0.5;
    z -= (1 - root) ** 2 * y;
  }
  return z / 3;
}
