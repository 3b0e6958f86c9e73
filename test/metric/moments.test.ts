import { describe, expect, test } from 'vitest';
import { quantileRanks } from '../../src/metric/order.ts';
import { input, measured, numbers, only, service } from './support.ts';

const spec = service({ inputs: [input('x', 'numeric')] });
const of = (values: readonly number[]) => measured({ 'input//x': numbers(values) }, spec);

/** A fixed pseudo-random sequence in 0..1. */
function sequence(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
}

/** Moments about the mean by two passes over centred values. */
function plain(values: readonly number[]): { std: number; skewness: number; kurtosis: number } {
  const n = values.length;
  const mean = values.reduce((sum, x) => sum + x, 0) / n;
  const moment = (k: number) => values.reduce((sum, x) => sum + (x - mean) ** k, 0) / n;
  return {
    std: Math.sqrt((moment(2) * n) / (n - 1)),
    skewness: moment(3) / moment(2) ** 1.5,
    kurtosis: moment(4) / moment(2) ** 2 - 3,
  };
}

describe('shape', () => {
  test.each([
    ['near zero', 0],
    ['a thousand deviations from zero', 1000],
    ['two hundred thousand deviations from zero', -200_000],
  ])('is that of the centred values: %s', (_, shift) => {
    const next = sequence(7);
    // Multiples of 2^-20, so that the shift is exact.
    const centred = Array.from({ length: 999 }, () => Math.round(2 ** 20 * Math.log(next())) / 2 ** 20);
    const found = of(centred.map((x) => x + shift));
    for (const [metric, expected] of Object.entries(plain(centred)))
      expect(Math.abs(only(found, metric).value! / expected - 1)).toBeLessThan(1e-7);
  });

  test('of huge and of tiny values', () => {
    const values = [1, 2, 3, 4, 10.5];
    for (const scale of [2 ** 200, 2 ** -180]) {
      const found = of(values.map((x) => x * scale));
      const { skewness, kurtosis } = plain(values);
      expect(only(found, 'skewness').value).toBeCloseTo(skewness, 12);
      expect(only(found, 'kurtosis').value).toBeCloseTo(kurtosis, 12);
    }
  });

  test.each([
    ['fewer than two values', [1]],
    ['all values are equal', [0.1, 0.1, 0.1]],
    ['beyond the range of numbers', [1e100, 2]],
    ['beyond the range of numbers', [1e-100, 2e-100]],
    ['the values differ too little for their distance from zero', [1e9, 1e9 + 1]],
  ])('no value: %s', (reason, values) => {
    for (const metric of ['skewness', 'kurtosis'])
      expect(only(of(values), metric)).toMatchObject({ value: null, reason });
  });

  test('a deviation whose square is no double is no value', () => {
    expect(only(of([1e200, -1e200]), 'std')).toMatchObject({
      value: null,
      reason: 'beyond the range of numbers',
    });
    // Rounded squares alone would say 0.
    expect(only(of([1e9 + 0.125, 1e9 + 0.25]), 'std').value).toBeCloseTo(0.125 / Math.SQRT2, 12);
  });
});

describe('intervals', () => {
  test('of a mean, by hand', () => {
    const { value, low, high } = only(of([1, 2, 3, 4]), 'mean');
    // t(0.975; 3) = 3.182446, s = 1.290994.
    expect(value).toBe(2.5);
    expect(high! - 2.5).toBeCloseTo((3.182446305 * 1.290994449) / 2, 6);
    expect(2.5 - low!).toBeCloseTo(high! - 2.5, 12);
  });

  test('one value has none, a constant column has its own value', () => {
    for (const metric of ['mean', 'median'])
      expect(only(of([3]), metric)).toMatchObject({ value: 3, low: null, high: null });
    const steady = of(Array(100).fill(0.3));
    for (const metric of ['mean', 'median', 'p05'])
      expect(only(steady, metric)).toMatchObject({ value: 0.3, low: 0.3, high: 0.3 });
  });

  test('of a standard deviation, from the kurtosis', () => {
    // Bonett 2006: s^2 = 5/3, kurtosis 1.64, c = 4 / (4 - 1.96), error = c sqrt((1.64 - 0.25) / 3).
    const c = 4 / (4 - 1.959963985);
    const error = c * Math.sqrt((1.64 - 0.25) / 3);
    const { low, high } = only(of([1, 2, 3, 4]), 'std');
    expect(low).toBeCloseTo(Math.sqrt((c * 5) / 3) * Math.exp((-1.959963985 * error) / 2), 6);
    expect(high).toBeCloseTo(Math.sqrt((c * 5) / 3) * Math.exp((1.959963985 * error) / 2), 6);
  });

  // 2,000 samples: 95 % within three standard errors, 0.5 points each. Bonett's is known to be short for the exponential law.
  test.each([
    ['mean', 100, 1, 0.92],
    ['std', 100, 1, 0.88],
    ['median', 100, Math.LN2, 0.935],
    ['p95', 150, -Math.log(0.05), 0.935],
    ['p05', 150, -Math.log(0.95), 0.935],
  ])('hold the truth of an exponential law: %s', (metric, n, truth, least) => {
    const next = sequence(n);
    let held = 0;
    for (let sample = 0; sample < 2000; sample++) {
      const { low, high } = only(of(Array.from({ length: n }, () => -Math.log(next()))), metric);
      if (low! <= truth && truth <= high!) held++;
    }
    expect(held / 2000).toBeGreaterThan(least);
    expect(held / 2000).toBeLessThan(0.995);
  });
});

test('ranks of order statistics, as tables have them', () => {
  // Half of 2^-10 binomial tails by hand: P(Bin(10, 1/2) <= 1) = 11/1024, <= 2: 56/1024.
  expect(quantileRanks(10, 0.5)).toEqual({ low: 2, high: 9 });
  expect(quantileRanks(5, 0.5)).toBeNull();
  expect(quantileRanks(6, 0.5)).toEqual({ low: 1, high: 6 });
  expect(quantileRanks(30, 0.95)).toBeNull();
  expect(quantileRanks(1000, 0.5)).toEqual({ low: 469, high: 532 });
});
