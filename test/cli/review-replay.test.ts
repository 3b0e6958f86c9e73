/** From rows to the report and the review, by way of `telltale replay`: nothing of the daemon's folds is replaced. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { METRICS } from '../../src/metric/registry.ts';
import { MINUTE_MS, START_MS, spread, windows } from './stretches.ts';
import { fakeWiring, telltale } from './support.ts';

const wiring = fakeWiring({ registries: { metrics: new Map(Object.entries(METRICS)) } });
const WINDOWS = 120;
const ROWS = 40;

const service = `service: house
streams:
  requests: { topic: house.requests }
  predictions: { topic: house.predictions, fields: { price: price } }
  labels: { topic: house.labels, fields: { price: price } }
inputs:
  area: { type: numeric }
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
    district: i % 4 === 0 ? 'west' : 'east',
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
