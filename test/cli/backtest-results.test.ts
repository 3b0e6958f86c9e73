/** Recorded results must say of the rules what the data say that they come from. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { wiring } from '../../src/cli/wiring.ts';
import { at } from './backtest-support.ts';
import { spread } from './stretches.ts';
import { telltale } from './support.ts';

const MINUTES = 120;
const PER_MINUTE = 8;

const RULES = `
  - { name: high, metric: mean, subject: x, warning: '> 60', min_n: 1, for: 2m, keep_firing_for: 3m }
  - { name: part, metric: mean, subject: x, segment: each, versus: { segment: '*' }, warning: '> 1.1', min_n: 1 }
  - { name: before, metric: mean, subject: x, versus: { ago: 10m }, critical: '> 1.3', min_n: 1, hits: 2 of 3 }
  - { name: error, metric: mae, subject: y, critical: '> 20', min_n: 1 }
  - { name: early, metric: mae, subject: y, warning: '> 20', min_n: 1, min_coverage: 0.3 }
  - { name: away, metric: mean, subject: x, segment: each, warning: '> 1e9', min_n: 1, no_data: { policy: alarm, for: 4m } }
  - { name: change, metric: mean, subject: x, detector: page_hinkley, min_n: 1 }
  - { name: both, when: { any: [{ all: [high, part] }, error] }, level: critical, for: 3m }
`;
const serviceOf = (rules: string, more = ''): string => `service: pump
streams:
  requests: { topic: pump.requests }
  predictions: { topic: pump.predictions, fields: { y: y } }
  labels: { topic: pump.labels, fields: { y: y } }
inputs:
  x: { type: numeric }
  side: { type: categorical, categories: [east, west] }
outputs: { y: { type: regressor } }
segments: [[side]]
windows: { size: 1m, lateness: 0s }
join: { max_delay: 8m, revise_after: [2m] }
rules: ${rules}
retrain: { mode: automatic, on: [both, early], level: warning, cooldown: 20m, lookback: 1h }
${more}`;

const rows = Array.from({ length: MINUTES * PER_MINUTE }, (_, i) => {
  const minute = Math.floor(i / PER_MINUTE);
  const side = i % 2 === 0 && (minute < 70 || minute >= 80) ? 'west' : 'east';
  const high = minute >= 30 && minute < 45 ? 30 : 0;
  const x = 40 + high + 5 * spread(i) + (side === 'west' && minute >= 35 && minute < 60 ? 25 : 0);
  const wrong = minute >= 50 && minute < 62 ? 30 : 1;
  return {
    id: `r${i}`,
    atMinute: i / PER_MINUTE,
    x,
    side,
    y: 100,
    said: 100 + wrong,
    later: 1 + 5 * spread(i, 1),
  };
});
const csv = (head: string, lines: readonly (readonly (string | number)[])[]): string =>
  [head, ...lines.map((line) => line.join())].join('\n');
const byLabel = [...rows].sort((a, b) => a.atMinute + a.later - b.atMinute - b.later);

let dir = '';
const run = async (args: string[], candidate = 'new') =>
  telltale(['--config', join(dir, 'old'), 'backtest', '--candidate', join(dir, candidate), ...args], wiring);

beforeAll(async () => {
  const candidate = RULES.replace("'> 60'", "'> 50'")
    .replace('hits: 2 of 3', 'hits: 1 of 3')
    .replace('for: 4m', 'for: 6m')
    .replace('min_coverage: 0.3', 'min_coverage: 0.8')
    .replace('for: 3m }\n', 'for: 1m }\n');
  const files = {
    'old/telltale.yaml': 'services: services\n',
    'old/services/pump.yaml': serviceOf(RULES),
    'new/telltale.yaml': 'services: services\n',
    'new/services/pump.yaml': serviceOf(candidate),
    'r.csv': csv(
      'id,time,x,side',
      rows.map(({ id, atMinute, x, side }) => [id, at(atMinute), x, side]),
    ),
    'p.csv': csv(
      'id,time,y',
      rows.map(({ id, atMinute, said }) => [id, at(atMinute), said]),
    ),
    'l.csv': csv(
      'id,time,y',
      byLabel.map(({ id, atMinute, later, y }) => [id, at(atMinute + later), y]),
    ),
  };
  dir = mkdtempSync(join(tmpdir(), 'telltale-backtest-'));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), content);
  }
});

afterAll(() => rmSync(dir, { recursive: true }));

const FILES = (): string[] => ['--from', `${dir}/r.csv`, `predictions=${dir}/p.csv`, `labels=${dir}/l.csv`];

/** Lines as InfluxDB gives them: by the end of the window, whatever closed first. */
function byEnd(text: string): string {
  const lines = text.trim().split('\n');
  const keyed = lines.map((line, i) => ({ line, i, ...(JSON.parse(line) as { windowEndMs: number }) }));
  return keyed
    .sort((a, b) => a.windowEndMs - b.windowEndMs || a.i - b.i)
    .map(({ line }) => line)
    .join('\n');
}

