/** How often the tests of drift cry wolf: both samples are of one law, so p <= a may come in a share a of the windows at most. */

import { describe, expect, test } from 'vitest';
import { homogeneity } from '../../src/math/homogeneity.ts';
import { hypergeometricTwoSided, outsideTail } from '../../src/math/hypergeometric.ts';
import { chiSquareTail } from '../../src/math/special.ts';
import { lInfinityEnds } from '../../src/metric/drift/cells.ts';
import { lInfinityOf, psiOf } from '../../src/metric/drift/measures.ts';
import { ksOf, ksP, transportOf, transportP } from '../../src/metric/drift/ordered.ts';
import { createRandom, type Random } from './random.ts';

const ALPHAS = [0.05, 0.01, 0.001];

/** As many alarms as 1 in 100,000 runs of an exact test would have. */
const most = (trials: number, alpha: number): number =>
  trials * alpha + 4.3 * Math.sqrt(trials * alpha * (1 - alpha)) + 3;

function expectHonest(trials: number, draw: () => number): void {
  const found = Array.from({ length: trials }, draw);
  for (const alpha of ALPHAS)
    expect(found.filter((p) => p <= alpha).length).toBeLessThanOrEqual(most(trials, alpha));
}

/** Counts of `n` rows over cells of the given shares: binomials, one cell after the other. */
function counts(random: Random, shares: readonly number[], n: number): number[] {
  let [left, rest] = [n, shares.reduce((sum, share) => sum + share, 0)];
  return shares.map((share, i) => {
    const count = i === shares.length - 1 ? left : random.binomial(left, Math.min(1, share / rest));
    left -= count;
    rest -= share;
    return count;
  });
}

const LAWS: Record<string, number[]> = {
  'ten cells of equal shares, none below and above': [0, ...Array<number>(10).fill(1), 0],
  'ten cells, some rows below and above': [0.02, ...Array<number>(10).fill(1), 0.02],
  'categories, most of them rare': [500, 300, 150, 40, 5, 2, 1, 1, 0.5, 0.5],
  'forty categories of a power law': Array.from({ length: 40 }, (_, i) => 1 / (i + 1) ** 1.5),
  'three categories': [90, 8, 2],
};

describe.each(Object.entries(LAWS))('%s', (_, shares) => {
  const sizes = [100, 1000, 10_000, 100_000].flatMap((m) => [20, 50, 200, 5000].map((n) => [n, m] as const));
  test.each(sizes)('%s rows against %s', (n, m) => {
    const random = createRandom(`${shares.length} ${n} ${m}`);
    const pairs = Array.from(
      { length: 800 },
      () => [counts(random, shares, m), counts(random, shares, n)] as const,
    );
    for (const pooling of ['size', 'neighbours'] as const) {
      let at = 0;
      expectHonest(pairs.length, () => homogeneity(...pairs[at++]!, 0, pooling).p);
    }
  });
});

test('in the middle of its range the test uses what it may: near 5 % of windows, not far below', () => {
  const random = createRandom('size');
  const shares = Array<number>(10).fill(1);
  let alarms = 0;
  for (let trial = 0; trial < 4000; trial++)
    if (homogeneity(counts(random, shares, 2000), counts(random, shares, 500)).p <= 0.05) alarms++;
  expect(alarms / 4000).toBeGreaterThan(0.035);
});

test('a fixed threshold of PSI cries wolf in small windows, the p-value does not', () => {
  const shares = Array<number>(10).fill(1);
  const firing = (n: number): { psi: number; p: number } => {
    const random = createRandom(`psi ${n}`);
    let [psi, p] = [0, 0];
    for (let trial = 0; trial < 2000; trial++) {
      const [was, is] = [counts(random, shares, 5000), counts(random, shares, n)];
      if (psiOf(was, is) >= 0.1) psi++;
      if (homogeneity(was, is).p <= 0.05) p++;
    }
    return { psi: psi / 2000, p: p / 2000 };
  };
  const [small, middle, large] = [firing(50), firing(200), firing(1000)];
  expect(small.psi).toBeGreaterThan(0.75);
  expect(middle.psi).toBeGreaterThan(0.01);
  expect(middle.psi).toBeLessThan(0.05);
  expect(large.psi).toBe(0);
  for (const { p } of [small, middle, large]) expect(p).toBeLessThan(0.07);
});

