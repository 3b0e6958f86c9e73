/** Hashes of the values of a column, row by row, as the sketches of distinct and of frequent values take them. */

import { hash32, hash64 } from '../math/hash.ts';
import { type CategoricalColumn, CELL_OK, type TextColumn } from '../records.ts';

/** log2 of the number of registers of a distinct count: a standard error of 1.04 / sqrt(2^11) = 2.3 %. */
export const REGISTER_BITS = 11;
/** Bits of a value in the key of a sampled row, below the 32 of the request. */
export const VALUE_BITS = 21;

export interface HashedColumn {
  /** Register of a row's value, and the place of the first one bit of the rest of its hash, from 1. */
  registers: Uint16Array;
  ranks: Uint8Array;
  /** VALUE_BITS of the hash. */
  values: Uint32Array;
  states: Uint8Array;
}

const words = new Uint32Array(2);

function hashInto(text: string, at: number, { registers, ranks, values }: HashedColumn): void {
  hash64(text, words);
  const [first, second] = [words[0]!, words[1]!];
  registers[at] = first >>> (32 - REGISTER_BITS);
  const rest = (first << REGISTER_BITS) >>> 0;
  ranks[at] = second !== 0 ? Math.clz32(second) + 1 : 33 + Math.min(32 - REGISTER_BITS, Math.clz32(rest));
  // Not the bits that say the rank: a value is what it is in any register.
  values[at] = (Math.imul(first, 0x85ebca6b) ^ second) >>> (32 - VALUE_BITS);
}

const emptyHashes = (n: number, states: Uint8Array): HashedColumn => ({
  registers: new Uint16Array(n),
  ranks: new Uint8Array(n),
  values: new Uint32Array(n),
  states,
});

/** Each category is hashed once, however many rows have it. */
export function hashesOf(column: CategoricalColumn | TextColumn): HashedColumn {
  const { state } = column;
  const hashed = emptyHashes(state.length, state);
  if (column.kind === 'text') {
    for (let row = 0; row < state.length; row++)
      if (state[row] === CELL_OK) hashInto(column.values[row]!, row, hashed);
    return hashed;
  }
  const byCode = emptyHashes(column.dictionary.length, state);
  for (const [code, category] of column.dictionary.entries()) hashInto(category, code, byCode);
  for (let row = 0; row < state.length; row++) {
    if (state[row] !== CELL_OK) continue;
    const code = column.codes[row]!;
    hashed.registers[row] = byCode.registers[code]!;
    hashed.ranks[row] = byCode.ranks[code]!;
    hashed.values[row] = byCode.values[code]!;
  }
  return hashed;
}

/** 32 bits of the id of each request. */
export const idHashes = (ids: readonly string[]): Uint32Array => Uint32Array.from(ids, (id) => hash32(id));