describe('recorded results', () => {
  test('give the alarms and requests that the data give, in whatever order windows come', async () => {
    const files = FILES().slice(1);
    const replayed = await telltale(
      ['--config', join(dir, 'old'), 'replay', ...files, '--out', `${dir}/out`],
      wiring,
    );
    expect(replayed.err).toContain(' 0 dead');
    const results = readFileSync(`${dir}/out/results.ndjson`, 'utf8');
    writeFileSync(join(dir, 'influx.ndjson'), byEnd(results));
    const data = JSON.parse((await run([...FILES(), '--json'])).out).services[0];
    const said = Object.fromEntries(
      data.rules.map(({ rule, before, after }: Record<string, { alarms: number }>) => [
        rule,
        [before!.alarms, after!.alarms],
      ]),
    );
    // Every kind of rule fires, and what differs does so in each of the ways.
    for (const [rule, counts] of Object.entries(said))
      expect([rule, Math.min(...(counts as number[])) > 0]).toEqual([rule, true]);
    expect(data.alarms.appear.length + data.alarms.disappear.length).toBeGreaterThan(0);
    expect(data.alarms.moves.length).toBeGreaterThan(2);
    // The first revision that has 30 % of the labels comes sooner than the one with 80 %.
    const known = data.alarms.moves.filter(
      ({ after }: { after: { rule: string } }) => after.rule === 'early',
    );
    expect(known.map(({ changes }: { changes: string[] }) => changes.join())).toEqual([
      'is known 6m later,ends 1m earlier',
    ]);
    const requests: number[] = Object.values<object[]>(data.retrains).map((list) => list.length);
    expect(requests.reduce((sum, n) => sum + n)).toBeGreaterThan(1);
    for (const from of ['out', 'out/results.ndjson', 'influx.ndjson']) {
      const { out, err, code } = await run(['--from-results', join(dir, from), '--json']);
      expect([err, code]).toEqual(['', 0]);
      const recorded = JSON.parse(out).services[0];
      expect(recorded.alarms).toEqual(data.alarms);
      expect(recorded.retrains).toEqual(data.retrains);
      expect(recorded.rules).toEqual(data.rules);
      expect([recorded.from, recorded.to]).toEqual([data.from, data.to]);
    }
  });

  test('say what they cannot show, and know incidents', async () => {
    const far =
      "[{ name: both, metric: mean, subject: x, warning: '> 500' }, { name: early, metric: mean, subject: x, warning: '> 900' }]";
    writeFileSync(join(dir, 'other.yaml'), serviceOf(far).replace('size: 1m', 'size: 2m'));
    writeFileSync(join(dir, 'i.yaml'), `- { service: pump, from: ${at(30)}, to: ${at(35)}, what: it }`);
    const args = ['--from-results', join(dir, 'out'), '--incidents', join(dir, 'i.yaml'), '--slack', '0s'];
    const { out, code } = await run([...args, '--to-time', at(40), '--fail-on', 'worse'], 'other.yaml');
    expect(code).toBe(1);
    expect(out).toContain(
      'rules and retraining are tried again; budgets, baselines, models and windows are not.',
    );
    expect(out).toContain('They also differ in what results do not show: windows.');
    expect(out).toMatch(/pump: 2026-01-05T00:00Z to 2026-01-05T00:40Z/);
    expect(out).toMatch(/results with each configuration\. They differ in: rules\./);
    expect(out).toMatch(/Worse: the candidate misses 'it', which the current one finds\./);
  });

  test.each<[string, string[], RegExp]>([
    ['neither source', [], /error\[usage\] give either files with --from, or recorded results/],
    [
      'both sources',
      ['--from', 'DIR/r.csv', '--from-results', 'DIR/out'],
      /error\[usage\] give either files/,
    ],
    [
      'a stretch of files',
      ['--from', 'DIR/r.csv', '--since', '2h'],
      /--since, --from-time and --to-time go with/,
    ],
    ['a missing folder', ['--from-results', 'DIR/none'], /error\[file_unreadable\].*none/],
    [
      'a file without results',
      ['--from-results', 'DIR/out/dead.ndjson'],
      /error\[results_missing\].*holds no results/,
    ],
    [
      'an empty stretch',
      ['--from-results', 'DIR/out', '--to-time', at(-9)],
      /error\[results_missing\].*its windows end/,
    ],
    [
      'another service',
      ['--from-results', 'DIR/strange.ndjson'],
      /holds results of other, and none of a service that is on/,
    ],
    [
      'an unknown service',
      ['--from-results', 'DIR/out', '--service', 'pimp'],
      /no service 'pimp'.*did you mean 'pump'/,
    ],
    [
      'no InfluxDB',
      ['--from-results', 'influx'],
      /error\[usage\] --from influx: telltale\.yaml has no influx\.url/,
    ],
  ])('%s is an error with its cure, and exit code 2', async (_, args, message) => {
    const results = readFileSync(join(dir, 'influx.ndjson'), 'utf8');
    writeFileSync(join(dir, 'strange.ndjson'), results.replaceAll('"service":"pump"', '"service":"other"'));
    const { code, err, out } = await run(args.map((arg) => arg.replace('DIR', dir)));
    expect(err).toMatch(message);
    expect(err).toContain('help: ');
    expect([code, out]).toEqual([2, '']);
  });
});
