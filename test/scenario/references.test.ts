import { describe, expect, test } from 'vitest';
import { createBaselineBuilder } from '../../src/profile/baseline.ts';
import { CELL_OK, type Result, type ServiceSpec } from '../../src/records.ts';
import { drive, MINUTE, randomOf, type Sent, sorted, specOf, T0 } from './support.ts';

const HOUR = 60 * MINUTE;
const DAYS = 5;
const START = T0 - DAYS * 24 * HOUR;
const ROWS = 100;

/** Amounts that follow the hour of the day, and of `from` on are higher by three. */
function amounts(seed: number, from = Number.POSITIVE_INFINITY): { timeMs: number; amount: number }[] {
  const random = randomOf(seed);
  return Array.from({ length: DAYS * 24 * ROWS }, (_, i) => {
    const timeMs = START + Math.floor((i * HOUR) / ROWS);
    const hour = Math.floor(timeMs / HOUR) % 24;
    const noise = random() + random() + random() - 1.5;
    const shift = timeMs >= from ? 3 : 0;
    return { timeMs, amount: 10 + 4 * Math.sin((2 * Math.PI * hour) / 24) + noise + shift };
  });
}

const sent = (seed: number, from?: number): Sent[] =>
  amounts(seed, from).map(({ timeMs, amount }, i) => ({
    stream: 'requests',
    key: `${i}`,
    value: { id: `${i}`, time: timeMs, amount, country: i % 3 === 0 ? 'de' : 'fr' },
  }));

const yaml = (baseline: string, rules = '') => `
service: shop
streams:
  requests: { topic: shop.requests }
inputs:
  amount: { type: numeric }
  country: { type: categorical }
segments: [[country]]
windows: { size: 1h, lateness: 1m }
${baseline}
${rules}
`;

function fileOf(spec: ServiceSpec) {
  const builder = createBaselineBuilder(spec);
  const rows = amounts(11);
  const values = Float64Array.from(rows, ({ amount }) => amount);
  const state = new Uint8Array(rows.length).fill(CELL_OK);
  const codes = new Int32Array(rows.length);
  builder.add(
    [
      { kind: 'numeric', values, state },
      { kind: 'categorical', codes, dictionary: ['de'], state },
    ],
    rows.length,
    [],
  );
  return builder.finish();
}

/** PSI of the amount in the windows of the last day, of a segment. */
const lastDay = (results: readonly Result[], segment = '*'): (number | null)[] =>
  results
    .filter((one) => one.metric === 'psi' && one.subject === 'amount' && one.segment === segment)
    .filter((one) => one.windowStartMs >= T0 - 24 * HOUR)
    .map(({ value }) => value);
const median = (values: (number | null)[]): number => {
  const known = values.filter((value) => value !== null).sort((a, b) => a - b);
  return known[Math.floor(known.length / 2)]!;
};

const records = sent(1);
const LOST = { chunk: 1000, lostAfter: [1, 2, 4], snapshotRecords: 1 };

describe('a service with a daily rhythm', () => {
  const seasonal = yaml('baseline: { learn: { rolling: 4, lag: 0 }, season: hour_of_day }');

  test('seems to drift against a file of all hours, and does not against each hour of its own', async () => {
    const bare = specOf(yaml(''));
    const byFile = await drive({ ...bare, baseline: fileOf(bare) }, records);
    expect(median(lastDay(byFile.results))).toBeGreaterThan(1);
    const byHour = await drive(seasonal, records);
    expect(lastDay(byHour.results)).toHaveLength(24);
    // About (cells - 1) (1 / 100 + 1 / 400) without any drift.
    expect(median(lastDay(byHour.results))).toBeLessThan(0.2);
    expect(median(lastDay(byHour.results, 'country=fr'))).toBeLessThan(0.3);
    const first = byHour.results.find((one) => one.metric === 'psi')!;
    expect(first).toMatchObject({
      value: null,
      reason: 'baseline is being learned (0 of 1 windows of this hour)',
      n: expect.any(Number),
    });
  });

  test('shows its drift against each hour', async () => {
    const { results } = await drive(seasonal, sent(1, T0 - 24 * HOUR));
    expect(median(lastDay(results))).toBeGreaterThan(1);
  });
});

describe('learned references survive', () => {
  test.each([
    ['the first windows', 'baseline: { learn: { first: 24 } }'],
    ['rolling windows', 'baseline: { learn: { rolling: 24 } }'],
    ['hours', 'baseline: { learn: { rolling: 2, lag: 0 }, season: hour_of_day }'],
  ])('lost processes and other batches: %s', async (_what, baseline) => {
    const rules =
      'rules: [{ name: drift, metric: psi, subject: amount, segment: each, warning: "> 0.5", min_n: 30 }]';
    const some = records.slice(0, 60 * ROWS);
    const straight = await drive(yaml(baseline, rules), some);
    const lost = await drive(yaml(baseline, rules), some, LOST);
    const coarse = await drive(yaml(baseline, rules), some, { chunk: 5_000 });
    expect(straight.results.some((one) => one.metric === 'psi' && one.value !== null)).toBe(true);
    expect(sorted(lost.results)).toEqual(sorted(straight.results));
    expect(lost.alerts).toEqual(straight.alerts);
    expect(sorted(coarse.results)).toEqual(sorted(straight.results));
  });
});

test('a rolling reference does not follow what raises an alarm', async () => {
  const rules =
    'rules: [{ name: drift, metric: mean, subject: amount, warning: "> 15.5", critical: "> 16", min_n: 30 }]';
  const shifted = sent(3, T0 - 48 * HOUR);
  const read = async (more: string) => {
    const { results, alerts } = await drive(yaml('baseline: { learn: { rolling: 24 } }', more), shifted);
    return { psi: lastDay(results), fired: alerts.length };
  };
  const [held, followed] = [await read(rules), await read('')];
  expect(held.fired).toBeGreaterThan(0);
  expect(followed.fired).toBe(0);
  expect(median(held.psi)).toBeGreaterThan(median(followed.psi));
});
