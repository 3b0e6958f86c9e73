/** Draws that are the same in every run. */

import { hash32 } from '../../src/math/hash.ts';

export interface Random {
  /** 0 <= x < 1. */
  uniform(): number;
  normal(): number;
  /** Marked ones of `n`; above a mean of 30 on both sides the rounded normal law. */
  binomial(n: number, share: number): number;
}

/** Mulberry32, by T. Ettinger, seeded with the hash of a text. */
export function createRandom(seed: string): Random {
  let state = hash32(seed);
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  const binomial = (n: number, share: number): number => {
    if (share > 0.5) return n - binomial(n, 1 - share);
    if (n === 0 || share === 0) return 0;
    const mean = n * share;
    if (mean > 30) {
      const found = Math.round(mean + normal() * Math.sqrt(mean * (1 - share)));
      return Math.max(0, Math.min(n, found));
    }
    let [count, term] = [0, (1 - share) ** n];
    for (let left = uniform() - term; left > 0 && count < n; left -= term) {
      term *= ((n - count) / (count + 1)) * (share / (1 - share));
      count++;
    }
    return count;
  };
  return { uniform, normal, binomial };
}
