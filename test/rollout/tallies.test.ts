/** Outcomes of requests that were dealt, window by window. */

import { expect, test } from 'vitest';
import type { RolloutSplit } from '../../src/records.ts';
import {
  type ArmOutcome,
  badByFeedback,
  NO_TALLIES,
  noteArms,
  type Tallied,
} from '../../src/rollout/tallies.ts';

const table = (epoch: number, shares: Record<string, number>): RolloutSplit => ({
  ...{ epoch, versions: Object.keys(shares), shares: Object.values(shares) },
  ...{ counts: Object.keys(shares).map(() => 0), elsewhere: 0 },
});
const SPLIT = [
  table(1, { old: 1 }),
  table(2, { old: 0.9, new: 0.1 }),
  // The level changed, and no share.
  table(3, { old: 0.9, new: 0.1 }),
  table(4, { old: 0.5, new: 0.5 }),
  table(5, { new: 1 }),
];
const SIDES = { primary: 'old', candidate: 'new' };

const arm = (epoch: number, version: string, n: number, bad: number, metric = 'redo'): ArmOutcome => ({
  ...{ metric, epoch, version, n, bad, due: n + 1 },
});

/** Windows, one after the other. */
function after(...windows: ArmOutcome[][]): Tallied['tallies'] {
  const rollout = { ...NO_TALLIES, split: SPLIT };
  for (const outcomes of windows) noteArms(rollout, SIDES, outcomes);
  return rollout.tallies;
}

test('are added up by share, of tables since the start alone', () => {
  const tallies = after(
    [arm(2, 'new', 10, 1), arm(2, 'old', 90, 4), arm(1, 'old', 5, 5), arm(0, 'new', 7, 7)],
    [arm(3, 'new', 3, 0), arm(4, 'new', 6, 2), arm(4, 'old', 4, 0), arm(2, 'old', 1, 1)],
    // Strangers: versions without a share, and no model at all; live nobody is left to compare with.
    [arm(1, 'new', 8, 8), arm(2, 'x', 8, 8), arm(5, 'new', 8, 8), arm(5, 'old', 8, 8), arm(99, 'old', 8, 8)],
  );
  expect(Object.keys(tallies)).toEqual(['redo']);
  expect(tallies.redo!.alone).toEqual({ n: 5, bad: 5 });
  expect(tallies.redo!.dealt).toEqual([
    { share: 0.1, centre: 0.1, candidate: { n: 13, bad: 1 }, primary: { n: 91, bad: 5 }, due: 15 },
    {
      ...{ share: 0.5, centre: expect.closeTo((1 + 5 + 4) / (10 + 5 + 90), 12) },
      ...{ candidate: { n: 6, bad: 2 }, primary: { n: 4, bad: 0 }, due: 7 },
    },
  ]);
});

test('the centre of a tally rests on earlier windows alone, and stays', () => {
  const first = [arm(1, 'old', 190, 49)];
  const centreAfter = (...windows: ArmOutcome[][]): number => after(...windows).redo!.dealt[0]!.centre;
  expect(centreAfter(first, [arm(2, 'new', 1, 0)])).toBe(0.25);
  for (const same of [
    [arm(1, 'old', 1_000, 900), arm(2, 'old', 50, 50), arm(2, 'new', 5, 5)],
    [arm(2, 'new', 5, 5), arm(1, 'old', 1_000, 900)],
  ])
    expect(centreAfter(first, same, [arm(2, 'old', 100, 100)])).toBe(0.25);
  // Other metrics have their own.
  expect(after(first, [arm(2, 'new', 1, 0, 'wrong_answers')]).wrong_answers!.dealt[0]!.centre).toBe(0.1);
});

test('a click is what a good answer gets', () => {
  expect([badByFeedback('click', 10, 7), badByFeedback('redo', 10, 7)]).toEqual([3, 7]);
});
