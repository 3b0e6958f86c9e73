import { describe, expect, test } from 'vitest';
import type { OutputColumn, StreamName } from '../../src/records.ts';
import { byMinute, drive, MINUTE, type Sent, scorerOf, sorted, T0, total } from './support.ts';

const serviceOf = (more = ''): string => `
service: shop
streams:
  requests: { topic: shop.requests }
  predictions: { topic: shop.predictions, fields: { price: price } }
  labels: { topic: shop.labels, fields: { price: price } }
  feedback: { topic: shop.feedback }
inputs:
  amount: { type: numeric }
outputs:
  price: { type: regressor }
windows: { size: 1m, lateness: 5s }
join: { max_delay: 5m }
${more}
`;
const SERVICE = serviceOf();

const sent = (stream: StreamName, id: string, seconds: number, more: object = {}): Sent => ({
  stream,
  key: id,
  value: { id, time: T0 + seconds * 1_000, ...more },
});
const request = (id: string, seconds: number, amount = 10): Sent => sent('requests', id, seconds, { amount });
const prediction = (id: string, seconds: number, price: number): Sent =>
  sent('predictions', id, seconds, { price });
const label = (id: string, seconds: number, price: number): Sent => sent('labels', id, seconds, { price });
/** Moves the watermark of every stream of the join. */
const later = (seconds: number): Sent[] => [
  request(`later${seconds}`, seconds),
  prediction(`later${seconds}`, seconds, 1),
  label(`later${seconds}`, seconds, 1),
  sent('feedback', `later${seconds}`, seconds, { kind: 'other' }),
];

/** Mean absolute error of another system's answers and its n in the first minute. */
async function errorOf(records: readonly Sent[], chunk = 1) {
  const { results } = await drive(SERVICE, records, { chunk });
  const mae = results.find(({ metric, windowStartMs }) => metric === 'mae' && windowStartMs === T0);
  const counts = {
    duplicates: total(results, 'duplicates', 'events'),
    unmatched: total(results, 'unmatched', 'events'),
    late: total(results, 'late', 'events'),
  };
  return { value: mae?.value ?? null, n: mae?.n ?? 0, ...counts };
}
const clean = { duplicates: 0, unmatched: 0, late: 0 };

describe('labels', () => {
  const base = [request('a', 1), prediction('a', 2, 100)];

  test('match whatever comes first', async () => {
    const records = [...base, label('a', 60, 90)];
    const orders = [
      [0, 1, 2],
      [2, 1, 0],
      [1, 2, 0],
      [2, 0, 1],
    ];
    for (const order of orders) {
      const found = await errorOf(order.map((i) => records[i]!));
      expect(found).toEqual({ value: 10, n: 1, ...clean });
    }
  });

  test('count once for an id', async () => {
    const found = await errorOf([...base, label('a', 60, 90), label('a', 61, 0)]);
    expect(found).toEqual({ value: 10, n: 1, ...clean, duplicates: 1 });
  });

  test.each([
    ['after', (late: Sent) => [...base, late]],
    ['before', (late: Sent) => [late, ...base]],
  ])('later than the longest delay are late, also when they are read %s their request', async (_, order) => {
    expect(await errorOf(order(label('a', 301, 90)))).toEqual({ value: 10, n: 1, ...clean });
    expect(await errorOf(order(label('a', 302, 90)))).toEqual({ value: null, n: 0, ...clean, late: 1 });
  });

  test('of unknown ids are unmatched', async () => {
    const found = await errorOf([...base, label('x', 3, 1), label('a', 60, 90), ...later(900)]);
    expect(found).toEqual({ value: 10, n: 1, ...clean, unmatched: 1 });
  });

  test('of a request that was forgotten are unmatched', async () => {
    const found = await errorOf([...base, ...later(900), label('a', 60, 90)]);
    expect(found).toMatchObject({ n: 0, unmatched: 1 });
  });
});

test('a request that comes twice counts once in the join, and is visible', async () => {
  const records = [request('a', 1), prediction('a', 2, 100), request('a', 3), label('a', 60, 90)];
  expect(await errorOf(records)).toEqual({ value: 10, n: 1, ...clean, duplicates: 1 });
});

test('each kind of feedback counts once for a request', async () => {
  const kinds = ['click', 'click', 'redo', 'nonsense'];
  const records = [
    request('a', 1),
    request('b', 2),
    ...kinds.map((kind, i) => sent('feedback', 'a', 10 + i, { kind })),
    sent('feedback', 'b', 400, { kind: 'click' }),
  ];
  for (const chunk of [1, 100]) {
    const { results } = await drive(SERVICE, records, { chunk });
    expect(byMinute(results, 'click_through_rate')[0]).toBe(0.5);
    expect(byMinute(results, 'redo_rate')[0]).toBe(0.5);
    expect(total(results, 'late', 'events')).toBe(1);
  }
});

test('answers of Telltale and of another system are both measured', async () => {
  const models = `
models:
  - name: mlp
    role: primary
    file: none.onnx
    inputs: { X: [amount] }
    outputs: { price: { value: v } }
`;
  const scorer = scorerOf((batch) => {
    const column = batch.inputs[0]!;
    const values =
      column.kind === 'numeric' ? column.values.map((amount) => 2 * amount) : new Float64Array(batch.n);
    const answers: OutputColumn = { kind: 'number', values, state: new Uint8Array(batch.n) };
    return { models: [[answers]], images: [] };
  });
  const records = [1, 2, 3, 4].flatMap((i) => [
    request(`r${i}`, i, i),
    prediction(`r${i}`, i, 2 * i + 3),
    label(`r${i}`, 10 + i, 2 * i + 1),
  ]);
  const { results } = await drive(serviceOf(models), records, { scorer });
  const bias = results
    .filter(({ metric }) => metric === 'bias')
    .map(({ model, value, n }) => [model, value, n]);
  expect(bias).toEqual([
    ['external', 2, 4],
    ['mlp', -1, 4],
  ]);
});

test('streams of one partition and of several, in step and apart, give the same', async () => {
  const requests = Array.from({ length: 300 }, (_, i) => request(`r${i}`, i));
  const predictions = Array.from({ length: 300 }, (_, i) => prediction(`r${i}`, i, i));
  const labels = Array.from({ length: 300 }, (_, i) => label(`r${i}`, i + 20, i + (i % 7)));
  const inStep = requests.flatMap((one, i) => [one, predictions[i]!, labels[i]!]);
  const first = await drive(SERVICE, inStep, { chunk: 50 });
  expect(total(first.results, 'mae', 'price')).toBeGreaterThan(0);
  const apart = await drive(SERVICE, [...labels, ...predictions, ...requests], {
    chunk: 1_000,
    partitions: 2,
  });
  expect(sorted(apart.results)).toEqual(sorted(first.results));
});

test('windows of a service without feedback traffic close at the end', async () => {
  const { results } = await drive(SERVICE, [request('a', 1), request('b', 1 + MINUTE / 1_000)]);
  expect(byMinute(results, 'volume')).toEqual({ 0: 1, 1: 1 });
});
