import { describe, expect, test } from 'vitest';
import { drive, randomOf, type Sent, sorted, T0, total } from './support.ts';

const SERVICE = `
service: shop
streams:
  requests: { topic: shop.requests }
  predictions: { topic: shop.predictions, fields: { price: price } }
  labels: { topic: shop.labels, fields: { price: price } }
inputs:
  amount: { type: numeric }
  country: { type: categorical }
outputs:
  price: { type: regressor }
segments: [[country]]
limits: { segments_max: 4 }
windows: { size: 4m, hop: 1m, lateness: 5s }
join: { max_delay: 3m }
rules:
  - { name: risk, metric: mae, subject: price, critical: '> 4' }
  - { name: amounts, metric: mean, subject: amount, segment: each, warning: '> 30', for: 2m }
retrain: { mode: automatic, on: [risk], level: critical, cooldown: 5m, lookback: 3m }
`;

/** Twenty minutes with disorder, duplicates, unknown and late labels, bad records, and a change halfway. */
function traffic(seed: number): Sent[] {
  const random = randomOf(seed);
  const timed: { timeMs: number; record: Sent }[] = [];
  const add = (stream: Sent['stream'], id: string, timeMs: number, more: object): void => {
    const delayed = timeMs + Math.floor(random() * 4_000);
    timed.push({ timeMs: delayed, record: { stream, key: id, value: { id, time: timeMs, ...more } } });
  };
  for (let i = 0; i < 1_200; i++) {
    const timeMs = T0 + i * 1_000;
    const id = `r${i}`;
    const amount = Math.floor(random() * (i > 600 ? 90 : 50));
    add('requests', id, timeMs, { amount, country: `c${Math.floor(random() * 9)}` });
    add('predictions', id, timeMs + 50, { price: amount });
    const noise = Math.floor(random() * (i > 600 ? 12 : 6));
    if (random() < 0.8) add('labels', id, timeMs + Math.floor(random() * 200_000), { price: amount + noise });
    if (random() < 0.05) add('labels', id, timeMs + 60_000, { price: 0 });
    if (random() < 0.05) add('labels', `unknown${i}`, timeMs, { price: 0 });
    if (random() < 0.05) add('requests', id, timeMs + 2_000, { amount, country: 'c1' });
    if (random() < 0.02) add('requests', '', timeMs, { amount: 'much', country: 7 });
  }
  return timed.sort((a, b) => a.timeMs - b.timeMs).map(({ record }) => record);
}

describe('a process that is lost', () => {
  const records = traffic(11);
  const runOf = async (lostAfter: readonly number[], recordsMax?: number) => {
    const { results, alerts, retrains, dead } = await drive(SERVICE, records, {
      chunk: 100,
      partitions: 2,
      lostAfter,
      recordsMax,
    });
    const text = (list: readonly object[]): string[] => list.map((one) => JSON.stringify(one)).sort();
    return {
      results: sorted(results),
      alerts: text(alerts),
      retrains: text(retrains),
      dead: text(dead),
      all: results,
    };
  };

  test('the traffic has something of everything', async () => {
    const { all, alerts, retrains, dead } = await runOf([]);
    for (const metric of ['duplicates', 'unmatched'])
      expect(total(all, metric, 'events'), metric).toBeGreaterThan(0);
    expect(alerts.length).toBeGreaterThan(3);
    expect(retrains.length).toBeGreaterThan(0);
    expect(dead.length).toBeGreaterThan(5);
  });

  const chunks = Math.floor(records.length / 100);
  test.each([
    ['after each run of the folds', undefined],
    ['now and then, so that much is lost', 230],
    ['hardly ever', 2_000],
  ])('changes nothing, when flushes come %s', { timeout: 120_000 }, async (_, recordsMax) => {
    const { all, ...calm } = await runOf([], recordsMax);
    const often = await runOf([]);
    expect(calm.results.length).toBe(often.results.length);
    expect(total(all, 'volume')).toBe(total(often.all, 'volume'));
    const always = Array.from({ length: chunks }, (_, i) => i);
    for (const lostAfter of [[3], [chunks - 1], [7, 8, 20], always]) {
      const { all: results, ...lost } = await runOf(lostAfter, recordsMax);
      expect(lost, `lost after ${lostAfter}`).toEqual(calm);
      expect(results.length).toBe(calm.results.length);
    }
  });
});
