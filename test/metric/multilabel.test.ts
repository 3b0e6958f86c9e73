import { expect, test } from 'vitest';
import { wilson } from '../../src/metric/label-curve.ts';
import type { TrackState } from '../../src/profile/registry.ts';
import { addSets, createSets } from '../../src/profile/sets.ts';
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
