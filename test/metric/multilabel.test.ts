import { expect, test } from 'vitest';
import { wilson } from '../../src/metric/label-curve.ts';
import type { TrackState } from '../../src/profile/registry.ts';
import { addSets, createSets } from '../../src/profile/sets.ts';
import { createRandom } from './random.ts';
import { measured, only, output, service } from './support.ts';

const CLASSES = ['red', 'green', 'blue', 'grey'];
const spec = service({ outputs: [output('tags', 'multilabel', { classes: CLASSES })] });

function setsOf(rows: readonly (readonly [number, number])[]): TrackState {
  const state = createSets(CLASSES.length);
  for (const [predicted, truth] of rows) addSets(state, [predicted], [truth]);
  return { kind: 'sets', state };
}

// scikit-learn's definitions by hand: accuracy_score, hamming_loss, f1_score(average='micro' and 'macro').
test('sets against true sets', () => {
  const found = measured(
    {
      'performance/m/tags': setsOf([
        [0b0001, 0b0001],
        [0b0011, 0b0001],
        [0b0100, 0b0110],
        [0b0000, 0b0000],
        [0b0101, 0b0011],
      ]),
    },
    spec,
  );
  expect(only(found, 'subset_accuracy')).toMatchObject({ value: 2 / 5, n: 5 });
  // Wrong: green in row 2; green in row 3; green and blue in row 5.
  expect(only(found, 'hamming_loss')).toMatchObject({ value: 4 / 20, n: 5 });
  // Right: red 3, blue 1.
  expect(only(found, 'micro_f1')).toMatchObject({ value: 8 / 12, n: 5 });
  // Red 3/3; green 0 of 1 predicted and 2 true; blue 2 predicted, 1 true, 1 right; grey does not occur.
  expect(only(found, 'macro_f1')).toMatchObject({ value: (1 + 0 + 2 / 3) / 3, n: 5 });
  const of = (metric: string) =>
    found
      .filter((one) => one.metric === metric)
      .map(({ measure }) => [measure.subject, measure.value, measure.n]);
  expect(of('class_precision')).toEqual([
    ['tags=blue', 1 / 2, 2],
    ['tags=green', 0, 1],
    ['tags=grey', null, 0],
    ['tags=red', 1, 3],
  ]);
  expect(of('class_recall')).toEqual([
    ['tags=blue', 1, 1],
    ['tags=green', 0, 2],
    ['tags=grey', null, 0],
    ['tags=red', 1, 3],
  ]);
});

test('classes that err together have a wider macro F1 than those that err apart', () => {
  // Ten of each class are wrong in either case: in the same rows, or in rows of their own.
  const rowsOf = (isWrong: (row: number, index: number) => boolean): [number, number][] =>
    Array.from({ length: 100 }, (_, row) => [
      [0, 1, 2, 3].reduce((set, index) => (isWrong(row, index) ? set : set | (1 << index)), 0),
      0b1111,
    ]);
  const [together, apart] = [
    rowsOf((row) => row < 10),
    rowsOf((row, index) => Math.floor(row / 10) === index),
  ].map((rows) => only(measured({ 'performance/m/tags': setsOf(rows) }, spec), 'macro_f1'));
  // F1 = 2 J / (1 + J) of J = 90 / 100.
  const { low, high } = wilson(90, 100);
  const value = 1.8 / 1.9;
  expect(together!.value).toBeCloseTo(value, 12);
  // As one class alone; and as four that are independent.
  expect(together!.low).toBeCloseTo((2 * low) / (1 + low), 12);
  expect(together!.high).toBeCloseTo((2 * high) / (1 + high), 12);
  expect(apart!.low).toBeCloseTo(value - (value - (2 * low) / (1 + low)) / 2, 12);
  expect(apart!.high).toBeCloseTo(value + ((2 * high) / (1 + high) - value) / 2, 12);
});

