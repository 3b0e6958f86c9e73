/** How often the 95 % intervals of distances hold the truth, over seeded draws of both samples. */

import { describe, expect, test } from 'vitest';
import { cramerVonMisesP } from '../../src/math/cramer-von-mises.ts';
import { chiSquareStatistics } from '../../src/math/homogeneity.ts';
import { strataOutcome } from '../../src/metric/concept.ts';
import { CELL_DRIFT_METRICS } from '../../src/metric/drift/cells.ts';
import {
  divergenceEnds,
  HELLINGER,
  JENSEN_SHANNON,
  likelihoodRatioOf,
  pearsonOf,
  psiEnds,
  rootEnds,
  totalVariationEnds,
} from '../../src/metric/drift/divergence-ends.ts';
import { hellingerOf, jsOf, psiOf, totalVariationOf } from '../../src/metric/drift/measures.ts';
import {
  cramerVonMisesOf,
  energyOf,
  normEnds,
  type Points,
  transportEnds,
  transportOf,
} from '../../src/metric/drift/ordered.ts';
import type { Ends } from '../../src/metric/intervals.ts';
import { createRandom, type Random } from './random.ts';

const TRIALS = 1500;
/** Of chi-square's approximation, and of what the draws themselves are off. */
const COVERAGE = 0.925;

type Table = readonly number[];

const sharesOf = (weights: Table): number[] => {
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / sum);
};

function drawn(random: Random, shares: Table, n: number): number[] {
  let [left, rest] = [n, 1];
  return shares.map((share, i) => {
    const count = i === shares.length - 1 ? left : random.binomial(left, Math.min(1, share / rest));
    left -= count;
    rest -= share;
    return count;
  });
}

const EVEN = sharesOf(Array<number>(12).fill(1));
const ODD = sharesOf([70, 20, 8, 2]);
/** Every other cell gains what the others lose. */
const moved = (shares: Table, by: number): number[] =>
  sharesOf(shares.map((share, i) => share * (1 + (i % 2 === 0 ? by : -by))));

interface Measured {
  truth(before: Table, now: Table, m: number, n: number): number;
  of(reference: number[], current: number[]): [value: number, ends: Ends];
}
const HUGE = 1e12;
/** A measure of counts, of shares: of as many rows that they are exact. */
const exactly = (of: (reference: number[], current: number[]) => number) => (before: Table, now: Table) =>
  of(
    before.map((share) => share * HUGE),
    now.map((share) => share * HUGE),
  );
const MEASURES: Record<string, Measured> = {
  psi: {
    truth: exactly((a, b) => psiOf(a, b)),
    of(reference, current) {
      const value = psiOf(reference, current);
      return [value, psiEnds(value, reference, current)];
    },
  },
  js: {
    truth: exactly(jsOf),
    of(reference, current) {
      const value = jsOf(reference, current);
      return [value, rootEnds(divergenceEnds(value ** 2, JENSEN_SHANNON, reference, current))];
    },
  },
  hellinger: {
    truth: exactly(hellingerOf),
    of(reference, current) {
      const value = hellingerOf(reference, current);
      return [value, rootEnds(divergenceEnds(value ** 2, HELLINGER, reference, current))];
    },
  },
  total_variation: {
    truth: exactly(totalVariationOf),
    of: (reference, current) => [
      totalVariationOf(reference, current),
      totalVariationEnds(reference, current),
    ],
  },
  'chi-square, in units of its size': {
    truth: (before, now, m, n) =>
      before.reduce((sum, p, i) => sum + ((now[i]! - p) ** 2 * (m + n)) / (m * p + n * now[i]!), 0),
    of(reference, current) {
      const [m, n] = [reference, current].map((side) => side.reduce((a, b) => a + b, 0)) as [number, number];
      const value = chiSquareStatistics(reference, current).pearson * (1 / m + 1 / n);
      return [value, divergenceEnds(value, pearsonOf(m, n), reference, current)];
    },
  },
  'likelihood ratio, in units of its size': {
    truth(before, now, m, n) {
      const [scale, sum] = [1 / m + 1 / n, m + n];
      return before.reduce((g, p, i) => {
        const pooled = (m * p + n * now[i]!) / sum;
        return g + 2 * scale * (m * p * Math.log(p / pooled) + n * now[i]! * Math.log(now[i]! / pooled));
      }, 0);
    },
    of(reference, current) {
      const [m, n] = [reference, current].map((side) => side.reduce((a, b) => a + b, 0)) as [number, number];
      const value = chiSquareStatistics(reference, current).g * (1 / m + 1 / n);
      return [value, divergenceEnds(value, likelihoodRatioOf(m, n), reference, current)];
    },
  },
};

/** Share of the trials in which the truth lies within; each interval holds its value. */
function coverageOf(truth: number, draw: () => [value: number, ends: Ends]): number {
  let held = 0;
  for (let trial = 0; trial < TRIALS; trial++) {
    const [value, { low, high }] = draw();
    expect(low!).toBeLessThanOrEqual(value);
    expect(high!).toBeGreaterThanOrEqual(value);
    if (low! <= truth + 1e-9 && truth - 1e-9 <= high!) held++;
  }
  return held / TRIALS;
}

