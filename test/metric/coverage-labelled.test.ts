/**
 * Whether the 95 % intervals of some measures of labelled answers hold the truth in 93 % of seeded samples at least: of the calibration error, which
 * few rows make too large, and of those with rows or classes that are not alike.
 */

import { describe, expect, test } from 'vitest';
import { normalQuantile } from '../../src/math/special.ts';
import { calibrationEndsOf, calibrationErrorOf, equalCountGroups } from '../../src/metric/scored.ts';
import { scoreBinsOf } from '../../src/profile/score-bins.ts';
import { addSets, createSets } from '../../src/profile/sets.ts';
import { expectCovered, listOf, TRIALS } from './covered.ts';
import { measured, numbers, only, output, scoresOf, service } from './support.ts';

describe('the calibration error', () => {
  /** Scores of fixed rows; the labels follow the score, or a score that is drawn towards a half. */
  const truths: Record<string, (score: number) => number> = {
    right: (score) => score,
    'too sure': (score) => 0.5 + 0.6 * (score - 0.5),
    'too low': (score) => Math.min(1, score + 0.08),
  };
  const laws: Record<string, (u: number) => number> = {
    'of all sizes': (u) => u,
    rare: (u) => 0.03 * u,
    sure: (u) => 0.99 + 0.01 * u,
  };
  test.each(
    [30, 200, 2000].flatMap((n) =>
      Object.keys(truths).flatMap((truth) => Object.keys(laws).map((law) => [n, truth, law] as const)),
    ),
  )('%s rows, scores %s, %s', (n, truth, law) => {
    const scores = listOf(n, (i) => laws[law]!((i + 0.5) / n));
    const chances = scores.map(truths[truth]!);
    const groupsOf = (labels: readonly number[]) => {
      const track = scoresOf(scores.map((score, i) => [score, labels[i]!]));
      if (track.kind !== 'score_bins') throw new Error('not scores');
      return equalCountGroups(scoreBinsOf(track.state));
    };
    // The groups hold the same rows whatever the labels are: what is expected of them is known.
    let [at, all] = [0, 0];
    for (const group of groupsOf(scores.map(() => 0))) {
      let sum = 0;
      for (let i = 0; i < group.n; i++, at++) sum += chances[at]! - scores[at]!;
      all += Math.abs(sum);
    }
    expectCovered(
      all / n,
      `ece ${n} ${truth} ${law}`,
      (random) => {
        const groups = groupsOf(chances.map((chance) => (random.uniform() < chance ? 1 : 0)));
        const value = calibrationErrorOf(groups);
        return { value, ...calibrationEndsOf(groups, value) };
      },
      n > 1000 ? 500 : TRIALS,
    );
  });
});

test.each([
  [9, 10],
  [10, 9],
])('the calibration error of one group, by hand: variances of %s and %s', (variance, squares) => {
  // 36 of 40 are positive, the mean score is a half: the larger variance counts, with a mean noise of sqrt(2 / pi * 10) rows.
  const group = { n: 40, positive: 36, scoreSum: 20, variance, squares };
  const z = normalQuantile(0.975);
  const half = z * (z / 2 + Math.sqrt(10 + (z * z) / 4));
  const { low, high } = calibrationEndsOf([group], 0.4);
  expect(low).toBeCloseTo(0.4 - (Math.sqrt(20 / Math.PI) + half) / 40, 12);
  expect(high).toBeCloseTo(0.4 + half / 40, 12);
});

describe('labelled answers', () => {
  const spec = service({
    outputs: [output('tags', 'multilabel', { classes: ['a', 'b', 'c', 'd'] }), output('price', 'regressor')],
  });

  /** Unlike classes; with the chance `together` the error of one is drawn once for the whole row. */
  test.each([
    [60, 0],
    [60, 0.5],
    [300, 0],
    [300, 0.5],
    [300, 0.9],
  ])('macro F1: %s rows, classes that go together by %s', (n, together) => {
    const shares = [0.5, 0.3, 0.2, 0.1];
    const misses = [0.1, 0.2, 0.2, 0.3];
    const f1 = shares.map((share, c) => {
      const wrong = misses[c]!;
      const right = share * (1 - wrong);
      return (2 * right) / (2 * right + wrong);
    });
    const truth = f1.reduce((sum, one) => sum + one, 0) / f1.length;
    expectCovered(truth, `macro F1 ${n} ${together}`, (random) => {
      const state = createSets(4);
      for (let i = 0; i < n; i++) {
        const common = random.uniform();
        let [predicted, right] = [0, 0];
        for (let c = 0; c < 4; c++) {
          const draw = random.uniform() < together ? common : random.uniform();
          const isIn = random.uniform() < shares[c]!;
          if (isIn) right |= 1 << c;
          if (isIn !== draw < misses[c]!) predicted |= 1 << c;
        }
        addSets(state, [predicted], [right]);
      }
      return only(measured({ 'performance/m/tags': { kind: 'sets', state } }, spec), 'macro_f1');
    });
  });

  test.each([
    [20, 1],
    [200, 1],
    [200, 4],
  ])('the median error: %s rows, errors of %s', (n, size) => {
    expectCovered(size * normalQuantile(0.75), `median_ae ${n} ${size}`, (random) =>
      only(
        measured(
          { 'performance/m/price#abs': numbers(listOf(n, () => size * Math.abs(random.normal()))) },
          spec,
        ),
        'median_ae',
      ),
    );
  });
});
