import { expect, test } from 'vitest';
import { measureCell, type Reference } from '../../src/metric/registry.ts';
import type { Tracks } from '../../src/profile/registry.ts';
import { numbers, output, service } from './support.ts';

const KEY = 'performance/mlp/price#abs';
const spec = service({ outputs: [output('price', 'regressor')] });
const rateOf = (before: number[] | null, now: number[]) => {
  const state = before === null ? undefined : numbers(before);
  const reference: Reference = {
    baseline: () => undefined,
    state: (key) => (key === KEY ? state : undefined),
    isOwn: true,
    source: 'file',
    absence: 'no baseline',
  };
  const tracks: Tracks = new Map([[KEY, numbers(now)]]);
  const found = measureCell(tracks, { spec, windowMs: 60_000, reference, isFinal: true });
  return found.find(({ metric }) => metric === 'large_error_rate')!.measure;
};
const ten = Array.from({ length: 10 }, (_, i) => i + 1);

test('errors beyond nine in ten of the reference', () => {
  expect(rateOf(ten, ten)).toMatchObject({ value: 0.1, n: 10, subject: 'price', model: 'mlp' });
  expect(rateOf(ten, [1, 20, 30, 9])).toMatchObject({ value: 0.5, n: 4 });
  expect(rateOf(ten, [1, 20, 30, 9]).low).toBeCloseTo(0.15, 2);
});

test('where all errors are alike, or there is nothing to compare with', () => {
  expect(rateOf([5, 5, 5], [5, 5])).toMatchObject({ value: 0, n: 2 });
  expect(rateOf(null, ten)).toMatchObject({ value: null, reason: 'no baseline', n: 10 });
  expect(rateOf([], ten)).toMatchObject({ value: null, n: 10 });
  expect(rateOf(ten, [])).toMatchObject({ value: null, reason: 'no labels', n: 0 });
});
