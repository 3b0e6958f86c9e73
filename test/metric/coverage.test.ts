/**
 * Whether a 95 % interval holds the truth in 95 % of samples: seeded samples of 200 rows from models whose true value is
 * known. Bounds allow for the noise of the simulation itself (1,000 samples: +- 1.4 %).
 */

import { describe, expect, test } from 'vitest';
import { normalQuantile } from '../../src/math/special.ts';
import { gainOf } from '../../src/metric/agreement.ts';
import type { Outcome } from '../../src/metric/metric.ts';
import { averagePrecisionOf, calibrationPOf, equalCountGroups, rocAucOf } from '../../src/metric/scored.ts';
import type { TrackState } from '../../src/profile/registry.ts';
import { scoreBinsOf } from '../../src/profile/score-bins.ts';
import { addSets, createSets } from '../../src/profile/sets.ts';
import { confusionOf, errorsOf, measured, only, output, scoresOf, service } from './support.ts';

const N = 200;
const SAMPLES = 1_000;

/** Uniform in 0..1: mulberry32 (T. Ettinger, public domain). */
function randomOf(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Share of the samples whose interval holds the truth. */
function coverageOf(truth: number, sample: (random: () => number) => { low: number; high: number }): number {
  const random = randomOf(7);
  let held = 0;
  for (let i = 0; i < SAMPLES; i++) {
    const { low, high } = sample(random);
    if (low <= truth && truth <= high) held++;
  }
  return held / SAMPLES;
}

const endsOf = (outcome: Outcome): { low: number; high: number } => {
  if ('reason' in outcome) throw new Error(outcome.reason);
  return { low: outcome.low!, high: outcome.high! };
};

/** Bounds at n = 200, where an exact interval has 0.95. */
function expectHonest(coverage: number, what: string): void {
  expect(coverage, what).toBeGreaterThanOrEqual(0.93);
  expect(coverage, what).toBeLessThanOrEqual(0.965);
}

const SPEC = service({
  outputs: [
    output('binary', 'classifier', { classes: ['no', 'yes'], positive: 'yes' }),
    output('three', 'classifier', { classes: ['a', 'b', 'c'] }),
    output('price', 'regressor'),
    output('tags', 'multilabel', { classes: ['a', 'b', 'c'] }),
  ],
});

const CELLS = {
  // Rows are answers, columns truths.
  binary: [
    [0.62, 0.08],
    [0.1, 0.2],
  ],
  three: [
    [0.42, 0.05, 0.03],
    [0.06, 0.2, 0.02],
    [0.04, 0.03, 0.15],
  ],
};

function drawTable(random: () => number, cells: readonly (readonly number[])[]): number[][] {
  const table = cells.map((row) => row.map(() => 0));
  const flat = cells.flat();
  for (let i = 0; i < N; i++) {
    let left = random();
    let at = 0;
    while (at < flat.length - 1 && left >= flat[at]!) left -= flat[at++]!;
    table[Math.floor(at / cells.length)]![at % cells.length]!++;
  }
  return table;
}

describe('tables of answers and truths', () => {
  const METRICS = [
    'accuracy',
    'balanced_accuracy',
    'precision',
    'recall',
    'f1',
    'mcc',
    'label_kappa',
    'label_ac1',
  ];
  test.each(Object.keys(CELLS) as (keyof typeof CELLS)[])('%s', (name) => {
    const key = `performance/m/${name}`;
    const found = (table: readonly (readonly number[])[]) => measured({ [key]: confusionOf(table) }, SPEC);
    const truth = found(CELLS[name].map((row) => row.map((share) => share * 1e9)));
    const random = randomOf(11);
    const held = new Map(METRICS.map((metric) => [metric, 0]));
    for (let i = 0; i < SAMPLES; i++) {
      const sample = found(drawTable(random, CELLS[name]));
      for (const metric of METRICS) {
        const { low, high } = only(sample, metric);
        const value = only(truth, metric).value!;
        if (low! <= value && value <= high!) held.set(metric, held.get(metric)! + 1);
      }
    }
    for (const [metric, count] of held) {
      expectHonest(count / SAMPLES, metric);
    }
  });
});

describe('scores', () => {
  /** Normal scores of two classes with means `distance` apart, 30 % positive, through the logistic function. */
  const distance = 1.5;
  const draw = (random: () => number): [number, number][] =>
    Array.from({ length: N }, () => {
      const label = random() < 0.3 ? 1 : 0;
      const z = normalQuantile(Math.max(1e-12, random())) + label * distance;
      return [1 / (1 + Math.exp(-(distance * z - distance ** 2 / 2 + Math.log(3 / 7)))), label];
    });
  // Numerically, from a sample of a million.
  const big = (() => {
    const random = randomOf(3);
    return Array.from({ length: 5_000 }, () => draw(random)).flat();
  })();
  const binsOf = (rows: [number, number][]) => {
    const track = scoresOf(rows);
    if (track.kind !== 'score_bins') throw new Error('not scores');
    return scoreBinsOf(track.state);
  };

  test('ROC AUC and average precision', () => {
    const whole = binsOf(big);
    for (const [name, read] of [
      ['roc', rocAucOf],
      ['pr', averagePrecisionOf],
    ] as const) {
      const truth = read(whole);
      if ('reason' in truth) throw new Error('no truth');
      expectHonest(
        coverageOf(truth.value, (random) => endsOf(read(binsOf(draw(random))))),
        name,
      );
    }
  });

  test('losses', () => {
    const key = 'scores/m/binary';
    const truth = measured({ [key]: scoresOf(big) }, SPEC);
    for (const metric of ['brier', 'log_loss']) {
      const value = only(truth, metric).value!;
      const coverage = coverageOf(value, (random) => {
        const { low, high } = only(measured({ [key]: scoresOf(draw(random)) }, SPEC), metric);
        return { low: low!, high: high! };
      });
      expectHonest(coverage, metric);
    }
  });

  test('the p-value of perfect calibration is uniform', () => {
    const random = randomOf(5);
    let [small, half] = [0, 0];
    for (let i = 0; i < SAMPLES; i++) {
      const p = calibrationPOf(equalCountGroups(binsOf(draw(random))));
      if (p! <= 0.05) small++;
      if (p! <= 0.5) half++;
    }
    expect(small / SAMPLES).toBeGreaterThan(0.03);
    expect(small / SAMPLES).toBeLessThan(0.07);
    expect(half / SAMPLES).toBeGreaterThan(0.45);
    expect(half / SAMPLES).toBeLessThan(0.55);
  });
});

describe('errors', () => {
  test('of a regressor', () => {
    const draw = (random: () => number): [number, number][] =>
      Array.from({ length: N }, () => {
        const truth = 50 + 10 * normalQuantile(Math.max(1e-12, random()));
        return [truth + 1 + 4 * normalQuantile(Math.max(1e-12, random())), truth];
      });
    const random = randomOf(3);
    const big = errorsOf(Array.from({ length: 5_000 }, () => draw(random)).flat());
    const truth = measured({ 'performance/m/price': big }, SPEC);
    for (const metric of ['mae', 'rmse', 'mape', 'r2', 'bias']) {
      const value = only(truth, metric).value!;
      const coverage = coverageOf(value, (own) => {
        const { low, high } = only(measured({ 'performance/m/price': errorsOf(draw(own)) }, SPEC), metric);
        return { low: low!, high: high! };
      });
      expectHonest(coverage, metric);
    }
  });
});

/** Three classes that go together: a row's difficulty moves all of its errors. */
test('sets', () => {
  const draw = (random: () => number, rows: number): TrackState => {
    const state = createSets(3);
    for (let i = 0; i < rows; i++) {
      const wrong = random() < 0.3 ? 0.4 : 0.05;
      let [predicted, truth] = [0, 0];
      for (let c = 0; c < 3; c++) {
        const isIn = random() < 0.35;
        if (isIn) truth |= 1 << c;
        if (isIn !== random() < wrong) predicted |= 1 << c;
      }
      addSets(state, [predicted], [truth]);
    }
    return { kind: 'sets', state };
  };
  const key = 'performance/m/tags';
  const truth = measured({ [key]: draw(randomOf(3), 1_000_000) }, SPEC);
  for (const metric of ['subset_accuracy', 'hamming_loss', 'micro_f1', 'macro_f1']) {
    const value = only(truth, metric).value!;
    const coverage = coverageOf(value, (random) => {
      const { low, high } = only(measured({ [key]: draw(random, N) }, SPEC), metric);
      return { low: low!, high: high! };
    });
    expectHonest(coverage, metric);
  }
});

test('gain of the shadow', () => {
  const coverage = coverageOf(0.06, (random) => {
    let [b, c] = [0, 0];
    for (let i = 0; i < N; i++) {
      const x = random();
      if (x < 0.05) b++;
      else if (x < 0.16) c++;
    }
    return endsOf(gainOf(b, c, N));
  });
  expectHonest(coverage, 'gain');
});
