import { expect, test } from 'vitest';
import { drive, MINUTE, type Sent, T0 } from './support.ts';

const service = (rule: string): string => `
service: shop
streams:
  requests: { topic: shop.requests }
inputs:
  amount: { type: numeric }
windows: { size: 1m, lateness: 5s }
rules:
  - { name: amounts, metric: mean, subject: amount, min_n: 1, ${rule} }
`;
const rows: Sent[] = Array.from({ length: 120 * 4 }, (_, i) => {
  const minute = Math.floor(i / 4);
  // A small rhythm, and a step of the mean in minute 60.
  const amount = (minute < 60 ? 10 : 14) + ((i * 7) % 5) / 4;
  return {
    stream: 'requests',
    key: `${i}`,
    value: { id: `${i}`, time: T0 + minute * MINUTE + (i % 4) * 15_000, amount },
  };
});

test('a detector in a rule sees a change, and a lost process does not make it begin again', async () => {
  const yaml = service('detector: cusum, level: critical, hold: 5');
  const straight = await drive(yaml, rows, { chunk: 40 });
  expect(straight.alerts.map((a) => [(a.windowEndMs - T0) / MINUTE, a.state, a.level])).toEqual([
    [61, 'firing', 'critical'],
    [66, 'resolved', 'critical'],
  ]);
  expect(straight.alerts[0]).toMatchObject({
    threshold: 'critical by cusum',
    sinceMs: T0 + 60 * MINUTE,
    reason: expect.stringMatching(/^mean of amount is 14\.\d+, cusum finds a change \(4 rows\)$/),
  });
  const lost = await drive(yaml, rows, { chunk: 40, lostAfter: [2, 5, 6] });
  expect(lost.alerts).toEqual(straight.alerts);
});

test('a detector that sees no change is silent', async () => {
  const { alerts } = await drive(service('detector: adwin'), rows.slice(0, 240), { chunk: 40 });
  expect(alerts).toEqual([]);
});
