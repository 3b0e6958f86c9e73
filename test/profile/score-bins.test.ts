import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addScore,
  binOfScore,
  bordersOfBin,
  createScoreBins,
  firstPositiveBin,
  labelledOf,
  lossesOf,
  SCORE_BINS,
  scoreBinsOf,
  scoreOfBin,
} from '../../src/profile/score-bins.ts';

const score = fc.double({ min: 0, max: 1, noNaN: true });

describe('bins of scores', () => {
  test('a bin is within 0..SCORE_BINS, rises with the score and holds it', () => {
    fc.assert(
      fc.property(score, score, score, (a, b, threshold) => {
        const [binA, binB] = [binOfScore(a, threshold), binOfScore(b, threshold)];
        expect(binA).toBeGreaterThanOrEqual(0);
        expect(binA).toBeLessThan(SCORE_BINS);
        if (a <= b) expect(binA).toBeLessThanOrEqual(binB);
        const [low, high] = bordersOfBin(binA, threshold);
        expect(a).toBeGreaterThanOrEqual(low);
        expect(a).toBeLessThanOrEqual(high);
        expect(scoreOfBin(binA, threshold)).toBeGreaterThanOrEqual(low);
      }),
      { numRuns: 1000 },
    );
  });

  test('the threshold is a border, and a score of exactly the threshold is positive', () => {
    fc.assert(
      fc.property(score, score, (a, threshold) => {
        expect(binOfScore(a, threshold) >= firstPositiveBin(threshold)).toBe(a >= threshold);
      }),
      { numRuns: 1000 },
    );
    for (const threshold of [0, 0.1, 0.5, 0.987654321, 1])
      expect(binOfScore(threshold, threshold)).toBe(firstPositiveBin(threshold));
  });

  test('a border belongs to the bin above it, and the number before it to the one below', () => {
    for (let bin = 2; bin < SCORE_BINS; bin++) {
      const [low] = bordersOfBin(bin, 0);
      expect(binOfScore(low, 0)).toBe(bin);
      expect(binOfScore(low * (1 - 2 ** -52), 0)).toBe(bin - 1);
    }
  });

  test('decimals and the scores of a rare class have bins of their own', () => {
    const decimals = Array.from({ length: 1001 }, (_, k) => k / 1000);
    expect(new Set(decimals.map((s) => binOfScore(s, 0.5))).size).toBe(1001);
    const rare = Array.from({ length: 90 }, (_, k) => (k + 10) * 1e-6 + 5e-8);
    expect(new Set(rare.map((s) => binOfScore(s, 0.5))).size).toBe(90);
  });

  test('0 and 1 are in the first and the last bin', () => {
    expect(binOfScore(0, 0.5)).toBe(0);
    expect(binOfScore(1, 0.5)).toBe(SCORE_BINS - 1);
    expect(bordersOfBin(SCORE_BINS - 1, 0.5)[1]).toBe(1);
  });
});

describe('what is kept of the rows', () => {
  test('counts and sums of scores, with and without a label, and losses', () => {
    const state = createScoreBins();
    addScore(state, 0.3, 1, 0.5);
    addScore(state, 0.3, 2, 0.5);
    addScore(state, 0.3, 0, 0.5);
    addScore(state, Number.NaN, 2, 0.5);
    addScore(state, 7, 0, 0.5);
    const [bin, ...others] = scoreBinsOf(state);
    expect(others).toEqual([]);
    expect(bin).toMatchObject({ asked: 1, negative: 1, positive: 1 });
    expect(bin!.askedSum).toBeCloseTo(0.3, 13);
    expect(bin!.labelledSum).toBeCloseTo(0.6, 13);
    expect(labelledOf(state)).toEqual({ n: 2, positive: 1 });
    expect(state.unscored).toBe(1);
    const brier = lossesOf(state, 'brier');
    expect(brier.sum).toBeCloseTo(0.09 + 0.49, 14);
    expect(brier.squares).toBeCloseTo(0.09 ** 2 + 0.49 ** 2, 14);
    const log = lossesOf(state, 'logLoss');
    expect(log.sum).toBeCloseTo(-Math.log(0.7) - Math.log(0.3), 13);
  });

  test('a certain answer that is wrong costs no more than -ln 2^-52', () => {
    const state = createScoreBins();
    addScore(state, 0, 2, 0.5);
    addScore(state, 1, 1, 0.5);
    expect(lossesOf(state, 'logLoss').sum).toBeCloseTo(2 * 52 * Math.LN2, 10);
  });

  test('ten million scores of one bin keep their sum', () => {
    const state = createScoreBins();
    for (let i = 0; i < 1e7; i++) addScore(state, 0.9995, 0, 0.5);
    expect(scoreBinsOf(state)[0]!.askedSum).toBeCloseTo(0.9995 * 1e7, 5);
  });
});
