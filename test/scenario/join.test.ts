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
  ])(
    'later than the longest delay match nothing, also when they are read %s their request',
    async (_, order) => {
      expect(await errorOf(order(label('a', 301, 90)))).toEqual({ value: 10, n: 1, ...clean });
      expect(await errorOf(order(label('a', 302, 90)))).toEqual({
        value: null,
        n: 0,
        ...clean,
        unmatched: 1,
      });
    },
  );

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
    // Neither a kind that is not mapped nor one that came too late is feedback.
    expect(byMinute(results, 'abandonment_rate')[0]).toBe(0.5);
    expect(total(results, 'unmatched', 'events')).toBe(1);
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

describe('results that depend on labels', () => {
  const REVISED = SERVICE.replace(
    'join: { max_delay: 5m }',
    'join: { max_delay: 5m, revise_after: [1m, 2m] }',
  );
  const records = [
    ...['a', 'b', 'c', 'd'].flatMap((id, i) => [request(id, i), prediction(id, i, 100)]),
    label('a', 90, 90),
    label('b', 150, 80),
    label('c', 250, 60),
  ];
  const maesOf = async (more: readonly Sent[] = [], service = REVISED) => {
    const { results, preliminary } = await drive(service, [...records, ...more]);
    return [...preliminary, ...results]
      .filter(({ metric, windowStartMs }) => metric === 'mae' && windowStartMs === T0)
      .map(({ revision, value, n, coverage, final }) => ({ revision, value, n, coverage, final }));
  };

  test('are revised as labels become known, until they are final', async () => {
    expect(await maesOf()).toEqual([
      { revision: 0, value: 10, n: 1, coverage: 0.25, final: false },
      { revision: 1, value: 15, n: 2, coverage: 0.5, final: false },
      { revision: 2, value: (10 + 20 + 40) / 3, n: 3, coverage: 0.75, final: true },
    ]);
  });

  test('leave out a revision that would say nothing new', async () => {
    const found = await maesOf([], REVISED.replace('[1m, 2m]', '[1m, 2m, 3m, 4m]'));
    expect(found.map(({ revision }) => revision)).toEqual([0, 1, 3, 4]);
  });

  test('count a label when it became known, also where it says an earlier time', async () => {
    // The label stream had come to 00:03:20 less the lateness of 5 s when this label of 00:00:10 was read.
    const found = await maesOf([label('x', 270, 1), label('d', 10, 20)]);
    expect(found.map(({ n }) => n)).toEqual([1, 2, 4]);
  });

  test('are judged by a rule when they are final, or when enough labels are known', async () => {
    const rule = (more: string) =>
      `${REVISED}\nrules:\n  - { name: risk, metric: mae, critical: '> 5', min_n: 1${more} }\n`;
    const alertOf = async (more: string) =>
      (await drive(rule(more), records)).alerts.map(({ value, n }) => [value, n]);
    expect(await alertOf('')).toEqual([[(10 + 20 + 40) / 3, 3]]);
    expect(await alertOf(', min_coverage: 0.5')).toEqual([[15, 2]]);
    expect(await alertOf(', min_coverage: 0.9')).toEqual([[(10 + 20 + 40) / 3, 3]]);
  });
});

test('an id that is used again joins the labels of each time', async () => {
  const records = [
    ...[request('a', 1), prediction('a', 2, 100), label('a', 60, 90)],
    ...[request('a', 400), prediction('a', 401, 100), label('a', 460, 50)],
  ];
  for (const order of [records, [...records.slice(0, 2), ...records.slice(3, 5), records[2]!, records[5]!]]) {
    const { results } = await drive(SERVICE, order, { chunk: 100 });
    expect(byMinute(results, 'mae', 'price')).toMatchObject({ 0: 10, 6: 50 });
    expect(total(results, 'duplicates', 'events')).toBe(0);
    expect(total(results, 'unmatched', 'events')).toBe(0);
  }
});

describe('at the bound of pending joins', () => {
  const bounded = serviceOf('limits: { pending_joins_max: 100 }');
  const ids = Array.from({ length: 400 }, (_, i) => `r${i}`);
  const records = [
    ...ids.flatMap((id, i) => [request(id, i / 10), prediction(id, i / 10, 100)]),
    ...ids.map((id, i) => label(id, 50 + i / 10, 90)),
  ];

  test('ids are sampled by hash, and what is left out is counted', async () => {
    // The bound is that of each of the two partitions of events.
    const { results } = await drive(bounded, records, { chunk: 1_000 });
    const mae = results.find(({ metric, windowStartMs }) => metric === 'mae' && windowStartMs === T0)!;
    expect(mae.value).toBe(10);
    expect(mae.n).toBeGreaterThan(20);
    expect(mae.n).toBeLessThan(200);
    // Of an id that is left out the request and what follows it are, each an event.
    expect(total(results, 'dropped', 'events')).toBeGreaterThan(400);
  });

  test('the same ones are kept after the process was lost', async () => {
    const calm = await drive(bounded, records, { chunk: 50 });
    const lost = await drive(bounded, records, { chunk: 50, lostAfter: [2, 5, 9, 15, 20] });
    expect(sorted(lost.results)).toEqual(sorted(calm.results));
  });
});
