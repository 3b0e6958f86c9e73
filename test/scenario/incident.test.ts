/** From requests to what receivers hear, through the whole flow: alarms of sources that close apart, in one incident. */

import { describe, expect, test } from 'vitest';
import { DEFAULT_INCIDENTS } from '../../src/alarm/incident/defaults.ts';
import type { Command, Incident, ServiceSpec } from '../../src/records.ts';
import { drive, MINUTE, openDrive, type Sent, specOf, T0 } from './support.ts';

const SERVICE = `
service: shop
streams:
  requests: { topic: shop.requests }
  predictions: { topic: shop.predictions, fields: { price: price } }
  labels: { topic: shop.labels, fields: { price: price } }
inputs:
  amount: { type: numeric }
  country: { type: categorical }
outputs: { price: { type: regressor } }
segments: [[country]]
windows: { size: 1m, lateness: 5s }
join: { max_delay: 3m, revise_after: [] }
rules:
  - { name: dear, metric: mean, subject: amount, segment: each, warning: "> 50", min_n: 1 }
  - { name: wrong, metric: mae, subject: price, critical: "> 5", min_n: 1 }
  - { name: harm, when: { all: [dear, wrong] }, level: critical }
`;

const service = (over: Partial<ServiceSpec['incidents']> = {}): ServiceSpec => ({
  ...specOf(SERVICE),
  incidents: { ...DEFAULT_INCIDENTS, ...over },
});

/** Two requests a minute and country; from the third minute on inputs are dear and answers wrong, until the fifteenth. */
function records(): Sent[] {
  const rows: { seconds: number; sent: Sent }[] = [];
  for (let i = 0; i < 80; i++) {
    const [id, seconds, minute] = [`r${i}`, 15 * i + 1, Math.floor(i / 4)];
    const isBad = minute >= 3 && minute < 15;
    const add = (stream: Sent['stream'], after: number, more: object): void => {
      const value = { id, time: T0 + (seconds + after) * 1000, ...more };
      rows.push({ seconds: seconds + after, sent: { stream, key: id, value } });
    };
    add('requests', 0, { amount: isBad ? 90 : 1, country: i % 2 === 0 ? 'de' : 'fr' });
    add('predictions', 1, { price: 100 });
    add('labels', 70, { price: isBad ? 150 : 100 });
  }
  return rows.sort((a, b) => a.seconds - b.seconds).map(({ sent }) => sent);
}

const said = (incidents: readonly Incident[]): string[] =>
  incidents.map(
    ({ atMs, notify, level, firing, mutedAlarms }) =>
      `${(atMs - T0) / MINUTE} ${notify || '-'} ${level} ${firing} ${mutedAlarms}`,
  );
const bytes = (incidents: readonly Incident[]): string[] => incidents.map((record) => JSON.stringify(record));

const WAYS = [
  { chunk: 1_000 },
  { chunk: 1 },
  { chunk: 9, lostAfter: [1, 3, 5, 8, 13] },
  { chunk: 40, partitions: 2, lostAfter: [2] },
];

describe('one cause of inputs that moved and answers that are wrong', () => {
  const rows = records();
  const outcomes: string[][] = [];

  test.each(WAYS)('is one incident, with the same bytes however the streams are cut: %o', async (options) => {
    const { incidents } = await drive(service(), rows, options);
    // The labels of minute 4 are known three minutes after it; the rule over both says so at once.
    expect(said(incidents)).toEqual([
      '4 first_notification warning 2 0',
      '7 raised critical 4 0',
      '16 - critical 1 0',
      '19 all_alerts_resolved critical 0 0',
    ]);
    expect(incidents[1]).toMatchObject({
      summary: '4 alarms of dear, wrong, harm; amount; in country=de, country=fr',
      onsetMs: T0 + 3 * MINUTE,
      openedMs: T0 + 4 * MINUTE,
    });
    outcomes.push(bytes(incidents));
    expect(outcomes.at(-1)).toEqual(outcomes[0]);
  });

  test('what it inhibits is told when that is over, and its repetition is of event time', async () => {
    const inhibit = [{ source: { rule: ['wrong'] }, target: { rule: ['dear', 'harm'] }, equal: [] }];
    const repeatIntervalMs = 4 * MINUTE;
    for (const options of WAYS) {
      const { incidents } = await drive(service({ inhibit, repeatIntervalMs }), rows, options);
      expect(said(incidents)).toEqual([
        '4 first_notification warning 2 0',
        '7 raised critical 4 3',
        '11 repeat_interval_elapsed critical 4 3',
        '15 repeat_interval_elapsed critical 4 3',
        '16 - critical 1 0',
        '19 all_alerts_resolved critical 0 0',
      ]);
    }
  });
});

test('a command that does nothing is told of in the log of the daemon', async () => {
  const driver = await openDrive(service());
  await driver.send(records().slice(0, 20));
  const command = { id: '1', service: 'shop', by: 'ann', reason: '', model: null } as const;
  await driver.command({ ...command, kind: 'silence.expire', target: 'nope' });
  await driver.command({ ...command, kind: 'retrain.approve', target: 'nope' });
  await driver.command({ ...command, kind: 'rollout.pause', target: '' });
  const { refused } = await driver.end();
  await driver.close();
  expect(refused).toEqual([
    'silence.expire by ann: there is no silence nope, or it is over',
    'retrain.approve by ann: there is no request for retraining nope in shop',
    'rollout.pause by ann: there are no models',
  ]);
});

test('a silence holds over a lost process, and what it silenced has its end told', async () => {
  const spec = service();
  const rows = records();
  const at = (minute: number): number =>
    rows.findIndex(({ value }) => (value as { time: number }).time > T0 + minute * MINUTE);
  const command: Command = {
    ...{ id: 'quiet', service: 'shop', kind: 'silence.add', by: 'ann', reason: 'sale' },
    target: JSON.stringify({ match: {}, fromMs: T0, untilMs: T0 + 30 * MINUTE }),
  };
  const run = async (isLost: boolean): Promise<Incident[]> => {
    const driver = await openDrive(spec);
    await driver.send(rows.slice(0, at(6)));
    await driver.command(command);
    if (isLost) await driver.lose();
    await driver.send(rows.slice(at(6), at(12)));
    if (isLost) await driver.lose();
    await driver.send(rows.slice(at(12)));
    const { incidents } = await driver.end();
    await driver.close();
    return incidents;
  };
  const plain = await run(false);
  expect(said(plain)).toEqual([
    '4 first_notification warning 2 0',
    '5 - warning 2 2',
    '7 - critical 4 4',
    // All that they knew of is over; what is wrong still is silenced.
    '16 all_alerts_resolved critical 1 1',
    '19 - critical 0 0',
  ]);
  expect(plain[2]!.muted).toBe('silenced by ann: sale');
  expect(bytes(await run(true))).toEqual(bytes(plain));
});
