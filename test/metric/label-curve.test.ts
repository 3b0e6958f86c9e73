import { describe, expect, test } from 'vitest';
import {
  type Cohort,
  correctEarly,
  earlyBias,
  placeOf,
  usualCurve,
  wilson,
} from '../../src/metric/label-curve.ts';

const cohort = (endMs: number, shares: (number | undefined)[], more: Partial<Cohort> = {}): Cohort => ({
  endMs,
  n: 1_000,
  shares,
  isFinal: true,
  ...more,
});

/** Twenty-one cohorts whose first share is 0.20, 0.21, ... 0.40 and whose last one is 0.9. */
const past = Array.from({ length: 21 }, (_, i) => cohort(i, [0.2 + i / 100, 0.9]));
const curveOf = (cohorts: readonly Cohort[]) => {
  const curve = usualCurve(cohorts);
  if ('reason' in curve) throw new Error(curve.reason);
  return curve.value;
};

describe('the usual curve of labels', () => {
  test('is the median and the 5 to 95 % band of the cohorts that are complete', () => {
    const [first, last] = curveOf([...past, cohort(99, [0.01], { isFinal: false })]);
    expect(first).toMatchObject({ revision: 0, cohorts: 21 });
    expect(first!.median).toBeCloseTo(0.3, 12);
    expect(first!.low).toBeCloseTo(0.21, 12);
    expect(first!.high).toBeCloseTo(0.39, 12);
    expect(last).toMatchObject({ revision: 1, median: 0.9, low: 0.9, high: 0.9 });
  });

  test('a revision without news knows what the one before knew', () => {
    const gaps = Array.from({ length: 20 }, (_, i) => cohort(i, [0.5, undefined, 0.9]));
    expect(curveOf(gaps).map(({ median }) => median)).toEqual([0.5, 0.5, 0.9]);
  });

  test('needs enough cohorts, all of one configuration', () => {
    expect(usualCurve(past.slice(2))).toEqual({ reason: '19 complete cohorts, 20 are needed' });
    expect(usualCurve([...past, cohort(100, [0.3, 0.5, 0.9])])).toEqual({
      reason: '1 complete cohorts, 20 are needed',
    });
  });

  test('a cohort is late when its own interval lies wholly below the band', () => {
    const curve = curveOf(past);
    const early = (share: number, n: number) =>
      placeOf(cohort(99, [share], { n, isFinal: false }), curve)?.state;
    expect(early(0.15, 1_000)).toBe('late');
    // The same share of fewer requests may be chance.
    expect(early(0.15, 30)).toBe('usual');
    expect(early(0.3, 1_000)).toBe('usual');
    expect(early(0.6, 1_000)).toBe('early');
    expect(placeOf(cohort(99, [0.1, 0.2, 0.3]), curve)).toBe(null);
  });
});

describe('early labels', () => {
  const pairs = (count: number) =>
    Array.from({ length: count }, (_, i) => ({ early: 0.7 + (i % 2 ? 0.02 : -0.02), final: 0.8 }));

  test('their bias is the mean difference with the interval of Student', () => {
    const bias = earlyBias(pairs(20));
    if ('reason' in bias) throw new Error(bias.reason);
    expect(bias.value.mean).toBeCloseTo(-0.1, 12);
    expect(bias.value.std).toBeCloseTo(0.02 * Math.sqrt(20 / 19), 12);
    // t of 97.5 % with 19 degrees of freedom is 2.093024 (tables).
    expect(bias.value.high - bias.value.mean).toBeCloseTo((2.093024 * 0.02) / Math.sqrt(19), 7);
    expect(earlyBias(pairs(4))).toEqual({
      reason: '4 cohorts have an early and a final value, 5 are needed',
    });
  });

  test('are corrected with a prediction interval, within what the metric can be', () => {
    const corrected = correctEarly(0.7, earlyBias(pairs(20)));
    if ('reason' in corrected) throw new Error(corrected.reason);
    expect(corrected.value.value).toBeCloseTo(0.8, 12);
    const half = 2.093024 * 0.02 * Math.sqrt(20 / 19) * Math.sqrt(1 + 1 / 20);
    expect(corrected.value.low).toBeCloseTo(0.8 - half, 7);
    expect(correctEarly(0.95, earlyBias(pairs(20)), [0, 1])).toMatchObject({ value: { value: 1, high: 1 } });
    expect(correctEarly(0.7, earlyBias(pairs(19)))).toEqual({
      reason: '19 cohorts have an early and a final value, 20 are needed to correct',
    });
  });
});

test('the interval of Wilson stays within 0 and 1, and is that of his paper', () => {
  // R. G. Newcombe, Two-sided confidence intervals for the single proportion, 1998, table I: 81 of 263.
  expect(wilson(81, 263).low).toBeCloseTo(0.2553, 4);
  expect(wilson(81, 263).high).toBeCloseTo(0.3662, 4);
  expect(wilson(0, 20)).toEqual({ low: 0, high: expect.closeTo(0.1611, 4) });
  expect(wilson(20, 20).high).toBe(1);
});
