/** Whether the 95 % intervals of a metric hold the truth in seeded samples of it. */

import { expect } from 'vitest';
import { createRandom, type Random } from './random.ts';

export const TRIALS = 2000;

/** What a metric says of a sample. */
export interface Found {
  value: number | null;
  low?: number | null | undefined;
  high?: number | null | undefined;
}

/** Holds every sample to its own value, and the intervals to the truth. */
export function expectCovered(
  truth: number,
  seed: string,
  draw: (random: Random) => Found,
  trials = TRIALS,
): void {
  const random = createRandom(seed);
  let held = 0;
  for (let trial = 0; trial < trials; trial++) {
    const { value, low, high } = draw(random);
    if (value === null || typeof low !== 'number' || typeof high !== 'number')
      throw new Error(`no interval, ${seed}`);
    if (value < low || value > high) throw new Error(`${value} is not within ${low} and ${high}, ${seed}`);
    if (low <= truth + 1e-12 && truth - 1e-12 <= high) held++;
  }
  expect(held / trials).toBeGreaterThanOrEqual(0.93);
}

export const listOf = <T>(size: number, of: (i: number) => T): T[] =>
  Array.from({ length: size }, (_, i) => of(i));
