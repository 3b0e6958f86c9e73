import { describe, expect, test } from 'vitest';
import type { OutputColumn } from '../../src/records.ts';
import { byMinute, drive, MINUTE, type Sent, scorerOf, sorted, T0, total } from './support.ts';

const SERVICE = `
service: shop
streams:
  requests: { topic: shop.requests }
inputs:
  amount: { type: numeric }
  channel: { type: categorical }
windows: { size: 1m, lateness: 5s, max_future: 10m }
limits: { categories_max: 50, message_bytes_max: 1000 }
`;

const request = (i: number, more: object = {}): Sent => ({
  stream: 'requests',
  value: { id: `r${i}`, time: T0 + i * 1_000, amount: i % 10, channel: i % 2 ? 'web' : 'shop', ...more },
});
const good = (n: number): Sent[] => Array.from({ length: n }, (_, i) => request(i));

/** Good traffic with bad records among it. */
const among = (n: number, bad: readonly Sent[]): Sent[] => {
  const records = good(n);
  bad.forEach((one, i) => {
    records.splice(Math.floor(((i + 1) * n) / (bad.length + 1)) + i, 0, one);
  });
  return records;
};

describe('bad records', () => {
  const raw = (value: Buffer | null): Sent => ({ stream: 'requests', value });
  test.each<[string, Sent, string]>([
    ['no JSON', raw(Buffer.from('{"id": 1')), 'json'],
    ['no object', raw(Buffer.from('17')), 'json'],
    ['a null value', raw(null), 'empty'],
    ['an empty value', raw(Buffer.alloc(0)), 'empty'],
    ['no id', { stream: 'requests', value: { time: T0, amount: 1 } }, 'id_missing'],
    ['an id that is an object', request(50, { id: {} }), 'id_missing'],
    ['no time', request(50, { time: undefined }), 'time_missing'],
    ['a time in words', request(50, { time: 'tomorrow' }), 'time_missing'],
    ['the year 2100', request(50, { time: '2100-01-01T00:00:00Z' }), 'time_future'],
    ['a message above the limit', request(50, { note: 'x'.repeat(2_000) }), 'too_large'],
  ])('%s is one dead letter', async (_, bad, code) => {
    const { results, dead } = await drive(SERVICE, among(180, [bad]), { chunk: 25 });
    expect(dead).toMatchObject([{ code, stage: 'decode', topic: 'shop.requests' }]);
    expect(byMinute(results, 'volume')).toEqual({ 0: 60, 1: 60, 2: 60 });
    expect(total(results, 'dead_letters', 'requests')).toBe(1);
  });

  test('dead letters before the first readable record are counted in the first window', async () => {
    const records = [raw(null), raw(null), ...good(60)];
    for (const chunk of [1, 100]) {
      const { results } = await drive(SERVICE, records, { chunk, lostAfter: [0] });
      expect(byMinute(results, 'dead_letters', 'requests')).toEqual({ 0: 2 });
    }
  });

  test('a cell of the wrong type is invalid, the row counts', async () => {
    const wrong = [{ amount: 'NaN' }, { amount: '12' }, { amount: [1] }, { amount: 'Infinity' }];
    const overflow = raw(Buffer.from(`{"id":"o","time":${T0 + 50_000},"amount":1e999}`));
    const bad = [...wrong.map((more, i) => request(50, { id: `b${i}`, ...more })), overflow];
    const { results, dead } = await drive(SERVICE, among(60, bad));
    expect(dead).toEqual([]);
    expect(byMinute(results, 'volume')).toEqual({ 0: 65 });
    const invalid = results.find(({ metric, subject }) => metric === 'invalid_rate' && subject === 'amount');
    expect(invalid).toMatchObject({ value: 5 / 65, n: 65 });
    const mean = results.find(({ metric, subject }) => metric === 'mean' && subject === 'amount');
    expect(mean).toMatchObject({ value: 4.5, n: 60 });
  });

  test('an event time in 1970 is late once the watermark is known, and only counted', async () => {
    const { results, dead } = await drive(SERVICE, among(120, [request(0, { time: 5 })]), { chunk: 10 });
    expect(dead).toEqual([]);
    expect(byMinute(results, 'volume')).toEqual({ 0: 60, 1: 60 });
    expect(total(results, 'late', 'requests')).toBe(1);
  });

  test('20,000 categories stay within the bound and no row is lost', async () => {
    const records = Array.from({ length: 20_000 }, (_, i) =>
      request(i % 60, { id: `c${i}`, channel: `c${i}` }),
    );
    const { results } = await drive(SERVICE, records, { chunk: 5_000 });
    expect(byMinute(results, 'volume')).toEqual({ 0: 20_000 });
    const bytes = Buffer.byteLength(JSON.stringify(results));
    expect(bytes).toBeLessThan(100_000);
  });
});

describe('a record that a stage throws on', () => {
  const codes = (n: number): OutputColumn => ({
    kind: 'number',
    values: new Float64Array(n).fill(1),
    state: new Uint8Array(n),
  });
  const poisoned = scorerOf((batch) => {
    const column = batch.inputs[0]!;
    if (column.kind === 'numeric' && column.values.includes(666)) throw new Error('poison');
    return { models: [[codes(batch.n)]], images: [] };
  });
  const scored = `${SERVICE}
outputs:
  price: { type: regressor }
models:
  - name: mlp
    role: primary
    file: none.onnx
    inputs: { X: [amount] }
    outputs: { price: { value: v } }
`;

  test('is the only dead letter', async () => {
    const bad = [request(20, { id: 'p1', amount: 666 }), request(70, { id: 'p2', amount: 666 })];
    const records = among(120, bad);
    const { results, dead } = await drive(scored, records, { scorer: poisoned });
    expect(dead.map(({ code, stage }) => [code, stage])).toEqual([
      ['failed', 'score'],
      ['failed', 'score'],
    ]);
    expect(dead.map(({ offset }) => offset)).toEqual([40, 81]);
    expect(byMinute(results, 'volume')).toEqual({ 0: 60, 1: 60 });
    const alone = await drive(scored, records, { scorer: poisoned, chunk: 1 });
    expect(sorted(alone.results)).toEqual(sorted(results));
  });
});

describe('images', () => {
  test('an empty and a broken image are counted, the others are measured', async () => {
    const service = `
service: cam
streams: { requests: { topic: cam.requests } }
inputs: { photo: { type: image } }
`;
    const png = await import('sharp').then(({ default: sharp }) =>
      sharp({ create: { width: 4, height: 4, channels: 3, background: '#808080' } })
        .png()
        .toBuffer(),
    );
    const photos = [png.toString('base64'), '', Buffer.from('no image').toString('base64'), '%%', null];
    const records = photos.map(
      (photo, i): Sent => ({ stream: 'requests', value: { id: `${i}`, time: T0 + i * MINUTE * 0.1, photo } }),
    );
    const { results, dead } = await drive(service, records);
    expect(dead).toEqual([]);
    expect(byMinute(results, 'volume')).toEqual({ 0: 5 });
    const one = (metric: string) =>
      results.find((found) => found.metric === metric && found.subject === 'photo.brightness');
    expect(one('mean')?.n).toBe(1);
    expect(one('mean')?.value).toBeCloseTo(128, 0);
    expect(one('missing_rate')?.value).toBe(2 / 5);
    expect(one('invalid_rate')?.value).toBe(2 / 5);
  });
});
