/** What estimates say, against labels that a simulation knows. All seeds are fixed: each of these figures is always the same. */

import { describe, expect, test } from 'vitest';
import { calibratorOf } from '../../../src/metric/estimated/calibrator.ts';
import {
  accuracyOf,
  type Estimator,
  expectedBins,
  f1Of,
  outcomeOf,
  precisionOf,
  recallOf,
  rocAucOf,
  specificityOf,
  variancesOf,
} from '../../../src/metric/estimated/estimate.ts';
import {
  ASKED,
  addScore,
  createScoreBins,
  firstPositiveBin,
  NEGATIVE,
  POSITIVE,
  type ScoreBinsState,
  scoreBinsOf,
} from '../../../src/profile/score-bins.ts';
import { createRandom, type Random } from '../../fault/simulate/random.ts';

const THRESHOLD = 0.5;
const ESTIMATORS = { accuracyOf, precisionOf, recallOf, specificityOf, f1Of, rocAucOf };
type Name = keyof typeof ESTIMATORS;

const normal = (random: Random): number =>
  Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
const logistic = (z: number): number => 1 / (1 + Math.exp(-z));

interface World {
  /** Of the logit of the score. */
  mean: number;
  std: number;
  truth(z: number): number;
}

/** Answers of a world: their scores, and the same with labels. */
function draw(random: Random, n: number, { mean, std, truth }: World) {
  const [asked, labelled] = [createScoreBins(), createScoreBins()];
  for (let i = 0; i < n; i++) {
    const z = mean + std * normal(random);
    addScore(asked, logistic(z), ASKED, THRESHOLD);
    addScore(labelled, logistic(z), random.next() < truth(z) ? POSITIVE : NEGATIVE, THRESHOLD);
  }
  return { asked, labelled };
}

/** What the labels say. */
function realised(state: ScoreBinsState): Record<Name, number> {
  const first = firstPositiveBin(THRESHOLD);
  let [tp, fp, fn, tn, below, area] = [0, 0, 0, 0, 0, 0];
  for (const { bin, negative, positive } of scoreBinsOf(state)) {
    if (bin >= first) [tp, fp] = [tp + positive, fp + negative];
    else [fn, tn] = [fn + positive, tn + negative];
    area += positive * (below + negative / 2);
    below += negative;
  }
  return {
    accuracyOf: (tp + tn) / (tp + fp + fn + tn),
    precisionOf: tp / (tp + fp),
    recallOf: tp / (tp + fn),
    specificityOf: tn / (tn + fp),
    f1Of: (2 * tp) / (2 * tp + fp + fn),
    rocAucOf: area / ((tp + fn) * (fp + tn)),
  };
}

/** Share of runs whose interval holds what the labels say, by estimator, and the mean of what it is off by. */
function cover(from: World, to: World, reference: number, n: number, runs: number) {
  const held = Object.fromEntries(Object.keys(ESTIMATORS).map((name) => [name, 0])) as Record<Name, number>;
  const off = { ...held };
  for (let run = 0; run < runs; run++) {
    const random = createRandom(1_000 + run);
    const calibrator = calibratorOf(draw(random, reference, from).labelled)!;
    const { asked, labelled } = draw(random, n, to);
    const bins = expectedBins(asked, calibrator, THRESHOLD);
    const real = realised(labelled);
    for (const [name, estimator] of Object.entries(ESTIMATORS) as [Name, Estimator][]) {
      const found = outcomeOf(bins, calibrator, estimator);
      if (!('value' in found)) throw new Error(found.reason);
      off[name] += (found.value - real[name]) / runs;
      if (found.low! <= real[name] && real[name] <= found.high!) held[name] += 1 / runs;
    }
  }
  return { held, off };
}

const calibrated = (z: number): number => logistic(z);
const overconfident = (z: number): number => logistic(0.6 * z - 0.3);
const odd = (z: number): number => 0.05 + 0.6 * logistic(3 * (z - 0.3));
const RUNS = 150;

