/** Rules with `no_data`, through the whole flow: a segment that falls silent, and a stream that does. */

import { describe, expect, test } from 'vitest';
import { drive, MINUTE, type Sent, T0 } from './support.ts';

const service = (noData: string): string => `
service: shop
streams: { requests: { topic: shop.requests } }
inputs:
  amount: { type: numeric }
  country: { type: categorical }
segments: [[country]]
windows: { size: 1m, lateness: 10s }
rules:
  - name: dear
    metric: mean
    subject: amount
    segment: each
    warning: "> 50"
    min_n: 2
    no_data: ${noData}
`;

/** Three rows a minute of each country, in the minutes of its list. */
function records(minutes: Record<string, readonly number[]>): Sent[] {
  const rows = Object.entries(minutes).flatMap(([country, list]) =>
    list.flatMap((minute) =>
      [5, 25, 45].map((second) => ({ country, timeMs: T0 + minute * MINUTE + second * 1000 })),
    ),
  );
  rows.sort((a, b) => a.timeMs - b.timeMs);
  return rows.map(({ country, timeMs }, i) => ({
    stream: 'requests',
    key: `${i}`,
    value: { id: `${i}`, time: timeMs, amount: country === 'it' ? 90 : 1, country },
  }));
}
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
const said = (alerts: Awaited<ReturnType<typeof drive>>['alerts']): string[] =>
  alerts.map((a) => `${(a.windowEndMs - T0) / MINUTE} ${a.segment} ${a.state} ${a.level}`).sort();

describe('results that stay away', () => {
  const rows = records({
    de: [...range(0, 15), ...range(25, 28)],
    fr: [...range(0, 5), ...range(12, 15)],
    it: range(0, 4),
  });

  test.each([{ chunk: 1_000 }, { chunk: 7 }, { chunk: 20, lostAfter: [0, 1, 2, 3, 4, 5] }])(
    'fire where the rule says so, however the stream is cut: %o',
    async (options) => {
      const { alerts } = await drive(service('{ policy: alarm, level: critical, for: 3m }'), rows, options);
      expect(said(alerts)).toEqual(
        [
          '1 country=it firing warning',
          // Nothing for three minutes after the window that ended last.
          '7 country=it firing critical',
          '8 country=fr firing critical',
          '13 country=fr resolved critical',
          // The whole stream is away; its end is no silence.
          '18 country=de firing critical',
          '18 country=fr firing critical',
          '26 country=de resolved critical',
        ].sort(),
      );
      expect(
        alerts.find(({ segment, state }) => segment === 'country=fr' && state === 'firing')!.reason,
      ).toBe('mean of amount in country=fr has had no value for 3m');
    },
  );

  test('end what fires, or change nothing', async () => {
    const ok = await drive(service('{ policy: ok, for: 3m }'), rows);
    expect(said(ok.alerts)).toEqual(['1 country=it firing warning', '7 country=it resolved warning']);
    const keep = await drive(service('{ policy: keep }'), rows);
    expect(said(keep.alerts)).toEqual(['1 country=it firing warning']);
  });
});
