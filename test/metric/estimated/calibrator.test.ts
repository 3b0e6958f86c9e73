import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  calibratorOf,
  poolAdjacentViolators,
  probabilityOf,
  standingOf,
} from '../../../src/metric/estimated/calibrator.ts';
import { addScore, createScoreBins, NEGATIVE, POSITIVE } from '../../../src/profile/score-bins.ts';
import { createRandom } from '../../fault/simulate/random.ts';

const points = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 4 })), {
    minLength: 1,
    maxLength: 9,
  })
  .map((counts) =>
    counts
      .map(([negative, positive], i) => ({ score: (i + 1) / 10, n: negative + positive, positive }))
      .filter(({ n }) => n > 0),
  )
  .filter((list) => list.length > 0);

/** Isotonic regression by its min-max formula (Robertson, Wright, Dykstra, 1988): max over a <= i of min over b >= i of a mean. */
function minMax(list: readonly { n: number; positive: number }[], i: number): number {
  let best = Number.NEGATIVE_INFINITY;
  for (let a = 0; a <= i; a++) {
    let least = Number.POSITIVE_INFINITY;
    for (let b = i; b < list.length; b++) {
      const run = list.slice(a, b + 1);
      const sum = (of: (one: { n: number; positive: number }) => number): number =>
        run.reduce((total, one) => total + of(one), 0);
      least = Math.min(least, sum(({ positive }) => positive) / sum(({ n }) => n));
    }
    best = Math.max(best, least);
  }
  return best;
}

describe('isotonic regression', () => {
  test('is what the min-max formula says, with strictly rising blocks that keep the positives', () => {
    fc.assert(
      fc.property(points, (list) => {
        const blocks = poolAdjacentViolators(list);
        list.forEach(({ score }, i) => {
          const { at, share } = standingOf(blocks, score);
          expect(share).toBe(1);
          expect(blocks[at]!.positive / blocks[at]!.n).toBeCloseTo(minMax(list, i), 12);
        });
        for (let i = 1; i < blocks.length; i++)
          expect(blocks[i]!.positive / blocks[i]!.n).toBeGreaterThan(
            blocks[i - 1]!.positive / blocks[i - 1]!.n,
          );
        expect(blocks.reduce((sum, { positive }) => sum + positive, 0)).toBe(
          list.reduce((sum, { positive }) => sum + positive, 0),
        );
      }),
    );
  });

  test('is interpolated between blocks and constant beyond them', () => {
    const blocks = poolAdjacentViolators([
      { score: 0.2, n: 4, positive: 1 },
      { score: 0.3, n: 4, positive: 0 },
      { score: 0.5, n: 4, positive: 3 },
    ]);
    const calibrator = {
      kind: 'isotonic' as const,
      blocks,
      points: [],
      n: 12,
      scoresError: 0,
      isotonicError: 0,
    };
    const told = [0, 0.25, 0.3, 0.35, 0.4, 0.5, 1].map((score) => probabilityOf(calibrator, score));
    const expected = [0.125, 0.125, 0.125, 0.28125, 0.4375, 0.75, 0.75];
    told.forEach((p, i) => {
      expect(p).toBeCloseTo(expected[i]!, 12);
    });
  });
});

/** @param truth the probability that a row of a score is positive */
function reference(seed: number, n: number, truth: (score: number) => number, steps = 0) {
  const random = createRandom(seed);
  const state = createScoreBins();
  for (let i = 0; i < n; i++) {
    const u = random.next();
    const score = steps === 0 ? u : (Math.floor(u * steps) + 0.5) / steps;
    addScore(state, score, random.next() < truth(score) ? POSITIVE : NEGATIVE, 0.5);
  }
  return state;
}
const kindOf = (seed: number, truth: (score: number) => number, steps = 0): string =>
  calibratorOf(reference(seed, 2_000, truth, steps))!.kind;
const SEEDS = Array.from({ length: 50 }, (_, i) => i + 1);

describe('the choice of a calibrator', () => {
  test('leaves scores that are calibrated as they are, but for chance', () => {
    const isotonic = SEEDS.filter((seed) => kindOf(seed, (score) => score) === 'isotonic');
    expect(isotonic.length).toBeLessThan(0.2 * SEEDS.length);
  });

  test('takes the regression where scores are too sure of themselves', () => {
    expect(SEEDS.every((seed) => kindOf(seed, (score) => 0.2 + 0.5 * score) === 'isotonic')).toBe(true);
    // Few different scores: the one half tells the other by its neighbours.
    expect(SEEDS.every((seed) => kindOf(seed, (score) => 0.2 + 0.5 * score, 12) === 'isotonic')).toBe(true);
    const { scoresError, isotonicError, blocks, n } = calibratorOf(
      reference(1, 2_000, (score) => 0.2 + 0.5 * score),
    )!;
    expect(scoresError).toBeGreaterThan(0.1);
    expect(isotonicError).toBeLessThan(scoresError / 2);
    expect(n).toBe(2_000);
    expect(blocks.length).toBeGreaterThan(5);
  });

  test('knows no better than scores that are all the same, or none', () => {
    const state = createScoreBins();
    for (let i = 0; i < 200; i++) addScore(state, 0.7, i % 2 === 0 ? POSITIVE : NEGATIVE, 0.5);
    expect(calibratorOf(state)).toMatchObject({
      kind: 'scores',
      n: 200,
      blocks: [{ n: 200, positive: 100 }],
    });
    expect(calibratorOf(createScoreBins())).toBeUndefined();
  });

  test('does not depend on the order or the split of the reference', () => {
    const rows: [number, typeof POSITIVE | typeof NEGATIVE][] = [];
    const random = createRandom(3);
    for (let i = 0; i < 500; i++) rows.push([random.next(), random.next() < 0.3 ? POSITIVE : NEGATIVE]);
    const [forth, back] = [createScoreBins(), createScoreBins()];
    for (const [score, label] of rows) addScore(forth, score, label, 0.5);
    for (const [score, label] of rows.reverse()) addScore(back, score, label, 0.5);
    expect(calibratorOf(back)).toEqual(calibratorOf(forth));
  });
});