test('the correlation of unlike classes is that over rows, one by one', () => {
  const random = createRandom('unlike');
  const [shares, misses] = [
    [0.9, 0.5, 0.3, 0.2],
    [0.05, 0.1, 0.3, 0.4],
  ];
  const drawn = Array.from({ length: 60 }, () => {
    const common = random.uniform();
    return shares!.map((share, c) => {
      const isIn = random.uniform() < share;
      const isWrong = (random.uniform() < 0.6 ? common : random.uniform()) < misses![c]!;
      return { isIn, isWrong };
    });
  });
  const rows = drawn.map((row): [number, number] => [
    row.reduce((set, { isIn, isWrong }, c) => (isIn !== isWrong ? set | (1 << c) : set), 0),
    row.reduce((set, { isIn }, c) => (isIn ? set | (1 << c) : set), 0),
  ]);
  const all = drawn.flat();
  const sum = (list: readonly number[]): number => list.reduce((total, x) => total + x, 0);
  const variance = (list: readonly number[]): number =>
    sum(list.map((x) => (x - sum(list) / list.length) ** 2));
  const [right, wrong] = [
    all.filter(({ isIn, isWrong }) => isIn && !isWrong).length,
    all.filter(({ isWrong }) => isWrong).length,
  ];
  const f1 = (2 * right) / (2 * right + wrong);
  const parts = drawn.map((row) => row.map(({ isIn, isWrong }) => (isWrong ? -f1 : isIn ? 2 * (1 - f1) : 0)));
  const own = shares!.map((_, c) => variance(parts.map((row) => row[c]!)));
  const together = variance(parts.map(sum));
  const correlation = (together - sum(own)) / (sum(own.map(Math.sqrt)) ** 2 - sum(own));
  expect(correlation).toBeGreaterThan(0.1);
  expect(correlation).toBeLessThan(0.9);
  const back = (share: number): number => (2 * share) / (1 + share);
  const classes = shares!.map((_, c) => {
    const mine = drawn.map((row) => row[c]!);
    const hits = mine.filter(({ isIn, isWrong }) => isIn && !isWrong).length;
    const n = hits + mine.filter(({ isWrong }) => isWrong).length;
    const { low, high } = wilson(hits, n);
    const value = back(hits / n);
    return { value, below: value - back(low), above: back(high) - value };
  });
  const spread = (of: readonly number[]): number =>
    Math.sqrt((1 - correlation) * sum(of.map((x) => x * x)) + correlation * sum(of) ** 2) / 4;
  const { value, low, high } = only(measured({ 'performance/m/tags': setsOf(rows) }, spec), 'macro_f1');
  expect(value).toBeCloseTo(sum(classes.map((one) => one.value)) / 4, 12);
  expect(value! - low!).toBeCloseTo(spread(classes.map(({ below }) => below)), 12);
  expect(high! - value!).toBeCloseTo(spread(classes.map(({ above }) => above)), 12);
});

test('where nothing is wrong, classes may yet err together', () => {
  const { value, low, high } = only(
    measured({ 'performance/m/tags': setsOf(Array(50).fill([0b0011, 0b0011])) }, spec),
    'macro_f1',
  );
  const least = wilson(50, 50).low;
  expect([value, high]).toEqual([1, 1]);
  expect(low).toBeCloseTo((2 * least) / (1 + least), 12);
});

test('reasons', () => {
  const none = measured({ 'performance/m/tags': setsOf([]) }, spec);
  for (const metric of ['subset_accuracy', 'hamming_loss', 'micro_f1', 'macro_f1'])
    expect(only(none, metric)).toMatchObject({ value: null, reason: 'no labels', n: 0 });
  const empty = measured({ 'performance/m/tags': setsOf([[0, 0]]) }, spec);
  expect(only(empty, 'micro_f1')).toMatchObject({ value: null, reason: 'no labels in any set', n: 1 });
  expect(only(empty, 'subset_accuracy').value).toBe(1);
});
