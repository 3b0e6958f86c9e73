/** From rows to the report and the review, by way of `telltale replay`: nothing of the daemon's folds is replaced. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { wiring } from '../../src/cli/wiring.ts';
import { MINUTE_MS, START_MS, spread, windows } from './stretches.ts';
import { telltale } from './support.ts';

const WINDOWS = 120;
const ROWS = 40;

const service = `service: house
streams:
  requests: { topic: house.requests }
  predictions: { topic: house.predictions, fields: { price: price } }
  labels: { topic: house.labels, fields: { price: price } }
inputs:
  area: { type: numeric, range: [0, 50] }
  district: { type: categorical, categories: [east, west] }
outputs:
  price: { type: regressor }
segments:
  - [district]
windows: { size: 1m, lateness: 0s }
join: { max_delay: 4m, revise_after: [1m] }
rules:
  - { name: tight, metric: mean, subject: area, warning: '> 50.2', min_n: 1 }
  - { name: far, metric: mae, subject: price, critical: '> 1000', min_n: 1 }
  - { name: counted, metric: mean, subject: area, warning: '> 50.2', min_n: 1, hits: 2 of 3 }
  - { name: lasting, metric: mean, subject: area, warning: '> 50', min_n: 1, for: 1m, keep_firing_for: 2m }
  - { name: held, metric: mean, subject: area, info: '> 50', warning: '> 50.2', critical: '> 50.4', reset: { info: '< 49.6', warning: '< 49.8' }, drop: staircase, min_n: 1 }
  - { name: calmed, metric: mean, subject: area, warning: '> 50.2', flapping: { history: 5, enter: 0.5, leave: 0.3 }, min_n: 1 }
  - { name: before, metric: mean, subject: area, versus: { ago: 3m, as: difference }, warning: '> 0.4', min_n: 1 }
  - { name: beside, metric: mae, subject: price, segment: each, versus: { segment: '*' }, critical: '> 3.07', min_n: 1 }
  - { name: early, metric: mae, subject: price, warning: '> 3.4', min_coverage: 0.3, min_n: 1 }
  - { name: spent, metric: out_of_range_rate, subject: area, burn: { objective: '< 0.5', period: 1h, rates: [{ budget: 6.7%, long: 4m, short: 2m, level: warning }] } }
  - { name: moved, metric: mean, subject: area, detector: ewma, options: { alpha: 0.9, threshold: 1, min_instances: 5 }, min_n: 1 }
  - { name: away, metric: mean, subject: area, segment: each, warning: '> 1e9', min_n: 1, no_data: { policy: alarm, for: 3m } }
  - { name: both, when: { all: [tight, spent] }, level: critical }
`;

interface Row {
  id: string;
  timeMs: number;
  area: number;
  district: string;
}

const rows: Row[] = windows(WINDOWS).flatMap((window) =>
  windows(ROWS).map((i) => ({
    id: `${window}-${i}`,
    timeMs: START_MS + window * MINUTE_MS + i * 1_000,
    area: 40 + 20 * spread(i, window) + (spread(window) - 0.5),
    // For a while nothing comes from the west.
    district: i % 4 === 0 && (window < 60 || window > 65) ? 'west' : 'east',
  })),
);
const at = (ms: number): string => new Date(ms).toISOString();
/** The model is off by 10 in the west and by 1 elsewhere. */
const errorOf = ({ district }: Row, i: number): number =>
  (district === 'west' ? 10 : 1) * (1 + spread(i) / 10);
const csv = (head: string, lines: readonly string[]): string => [head, ...lines].join('\n');

let dir = '';
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'telltale-review-'));
  mkdirSync(join(dir, 'services'));
  const contents = {
    'telltale.yaml': 'services: services\n',
    'services/house.yaml': service,
    'r.csv': csv(
      'id,time,area,district',
      rows.map((r) => [r.id, at(r.timeMs), r.area, r.district].join()),
    ),
    'p.csv': csv(
      'id,time,price',
      rows.map((r, i) => [r.id, at(r.timeMs), 100 + errorOf(r, i)].join()),
    ),
    'l.csv': csv(
      'id,time,price',
      rows.map((r) => [r.id, at(r.timeMs + 30_000), 100].join()),
    ),
  };
  for (const [name, content] of Object.entries(contents)) writeFileSync(join(dir, name), content);
  const files = [`${dir}/r.csv`, `predictions=${dir}/p.csv`, `labels=${dir}/l.csv`];
  const { code, err } = await telltale(['--config', dir, 'replay', ...files, '--out', `${dir}/out`], wiring);
  expect(err).toContain('14400 records');
  expect(code).toBe(0);
});

afterAll(() => rmSync(dir, { recursive: true }));

test('the report finds the segment in which the model is wrong', async () => {
  const { out, code } = await telltale(['--config', dir, 'report', '--from', `${dir}/out`, '--json'], wiring);
  expect(code).toBe(0);
  const [house] = JSON.parse(out).services;
  expect(house).toMatchObject({ service: 'house', windowMs: MINUTE_MS });
  const mae = house.metrics.find(({ metric }: { metric: string }) => metric === 'mae');
  const truth = rows.reduce((sum, row, i) => sum + errorOf(row, i), 0) / rows.length;
  expect(mae.whole.value).toBeCloseTo(truth, 9);
  expect(mae.whole).toMatchObject({ n: rows.length, windows: WINDOWS });
  const verdicts = mae.segments.map(({ segment, verdict }: Record<string, string>) => [segment, verdict]);
  expect(verdicts).toEqual([
    ['district=west', 'worse'],
    ['district=east', 'better'],
  ]);
  expect(house.labels.agesMs).toEqual([MINUTE_MS, 4 * MINUTE_MS]);
  expect(house.labels.curve.value.at(-1)).toMatchObject({ median: 1, cohorts: WINDOWS });
});

test('the review finds the tight threshold, and changes no file', async () => {
  const before = readFileSync(`${dir}/services/house.yaml`, 'utf8');
  const { out, code } = await telltale(['--config', dir, 'review', '--from', `${dir}/out`, '--json'], wiring);
  expect(code).toBe(0);
  const [house] = JSON.parse(out).services;
  const [tight, far] = house.rules;
  // Too few windows to say that it is out of reach.
  expect(far).toMatchObject({ rule: 'far', judged: WINDOWS, findings: [] });
  expect(tight).toMatchObject({ rule: 'tight', judged: WINDOWS, findings: [{ kind: 'too tight' }] });
  // As many alarms as the folds have raised.
  const alerts = readFileSync(`${dir}/out/alerts.ndjson`, 'utf8').trim().split('\n');
  const fired = alerts.filter((line) => line.includes('"rule":"tight"') && line.includes('"state":"firing"'));
  expect(fired.length).toBeGreaterThan(10);
  expect(tight.fired).toBe(fired.length);
  expect(readFileSync(`${dir}/services/house.yaml`, 'utf8')).toBe(before);
});

test('the rules of today would fire as often as those of the time did, whatever their options are', async () => {
  const { out } = await telltale(['--config', dir, 'review', '--from', `${dir}/out`, '--json'], wiring);
  const rules: { rule: string; fired: number; firesNow: number }[] = JSON.parse(out).services[0].rules;
  expect(rules).toHaveLength(13);
  expect(rules.map(({ rule, firesNow }) => [rule, firesNow])).toEqual(
    rules.map(({ rule, fired }) => [rule, fired]),
  );
  expect(rules.filter(({ fired }) => fired === 0).map(({ rule }) => rule)).toEqual(['far']);
});