describe.each(Object.entries(MEASURES))('%s of cells', (name, { truth, of }) => {
  const cases = [EVEN, ODD].flatMap((before) =>
    [0, 0.1, 0.3, 0.6].flatMap((by) =>
      [
        [200, 5000],
        [1000, 5000],
        [2000, 1000],
      ].map(([n, m]) => [before.length, by, n!, m!, before] as const),
    ),
  );
  test.each(cases)('%s cells, moved by %s: %s rows against %s', (_, by, n, m, before) => {
    const random = createRandom(`${name} ${before.length} ${by} ${n} ${m}`);
    const now = moved(before, by);
    const coverage = coverageOf(truth(before, now, m, n), () =>
      of(drawn(random, before, m), drawn(random, now, n)),
    );
    expect(coverage).toBeGreaterThanOrEqual(COVERAGE);
  });
});

describe('distances of values', () => {
  const VALUES: Record<string, number[]> = {
    even: Array.from({ length: 50 }, (_, i) => i),
    'with a long tail': Array.from({ length: 50 }, (_, i) => 1.15 ** i),
    'two values': [0, 1],
  };
  const laws = Object.entries(VALUES).flatMap(([name, values]) =>
    [0, 0.3].flatMap((by) =>
      [
        [200, 5000],
        [1000, 1000],
      ].map(([n, m]) => [name, by, n!, m!, values] as const),
    ),
  );
  const points = (values: Table, counts: Table): Points =>
    counts.flatMap((count, i): [number, number][] => (count === 0 ? [] : [[values[i]!, count]]));
  test.each(laws)('%s, moved by %s: %s rows against %s', (name, by, n, m, values) => {
    const before = sharesOf(values.map(() => 1));
    // The upper half gains.
    const now = sharesOf(before.map((share, i) => share * (i < values.length / 2 ? 1 - by : 1 + by)));
    const random = createRandom(`${name} ${by} ${n} ${m}`);
    const exact = [before, now].map((shares) =>
      points(
        values,
        shares.map((share) => share * HUGE),
      ),
    ) as [Points, Points];
    const draw = (): [Points, Points] => [
      points(values, drawn(random, before, m)),
      points(values, drawn(random, now, n)),
    ];
    const transport = coverageOf(transportOf(...exact).distance, () => {
      const found = transportOf(...draw());
      return [found.distance, transportEnds(found)];
    });
    expect(transport).toBeGreaterThanOrEqual(COVERAGE);
    const energy = coverageOf(energyOf(...exact).distance, () => {
      const found = energyOf(...draw());
      return [found.distance, normEnds(found)];
    });
    expect(energy).toBeGreaterThanOrEqual(COVERAGE);
    if (by > 0) return;
    const alarms = Array.from({ length: TRIALS }, () => {
      const norm = cramerVonMisesOf(...draw());
      return cramerVonMisesP(norm.distance ** 2, m, n) <= 0.05;
    }).filter(Boolean).length;
    // Never more than it promises, also where many values are equal; and of use where few are.
    expect(alarms / TRIALS).toBeLessThan(0.05 + 4.3 * Math.sqrt(0.0475 / TRIALS));
    if (name === 'even') expect(alarms / TRIALS).toBeGreaterThan(0.03);
  });
});

describe('labels at equal scores', () => {
  const RATES = [0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.9, 0.95];
  test.each([
    [0, 300, 2000],
    [0.05, 300, 2000],
    [0.2, 300, 1500],
    [0.2, 1500, 1500],
  ])('moved by %s: %s labels in a stratum against %s', (by, n, m) => {
    const random = createRandom(`strata ${by} ${n} ${m}`);
    const now = RATES.map((rate) => rate + (rate < 0.5 ? by : -by));
    const truth = RATES.reduce((sum, b, i) => sum + (now[i]! - b) ** 2 / (b * (1 - b)), 0) / RATES.length;
    const side = (rates: Table, rows: number): number[] =>
      rates.flatMap((rate) => {
        const bad = random.binomial(rows, rate);
        return [bad, rows - bad];
      });
    const coverage = coverageOf(truth, () => {
      const outcome = strataOutcome(side(RATES, m), side(now, n));
      if ('reason' in outcome) throw new Error(outcome.reason);
      return [outcome.value, outcome.low === undefined ? { low: -1, high: 9 } : outcome];
    });
    expect(coverage).toBeGreaterThanOrEqual(COVERAGE);
  });

  test('have no interval where a stratum is too thin', () => {
    expect(strataOutcome([20, 500], [20, 480])).toHaveProperty('low');
    expect(strataOutcome([19, 500], [20, 480])).not.toHaveProperty('low');
    expect(strataOutcome([20, 500], [2, 100])).not.toHaveProperty('low');
  });
});

test('one cell that holds everything has no interval', () => {
  expect(psiEnds(0, [9, 0], [4, 0])).toEqual({});
  expect(CELL_DRIFT_METRICS.every(({ formula }) => formula.includes('interval'))).toBe(true);
});
