import { expect, test } from 'vitest';
import { outcomesOf } from '../../src/flow/confidence.ts';
import { addScore, createScoreBins, NEGATIVE, POSITIVE } from '../../src/profile/score-bins.ts';
import type { OutputSpec } from '../../src/records.ts';
import { CONFIDENCES } from '../../src/rollout/levels.ts';
import { randomOf } from '../rollout/support.ts';

const output = (classes: string[], positive: string | null, threshold = 0.5): OutputSpec =>
  ({ name: 'fraud', type: 'classifier', classes, positive, threshold }) as OutputSpec;
const BINARY = output(['no', 'yes'], 'yes');

const cellsOf = (
  rows: readonly [score: number, label: 1 | 2][],
  spec: OutputSpec,
): Record<number, string> => {
  const state = createScoreBins();
  const threshold = spec.positive === null ? 0 : (spec.threshold ?? 0);
  for (const [score, label] of rows) addScore(state, score, label, threshold);
  const { n, wrong } = outcomesOf(state, spec);
  return Object.fromEntries(
    CONFIDENCES.flatMap((from, i) => (n[i]! > 0 ? [[from, `${wrong[i]}/${n[i]}`]] : [])),
  );
};

test('of a binary classifier the confidence is that of the class that it says', () => {
  expect(
    cellsOf(
      [
        [0.97, POSITIVE],
        [0.97, NEGATIVE],
        [0.03, NEGATIVE],
        [0.03, POSITIVE],
      ],
      BINARY,
    ),
  ).toEqual({ 0.97: '2/4' });
  expect(
    cellsOf(
      [
        [0.55, POSITIVE],
        [0.45, POSITIVE],
        [1, POSITIVE],
        [0, NEGATIVE],
      ],
      BINARY,
    ),
  ).toEqual({
    0.5: '1/2',
    0.999: '0/2',
  });
  // Scores of exactly a threshold reach it from both sides.
  for (const at of CONFIDENCES.slice(2))
    expect(
      cellsOf(
        [
          [at, POSITIVE],
          [1 - at, POSITIVE],
        ],
        BINARY,
      ),
    ).toEqual({ [at]: '1/2' });
  // At a threshold of 0.3 a yes may have a confidence of 0.35.
  expect(
    cellsOf(
      [
        [0.35, POSITIVE],
        [0.25, POSITIVE],
      ],
      output(['no', 'yes'], 'yes', 0.3),
    ),
  ).toEqual({
    0: '0/1',
    0.75: '1/1',
  });
});

test('of other classifiers it is the score; without one an answer counts as wrong', () => {
  const three = output(['a', 'b', 'c'], null);
  expect(
    cellsOf(
      [
        [0.9, POSITIVE],
        [0.9, NEGATIVE],
        [0.4, POSITIVE],
        [Number.NaN, POSITIVE],
      ],
      three,
    ),
  ).toEqual({
    0: '1/2',
    0.9: '1/2',
  });
});

test('a bin lies in one cell: cells count what single rows count', () => {
  const random = randomOf(5);
  for (const threshold of [0.5, 0.317, 0.9]) {
    const spec = output(['no', 'yes'], 'yes', threshold);
    const state = createScoreBins();
    const [n, wrong] = [CONFIDENCES.map(() => 0), CONFIDENCES.map(() => 0)];
    for (let i = 0; i < 20_000; i++) {
      const score = random() < 0.5 ? random() : random() ** 6;
      const label = random() < score ? POSITIVE : NEGATIVE;
      addScore(state, score, label, threshold);
      const isYes = score >= threshold;
      const confidence = isYes ? score : 1 - score;
      const cell = CONFIDENCES.findLastIndex((from) => confidence >= from);
      n[cell]!++;
      if (isYes !== (label === POSITIVE)) wrong[cell]!++;
    }
    expect(outcomesOf(state, spec)).toEqual({ n, wrong });
  }
});