test('a test of fit takes a finite reference for exact and cries wolf, the test of homogeneity does not', () => {
  const random = createRandom('fit');
  const shares = Array<number>(10).fill(1);
  let [fit, homogeneous] = [0, 0];
  for (let trial = 0; trial < 2000; trial++) {
    const [was, is] = [counts(random, shares, 500), counts(random, shares, 500)];
    const statistic = is.reduce((sum, count, i) => sum + (count - was[i]!) ** 2 / was[i]!, 0);
    if (chiSquareTail(statistic, 9) <= 0.05) fit++;
    if (homogeneity(was, is).p <= 0.05) homogeneous++;
  }
  expect(fit / 2000).toBeGreaterThan(0.3);
  expect(homogeneous / 2000).toBeLessThan(0.07);
});

/** A law over 100 values that stand for its quantiles. */
const valuesOf = (of: (random: Random) => number): number[] => {
  const random = createRandom('law');
  return Array.from({ length: 100 }, () => of(random)).sort((a, b) => a - b);
};
const ORDERED: Record<string, number[]> = {
  uniform: valuesOf((random) => random.uniform()),
  normal: valuesOf((random) => random.normal()),
  'a long tail': valuesOf((random) => Math.exp(1.5 * random.normal())),
  'two far apart': valuesOf((random) => (random.uniform() < 0.1 ? 100 : 0) + random.normal()),
};

describe.each(Object.entries(ORDERED))('sketches of %s', (_, values) => {
  const sizes = [100, 10_000].flatMap((m) => [20, 200, 2000].map((n) => [n, m] as const));
  test.each(sizes)('%s rows against %s', (n, m) => {
    const random = createRandom(`${values[0]} ${n} ${m}`);
    const shares = values.map(() => 1);
    const points = (size: number): [number, number][] =>
      counts(random, shares, size).flatMap((count, i): [number, number][] =>
        count === 0 ? [] : [[values[i]!, count]],
      );
    const samples = Array.from({ length: 400 }, () => [points(m), points(n)] as const);
    let at = 0;
    expectHonest(400, () => ksP(ksOf(...samples[at++]!), m, n));
    at = 0;
    expectHonest(400, () => transportP(transportOf(...samples[at++]!), m, n));
  });
});

test.each([
  [20, 100],
  [200, 1000],
  [5000, 100],
])('rates and range: %s rows against %s', (n, m) => {
  const random = createRandom(`rates ${n} ${m}`);
  for (const share of [0.001, 0.02, 0.5])
    expectHonest(1000, () =>
      hypergeometricTwoSided(random.binomial(n, share), n, random.binomial(m, share), m),
    );
  expectHonest(1000, () => {
    const [was, is] = [m, n].map((size) => Array.from({ length: size }, () => random.uniform()));
    const [low, high] = [Math.min(...was!), Math.max(...was!)];
    return outsideTail(is!.filter((x) => x < low || x > high).length, n, m);
  });
});

test.each([
  [20, 100],
  [200, 10_000],
  [5000, 1000],
])('the interval of the largest change holds the truth in nearly all windows: %s rows against %s', (n, m) => {
  const random = createRandom(`interval ${n} ${m}`);
  const [before, now] = [
    [0.5, 0.3, 0.15, 0.04, 0.01],
    [0.42, 0.33, 0.15, 0.04, 0.06],
  ];
  for (const shares of [before!, now!]) {
    const truth = lInfinityOf(before!, shares);
    let missed = 0;
    for (let trial = 0; trial < 1000; trial++) {
      const cells = { reference: counts(random, before!, m), current: counts(random, shares, n) };
      const { low, high } = lInfinityEnds(cells);
      if (truth < low! - 1e-12 || truth > high! + 1e-12) missed++;
    }
    expect(missed).toBeLessThanOrEqual(most(1000, 0.05));
  }
});
