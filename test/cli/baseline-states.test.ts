import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { wiring } from '../../src/cli/wiring.ts';
import { stateOfText } from '../../src/profile/baseline/states.ts';
import { labelledOf } from '../../src/profile/score-bins.ts';
import type { Baseline } from '../../src/records.ts';
import { folder, telltale } from './support.ts';

const yaml = `service: shop
streams:
  requests: { topic: t }
  predictions: { topic: p, fields: { y: y }, score: score }
  labels: { topic: l }
inputs:
  amount: { type: numeric }
  channel: { type: categorical, categories: [web, shop] }
outputs:
  y: { type: classifier, classes: ['no', 'yes'], positive: 'yes' }
segments: [[channel]]
baseline: gone.json
`;

interface Row {
  id: string;
  time: string;
  amount: number;
  channel: string;
  y: string;
  score: number;
  label: string;
}

/** Rows of two days, every fifth without a label. */
const rows: Row[] = Array.from({ length: 480 }, (_, i) => ({
  id: `r${i}`,
  time: new Date(Date.UTC(2026, 0, 5) + i * 360_000).toISOString(),
  amount: ((i * 7919) % 480) / 10,
  channel: i % 3 === 0 ? 'shop' : 'web',
  y: i % 4 === 0 ? 'yes' : 'no',
  score: (i % 4 === 0 ? 0.6 : 0.2) + (i % 7) / 100,
  label: i % 6 === 0 ? 'yes' : 'no',
}));
const lines = (given: readonly object[]): string => given.map((row) => `${JSON.stringify(row)}\n`).join('');
const labelled = (given: readonly Row[]) =>
  given.filter((_, i) => i % 5 !== 4).map(({ id, time, label }) => ({ id, time, label }));

