/**
 * Exact sums of the first four powers of a column, block by block. A power of a double is no double: its rounding error is
 * summed too, so that a power counts to 2^-100 of itself. With rounded powers alone the fourth moment of values near 1,000
 * with a deviation of 1 would be noise.
 */

import { addExactBlock, createExactSum, type ExactSum, mergeExact } from '../math/exact-sum.ts';

/** Sums of x, x^2, x^3 and x^4. */
export type PowerSums = readonly [ExactSum, ExactSum, ExactSum, ExactSum];

/** Up to this magnitude the fourth power and its rounding error are far from the largest double. */
export const POWERS_REACH = 2 ** 240;
/** Up to this magnitude the square is a double. */
export const SQUARES_REACH = 2 ** 511;

/** What fits the processor's nearest cache, for all of the scratch. */
export const BLOCK = 512;

interface Scratch {
  block: Float64Array;
  words: Uint32Array;
}

function createScratch(): Scratch {
  const block = new Float64Array(BLOCK);
  return { block, words: new Uint32Array(block.buffer) };
}

const [SQUARE, CUBE, FOURTH] = [createScratch(), createScratch(), createScratch()];
const [SQUARE_REST, CUBE_REST, FOURTH_REST] = [createScratch(), createScratch(), createScratch()];

export const createPowerSums = (): PowerSums => [
  createExactSum(),
  createExactSum(),
  createExactSum(),
  createExactSum(),
];

/**
 * Adds the powers of the first `n` finite values of a block of up to BLOCK; `words` are its bytes. Products are split by
 * T. J. Dekker, A floating-point technique for extending the available precision, 1971. Of a magnitude beyond
 * POWERS_REACH the powers are the rounded ones, at most the largest double.
 */
export function addPowers(sums: PowerSums, block: Float64Array, words: Uint32Array, n: number): void {
  addExactBlock(sums[0], block, words, n);
  multiply(block, n);
  for (const [i, power, rest] of [
    [1, SQUARE, SQUARE_REST],
    [2, CUBE, CUBE_REST],
    [3, FOURTH, FOURTH_REST],
  ] as const) {
    addExactBlock(sums[i], power.block, power.words, n);
    addExactBlock(sums[i], rest.block, rest.words, n);
  }
}

/** 2^27 + 1: splits the 53 bits of a double in halves. */
const SPLIT = 134_217_729;

function multiply(block: Float64Array, n: number): void {
  const [squares, cubes, fourths] = [SQUARE.block, CUBE.block, FOURTH.block];
  const [squareRests, cubeRests, fourthRests] = [SQUARE_REST.block, CUBE_REST.block, FOURTH_REST.block];
  for (let i = 0; i < n; i++) {
    const x = block[i]!;
    const p = x * x;
    if (!(Math.abs(x) <= POWERS_REACH)) {
      squares[i] = bounded(p);
      cubes[i] = bounded(bounded(p) * x);
      fourths[i] = bounded(bounded(p) * bounded(p));
      squareRests[i] = cubeRests[i] = fourthRests[i] = 0;
      continue;
    }
    const xs = SPLIT * x;
    const xh = xs - (xs - x);
    const xl = x - xh;
    const pe = xl * xl - (p - xh * xh - 2 * (xh * xl));
    const ps = SPLIT * p;
    const ph = ps - (ps - p);
    const pl = p - ph;
    const c = p * x;
    const f = p * p;
    squares[i] = p;
    squareRests[i] = pe;
    cubes[i] = c;
    cubeRests[i] = pl * xl - (c - ph * xh - ph * xl - pl * xh) + pe * x;
    fourths[i] = f;
    fourthRests[i] = pl * pl - (f - ph * ph - 2 * (ph * pl)) + 2 * p * pe;
  }
}

const bounded = (x: number): number => Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, x));

export function mergePowers(into: PowerSums, from: PowerSums): void {
  for (const [i, sum] of into.entries()) mergeExact(sum, from[i]!);
}
