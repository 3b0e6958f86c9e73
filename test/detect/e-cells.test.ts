import { describe, expect, test } from 'vitest';
import { logEOfCells as cells, logEOfStrata as strata } from '../../src/detect/e-cells.ts';
import { randomOf } from '../scenario/support.ts';

/** With the reference granted its error at 99 %. */
const logEOfCells = (reference: number[], current: number[], tolerance: number) =>
  cells(reference, current, { tolerance, confidence: 0.99 });
const logEOfStrata = (reference: number[], current: number[], tolerance: number) =>
  strata(reference, current, { tolerance, confidence: 0.99 });

/** Counts of n draws. */
function multinomial(random: () => number, n: number, shares: readonly number[]): number[] {
  const counts = shares.map(() => 0);
  for (let i = 0; i < n; i++) {
    let [u, k] = [random(), 0];
    while (k < shares.length - 1 && u >= shares[k]!) u -= shares[k++]!;
    counts[k]!++;
  }
  return counts;
}

const EVEN = new Array<number>(10).fill(0.1);
const RARE = [0.5, 0.3, 0.15, 0.03, 0.01, 0.006, 0.003, 0.001];

/** Mean e-value of windows of n against references of m of the same law. */
function meanE(shares: readonly number[], n: number, m: number, tolerance: number, seed: number): number {
  const random = randomOf(seed);
  let [sum, count] = [0, 0];
  for (let r = 0; r < 40; r++) {
    const reference = multinomial(random, m, shares);
    for (let w = 0; w < 50; w++) {
      const logE = logEOfCells(reference, multinomial(random, n, shares), tolerance);
      if (logE === undefined) continue;
      sum += Math.exp(logE);
      count++;
    }
  }
  return sum / count;
}

describe('cells', () => {
  test.each([
    ['even', EVEN, 20, 2_000],
    ['even', EVEN, 50, 500],
    ['even', EVEN, 200, 10_000],
    ['even', EVEN, 1_000, 1_000],
    ['rare', RARE, 50, 2_000],
    ['rare', RARE, 200, 2_000],
    ['rare', RARE, 1_000, 500],
  ] as const)('%s: under the null the mean e-value is below 1 (n = %3$s, m = %4$s)', (_, shares, n, m) => {
    // 2,000 windows: of a heavy tail, so a mean near 1 may come out at 1.5; without the reference's error it is beyond 100.
    expect(meanE(shares, n, m, 0, n + m)).toBeLessThan(1.5);
    expect(meanE(shares, n, m, 0.005, n + m)).toBeLessThan(1);
  });

  test('a finite reference is no evidence, however large the windows are', () => {
    const random = randomOf(3);
    const reference = multinomial(random, 2_000, EVEN);
    const current = multinomial(random, 1_000_000, EVEN);
    expect(logEOfCells(reference, current, 0)!).toBeLessThan(0);
  });

  test('a change of PSI 0.1 is evidence, and within the tolerance it is none', () => {
    const reference = EVEN.map(() => 1_000);
    const current = EVEN.map((_, i) => (i < 5 ? 132 : 68));
    expect(logEOfCells(reference, current, 0.005)!).toBeGreaterThan(10);
    expect(logEOfCells(reference, current, 0.2)!).toBeLessThan(0);
  });

  test('too few rows to tell two groups of cells apart say nothing', () => {
    expect(logEOfCells([5_000, 5_000], [3, 3], 0)).toBeUndefined();
    expect(logEOfCells([100, 100], [0, 0], 0)).toBeUndefined();
    expect(logEOfCells([0, 0], [10, 10], 0)).toBeUndefined();
    expect(logEOfCells([5_000, 5_000], [5, 5], 0)).toBeDefined();
  });

  test('a cell that the reference has never seen counts with the smallest', () => {
    const none = logEOfCells([0, 500, 500], [0, 100, 100], 0)!;
    expect(logEOfCells([0, 500, 500], [60, 70, 70], 0)!).toBeGreaterThan(none);
  });
});

describe('strata', () => {
  const reference = [900, 100, 700, 300, 500, 500, 300, 700, 100, 900];

  test('a change of their sizes alone is none', () => {
    expect(logEOfStrata(reference, [90, 10, 7, 3, 5, 5, 30, 70, 100, 900], 0)!).toBeLessThan(0);
  });

  test('a change within them is evidence', () => {
    expect(logEOfStrata(reference, [80, 20, 50, 50, 30, 70, 20, 80, 5, 95], 0)!).toBeGreaterThan(2);
    expect(logEOfStrata(reference, [80, 20, 50, 50, 30, 70, 20, 80, 5, 95], 0.5)!).toBeLessThan(0);
  });

  test('under the null the mean e-value is below 1', () => {
    const random = randomOf(5);
    let [sum, count] = [0, 0];
    for (let r = 0; r < 40; r++) {
      const draw = (n: number): number[] =>
        [0.9, 0.7, 0.5, 0.3, 0.1].flatMap((share) => multinomial(random, n, [share, 1 - share]));
      const before = draw(400);
      for (let w = 0; w < 50; w++) {
        const logE = logEOfStrata(before, draw(60), 0);
        sum += Math.exp(logE!);
        count++;
      }
    }
    expect(sum / count).toBeLessThan(1);
  });

  test('too few rows say nothing', () => {
    expect(logEOfStrata([90, 10], [9, 1], 0)).toBeUndefined();
  });
});
