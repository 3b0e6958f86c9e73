import { expect, test } from 'vitest';
import {
  createPowered,
  foldPowered,
  type PoweredBatch,
  poweredInterval,
} from '../../src/detect/prediction-powered.ts';
import { randomOf } from './support.ts';

const EMPTY: PoweredBatch = {
  n: 0,
  sum: 0,
  squares: 0,
  labelled: 0,
  sumY: 0,
  sumF: 0,
  squaresY: 0,
  squaresF: 0,
  products: 0,
};

/** A window of losses with mean `rate`, of which some have labels; `estimate` says what the estimator says of a loss. */
function windowOf(random: () => number, rate: number, estimate: (y: number) => number): PoweredBatch {
  const batch = { ...EMPTY };
  for (let i = 0; i < 500; i++) {
    const y = random() < rate ? 1 : 0;
    const f = estimate(y);
    if (i < 50) {
      batch.labelled += 1;
      batch.sumY += y;
      batch.sumF += f;
      batch.squaresY += y * y;
      batch.squaresF += f * f;
      batch.products += y * f;
    } else {
      batch.n += 1;
      batch.sum += f;
      batch.squares += f * f;
    }
  }
  return batch;
}

function after(windows: number, seed: number, estimate: (y: number, random: () => number) => number) {
  const random = randomOf(seed);
  const state = createPowered();
  let missed = false;
  for (let k = 1; k <= windows; k++) {
    foldPowered(
      state,
      windowOf(random, 0.2, (y) => estimate(y, random)),
    );
    const found = poweredInterval(state, 40, 0.1);
    // The first windows are too few for what is asymptotic.
    if (k >= 5 && found !== undefined) missed ||= found.low > 0.2 || found.high < 0.2;
  }
  return { state, missed, ...poweredInterval(state, 40, 0.1)! };
}

const good = (y: number, random: () => number): number => 0.8 * y + 0.3 * random();
const useless = (_: number, random: () => number): number => random();

test('good estimates narrow the interval, useless ones do not widen it', () => {
  const [with1, with2, none] = [after(40, 1, good), after(40, 1, useless), after(40, 1, () => 0)];
  expect(with1.state.power).toBeGreaterThan(0.8);
  expect(with2.state.power).toBeLessThan(0.1);
  expect(with1.high - with1.low).toBeLessThan(0.6 * (none.high - none.low));
  expect(with2.high - with2.low).toBeLessThan(1.05 * (none.high - none.low));
});

test('estimates that are wrong do not move it', () => {
  const found = after(40, 2, (y, random) => 0.5 + 0.4 * y + 0.1 * random());
  expect(found.mean).toBeGreaterThan(0.17);
  expect(found.mean).toBeLessThan(0.23);
});

test('it holds at all times', () => {
  let missed = 0;
  for (let seed = 0; seed < 100; seed++) missed += after(40, seed + 10, good).missed ? 1 : 0;
  expect(missed).toBeLessThanOrEqual(10);
});

test('without estimates it is the mean of the labels', () => {
  const state = createPowered();
  expect(poweredInterval(state, 10, 0.1)).toBe(undefined);
  expect(foldPowered(state, { ...EMPTY, labelled: 1, sumY: 1, squaresY: 1 })).toBe(false);
  expect(foldPowered(state, { ...EMPTY, labelled: 10, sumY: 3, squaresY: 3 })).toBe(true);
  expect(poweredInterval(state, 10, 0.1)?.mean).toBeCloseTo(0.3, 12);
  expect(state.variance).toBeCloseTo(((0.3 * 0.7) / 9) * 1, 12);
});
