import { describe, expect, test } from 'vitest';
import { byMinute, drive, MINUTE, randomOf, type Sent, sorted, T0, total } from './support.ts';

const serviceOf = (windows: string, more = ''): string => `
service: shop
streams: { requests: { topic: shop.requests } }
inputs:
  amount: { type: numeric }
  country: { type: categorical }
windows: ${windows}
${more}
`;
const at = (timeMs: number, id: string, amount = 1, country = 'de'): Sent => ({
  stream: 'requests',
  key: id,
  value: { id, time: timeMs, amount, country },
});

/** Rows of an hour in random order within the allowed disorder. */
function rows(n: number, disorderMs: number, seed: number) {
  const random = randomOf(seed);
  return Array.from({ length: n }, (_, i) => ({
    id: `r${i}`,
    timeMs: T0 + Math.floor((i * 60 * MINUTE) / n) - Math.floor(random() * disorderMs),
    amount: Math.floor(random() * 100),
    country: `c${Math.floor(random() * random() * 40)}`,
  })).filter(({ timeMs }) => timeMs >= T0);
}

describe('windows', () => {
  test.each([
    ['tumbling', '{ size: 5m, lateness: 10s }', 5, 5],
    ['hopping', '{ size: 10m, hop: 2m, lateness: 10s }', 10, 2],
  ])('%s windows equal the direct computation, however the stream is cut', async (_, windows, size, hop) => {
    const found = rows(1_500, 10_000, 7);
    const records = found.map((row) => at(row.timeMs, row.id, row.amount));
    const expected: Record<number, number> = {};
    const means: Record<number, number> = {};
    for (let start = hop - size; start < 60; start += hop) {
      const inside = found.filter(
        ({ timeMs }) => timeMs >= T0 + start * MINUTE && timeMs < T0 + (start + size) * MINUTE,
      );
      if (inside.length === 0) continue;
      expected[start] = inside.length;
      means[start] = inside.reduce((sum, { amount }) => sum + amount, 0) / inside.length;
    }
    const outcomes = [];
    for (const options of [{ chunk: 40 }, { chunk: 2_000 }, { chunk: 130, partitions: 2 }]) {
      const { results } = await drive(serviceOf(windows), records, options);
      expect(byMinute(results, 'volume')).toEqual(expected);
      for (const [start, mean] of Object.entries(byMinute(results, 'mean', 'amount'))) {
        expect(mean).toBeCloseTo(means[Number(start)]!, 10);
      }
      outcomes.push(sorted(results));
    }
    expect(outcomes[1]).toEqual(outcomes[0]);
    expect(outcomes[2]).toEqual(outcomes[0]);
  });

  test.each([
    ['0s', 2, 1],
    ['30s', 3, 0],
  ])('a row after its window is counted, not folded; a grace of %s', async (grace, first, late) => {
    const service = serviceOf(`{ size: 1m, lateness: 10s, grace: ${grace} }`);
    const records = [at(T0, 'a'), at(T0 + 30_000, 'b'), at(T0 + 80_000, 'c'), at(T0 + 40_000, 'd')];
    const { results } = await drive(service, records, { chunk: 1 });
    expect(byMinute(results, 'volume')).toEqual({ 0: first, 1: 1 });
    expect(total(results, 'late', 'requests')).toBe(late);
  });

  test('the lateness holds windows open', async () => {
    const service = serviceOf('{ size: 1m, lateness: 20s }');
    const records = [
      at(T0, 'a'),
      at(T0 + 79_999, 'b'),
      at(T0 + 59_999, 'c'),
      at(T0 + 80_000, 'd'),
      at(T0 + 1, 'e'),
    ];
    const { results } = await drive(service, records, { chunk: 1 });
    expect(byMinute(results, 'volume')).toEqual({ 0: 2, 1: 2 });
    expect(byMinute(results, 'late', 'requests')).toEqual({ 0: 0, 1: 1 });
  });
});

describe('segments', () => {
  const found = rows(2_000, 10_000, 3);
  const records = found.map((row) => at(row.timeMs, row.id, row.amount, row.country));
  const countries = [...new Set(found.map(({ country }) => country))];
  const bounded = serviceOf('{ size: 60m }', 'segments: [[country]]\nlimits: { segments_max: 5 }');

  const volumes = async (service: string, sent: readonly Sent[], chunk: number) => {
    const { results } = await drive(service, sent, { chunk, partitions: 2 });
    const bySegment: Record<string, number> = {};
    for (const one of results) if (one.metric === 'volume') bySegment[one.segment] = one.value!;
    return { bySegment, results: sorted(results) };
  };

  test('all traffic is the sum of the segments', async () => {
    const { bySegment } = await volumes(serviceOf('{ size: 60m }', 'segments: [[country]]'), records, 300);
    expect(Object.keys(bySegment)).toHaveLength(countries.length + 1);
    for (const country of countries) {
      const own = found.filter((row) => row.country === country).length;
      expect(bySegment[`country=${country}`]).toBe(own);
    }
    expect(bySegment['*']).toBe(found.length);
  });

  test('beyond the bound segments are counted together, in any order of arrival', async () => {
    const { bySegment, results } = await volumes(bounded, records, 300);
    expect(Object.keys(bySegment)).toHaveLength(7);
    expect(bySegment['country=(other)']).toBeGreaterThan(0);
    const { '*': whole, ...parts } = bySegment;
    expect(whole).toBe(found.length);
    expect(Object.values(parts).reduce((sum, n) => sum + n, 0)).toBe(found.length);
    for (const [segment, n] of Object.entries(parts)) {
      if (segment === 'country=(other)') continue;
      expect(n).toBe(found.filter((row) => `country=${row.country}` === segment).length);
    }
    const reversed = await volumes(
      bounded,
      [...records].reverse().map((one, i) => ({ ...one, partition: i % 2 })),
      50,
    );
    // One window holds all: no row is late, whatever the order.
    expect(reversed.bySegment).toEqual(bySegment);
    expect((await volumes(bounded, records, 7)).results).toEqual(results);
  });
});