/** Runs the real command over these files, and gives the baseline that it wrote. */
async function build(files: Record<string, string>, args: string[]) {
  const dir = folder({ 'telltale.yaml': '', 'services/a.yaml': yaml, ...files });
  const words = args.map((word) =>
    Object.hasOwn(files, word) || word === 'b.json' ? join(dir, word) : word,
  );
  const found = await telltale(
    ['baseline', 'build', '--config', dir, '--service', 'shop', ...words, '--out', join(dir, 'b.json')],
    wiring,
  );
  expect(found.err).not.toMatch(/error\[/);
  expect(found.code).toBe(0);
  const text = readFileSync(join(dir, 'b.json'), 'utf8');
  return { text, baseline: JSON.parse(text) as Baseline, dir };
}

const whole = {
  'r.ndjson': lines(rows),
  'p.ndjson': lines(rows),
  'l.ndjson': lines(labelled(rows)),
};
const ALL = ['--from', 'r.ndjson', '--predictions', 'p.ndjson', '--labels', 'l.ndjson'];

const scoresOf = (states: Record<string, string>) => {
  const track = stateOfText(states['scores/external/y']!);
  if (track.kind !== 'score_bins') throw new Error('scores');
  return labelledOf(track.state);
};

describe('telltale baseline build with labels', () => {
  it('has the states of outputs, and scores by label', async () => {
    const { baseline } = await build(whole, ALL);
    expect(baseline).toMatchObject({ format: 'telltale-baseline/2', service: 'shop', n: 480 });
    expect(Object.keys(baseline.states!)).toEqual([
      'class/external/y',
      'errors/external/',
      'input//amount',
      'input//channel',
      'latency/external/',
      'performance/external/y',
      'score/external/y',
      'scores/external/y',
    ]);
    const known = rows.filter((_, i) => i % 5 !== 4);
    const positive = known.filter(({ label }) => label === 'yes').length;
    expect(scoresOf(baseline.states!)).toEqual({ n: known.length, positive });
    expect(baseline.tracks.amount).not.toHaveProperty('sketch');
  });

  it('is of all rows, whatever the service has a budget of alarms for', async () => {
    const budgeted = `${yaml}budget: 1 per 30d\n`;
    const { text } = await build(whole, [...ALL, '--segments']);
    // One window of thirty thousand years is far beyond any budget, and would page at once.
    expect((await build({ ...whole, 'services/a.yaml': budgeted }, [...ALL, '--segments'])).text).toBe(text);
  });

  it('is the same for rows in another order, and for rows without times', async () => {
    const { text } = await build(whole, ALL);
    const shuffled = [...rows].sort((a, b) => ((a.amount * 31) % 17) - ((b.amount * 31) % 17));
    const bare = shuffled.map(({ time: _, ...row }) => row);
    const files = { 'r.ndjson': lines(shuffled), 'p.ndjson': lines(bare), 'l.ndjson': whole['l.ndjson'] };
    expect((await build(files, ALL)).text).toBe(text);
  });

  it('takes labels of the rows themselves, of CSV without ids, and a range of rows', async () => {
    const csv = `amount,channel,y,score,label\n${rows
      .map(({ amount, channel, y, score, label }) => [amount, channel, y, score, label].join(','))
      .join('\n')}\n`;
    const files = { 'a.csv': csv };
    const args = ['--from', 'a.csv', '--predictions', 'a.csv', '--labels', 'a.csv'];
    const { baseline } = await build(files, [...args, '--skip', '80', '--rows', '100']);
    expect(baseline.n).toBe(100);
    const positive = rows.slice(80, 180).filter(({ label }) => label === 'yes').length;
    expect(scoresOf(baseline.states!)).toEqual({ n: 100, positive });
  });

  it('has a part for each segment', async () => {
    const { baseline, text } = await build(whole, [...ALL, '--segments']);
    const { segments = {} } = baseline;
    expect(Object.keys(segments)).toEqual(['channel=shop', 'channel=web']);
    expect(segments['channel=shop']!.n + segments['channel=web']!.n).toBe(480);
    const [shop, web] = Object.values(segments).map(({ states }) => scoresOf(states));
    expect(shop!.n + web!.n).toBe(scoresOf(baseline.states!).n);
    const plain = await build(whole, ALL);
    expect(text.startsWith(plain.text.slice(0, -4))).toBe(true);
  });

  it('has a part for each hour, whatever the order of rows', async () => {
    const { baseline, text } = await build(whole, [...ALL, '--season', 'hour_of_day']);
    const { parts } = baseline.season!;
    expect(Object.keys(parts)).toHaveLength(24);
    expect(Object.values(parts).map(({ n }) => n)).toEqual(Array(24).fill(20));
    expect(Object.keys(parts['7']!.states)).toContain('scores/external/y');
    expect(Object.keys(parts['7']!.states).some((key) => key.includes('hour'))).toBe(false);
    const week = await build(whole, [...ALL, '--season', 'hour_of_week']);
    expect(Object.keys(week.baseline.season!.parts)).toHaveLength(48);
    const turned = { ...whole, 'r.ndjson': lines([...rows].reverse()) };
    expect((await build(turned, [...ALL, '--season', 'hour_of_day'])).text).toBe(text);
  });

  it('standardizes joint sums by its own rows, and leaves them out over given cells', async () => {
    const two = yaml.replace('  channel:', '  score: { type: numeric }\n  channel:');
    const args = [...ALL.slice(0, 2), '--labels', 'l.ndjson'];
    const { baseline, text } = await build({ ...whole, 'services/a.yaml': two }, args);
    const joint = stateOfText(baseline.states!['joint//']!);
    expect(joint).toMatchObject({ kind: 'joint', state: { n: 480, size: 2 } });
    const files = { ...whole, 'services/a.yaml': two, 'cells.json': text };
    const over = await build(files, [...args, '--cells-of', 'cells.json']);
    expect(over.baseline.states).not.toHaveProperty('joint//');
    expect(over.baseline.tracks).toEqual(baseline.tracks);
  });

  it('leaves all but the inputs out when told to', async () => {
    const { baseline } = await build(whole, ['--from', 'r.ndjson', '--inputs-only']);
    expect(Object.keys(baseline.states!)).toEqual(['input//amount', 'input//channel']);
  });

  it('merges parts to the bytes of the whole, with the same cells', async () => {
    const cells = await build(whole, ['--from', 'r.ndjson', '--rows', '50']);
    const more = ['--segments', '--cells-of', 'cells.json'];
    const files = { ...whole, 'cells.json': cells.text };
    const all = await build(files, [...ALL, ...more]);
    const half = async (part: Row[], known: object[]) => {
      const own = { ...files, 'r.ndjson': lines(part), 'p.ndjson': lines(part), 'l.ndjson': lines(known) };
      return (await build(own, [...ALL, ...more])).text;
    };
    const known = labelled(rows);
    const of = (part: Row[]) => known.filter(({ id }) => part.some((row) => row.id === id));
    const [a, b] = [rows.slice(0, 200), rows.slice(200)];
    const dir = folder({ 'a.json': await half(a, of(a)), 'b.json': await half(b, of(b)) });
    const merged = await telltale(
      ['baseline', 'merge', join(dir, 'a.json'), join(dir, 'b.json'), '-o', join(dir, 'c.json')],
      wiring,
    );
    expect(merged.err).toMatch(/c\.json: 480 rows, 2 tracks, 8 states, 2 segments, \d+ kB\n$/);
    expect(readFileSync(join(dir, 'c.json'), 'utf8')).toBe(all.text);
  });

  it.each<[string, string[], RegExp]>([
    [
      'segments and a season',
      ['--from', 'r.ndjson', '--segments', '--season', 'hour_of_day'],
      /either --segments or --season/,
    ],
    ['labels of a topic', ['--topic', 't', '--labels', 'l.ndjson'], /--labels is for files, not for a topic/],
    [
      'a stream that is not there',
      ['--from', 'r.ndjson', '--feedback', 'l.ndjson'],
      /no stream 'feedback'; it has requests, predictions, labels/,
    ],
    [
      'inputs only with labels',
      ['--from', 'r.ndjson', '--labels', 'l.ndjson', '--inputs-only'],
      /--inputs-only leaves out labels/,
    ],
    [
      'half a time',
      ['--from', 'r.ndjson', '--predictions', 'p.ndjson', '--time-start', '0'],
      /belong together/,
    ],
    [
      'a season without times',
      ['--from', 'bare.ndjson', '--season', 'hour_of_day'],
      /no event time at 'time' in the first row/,
    ],
    [
      'cells of no baseline',
      ['--from', 'r.ndjson', '--cells-of', 'p.ndjson'],
      /baseline_invalid.*p\.ndjson is not JSON/,
    ],
    ['cells of no file', ['--from', 'r.ndjson', '--cells-of', 'gone.json'], /file_unreadable.*gone\.json/],
  ])('says what is wrong: %s', async (_what, args, message) => {
    const files = { ...whole, 'bare.ndjson': lines(rows.map(({ time: _, ...row }) => row)) };
    const dir = folder({ 'telltale.yaml': '', 'services/a.yaml': yaml, ...files });
    const words = args.map((word) => (Object.hasOwn(files, word) ? join(dir, word) : word));
    const { err, code } = await telltale(
      ['baseline', 'build', '--config', dir, '--service', 'shop', ...words],
      wiring,
    );
    expect(err).toMatch(message);
    expect(code).toBeGreaterThan(0);
  });
});

describe('telltale baseline merge', () => {
  it('says which cells differ', async () => {
    const [a, b] = [
      await build(whole, ['--from', 'r.ndjson', '--rows', '100']),
      await build(whole, ['--from', 'r.ndjson', '--skip', '100']),
    ];
    const found = await telltale(['baseline', 'merge', join(a.dir, 'b.json'), join(b.dir, 'b.json')], wiring);
    expect(found.err).toMatch(/^cells differ and are cut anew: amount; .*--cells-of\n$/);
    expect(JSON.parse(found.out)).toMatchObject({ n: 480, tracks: { amount: { cut: 'sketch', n: 480 } } });
  });

  it('needs two baselines', async () => {
    const { dir } = await build(whole, ['--from', 'r.ndjson']);
    const one = await telltale(['baseline', 'merge', join(dir, 'b.json')], wiring);
    expect([one.code, one.err]).toEqual([2, expect.stringContaining('give two files or more')]);
    const bad = folder({ 'x.json': '{"format":"telltale-baseline/2"}' });
    const { err } = await telltale(['baseline', 'merge', join(dir, 'b.json'), join(bad, 'x.json')], wiring);
    expect(err).toMatch(/x\.json is not a baseline: service/);
  });
});
