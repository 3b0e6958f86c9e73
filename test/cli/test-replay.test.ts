/** The runner against the daemon's own folds: what a replay measured and told is written down as a test, and passes. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { stringify } from 'yaml';
import { wiring } from '../../src/cli/wiring.ts';
import { type Alert, type Incident, NOTIFY_REASONS, type Result } from '../../src/records.ts';
import { MINUTE_MS, START_MS, spread, windows } from './stretches.ts';
import { fakeWiring, folder, telltale } from './support.ts';

const WINDOWS = 90;
const serviceOf = (hop: string): string => `service: house
streams: { requests: { topic: house.requests } }
inputs:
  area: { type: numeric }
  district: { type: categorical, categories: [east, west] }
segments: [[district]]
windows: { size: 2m, hop: ${hop}, lateness: 0s }
rules:
  - { name: large, metric: mean, subject: area, warning: "> 52", critical: "> 60", reset: { critical: "< 50" }, for: 2m, keep_firing_for: 2m, min_n: 5 }
  - { name: often, metric: mean, subject: area, segment: each, warning: "> 52", hits: 3 of 5, min_n: 5, flapping: { history: 5, enter: 0.5, leave: 0.25 } }
  - { name: apart, metric: mean, subject: area, segment: each, versus: { segment: "*" }, warning: "> 1.1", min_n: 1 }
  - { name: rising, metric: mean, subject: area, versus: { ago: 4m }, warning: "> 1.3", min_n: 1 }
  - { name: away, metric: mean, subject: area, segment: each, critical: "> 1000", min_n: 5, no_data: { policy: alarm, for: 6m } }
  - { name: gone, metric: missing_rate, subject: area, warning: "> 0.2", min_n: 1, no_data: { policy: ok, for: 4m } }
  - { name: moved, metric: mean, subject: area, detector: page_hinkley, options: { min_instances: 5, threshold: 20 }, hold: 3, min_n: 1 }
  - { name: both, when: { any: [large, { all: [away, often] }] }, level: critical, for: 3m, keep_firing_for: 1m }
incidents:
  within: 3m
  share_inputs: false
  group_wait: 1m
  group_interval: 3m
  repeat_interval: 10m
  storm: 4 per 30m
  inhibit: [{ source: { rule: large, level: critical }, target: { rule: [often, apart] } }]
  maintenance: [{ name: hourly, from: "00:40", to: "00:45", match: { rule: rising } }]
`;

/** Calm and wild hours, a district and all of it that stay away, and windows with few rows. */
const CSV = [
  'id,time,area,district',
  ...windows(WINDOWS).flatMap((window) =>
    windows(window % 11 === 3 ? 4 : 12).flatMap((i) => {
      const isWest = i % 3 === 0;
      if ((window >= 30 && window < 38) || (isWest && window >= 50 && window < 62)) return [];
      const wild = Math.floor(window / 9) % 2 === 1 ? 25 * spread(window) : 0;
      const area = 40 + 15 * spread(i, window) + wild + (isWest ? 12 * spread(window, 3) : 0);
      const isMissing = window % 13 === 5 && i % 2 === 0;
      const time = new Date(START_MS + window * MINUTE_MS + i * 1_000).toISOString();
      return [`${window}-${i},${time},${isMissing ? '' : area},${isWest ? 'west' : 'east'}`];
    }),
  ),
].join('\n');

const keyOf = ({ metric, subject, model, segment }: Result): string =>
  JSON.stringify([metric, subject, model, segment]);

it.each(['2m', '1m'])('a replay with a hop of %s, as a test', async (hop) => {
  const dir = folder({ 'telltale.yaml': '', 'services/house.yaml': serviceOf(hop), 'rows.csv': CSV });
  const parts = fakeWiring({ registries: wiring.registries });
  const replayed = await telltale(
    ['--config', dir, 'replay', join(dir, 'rows.csv'), '--out', join(dir, 'out')],
    parts,
  );
  expect([replayed.code, replayed.err]).toEqual([0, expect.stringContaining('0 dead')]);
  const read = <T>(name: string): T[] =>
    readFileSync(join(dir, 'out', name), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as T);
  const results = read<Result>('results.ndjson').filter(({ metric }) =>
    ['mean', 'missing_rate'].includes(metric),
  );
  const told = read<Alert>('alerts.ndjson');
  // Rules over other rules speak when all sources have closed a time, which is later in the file but not in time.
  const isOver = ({ rule }: Alert): number => Number(rule === 'both');
  told.sort((a, b) => a.windowEndMs - b.windowEndMs || isOver(a) - isOver(b));
  const rules = new Set(told.map(({ rule }) => rule));
  expect([...rules].sort()).toEqual(['apart', 'away', 'both', 'gone', 'large', 'moved', 'often', 'rising']);

  const hopMs = Number.parseInt(hop, 10) * MINUTE_MS;
  const firstMs = Math.min(...results.map(({ windowStartMs }) => windowStartMs));
  const count = 1 + (Math.max(...results.map(({ windowStartMs }) => windowStartMs)) - firstMs) / hopMs;
  const keys = [...new Set(results.map(keyOf))];
  const series = keys.map((key) => {
    const own = results.filter((result) => keyOf(result) === key);
    const { metric, subject, model, segment } = own[0]!;
    const byWindow = new Map(own.map((result) => [(result.windowStartMs - firstMs) / hopMs, result]));
    const wordsOf = (word: (result: Result) => unknown): string =>
      windows(count)
        .map((i) => (byWindow.has(i) ? String(word(byWindow.get(i)!)) : '_'))
        .join(' ');
    return {
      metric,
      subject,
      model,
      segment,
      values: wordsOf(({ value }) => value),
      n: wordsOf(({ n }) => n),
    };
  });
  const timeOf = (ms: number): string => `${(ms - firstMs) / MINUTE_MS}m`;
  const records = told.map(
    ({
      windowEndMs,
      sinceMs,
      rule,
      metric,
      subject,
      segment,
      state,
      level,
      value,
      threshold,
      n,
      reason,
    }) => ({
      at: timeOf(windowEndMs),
      since: timeOf(sinceMs),
      ...(metric === '' ? {} : { metric }),
      ...{ rule, subject, segment, state, level, value, threshold, n, reason },
    }),
  );
  const notifications = read<Incident>('incidents.ndjson')
    .filter(({ notify }) => notify !== '')
    .map(({ atMs, onsetMs, openedMs, mutedAlarms, isStorm, ...incident }) => {
      const { notify, state, level, firing, muted, rules, inputs, segments, summary } = incident;
      return {
        ...{ at: timeOf(atMs), onset: timeOf(onsetMs), opened: timeOf(openedMs) },
        ...{ notify, state, level, firing, muted, muted_alarms: mutedAlarms, storm: isStorm },
        ...{ rules, inputs, segments, summary },
      };
    });
  const reasons = new Set(notifications.map(({ notify }) => notify));
  expect([...reasons].sort()).toEqual(NOTIFY_REASONS.toSorted());
  expect(notifications.some(({ muted_alarms: muted }) => muted > 0)).toBe(true);

  const file = join(dir, 'tests.yaml');
  const test = {
    service: 'services/house.yaml',
    tests: [
      {
        name: 'as replayed',
        start: new Date(firstMs).toISOString(),
        ...{ series, restart_at: 'every', records, notifications },
      },
    ],
  };
  writeFileSync(file, stringify(test));
  const { code, out } = await telltale(['test', file], parts);
  expect(out).toMatch(/1 passed, 0 failed\n$/);
  expect(code).toBe(0);
});
