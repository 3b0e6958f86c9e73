import { describe, expect, test } from 'vitest';
import {
  type Component,
  decreaseOf,
  departureOf,
  increaseOf,
  lowerBoundOf,
  upperBoundOf,
} from '../../src/detect/components.ts';
import {
  createEDetector,
  type EDetectorState,
  foldCounts,
  foldE,
  logEvidenceOf,
  onsetOf,
  resetEDetector,
} from '../../src/detect/e-detector.ts';
import { logEOfP } from '../../src/math/e-values.ts';
import { logSumOf } from '../../src/math/log-sum.ts';
import { absent, isNear, randomOf, statistics } from './support.ts';

const single = (slope: number, centre: number): Component[] => [{ weight: 1, slope, centre }];

/** M of the mixture as the definition has it: every start and every component, one product each. */
function slowEvidence(
  windows: readonly (readonly [number, number])[][],
  components: readonly Component[],
): number {
  let sum = 0;
  for (const { weight, slope, centre } of components) {
    const steps = windows.map((table) =>
      table.reduce((product, [x, count]) => product * (1 + slope * (x - centre)) ** count, 1),
    );
    for (let from = 0; from < steps.length; from++)
      sum += weight * steps.slice(from).reduce((product, step) => product * step, 1);
  }
  return sum;
}

describe.skipIf(statistics === null)(`published traces${absent}`, () => {
  test('Shiryaev-Roberts and CUSUM', () => {
    for (const { losses, p0, lam, trace, shiryaev_roberts, wealth } of statistics!.e_detector) {
      const state = createEDetector();
      losses.forEach((loss, i) => {
        foldCounts(state, single(lam, p0), [[loss, 1]], i);
        const [, sum, peak] = trace[i]!;
        expect(isNear(Math.exp(logEvidenceOf(state)), sum)).toBe(true);
        expect(isNear(Math.exp(logEvidenceOf(state, undefined, 'cusum')), peak)).toBe(true);
      });
      expect(isNear(Math.exp(logEvidenceOf(state)), shiryaev_roberts)).toBe(true);
      // All losses in one step: what a bettor who never begins again would have.
      const once = createEDetector();
      foldCounts(
        once,
        single(lam, p0),
        losses.map((loss) => [loss, 1]),
        0,
      );
      expect(isNear(Math.exp(logEvidenceOf(once)), wealth)).toBe(true);
    }
  });
});

const random = randomOf(5);
const WINDOWS = Array.from({ length: 12 }, (_, i) => {
  const errors = Math.floor(random() * (i < 8 ? 12 : 40));
  return [
    [0, 60 - errors],
    [0.5, 7],
    [1, errors],
  ] as [number, number][];
});

const after = (components: readonly Component[], windows = WINDOWS): EDetectorState => {
  const state = createEDetector(components.length);
  windows.forEach((table, i) => {
    foldCounts(state, components, table, 1000 + 10 * i);
  });
  return state;
};

test.each([
  ['increase', increaseOf(0.2)],
  ['decrease', decreaseOf(0.3)],
  ['departure', departureOf(0.15, 0.25)],
])('a window of counts is one step: %s', (_, components) => {
  for (const upTo of [1, 5, 12]) {
    const windows = WINDOWS.slice(0, upTo);
    const state = after(components, windows);
    const expected = slowEvidence(windows, components);
    expect(isNear(Math.exp(logEvidenceOf(state, components)), expected)).toBe(true);
  }
});

test('the onset is the start of the largest term', () => {
  expect(onsetOf(after(increaseOf(0.2)), increaseOf(0.2))).toBe(1080);
  expect(onsetOf(createEDetector())).toBe(undefined);
  expect(onsetOf(after(increaseOf(0.9)), increaseOf(0.9))).toBe(undefined);
});

test('nothing overflows, and a state as JSON goes on bit for bit', () => {
  const components = increaseOf(0.2);
  const state = after(components);
  for (let i = 0; i < 1000; i++) foldCounts(state, components, [[1, 1_000_000]], i);
  expect(logEvidenceOf(state, components)).toBeGreaterThan(1e8);
  const copy = JSON.parse(JSON.stringify(state)) as EDetectorState;
  for (const one of [state, copy])
    for (let i = 0; i < 5000; i++) foldCounts(one, components, [[0, 1_000_000]], i);
  expect(copy).toEqual(state);
  expect(logEvidenceOf(state, components)).toBeLessThan(0);
  resetEDetector(state);
  expect(state).toEqual(createEDetector(components.length));
  expect(logEvidenceOf(state, components)).toBe(Number.NEGATIVE_INFINITY);
});

test('p-values by their calibrator', () => {
  const state = createEDetector();
  const ps = [0.4, 0.01, 0.001, 0.7];
  ps.forEach((p, i) => {
    foldE(state, logEOfP(p), i);
  });
  const expected = ps.reduce((m, p) => (m + 1) * Math.exp(logEOfP(p)), 0);
  expect(Math.exp(logEvidenceOf(state))).toBeCloseTo(expected, 9);
  expect(onsetOf(state)).toBe(1);
});

test('no bet can lose all, and the weights sum to 1', () => {
  for (const p0 of [0, 1e-9, 0.01, 1 / 3, 0.4, 0.9, 1]) {
    for (const components of [increaseOf(p0), decreaseOf(p0), departureOf(p0, p0)]) {
      expect(components.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 12);
      for (const { slope, centre } of components) {
        expect(1 - slope * centre).toBeGreaterThan(0);
        expect(1 + slope * (1 - centre)).toBeGreaterThan(0);
      }
    }
  }
});

test('the bound on a rate is that of Clopper and Pearson', () => {
  // At the bound, so few successes have the probability 1 - confidence: (1 - p)^10 = 0.1; 1 - p^10 = 0.9.
  expect(upperBoundOf(0, 10, 0.9)).toBeCloseTo(1 - 0.1 ** 0.1, 9);
  expect(upperBoundOf(9, 10, 0.9)).toBeCloseTo(0.9 ** 0.1, 9);
  expect(upperBoundOf(10, 10, 0.9)).toBe(1);
  expect(lowerBoundOf(10, 10, 0.9)).toBeCloseTo(0.1 ** 0.1, 9);
  expect(lowerBoundOf(0, 10, 0.9)).toBe(0);
});

test('sums of logarithms', () => {
  expect(
    logSumOf([
      [0.5, 1000],
      [0.5, 1000],
    ]),
  ).toBeCloseTo(1000, 9);
  expect(logSumOf([[1, Number.NEGATIVE_INFINITY]])).toBe(Number.NEGATIVE_INFINITY);
});
