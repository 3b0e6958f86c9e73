import { describe, expect, test } from 'vitest';
import { lowerBoundOf, upperBoundOf } from '../../src/detect/components.ts';
import { optionFaults, optionsOf } from '../../src/detect/detector.ts';
import { E_CUSUM, E_SR } from '../../src/detect/e-kinds.ts';
import { randomOf, run } from './support.ts';

const bernoulli = (random: () => number, rate: number, n: number): number[] =>
  Array.from({ length: n }, () => (random() < rate ? 1 : 0));

const LABELS = 5000;

/** Options with the baseline that a stream's first labels give. */
function baselineOf(random: () => number, rate: number): { successes: number; n: number } {
  const successes = bernoulli(random, rate, LABELS).reduce((sum, value) => sum + value, 0);
  return { successes, n: LABELS };
}

/** Values until the alarm after the rate moves at `LABELS`, median over streams; an earlier alarm only resets. */
function delayOf(kind: typeof E_SR, from: number, to: number, streams: number): number {
  const delays: number[] = [];
  for (let seed = 0; seed < streams; seed++) {
    const random = randomOf(1000 + seed);
    const options = optionsOf(kind, baselineOf(random, from));
    const state = kind.create(options);
    for (let i = 0; i < LABELS; i++) kind.step(state, options, random() < from ? 1 : 0);
    let delay = 1;
    while (kind.step(state, options, random() < to ? 1 : 0) !== 'drift') delay += 1;
    delays.push(delay);
  }
  return delays.sort((a, b) => a - b)[streams >> 1]!;
}

// With the same streams a fixed grid of slopes .25, .5, 1, 1.5, 2, 3 in equal parts takes longer, and ADWIN 279.
describe('delay with a baseline of 5,000 labels and a run length of 100,000', () => {
  test('a rate of 0.1 that doubles', () => {
    expect(delayOf(E_SR, 0.1, 0.2, 500)).toBeLessThanOrEqual(165);
  });

  test.each([
    [0.1, 0.15, 650],
    [0.1, 0.3, 70],
    [0.1, 0.5, 30],
    [0.01, 0.05, 240],
    [0.4, 0.7, 60],
  ])('%f to %f', (from, to, most) => {
    expect(delayOf(E_SR, from, to, 200)).toBeLessThanOrEqual(most);
  });
});

/** Alarms in streams of a constant rate. */
function alarmsAt(rate: number, options: Record<string, number>, values: number, seed: number): number {
  const random = randomOf(seed);
  const all = optionsOf(E_SR, options);
  const state = E_SR.create(all);
  let alarms = 0;
  for (let i = 0; i < values; i++)
    if (E_SR.step(state, all, random() < rate ? 1 : 0) === 'drift') alarms += 1;
  return alarms;
}

describe('false alarms: the run length promised is not refuted at 99.9 %', () => {
  test.each([
    ['at the tolerated rate itself', 0.1, { p0: 0.1 }],
    ['a decrease', 0.4, { p0: 0.4, direction: -1 }],
    ['both ways', 0.01, { p0: 0.01, direction: 0 }],
  ])('%s', (_, rate, options) => {
    const values = 2_000_000;
    const alarms = alarmsAt(rate, { ...options, arl: 1e4 }, values, 7);
    expect(lowerBoundOf(alarms, values, 0.999)).toBeLessThanOrEqual(1e-4);
    // And the promise is not kept by never speaking.
    expect(upperBoundOf(alarms, values, 0.999)).toBeGreaterThan(1e-5);
  });

  test('baselines of 5,000 labels, a run length of 100,000', () => {
    let alarms = 0;
    for (let seed = 0; seed < 100; seed++)
      alarms += alarmsAt(0.1, baselineOf(randomOf(seed), 0.1), 40_000, seed + 500);
    expect(lowerBoundOf(alarms, 100 * 40_000, 0.999)).toBeLessThanOrEqual(1e-5);
  });
});

test('CUSUM keeps the same promise and is slower', () => {
  expect(delayOf(E_CUSUM, 0.1, 0.2, 100)).toBeGreaterThan(delayOf(E_SR, 0.1, 0.2, 100));
});

test('losses between 0 and 1 are not held at the boundary', () => {
  expect(run(E_SR, new Array(40).fill(0.5), { p0: 0.1 }).alarms[0]).toBeLessThan(20);
});

test('a baseline may be learned from the first values, and is learned again after an alarm', () => {
  const random = randomOf(2);
  const values = [...bernoulli(random, 0.1, 3000), ...bernoulli(random, 0.4, 6000)];
  const { alarms } = run(E_SR, values, { warm_up: 2000 });
  expect(alarms).toHaveLength(1);
  expect(alarms[0]).toBeLessThan(3100);
  expect(alarms[0]).toBeGreaterThanOrEqual(3000);
});

test('the tolerated mean is the bound on that of the baseline, plus the tolerance', () => {
  const centresOf = (options: Record<string, number>): (number | undefined)[] => {
    const centres = E_SR.create(optionsOf(E_SR, options)).components?.map(({ centre }) => centre);
    return [...new Set(centres)];
  };
  const baseline = { successes: 500, n: 5000, tolerance: 0.01, confidence: 0.95 };
  const [low, high] = [lowerBoundOf(500, 5000, 0.95), upperBoundOf(500, 5000, 0.95)];
  expect(centresOf(baseline)).toEqual([high + 0.01]);
  expect(centresOf({ ...baseline, direction: -1 })).toEqual([low - 0.01]);
  expect(centresOf({ ...baseline, direction: 0 })).toEqual([high + 0.01, low - 0.01]);
  expect(centresOf({ p0: 0.3, tolerance: 0.8 })).toEqual([1]);
});

test('the tolerance is part of the null hypothesis', () => {
  const values = bernoulli(randomOf(4), 0.2, 20_000);
  expect(run(E_SR, values, { p0: 0.1 }).alarms.length).toBeGreaterThan(10);
  expect(run(E_SR, values, { p0: 0.1, tolerance: 0.1 }).alarms).toEqual([]);
});

test('options that contradict each other are refused', () => {
  expect(optionFaults(E_SR, { successes: 5, n: 4 })).toEqual(['successes must not be more than n']);
  expect(optionFaults(E_SR, { p0: 2 })).toEqual(['p0 must lie in -1..1']);
  expect(optionFaults(E_SR, { delta: 1 })[0]).toMatch(/^e_sr has no option delta; it has direction, p0/);
  expect(optionFaults(E_SR, { warm_up: 1.5 })).toEqual(['warm_up must be a whole number']);
});
