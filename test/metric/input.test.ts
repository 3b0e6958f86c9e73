import { describe, expect, test } from 'vitest';
import { psiOf } from '../../src/metric/drift/measures.ts';
import { ksOf } from '../../src/metric/drift/ordered.ts';
import type { Baseline, ServiceSpec } from '../../src/records.ts';
import { categories, counts, input, measured, numbers, only, service } from './support.ts';

const baseline: Baseline = {
  format: 'telltale-baseline/1',
  service: 'fraud',
  n: 8,
  tracks: {
    amount: {
      type: 'numeric',
      n: 8,
      missing: 0,
      invalid: 0,
      mean: 2,
      std: 1,
      min: 1,
      max: 3,
      edges: [2],
      counts: [0, 4, 4, 0],
      sketch: [
        [bucket(1), 4],
        [bucket(3), 4],
      ],
    },
    steady: {
      type: 'numeric',
      n: 100,
      missing: 0,
      invalid: 0,
      mean: 7,
      std: 0,
      min: 7,
      max: 7,
      edges: [],
      counts: [0, 100, 0],
      sketch: [[bucket(7), 100]],
    },
    channel: { type: 'categorical', n: 10, missing: 0, invalid: 0, counts: { card: 4, cash: 4 } },
  },
};

function bucket(value: number): number {
  return [...numbers([value]).state.sketch.pages].map(([page, parts]) => page * 64 + parts.indexOf(1))[0]!;
}

const inputs = [
  input('amount', 'numeric', { range: [0, 10] }),
  input('steady', 'numeric'),
  input('channel', 'categorical', { categories: ['wallet'] }),
  input('country', 'categorical'),
];
const bare = service({ inputs });
const based = service({ inputs, baseline });

test('who answered is counted by version, and those that answered nothing too', () => {
  const models = ['mlp', 'forest', 'idle'].map((name) => ({ name }) as ServiceSpec['models'][number]);
  const tracks = { 'routed//': counts({ '=mlp': 40, '=forest': 2, '7=mlp': 30, '7=': 1, other: 3 }) };
  const found = measured(tracks, service({ models })).filter(({ metric }) => metric === 'answered');
  expect(found.map(({ measure: { subject, model, value, n } }) => [subject, model, value, n])).toEqual([
    ['', 'forest', 2, 2],
    ['', 'idle', 0, 0],
    ['', 'mlp', 40, 40],
  ]);
});

describe('volume', () => {
  test('counts of the streams', () => {
    const found = measured({
      'rows//requests': counts({ rows: 120, late: 3, dead: 2 }),
      'rows//labels': counts({ rows: 7, dead: 1 }),
    });
    expect(only(found, 'volume')).toMatchObject({ subject: '', model: '', value: 120, reason: '', n: 120 });
    expect(only(found, 'throughput')).toMatchObject({ subject: '', value: 2, n: 120 });
    const perStream = (metric: string) =>
      found.filter((one) => one.metric === metric).map(({ measure }) => [measure.subject, measure.value]);
    expect(perStream('late')).toEqual([
      ['labels', 0],
      ['requests', 3],
    ]);
    expect(perStream('dead_letters')).toEqual([
      ['labels', 1],
      ['requests', 2],
    ]);
  });

  test('what the join sets aside', () => {
    const found = measured({
      'rows//requests': counts({ rows: 120 }),
      'rows//events': counts({ late: 3, duplicate: 2, unmatched: 5, dropped: 4 }),
    });
    expect(only(found, 'duplicates')).toMatchObject({ subject: 'events', value: 2, n: 14 });
    expect(only(found, 'unmatched')).toMatchObject({ subject: 'events', value: 5, n: 14 });
    expect(only(found, 'dropped')).toMatchObject({ subject: 'events', value: 4, n: 14 });
    const late = found.filter(({ metric }) => metric === 'late').map(({ measure }) => measure);
    expect(late).toMatchObject([
      { subject: 'events', value: 3 },
      { subject: 'requests', value: 0 },
    ]);
  });

  test('predictions count where no requests are read', () => {
    const found = measured({ 'rows//predictions': counts({ rows: 30 }) }, service({ streams: [] }));
    expect(only(found, 'volume')).toMatchObject({ subject: '', value: 30 });
    expect(only(found, 'throughput').value).toBe(0.5);
  });
});

describe('cells without a good value', () => {
  test('missing and out of range', () => {
    const found = measured({ 'input//amount': numbers([1, null, 11, -1, 5], bare, 'amount') }, bare);
    expect(only(found, 'missing_rate')).toMatchObject({ subject: 'amount', value: 0.2, n: 5 });
    expect(only(found, 'invalid_rate')).toMatchObject({ value: 0, n: 5 });
    expect(only(found, 'out_of_range_rate')).toMatchObject({ value: 0.5, n: 4 });
  });

  test('a range that is not declared is a reason, and lengths have none', () => {
    const found = measured(
      { 'input//steady': numbers([1], bare, 'steady'), 'input//query.length': numbers([1]) },
      bare,
    );
    expect(only(found, 'out_of_range_rate')).toMatchObject({
      subject: 'steady',
      value: null,
      reason: 'no range',
    });
  });

  test('new categories are those that are neither declared nor in the baseline', () => {
    // Far more than the five that are kept, so that some are counted without their name.
    const values = ['card', 'wallet', null, ...Array.from({ length: 38 }, (_, i) => `coin ${i}`)];
    const found = measured({ 'input//channel': categories(values, based, 'channel') }, based);
    expect(only(found, 'new_category_rate')).toMatchObject({ value: 38 / 40, n: 40 });
    expect(only(found, 'missing_rate')).toMatchObject({ value: 1 / 41, n: 41 });
  });

  test('without known categories nothing is new', () => {
    const found = measured({ 'input//country': categories(['de'], bare, 'country') }, bare);
    expect(only(found, 'new_category_rate')).toMatchObject({
      value: null,
      reason: 'no known categories',
      n: 1,
    });
  });
});

