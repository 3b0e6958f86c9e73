import { describe, expect, test } from 'vitest';
import { superiorityOf, welch } from '../../src/metric/drift/location.ts';
import { energyOf } from '../../src/metric/drift/ordered.ts';
import { randomOf } from '../scoreboard/random.ts';

const points = (values: readonly number[]): [number, number][] =>
  [...values].sort((a, b) => a - b).map((value) => [value, 1]);
const momentsOf = (values: readonly number[]) => {
  const n = values.length;
  const mean = values.reduce((sum, x) => sum + x, 0) / n;
  return { n, mean, variance: values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (n - 1) };
};

describe('the middle of the values', () => {
  test('a larger one', () => {
    expect(superiorityOf(points([1, 2, 3]), points([4, 5, 6])).value).toBe(1);
    expect(superiorityOf(points([1, 2, 3]), points([1, 2, 3])).value).toBe(0.5);
    expect(superiorityOf([[5, 2]], [[5, 3]])).toMatchObject({ value: 0.5, p: 1 });
    const found = welch(momentsOf([1, 2, 3]), momentsOf([4, 5, 6]));
    expect(found).toMatchObject({ value: 3, n: 3 });
  });

  test('values that do not vary', () => {
    const flat = { mean: 2, variance: 0, n: 5 };
    expect(welch(flat, flat)).toEqual({ value: 0, n: 5, p: 1 });
    expect(welch(flat, { ...flat, mean: 3 })).toEqual({ value: 1, n: 5, p: 0 });
  });

  test('without drift p-values keep their promise, and the interval holds 95 %', () => {
    const random = randomOf(8);
    const trials = 2_000;
    let [small, few, held] = [0, 0, 0];
    for (let t = 0; t < trials; t++) {
      const reference = Array.from({ length: 120 }, () => random.normal());
      const current = Array.from({ length: 40 }, () => 3 * random.normal());
      const found = welch(momentsOf(reference), momentsOf(current)) as {
        low: number;
        high: number;
        p: number;
      };
      if (found.p <= 0.05) small++;
      if (found.low <= 0 && found.high >= 0) held++;
      const same = Array.from({ length: 40 }, () => random.normal());
      if (superiorityOf(points(reference), points(same)).p <= 0.05) few++;
    }
    // 2,000 trials: three standard errors are 1.5 %.
    expect(small / trials).toBeLessThan(0.065);
    expect(few / trials).toBeLessThan(0.065);
    expect(held / trials).toBeGreaterThan(0.935);
  });

  test('the energy distance of two points is that of the square root of their distance', () => {
    expect(energyOf(points([0]), points([2]))).toEqual({ distance: 2, error: 0 });
    expect(energyOf(points([1, 2]), points([1, 2])).distance).toBe(0);
  });
});
