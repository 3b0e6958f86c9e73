/** All seeds are fixed: each of these figures is always the same. */

import { describe, expect, test } from 'vitest';
import { type Calibrator, calibratorOf } from '../../../src/metric/estimated/calibrator.ts';
import { accuracyOf, expectedBins, outcomeOf } from '../../../src/metric/estimated/estimate.ts';
import { type Powered, poweredAccuracy } from '../../../src/metric/estimated/powered.ts';
import { shareEnds } from '../../../src/metric/intervals.ts';
import type { TrackState } from '../../../src/profile/registry.ts';
import { ASKED, addScore, createScoreBins, NEGATIVE, POSITIVE } from '../../../src/profile/score-bins.ts';
import { createRandom, type Random } from '../../fault/simulate/random.ts';
import { counts, measured, only, output, scoresOf, service } from '../support.ts';

const THRESHOLD = 0.5;
const logistic = (z: number): number => 1 / (1 + Math.exp(-z));
const normal = (random: Random): number =>
  Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());

type Row = readonly [score: number, isPositive: boolean, isLabelled: boolean];

function statesOf(rows: readonly Row[]) {
  const [asked, scores] = [createScoreBins(), createScoreBins()];
  for (const [score, isPositive, isLabelled] of rows) {
    addScore(asked, score, ASKED, THRESHOLD);
    if (isLabelled) addScore(scores, score, isPositive ? POSITIVE : NEGATIVE, THRESHOLD);
  }
  return { asked, scores };
}

function of(rows: readonly Row[], calibrator: Calibrator | null = null): Powered {
  const { asked, scores } = statesOf(rows);
  const found = poweredAccuracy(asked, scores, calibrator, THRESHOLD);
  if ('reason' in found) throw new Error(found.reason);
  return found;
}

/** @param share of labels; @param slope of the truth by the logit of the score: 1 is calibrated */
const draw = (random: Random, n: number, share: number, slope: number): Row[] =>
  Array.from({ length: n }, () => {
    const z = 2 * normal(random);
    return [logistic(z), random.next() < logistic(slope * z), random.next() < share] as const;
  });

/** Over rows one by one, with scores of one bin each. */
function byRows(rows: readonly Row[]): { value: number; power: number; variance: number } {
  const told = rows.map(([score, isPositive, isLabelled]) => ({
    f: score >= THRESHOLD ? score : 1 - score,
    y: score >= THRESHOLD === isPositive ? 1 : 0,
    isLabelled,
  }));
  const mean = (all: number[]): number => all.reduce((sum, one) => sum + one, 0) / all.length;
  const cov = (a: number[], b: number[]): number => {
    const [ma, mb] = [mean(a), mean(b)];
    return a.reduce((sum, one, i) => sum + (one - ma) * (b[i]! - mb), 0) / (a.length - 1);
  };
  const known = told.filter(({ isLabelled }) => isLabelled);
  const rest = told.filter(({ isLabelled }) => !isLabelled).map(({ f }) => f);
  const [y, f] = [known.map((one) => one.y), known.map((one) => one.f)];
  const every = told.map((one) => one.f);
  const power = cov(y, f) / ((1 + y.length / rest.length) * cov(every, every));
  const residuals = y.map((one, i) => one - power * f[i]!);
  return {
    power,
    value: power * mean(rest) + mean(residuals),
    variance: (power * power * cov(rest, rest)) / rest.length + cov(residuals, residuals) / y.length,
  };
}

test('is what the formulas say of the rows one by one', () => {
  const random = createRandom(1);
  // Scores of a step of 0.05: all of a bin are the same.
  const rows = draw(random, 400, 0.3, 1).map(
    ([score, ...rest]): Row => [Math.min(0.95, Math.max(0.05, Math.round(score * 20) / 20)), ...rest],
  );
  const [found, expected] = [of(rows), byRows(rows)];
  expect(expected.power).toBeGreaterThan(0.1);
  expect(found.power).toBeCloseTo(expected.power, 9);
  expect(found.value).toBeCloseTo(expected.value, 9);
  expect(found.variance).toBeCloseTo(expected.variance, 9);
});