describe('under a covariate shift the interval holds what labels would say', () => {
  test.each([
    ['calibrated scores', calibrated, 1_000],
    ['scores that are too sure', overconfident, 1_000],
    ['scores that are too sure, and more of the reference', overconfident, 5_000],
    ['an odd relation', odd, 2_000],
  ] as const)('%s', (_, truth, reference) => {
    const { held, off } = cover(
      { mean: -1, std: 1.2, truth },
      { mean: 0, std: 1, truth },
      reference,
      2_000,
      RUNS,
    );
    for (const [name, share] of Object.entries(held)) expect(share, name).toBeGreaterThan(0.9);
    for (const [name, mean] of Object.entries(off)) expect(Math.abs(mean), name).toBeLessThan(0.03);
  });

  test('and follows it far: accuracy falls by five points, the estimate too', () => {
    const [from, to] = [
      { mean: -2, std: 1 },
      { mean: -0.5, std: 1 },
    ].map((of) => ({ ...of, truth: overconfident }));
    const random = createRandom(7);
    const calibrator = calibratorOf(draw(random, 20_000, from!).labelled)!;
    const [before, after] = [from!, to!].map((world) => {
      const { asked, labelled } = draw(random, 20_000, world);
      const found = outcomeOf(expectedBins(asked, calibrator, THRESHOLD), calibrator, accuracyOf);
      return { real: realised(labelled).accuracyOf, told: 'value' in found ? found.value : Number.NaN };
    });
    expect(before!.real - after!.real).toBeGreaterThan(0.05);
    expect(before!.told - after!.told).toBeCloseTo(before!.real - after!.real, 1);
    expect(Math.abs(after!.told - after!.real)).toBeLessThan(0.01);
  });
});

test('a concept drift is not seen: scores mean something else, and the estimate stays', () => {
  const from = { mean: -1, std: 1.2, truth: calibrated };
  const { held, off } = cover(from, { ...from, truth: (z) => logistic(0.3 * z) }, 5_000, 5_000, 40);
  expect(held.accuracyOf).toBe(0);
  expect(off.accuracyOf).toBeGreaterThan(0.1);
});

describe('variances', () => {
  const random = createRandom(11);
  const world = { mean: -0.5, std: 1, truth: overconfident };
  const calibrator = calibratorOf(draw(random, 3_000, world).labelled)!;
  const bins = expectedBins(draw(random, 400, world).asked, calibrator, THRESHOLD);

  test.each(Object.entries(ESTIMATORS))(
    'the slope of %s is the derivative by the positives of a bin',
    (_, estimator) => {
      const found = estimator(bins);
      if (!('value' in found)) throw new Error(found.reason);
      for (const i of [0, 40, bins.length - 1]) {
        const step = 1e-4;
        const moved = (by: number): number => {
          const other = estimator(
            bins.map((bin, at) => (at === i ? { ...bin, p: bin.p + by / bin.n } : bin)),
          );
          return 'value' in other ? other.value : Number.NaN;
        };
        expect(found.slope(bins[i]!, i)).toBeCloseTo((moved(step) - moved(-step)) / (2 * step), 6);
      }
    },
  );

  test('those of labels are what drawing labels gives', () => {
    const found = accuracyOf(bins);
    if (!('value' in found)) throw new Error(found.reason);
    const { labels } = variancesOf(bins, calibrator, found);
    const values = Array.from({ length: 3_000 }, () => {
      let right = 0;
      for (const { n, p, isPositive } of bins)
        for (let i = 0; i < n; i++) if (random.next() < p === isPositive) right++;
      return right / found.n;
    });
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
    expect(mean).toBeCloseTo(found.value, 2);
    expect(variance / labels).toBeGreaterThan(0.9);
    expect(variance / labels).toBeLessThan(1.1);
  });
});

test('of few answers an end that labels reach by chance is in the interval', () => {
  const calibrator = {
    kind: 'scores' as const,
    blocks: [{ low: 0, high: 1, n: 1e9, positive: 5e8, sum: 5e8 }],
    points: [],
    n: 1e9,
  };
  const of = (scores: number[]) => {
    const asked = createScoreBins();
    for (const score of scores) addScore(asked, score, ASKED, THRESHOLD);
    const both = { ...calibrator, scoresError: 0, isotonicError: 0 };
    return outcomeOf(expectedBins(asked, both, THRESHOLD), both, precisionOf);
  };
  expect(of([0.8])).toMatchObject({ n: 1, low: 0, high: 1 });
  // 0.2^3 < 0.025 < 0.8^3
  const three = of([0.8, 0.8, 0.8, 0.1]);
  expect(three).toMatchObject({ n: 3, high: 1 });
  expect('low' in three && three.low).toBeGreaterThan(0);
});
