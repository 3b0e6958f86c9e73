/** Many roll-outs through the fold, by requests that one or the other has answered: how often they end wrongly. */

import { expect, test } from 'vitest';
import type { RolloutSpec } from '../../src/records.ts';
import { noteTable } from '../../src/rollout/exposure.ts';
import {
  configureRollout,
  createRolloutStates,
  judgeRollout,
  noteRolloutCounts,
  type RolloutStep,
} from '../../src/rollout/fold.ts';
import { noteArms } from '../../src/rollout/tallies.ts';
import { randomOf } from './support.ts';

const HOUR = 3_600_000;
const common = { durationMs: HOUR, nMin: 50, gate: 'auto' } as const;
const SPEC: RolloutSpec = {
  ...{ strategy: 'canary', candidate: 'new', output: 'fraud', evidence: 'unpaired', alpha: 0.1 },
  // Nothing but chance lets an equal candidate through.
  ...{ margin: 0, tolerance: 0, feedback: [{ kind: 'redo', margin: 0, tolerance: 0 }] },
  stages: [
    { ...common, kind: 'shadow', share: 1, needs: 'keep' },
    { ...common, kind: 'canary', share: 0.2, needs: 'keep' },
    { ...common, kind: 'canary', share: 0.5, needs: 'promote' },
    { ...common, kind: 'live', share: 1, nMin: 0, needs: 'keep' },
  ],
  ...{ coverageMin: 0.5, rollbackOn: { rules: [], level: 'critical' }, deadlineMs: null, keepMs: HOUR },
  isDryRun: false,
};
const SIZE = 100;

interface Rates {
  wrong: number;
  redo: number;
}

/** Hours of a hundred requests each, dealt by the share of the stage. */
function rollOut(seed: number, hours: number, rates: { primary: Rates; candidate: Rates }): RolloutStep[] {
  const random = randomOf(seed);
  const states = createRolloutStates();
  const steps = configureRollout(states, { spec: SPEC, primary: 'old', of: `${seed}` }, 0);
  const current = states.current!;
  for (let hour = 1; hour <= hours && current.state.phase === 'running'; hour++) {
    const { stage } = current.state;
    const { kind, share } = SPEC.stages[stage]!;
    const mine = kind === 'canary' ? share : 0;
    const versions = mine === 0 ? ['old'] : ['old', 'new'];
    noteTable(current, { epoch: stage, versions, shares: mine === 0 ? [1] : [1 - mine, mine] });
    const arms = { old: { n: 0, wrong: 0, redo: 0 }, new: { n: 0, wrong: 0, redo: 0 } };
    // An hour that is bad for everybody is bad for both.
    const hard = 0.5 + random();
    for (let i = 0; i < SIZE; i++) {
      const [arm, rate] = random() < mine ? [arms.new, rates.candidate] : [arms.old, rates.primary];
      arm.n++;
      if (random() < hard * rate.wrong) arm.wrong++;
      if (random() < hard * rate.redo) arm.redo++;
    }
    noteRolloutCounts(states, { n: SIZE, better: 0, worse: 0, due: SIZE });
    noteArms(
      current,
      { primary: 'old', candidate: 'new' },
      Object.entries(arms).flatMap(([version, { n, wrong, redo }]) => [
        { metric: 'wrong_answers', epoch: stage, version, n, due: n, bad: wrong },
        { metric: 'redo', epoch: stage, version, n, due: n, bad: redo },
      ]),
    );
    steps.push(...judgeRollout(states, hour * HOUR));
  }
  return steps;
}

const LIVE = SPEC.stages.length - 1;
const many = (count: number, hours: number, rates: { primary: Rates; candidate: Rates }): string[] =>
  Array.from({ length: count }, (_, i) => {
    const steps = rollOut(i + 1, hours, rates);
    const isBack = steps.some(({ event }) => event === 'rolled_back');
    return isBack ? 'back' : steps.at(-1)!.rollout.state.stage === LIVE ? 'live' : 'open';
  });
const shareOf = (ended: readonly string[], end: string): number =>
  ended.filter((one) => one === end).length / ended.length;

test('of 500 equal candidates at most alpha / 2 are rolled back, and at most as many take over', () => {
  const same = { wrong: 0.15, redo: 0.1 };
  const ended = many(500, 40, { primary: same, candidate: same });
  expect(shareOf(ended, 'back')).toBeLessThanOrEqual(SPEC.alpha / 2);
  expect(shareOf(ended, 'live')).toBeLessThanOrEqual(SPEC.alpha / 2);
});

test('what is worse by either is rolled back, what is better by both takes over', () => {
  const primary = { wrong: 0.2, redo: 0.2 };
  for (const candidate of [
    { wrong: 0.5, redo: 0.2 },
    { wrong: 0.2, redo: 0.5 },
  ])
    expect(shareOf(many(40, 60, { primary, candidate }), 'back')).toBe(1);
  expect(shareOf(many(40, 80, { primary, candidate: { wrong: 0.05, redo: 0.05 } }), 'live')).toBeGreaterThan(
    0.9,
  );
});