describe('over many runs', () => {
  const RUNS = 200;
  /** What the truth is by simulation of a million rows is 0.5 + half of the mean distance of its probability from even. */
  const accuracyOfWorld = (slope: number): number => {
    const random = createRandom(99);
    let sum = 0;
    for (let i = 0; i < 400_000; i++) {
      const z = 2 * normal(random);
      sum += z >= 0 ? logistic(slope * z) : 1 - logistic(slope * z);
    }
    return sum / 400_000;
  };
  const reference = createScoreBins();
  for (const [score, isPositive] of draw(createRandom(5), 5_000, 1, 1))
    addScore(reference, score, isPositive ? POSITIVE : NEGATIVE, THRESHOLD);
  const calibrator = calibratorOf(reference)!;

  /** Shares of runs that hold the truth, the mean, and the mean width against that of the labels alone. */
  function runs(slope: number) {
    const truth = accuracyOfWorld(slope);
    let [held, estimateHeld, mean, width, labelsWidth] = [0, 0, 0, 0, 0];
    for (let run = 0; run < RUNS; run++) {
      const rows = draw(createRandom(200 + run), 3_000, 0.05, slope);
      const { value, variance, labelsVariance, labelled } = of(rows, calibrator);
      const { low, high } = shareEnds(value, variance, labelled);
      if (low! <= truth && truth <= high!) held += 1 / RUNS;
      mean += value / RUNS;
      width += Math.sqrt(variance) / RUNS;
      labelsWidth += Math.sqrt(labelsVariance) / RUNS;
      const bins = expectedBins(statesOf(rows).asked, calibrator, THRESHOLD);
      const told = outcomeOf(bins, calibrator, accuracyOf);
      if ('value' in told && told.low! <= truth && truth <= told.high!) estimateHeld += 1 / RUNS;
    }
    return { truth, held, estimateHeld, mean, width, labelsWidth };
  }

  test('it holds the truth, and varies less than the labels alone', () => {
    const { truth, held, estimateHeld, mean, width, labelsWidth } = runs(1);
    expect(held).toBeGreaterThan(0.92);
    expect(estimateHeld).toBeGreaterThan(0.92);
    expect(mean).toBeCloseTo(truth, 2);
    expect(width).toBeLessThan(0.97 * labelsWidth);
  });

  test('it holds the truth where the relation has moved, and the estimate does not', () => {
    const { truth, held, estimateHeld, mean } = runs(0.3);
    expect(held).toBeGreaterThan(0.92);
    expect(mean).toBeCloseTo(truth, 2);
    expect(estimateHeld).toBe(0);
  });
});

describe('the metrics', () => {
  const FRAUD = output('fraud', 'classifier', { classes: ['no', 'yes'], positive: 'yes' });
  const spec = service({ outputs: [FRAUD], streams: [{ ...service().streams[0]!, stream: 'labels' }] });
  const asked = (scores: readonly number[]): TrackState => {
    const state = createScoreBins();
    for (const score of scores) addScore(state, score, ASKED, THRESHOLD);
    return { kind: 'score_bins', state };
  };
  const labels = { 'labels//': counts({ expected: 60, seen: 30 }) };
  const rows = draw(createRandom(2), 300, 0.5, 1);
  const joined = {
    ...labels,
    'asked/mlp/fraud': asked(rows.map(([score]) => score)),
    'scores/mlp/fraud': scoresOf(
      rows.filter(([, , known]) => known).map(([score, is]) => [score, is ? 1 : 0]),
    ),
  };

  test('need no reference: scores are taken as they are', () => {
    const found = measured(joined, spec);
    const { value, power, variance, labelsVariance, labelled } = of(rows);
    expect(only(found, 'corrected_accuracy')).toMatchObject({
      value,
      n: labelled,
      model: 'mlp',
      subject: 'fraud',
    });
    expect(only(found, 'corrected_accuracy').low).toBeLessThan(value);
    expect(only(found, 'estimate_weight')).toMatchObject({
      value: 1 - variance / labelsVariance,
      n: labelled,
    });
    expect(power).toBeGreaterThan(0);
  });

  test('are the accuracy of the labels where all have come', () => {
    const all = rows.map(([score, is]): Row => [score, is, true]);
    const scores = scoresOf(all.map(([score, is]) => [score, is ? 1 : 0]));
    const found = measured({ ...joined, 'scores/mlp/fraud': scores }, spec);
    const right = all.filter(([score, is]) => score >= THRESHOLD === is).length;
    expect(only(found, 'corrected_accuracy')).toMatchObject({ value: right / 300, n: 300 });
    expect(only(found, 'estimate_weight')).toMatchObject({ value: 0, n: 300 });
  });

  test('say how few labels there are, and are silent where labels cannot be', () => {
    const { 'scores/mlp/fraud': _, ...without } = joined;
    expect(only(measured(without, spec), 'corrected_accuracy')).toMatchObject({
      value: null,
      reason: 'no labels of answers with a score',
    });
    const few = scoresOf([[rows[0]![0], 1]]);
    expect(only(measured({ ...joined, 'scores/mlp/fraud': few }, spec), 'estimate_weight')).toMatchObject({
      value: null,
      reason: '1 labels of answers with a score, 20 are needed',
      n: 1,
    });
    const { 'labels//': __, ...read } = joined;
    expect(measured(read, spec).some(({ metric }) => metric === 'corrected_accuracy')).toBe(false);
  });

  test('labels that all say the same leave the interval of their number', () => {
    const right = Array.from({ length: 30 }, (): [number, number] => [0.9, 1]);
    const found = measured(
      { ...labels, 'asked/mlp/fraud': asked(Array(60).fill(0.9)), 'scores/mlp/fraud': scoresOf(right) },
      spec,
    );
    const { value, low, high } = only(found, 'corrected_accuracy');
    expect([value, high]).toEqual([1, 1]);
    expect(low).toBeCloseTo(0.8865, 3);
  });
});
