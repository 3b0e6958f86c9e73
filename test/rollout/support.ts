/** What the tests of roll-outs share: seeded requests, and specs with little to say. */

import type { Pairs, Tally } from '../../src/rollout/comparison.ts';
import type { MetricSeen, Seen, VerdictSpec } from '../../src/rollout/verdict.ts';

/** mulberry32: 0..1, the same for a seed. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const specOf = (
  evidence: 'paired' | 'unpaired' | 'both',
  over: Partial<VerdictSpec> = {},
): VerdictSpec => ({
  alpha: 0.05,
  splitAlpha: 0.001,
  nMin: 100,
  coverageMin: 0.5,
  metrics: [{ metric: 'wrong', evidence, margin: 0, tolerance: 0 }],
  ...over,
});

export const noPairs = (): Pairs => ({ n: 0, better: 0, worse: 0 });

export function tallyOf(share: number, centre: number): Tally {
  return { share, centre, candidate: { n: 0, bad: 0 }, primary: { n: 0, bad: 0 } };
}

/** Everything is due that is known. */
export const seenOf = (over: Partial<MetricSeen>, more: Partial<Seen> = {}): Seen => ({
  metrics: { wrong: { pairs: noPairs(), tallies: [], due: 0, ...over } },
  split: [],
  checks: [],
  alarms: [],
  ...more,
});

/** `n` more requests that both answered. */
export function addPairs(pairs: Pairs, random: () => number, n: number, better: number, worse: number): void {
  pairs.n += n;
  for (let i = 0; i < n; i++) {
    const u = random();
    if (u < better) pairs.better++;
    else if (u < better + worse) pairs.worse++;
  }
}

/** `n` more requests that one of both answered, with their rates of bad answers. */
export function addSplit(
  tally: Tally,
  random: () => number,
  n: number,
  candidate: number,
  primary: number,
): void {
  for (let i = 0; i < n; i++) {
    const isCandidate = random() < tally.share;
    const arm = isCandidate ? tally.candidate : tally.primary;
    arm.n++;
    if (random() < (isCandidate ? candidate : primary)) arm.bad++;
  }
}

export const medianOf = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