describe('location and spread', () => {
  const values = Array.from({ length: 101 }, (_, i) => i);
  const found = measured({ 'input//amount': numbers(values) }, bare);

  test.each([
    ['mean', 50],
    ['std', Math.sqrt(858.5)],
    ['median', 50],
    ['p05', 5],
    ['p95', 95],
    ['min', 0],
    ['max', 100],
  ])('%s', (metric, expected) => {
    const { value, n } = only(found, metric);
    expect(Math.abs(value! - expected)).toBeLessThanOrEqual(expected / 128);
    expect(n).toBe(101);
  });

  test('no values is a reason, one value has no spread', () => {
    const empty = measured({ 'input//amount': numbers([null]) }, bare);
    for (const metric of ['mean', 'median', 'p05', 'p95', 'min', 'max'])
      expect(only(empty, metric)).toMatchObject({ value: null, reason: 'no values', n: 0 });
    const one = measured({ 'input//amount': numbers([3.3]) }, bare);
    expect(only(one, 'std')).toMatchObject({ value: null, reason: 'fewer than two values', n: 1 });
    expect(only(one, 'median').value).toBe(3.3);
  });

  test('an overflow is no value', () => {
    const huge = measured({ 'input//amount': numbers([1e308, 1e308]) }, bare);
    expect(only(huge, 'mean')).toMatchObject({ value: null, reason: 'beyond the range of numbers' });
  });
});

describe('drift', () => {
  test('PSI by hand, with half a row in every cell that is not empty on both sides', () => {
    // Shares 4.5/9 and 4.5/9 against 1.5/5 and 3.5/5.
    const expected = (0.3 - 0.5) * Math.log(0.3 / 0.5) + (0.7 - 0.5) * Math.log(0.7 / 0.5);
    expect(psiOf([0, 4, 4, 0], [0, 1, 3, 0])).toBeCloseTo(expected, 14);
    const found = measured({ 'input//amount': numbers([1, 2, 2.5, 3], based, 'amount') }, based);
    expect(only(found, 'psi')).toMatchObject({ subject: 'amount', n: 4 });
    expect(only(found, 'psi').value).toBeCloseTo(expected, 14);
  });

  test('an empty cell on one side is finite and counts', () => {
    expect(psiOf([10, 0], [0, 10])).toBeGreaterThan(1);
    expect(psiOf([10, 0], [0, 10])).toBeLessThan(100);
    expect(psiOf([10, 0], [10, 0])).toBe(0);
  });

  test('a constant column that stays is no drift, one that moves either way is', () => {
    const drift = (value: number): [number, number] => {
      const track = numbers(
        Array.from({ length: 50 }, () => value),
        based,
        'steady',
      );
      const found = measured({ 'input//steady': track }, based);
      return [only(found, 'psi').value!, only(found, 'ks').value!];
    };
    expect(drift(7)).toEqual([0, 0]);
    for (const moved of [6.9, 7.1, 8]) {
      expect(drift(moved)[0]).toBeGreaterThan(3);
      expect(drift(moved)[1]).toBe(1);
    }
  });

  test('categories: known ones have a cell each, all others share one', () => {
    // The baseline kept 8 of 10 rows by name; `wallet` is declared and was never seen.
    const found = measured(
      { 'input//channel': categories(['card', 'wallet', 'x', 'y', null], based, 'channel') },
      based,
    );
    expect(only(found, 'psi').value).toBeCloseTo(psiOf([4, 4, 0, 2], [1, 0, 1, 2]), 14);
    expect(only(found, 'psi').n).toBe(4);
    expect(found.filter(({ metric }) => metric === 'ks')).toEqual([]);
  });

  test('KS by hand, also below zero', () => {
    const spread = [-3, -1, 1, 5].map((value): [number, number] => [value, 1]);
    expect(ksOf(spread, [[5, 4]])).toBe(0.75);
    expect(ksOf(spread, [[-3, 4]])).toBe(0.75);
    const [pair, later] = [
      [
        [1, 4],
        [3, 4],
      ],
      [
        [2, 1],
        [3, 3],
      ],
    ] as [number, number][][];
    expect(ksOf(pair!, later!)).toBe(0.5);
    const found = measured({ 'input//amount': numbers([1, 3, 3, 3], based, 'amount') }, based);
    expect(only(found, 'ks')).toMatchObject({ value: 0.25, n: 4 });
  });

  test('reasons', () => {
    const none = measured({ 'input//amount': numbers([1]), 'input//country': categories(['de']) }, based);
    expect(none.filter(({ metric, measure }) => metric === 'psi' && measure.value !== null)).toEqual([]);
    const reasons = none.filter(({ metric }) => metric === 'psi').map(({ measure }) => measure.reason);
    expect(reasons).toEqual(['counted for another baseline', 'no baseline']);
    const empty = measured({ 'input//amount': numbers([null], based, 'amount') }, based);
    for (const metric of ['psi', 'ks'])
      expect(only(empty, metric)).toMatchObject({ value: null, reason: 'no values', n: 0 });
    const unbased = measured({ 'input//amount': numbers([1], bare, 'amount') }, bare);
    for (const metric of ['psi', 'ks'])
      expect(only(unbased, metric)).toMatchObject({ reason: 'no baseline', n: 1 });
  });
});
