/** Requests by who answered them, as the join counts them and the judge reads them. */

import { expect, test } from 'vitest';
import { ARMS_KEY, armOf, armOutcomes, countArm, EPOCHS_MAX, sumOutcomes } from '../../src/flow/arms.ts';
import { isRight } from '../../src/flow/join-measures.ts';
import type { Cell } from '../../src/flow/results-of.ts';
import type { OutputSpec, RolloutSpec, ServiceSpec } from '../../src/records.ts';
import { specOf } from '../scenario/support.ts';
import { TWO_MODELS } from '../scenario/two-models.ts';

const PLAIN = specOf(TWO_MODELS);
const specWith = (over: Partial<RolloutSpec>): ServiceSpec => ({
  ...PLAIN,
  rollout: { candidate: 'new', output: 'fraud', ...over } as RolloutSpec,
});
const REDO = { kind: 'redo', margin: 0, tolerance: 0 } as const;
const cellsOf = (counts: Record<string, number>): Cell[] => [
  {
    ...{ segment: '*', reference: {} as Cell['reference'] },
    tracks: new Map([[ARMS_KEY, { kind: 'counters', state: new Map(Object.entries(counts)) }]]),
  },
];

test('a request counts where its id decided which of the models answered', () => {
  expect(armOf(PLAIN, 1, 7)).toBe('7=new');
  for (const [model, epoch] of [
    [2, 7],
    [Number.NaN, 7],
    [1, Number.NaN],
  ] as const)
    expect(armOf(PLAIN, model, epoch)).toBeNull();
});

test('of a table all versions are counted, or none', () => {
  const state = new Map<string, number>();
  for (let epoch = 0; epoch < 2 * EPOCHS_MAX; epoch++) countArm(state, `${epoch}=old`, 'requests');
  for (let epoch = 0; epoch < 2 * EPOCHS_MAX; epoch++) countArm(state, `${epoch}=new`, 'wrong');
  for (const version of ['old=requests', 'new=wrong'])
    expect([...state.keys()].filter((name) => name.endsWith(version))).toHaveLength(EPOCHS_MAX);
});

test('a window has the outcomes that the roll-out asks for', () => {
  const cells = cellsOf({
    '3=new=requests': 10,
    '3=new=labelled': 8,
    '3=new=wrong': 2,
    '3=new=redo': 4,
    '2=old=redo': 1,
  });
  const who = { epoch: 3, version: 'new', due: 10 };
  const early = { metric: 'redo', epoch: 2, version: 'old', due: 0, n: 0, bad: 0 };
  expect(armOutcomes(specWith({ feedback: [REDO] }), cells)).toEqual([
    // Feedback of a request of before the configuration asked is no more than there were requests.
    early,
    { metric: 'redo', ...who, n: 10, bad: 4 },
  ]);
  const both = armOutcomes(specWith({ evidence: 'both' }), cells);
  expect(both.at(-1)).toEqual({ metric: 'wrong_answers', ...who, n: 8, bad: 2 });
  expect(armOutcomes(PLAIN, cells)).toEqual([]);
  expect(sumOutcomes(both, both).at(-1)).toEqual({ metric: 'wrong_answers', ...who, due: 20, n: 16, bad: 4 });
  expect(sumOutcomes(both, [early])).toHaveLength(both.length + 1);
});

test('a number is right within its tolerance, and cannot be compared without one', () => {
  const [place, output] = [
    (value: number) => ({ numbers: Float64Array.of(value), at: 0 }),
    { type: 'regressor' },
  ];
  const rightBy = (tolerance: number, said: number, is: number) =>
    isRight({ ...output, tolerance } as OutputSpec, place(said), place(is));
  expect([rightBy(2, 5, 7), rightBy(2, 9, 7), rightBy(2, 4.9, 7)]).toEqual([true, true, false]);
  expect([rightBy(0, 7, 7), rightBy(2, Number.NaN, 7), rightBy(2, 7, Number.NaN)]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});
