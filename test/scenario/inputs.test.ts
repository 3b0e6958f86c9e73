import { expect, test } from 'vitest';
import type { Result } from '../../src/records.ts';
import { drive, MINUTE, type Sent, sorted, T0 } from './support.ts';

const SERVICE = `
service: songs
streams:
  requests: { topic: songs.requests }
inputs:
  query: { type: text }
  vector: { type: embedding, dimensions: 4 }
  country: { type: categorical }
segments: [[country]]
baseline: { learn: { first: 1 } }
windows: { size: 1m, lateness: 5s }
rules:
  - { name: turned, metric: embedding_shift, subject: vector, critical: '> 0.5', min_n: 5 }
  - { name: digits, metric: char_share, subject: 'query=digits', critical: '> 0.5', min_n: 5 }
`;

/** In the second minute the vectors turn, and the queries become numbers. */
const sent: Sent[] = Array.from({ length: 60 }, (_, i) => {
  const turned = i >= 30;
  const [a, b] = [1 + (i % 5) / 10, (i % 3) / 10];
  return {
    stream: 'requests' as const,
    key: `q${i}`,
    value: {
      id: `q${i}`,
      time: T0 + i * 2_000,
      query: turned ? `${i} 12345` : 'play a song',
      vector: i === 7 ? [1, 2] : turned ? [b, a, 0, 0] : [a, b, 0, 0],
      country: i % 4 === 0 ? 'de' : 'fr',
    },
  };
});
const last: Sent = { stream: 'requests', key: 'z', value: { id: 'z', time: T0 + 5 * MINUTE } };

test('texts and vectors are measured and compared with what was learned, however the stream is split', async () => {
  const { results, alerts } = await drive(SERVICE, [...sent, last], { chunk: 7, partitions: 1 });
  const of = (metric: string, subject: string, minute: number, segment = '*') =>
    results.find(
      (one) =>
        one.metric === metric &&
        one.subject === subject &&
        one.segment === segment &&
        one.windowStartMs === T0 + minute * MINUTE,
    );
  expect(of('words_mean', 'query', 0)).toMatchObject({ value: 3, n: 30 });
  expect(of('char_share', 'query=letters', 0)).toMatchObject({ value: 9 / 11, n: 30 });
  expect(of('char_share', 'query=digits', 1)).toMatchObject({ value: 7 / 8, n: 30 });
  expect(of('distinct_count', 'query', 0)).toMatchObject({ value: 1, low: 1, n: 30 });
  expect(of('top_share', 'query', 0)).toMatchObject({ value: 1, n: 30 });
  expect(of('distinct_count', 'query', 1)).toMatchObject({ value: 30 });
  expect(of('distinct_count', 'country', 1)).toMatchObject({ value: 2, high: 2 });
  expect(of('top_share', 'country', 1)).toMatchObject({ value: 23 / 30 });
  expect(of('embedding_shift', 'vector', 0)?.value).toBeNull();
  const shift = of('embedding_shift', 'vector', 1)!;
  expect(shift.n).toBe(30);
  expect(shift.value).toBeGreaterThan(0.7);
  expect(of('embedding_distance', 'vector', 1, 'country=fr')?.value).toBeGreaterThan(2);
  expect(of('invalid_rate', 'vector.norm', 0)).toMatchObject({ value: 1 / 30 });
  expect(of('skewness', 'vector.norm', 0)?.value).not.toBeNull();
  expect(
    alerts
      .map(({ rule, state }) => [rule, state])
      .slice(0, 2)
      .sort(),
  ).toEqual([
    ['digits', 'firing'],
    ['turned', 'firing'],
  ]);
  // Both partitions see every window close.
  const close = [0, 1].map((partition) => ({ ...last, partition }));
  const apart = await drive(SERVICE, [...sent, ...close], { chunk: 100, partitions: 2 });
  const early = ({ results: all }: { results: Result[] }) =>
    sorted(all.filter(({ windowStartMs }) => windowStartMs < T0 + 2 * MINUTE));
  expect(early(apart)).toEqual(early({ results }));
  const lost = await drive(SERVICE, [...sent, last], {
    chunk: 5,
    partitions: 1,
    lostAfter: [2, 5],
    recordsMax: 11,
  });
  expect(sorted(lost.results)).toEqual(sorted(results));
});
