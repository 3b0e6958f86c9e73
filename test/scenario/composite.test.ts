/** Rules over other rules, through the whole flow: their parts come from sources that close apart. */

import { describe, expect, test } from 'vitest';
import { drive, MINUTE, type Sent, T0 } from './support.ts';

const SERVICE = `
service: shop
streams:
  requests: { topic: shop.requests }
  predictions: { topic: shop.predictions, fields: { price: price } }
  labels: { topic: shop.labels, fields: { price: price } }
inputs: { amount: { type: numeric } }
outputs: { price: { type: regressor } }
windows: { size: 1m, lateness: 5s }
join: { max_delay: 3m, revise_after: [] }
rules:
  - { name: harm, when: { all: [dear, wrong] }, level: critical, for: 2m, keep_firing_for: 1m }
  - { name: dear, metric: mean, subject: amount, warning: "> 50", min_n: 1 }
  - { name: wrong, metric: mae, subject: price, warning: "> 5", min_n: 1 }
  - { name: only-inputs, when: { all: [dear, { not: wrong }] }, level: info }
retrain: { mode: automatic, on: [harm], level: critical, lookback: 5m }
`;

/** Two requests a minute; inputs are dear and answers wrong in these minutes. */
function records(
  minutes: number,
  dear: (minute: number) => boolean,
  wrong: (minute: number) => boolean,
): Sent[] {
  const rows: { seconds: number; sent: Sent }[] = [];
  for (let i = 0; i < 2 * minutes; i++) {
    const [id, seconds, minute] = [`r${i}`, 30 * i + 1, Math.floor(i / 2)];
    const add = (stream: Sent['stream'], after: number, more: object): void => {
      const value = { id, time: T0 + (seconds + after) * 1000, ...more };
      rows.push({ seconds: seconds + after, sent: { stream, key: id, value } });
    };
    add('requests', 0, { amount: dear(minute) ? 90 : 1 });
    add('predictions', 1, { price: 100 });
    add('labels', 70, { price: wrong(minute) ? 150 : 100 });
  }
  return rows.sort((a, b) => a.seconds - b.seconds).map(({ sent }) => sent);
}

describe('harm: inputs that moved and answers that are wrong', () => {
  const rows = records(
    30,
    (minute) => minute >= 3 && minute < 20,
    (minute) => (minute >= 5 && minute < 12) || (minute >= 15 && minute < 16),
  );
  const outcomes: string[][] = [];

  test.each([
    { chunk: 1_000 },
    { chunk: 1 },
    { chunk: 9, lostAfter: [1, 3, 5, 8, 13] },
    { chunk: 40, partitions: 2 },
  ])('is told once, at the same time, however the streams are cut: %o', async (options) => {
    const { alerts, retrains } = await drive(SERVICE, rows, options);
    const said = alerts
      .map((a) => `${(a.windowEndMs - T0) / MINUTE} ${a.rule} ${a.state} ${a.level}`)
      .sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10) || (a < b ? -1 : 1));
    expect(said.filter((one) => !one.includes('harm') && !one.includes('only'))).toEqual([
      '4 dear firing warning',
      '6 wrong firing warning',
      '13 wrong resolved warning',
      '16 wrong firing warning',
      '17 wrong resolved warning',
      '21 dear resolved warning',
    ]);
    // What is wrong is known three minutes later; the second time it does not last for two minutes.
    expect(said.filter((one) => one.includes('harm'))).toEqual([
      '11 harm firing critical',
      '17 harm resolved critical',
    ]);
    expect(said.filter((one) => one.includes('only'))).toEqual([
      '4 only-inputs firing info',
      '9 only-inputs resolved info',
      '16 only-inputs firing info',
      '19 only-inputs resolved info',
      '20 only-inputs firing info',
      '21 only-inputs resolved info',
    ]);
    expect(retrains.map(({ reason }) => reason)).toEqual(['harm: critical']);
    const harm = alerts.find(({ rule }) => rule === 'harm')!;
    expect(harm).toMatchObject({
      reason: 'dear and wrong (dear: warning, wrong: warning)',
      metric: '',
      n: 0,
    });
    outcomes.push(alerts.map(({ id }) => id).sort());
    expect(outcomes.at(-1)).toEqual(outcomes[0]);
  });
});
