/** Retraining by what wrong answers cost and by incidents, through the whole flow: labels come late, and inputs raise alarms before them. */

import { describe, expect, test } from 'vitest';
import { drive, MINUTE, type Sent, specOf, T0 } from './support.ts';

const serviceOf = (regret: string, more = ''): string => `
service: shop
streams:
  requests: { topic: shop.requests }
  predictions: { topic: shop.predictions, fields: { price: price } }
  labels: { topic: shop.labels, fields: { price: price } }
inputs: { amount: { type: numeric } }
outputs: { price: { type: regressor } }
windows: { size: 1m, lateness: 5s ${more} }
join: { max_delay: 3m, revise_after: [] }
rules:
  - { name: dear, metric: mean, subject: amount, critical: "> 50", min_n: 1 }
${regret}
`;
const FIXED = `retrain: { mode: automatic, on: [dear], cooldown: 0s, lookback: 2m, regret:
  { metric: mae, reference: 2, cost_per_row: 0.5, cost_of_training: 100 } }`;

/** Four rows a minute: from minute 5 on the answers are off by 20 instead of 2; inputs are dear in the minutes 12 and 13. */
function records(minutes: number, offBy: (minute: number) => number): Sent[] {
  const rows: { seconds: number; sent: Sent }[] = [];
  for (let i = 0; i < 4 * minutes; i++) {
    const [id, seconds, minute] = [`r${i}`, 15 * i + 1, Math.floor(i / 4)];
    const add = (stream: Sent['stream'], after: number, more: object): void => {
      const value = { id, time: T0 + (seconds + after) * 1000, ...more };
      rows.push({ seconds: seconds + after, sent: { stream, key: id, value } });
    };
    add('requests', 0, { amount: minute === 12 || minute === 13 ? 90 : 1 });
    add('predictions', 1, { price: 100 });
    add('labels', 70, { price: 100 + offBy(minute) });
  }
  return rows.sort((a, b) => a.seconds - b.seconds).map(({ sent }) => sent);
}
const drifting = records(26, (minute) => (minute < 5 ? 2 : 20));
const minuteOf = (ms: number): number => (ms - T0) / MINUTE;

describe('regret', () => {
  const outcomes: string[] = [];

  test.each([
    { chunk: 1_000 },
    { chunk: 1 },
    { chunk: 7, lostAfter: [1, 3, 8, 13, 21, 29] },
    { chunk: 40, partitions: 2 },
  ])('asks at the same windows, whatever is read first: %o', async (options) => {
    const outcome = await drive(serviceOf(FIXED), drifting, options);
    const retrains = outcome.retrains.sort((a, b) => a.atMs - b.atMs);
    // 4 rows that are off by 18 more, at 0.5 each: 36 a window, so 108 after three. The alarm of minute 12 is known before the
    // labels of minute 10, and its request takes what there was until then.
    expect(retrains.map(({ reason, data }) => [reason, minuteOf(data.fromMs), minuteOf(data.toMs)])).toEqual([
      ['regret of 108.00 since 2026-01-01T00:05:00Z reached the cost of a training, 100', 3, 8],
      ['dear: critical on amount', 10, 13],
      ['regret of 108.00 since 2026-01-01T00:13:00Z reached the cost of a training, 100', 11, 16],
      ['regret of 108.00 since 2026-01-01T00:16:00Z reached the cost of a training, 100', 14, 19],
      ['regret of 108.00 since 2026-01-01T00:19:00Z reached the cost of a training, 100', 17, 22],
      ['regret of 108.00 since 2026-01-01T00:22:00Z reached the cost of a training, 100', 20, 25],
    ]);
    // Where there are more partitions offsets are others.
    if (options.partitions === undefined) outcomes.push(JSON.stringify(retrains));
    expect(new Set(outcomes).size).toBe(1);
    const streams = new Set(retrains[0]!.data.ranges.map(({ stream }) => stream));
    expect([...streams]).toEqual(['labels', 'predictions', 'requests']);
  });

  test('is measured against the first windows where it is given no reference', async () => {
    const learned = `baseline: { learn: { first: 4 } }\n${FIXED.replace('reference: 2,', '')}`;
    const { retrains } = await drive(serviceOf(learned), drifting, { chunk: 9 });
    expect(retrains[0]!.reason).toMatch(/^regret of 108\.00 since 2026-01-01T00:05:00Z/);
  });

  test('counts each row of windows that overlap once', async () => {
    const lone = (minute: number) => (minute < 5 || minute > 6 ? 2 : 20);
    // Two minutes cost 72, which is reached with the last window that holds any of their rows.
    const cheap = FIXED.replace('cost_of_training: 100', 'cost_of_training: 71.9').replace('on: [dear],', '');
    const { retrains } = await drive(serviceOf(cheap, ', hop: 15s'), records(20, lone), { chunk: 9 });
    expect(retrains).toMatchObject([{ data: { toMs: T0 + 7.75 * MINUTE } }]);
  });

  test('is part of the digest of a configuration that has it alone', () => {
    const [with_, without] = [FIXED, FIXED.replace(/, regret:[^}]*}/, '')].map((text) =>
      specOf(serviceOf(text)),
    );
    expect(with_!.digest).not.toBe(without!.digest);
    expect(without!.retrain).not.toHaveProperty('regret');
  });
});

describe('an incident that stays', () => {
  // Inputs are dear in two minutes, and answers wrong from minute 12 on, which is known three minutes later: only that lasts.
  const service = serviceOf(`  - { name: wrong, metric: mae, subject: price, critical: "> 10", min_n: 1 }
retrain: { mode: automatic, incidents: { alarms: 1, for: 3m }, cooldown: 24h, lookback: 2m }`);
  const outcomes: string[] = [];

  test.each([{ chunk: 1_000 }, { chunk: 1 }, { chunk: 7, lostAfter: [1, 3, 8, 13, 21, 29] }])(
    'asks at the same time, whatever is read first: %o',
    async (options) => {
      const moved = records(26, (minute) => (minute < 12 ? 2 : 20));
      const { retrains } = await drive(service, moved, options);
      expect(
        retrains.map(({ reason, data }) => [reason, minuteOf(data.fromMs), minuteOf(data.toMs)]),
      ).toEqual([['critical incident since 2026-01-01T00:16:00Z: 1 alarm of wrong', 10, 19]]);
      outcomes.push(JSON.stringify(retrains));
      expect(new Set(outcomes).size).toBe(1);
    },
  );
});
