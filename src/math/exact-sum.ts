/**
 * Sums of doubles without rounding error, so that any split and any order of a stream gives the same
 * bits; plain addition is not associative and would make results depend on batch borders and crashes.
 *
 * A superaccumulator after R. M. Neal, "Fast Exact Summation Using Small and Large Superaccumulators",
 * 2015: each double is cut into integers of at most 32 bits that are added to the chunk of their
 * exponent. Magnitudes below 2^-927 count as zero; infinities and NaN must not be added.
 */

import { assert } from '../errors.ts';

/** One chunk for each 32 exponents of a double. */
export const CHUNKS = 64;
const BASE = 2 ** 32;
/** A chunk takes integers below 2^32, so 2^20 additions stay below 2^53. */
const ADDITIONS_MAX = 2 ** 20;

export interface ExactSum {
  /** Chunk c counts units of 2^(32 c - 1023). */
  chunks: Float64Array;
  /** Additions since the last carry. */
  pending: number;
}

/** SCALE_DOWN[c] * v lies in [1, 2^32) for a double of exponent group c. */
const SCALE_DOWN = new Float64Array(CHUNKS);
for (let c = 0; c < CHUNKS; c++) SCALE_DOWN[c] = 2 ** (1023 - 32 * c);

const view = new Float64Array(1);
const words = new Uint32Array(view.buffer);

export const createExactSum = (): ExactSum => ({ chunks: new Float64Array(CHUNKS), pending: 0 });

/** Adds a finite double. */
export function addExact(sum: ExactSum, value: number): void {
  view[0] = value;
  const c = ((words[1]! >>> 20) & 0x7ff) >>> 5;
  if (c < 3) return;
  const chunks = sum.chunks;
  const scaled = value * SCALE_DOWN[c]!;
  const high = Math.trunc(scaled);
  chunks[c]! += high;
  const rest = (scaled - high) * BASE;
  if (rest !== 0) {
    const middle = Math.trunc(rest);
    chunks[c - 1]! += middle;
    chunks[c - 2]! += (rest - middle) * BASE;
  }
  if (++sum.pending >= ADDITIONS_MAX) carry(sum);
}

/**
 * Adds the first `n` finite doubles of a block, at most ADDITIONS_MAX; `blockWords` are its bytes as 32-bit words.
 * The words are read where they lie, which takes half the time of adding one by one.
 */
export function addExactBlock(sum: ExactSum, block: Float64Array, blockWords: Uint32Array, n: number): void {
  const { chunks } = sum;
  if (sum.pending + n > ADDITIONS_MAX) carry(sum);
  sum.pending += n;
  for (let i = 0; i < n; i++) {
    const c = ((blockWords[2 * i + 1]! >>> 20) & 0x7ff) >>> 5;
    if (c < 3) continue;
    const scaled = block[i]! * SCALE_DOWN[c]!;
    const high = Math.trunc(scaled);
    chunks[c]! += high;
    const rest = (scaled - high) * BASE;
    if (rest !== 0) {
      const middle = Math.trunc(rest);
      chunks[c - 1]! += middle;
      chunks[c - 2]! += (rest - middle) * BASE;
    }
  }
}

/** Brings the chunks to their one canonical form: all but the top one in 0..2^32-1. */
export function carry(sum: ExactSum): void {
  const chunks = sum.chunks;
  for (let c = 0; c < CHUNKS - 1; c++) {
    const over = Math.floor(chunks[c]! / BASE);
    if (over !== 0) {
      chunks[c]! -= over * BASE;
      chunks[c + 1]! += over;
    }
  }
  sum.pending = 0;
}

/** into += from; exact. */
export function mergeExact(into: ExactSum, from: ExactSum): void {
  carry(into);
  carry(from);
  for (let c = 0; c < CHUNKS; c++) into.chunks[c]! += from.chunks[c]!;
  carry(into);
}

/** A number m 2^e. */
export interface Dyadic {
  m: bigint;
  e: number;
}

/** The sum exactly. */
export function dyadicOf(sum: ExactSum): Dyadic {
  carry(sum);
  const { chunks } = sum;
  let first = 0;
  while (first < CHUNKS - 1 && chunks[first] === 0) first++;
  let last = CHUNKS - 1;
  while (last > first && chunks[last] === 0) last--;
  let m = 0n;
  for (let c = last; c >= first; c--) m = (m << 32n) + BigInt(chunks[c]!);
  return { m, e: 32 * first - 1023 };
}

/** The sum as a double, a function of the canonical chunks alone. */
export function totalOf(sum: ExactSum): number {
  carry(sum);
  let chunks = sum.chunks;
  assert(Math.abs(chunks[CHUNKS - 1]!) < 2 ** 53, 'the sum fits the accumulator');
  const negative = chunks[CHUNKS - 1]! < 0;
  if (negative) {
    const flipped = { chunks: chunks.map((v) => -v), pending: 0 };
    carry(flipped);
    chunks = flipped.chunks;
  }
  let total = 0;
  for (let c = CHUNKS - 1; c >= 0; c--) {
    if (chunks[c] !== 0) total += chunks[c]! / SCALE_DOWN[c]!;
  }
  return negative ? -total : total;
}
