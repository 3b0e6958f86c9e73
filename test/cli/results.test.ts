import { describe, expect, test } from 'vitest';
import { type Columns, newColumns } from '../../src/cli/results/columns.ts';
import { differenceOf, falseDiscoveryRates } from '../../src/cli/results/compare.ts';
import { pool } from '../../src/cli/results/pool.ts';
import { resultOf } from '../../src/cli/results/records.ts';
import { createStretches, seriesKey, thinnedBy } from '../../src/cli/results/stretch.ts';
import { alertAt, alertLines, endOf, resultAt, resultLines, segmentStretch, windows } from './stretches.ts';
import { folder, telltale } from './support.ts';

const ALWAYS = { fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY };
const run = (dir: string, ...args: string[]) =>
  telltale(['--config', '/nowhere', 'report', '--from', dir, ...args]);

describe('a stretch in bounded memory', () => {
  const bounds = { windowsMax: 100, keptMax: 1_000 };
  const stretchOf = (order: readonly number[]) => {
    const { taker, stretches } = createStretches({ service: undefined, range: ALWAYS }, () => {}, bounds);
    for (const window of order) {
      taker.result(resultAt(window, { metric: 'mean', subject: 'a', value: window }));
      if (window % 3 === 0) taker.result(resultAt(window, { metric: 'mean', subject: 'b', value: window }));
    }
    return stretches.get('shop')!;
  };
  const endsOf = (stretch: ReturnType<typeof stretchOf>, subject: string) =>
    stretch.series.get(seriesKey('mean', subject, '', '*'))!.final.ends;

  test('keeps evenly spread windows, the same ones in every series and in whatever order they come', () => {
    const stretch = stretchOf(windows(3_000));
    const [a, b] = [endsOf(stretch, 'a'), endsOf(stretch, 'b')];
    expect(a.length).toBeLessThanOrEqual(100);
    expect(a.length).toBeGreaterThan(50);
    const gaps = new Set(a.slice(1).map((endMs, i) => endMs - a[i]!));
    expect(gaps.size).toBe(1);
    expect(b.every((endMs) => a.includes(endMs))).toBe(true);
    expect(thinnedBy(stretch)).toBe(32);
    expect(endsOf(stretchOf(windows(3_000).reverse()), 'a')).toEqual(a);
    // What was left out still counts for the extremes.
    expect(stretch.series.get(seriesKey('mean', 'a', '', '*'))).toMatchObject({ min: 0, max: 2_999 });
  });

  test('of a window the highest revision holds, and only a final one counts', () => {
    const { taker, stretches } = createStretches({ service: undefined, range: ALWAYS });
    const about = { family: 'performance', metric: 'mae', subject: 'y' } as const;
    taker.result(resultAt(0, { ...about, value: 1, revision: 0, final: false }));
    taker.result(resultAt(0, { ...about, value: 3, revision: 2 }));
    taker.result(resultAt(0, { ...about, value: 3, revision: 2 }));
    taker.result(resultAt(0, { ...about, value: 2, revision: 1 }));
    const series = stretches.get('shop')!.series.get(seriesKey('mae', 'y', '', '*'))!;
    expect(series.final.values).toEqual([3]);
    expect(series.early.get(0)!.values).toEqual([1]);
  });

  test('alarms count once, although a restart repeats their records', () => {
    const { taker, stretches } = createStretches({ service: undefined, range: ALWAYS });
    const [on, off] = [alertAt(1, { state: 'firing' }), alertAt(4, { state: 'resolved' })];
    for (const alert of [on, on, off, on, off, alertAt(7, { state: 'firing' })]) taker.alert(alert);
    const [tally] = stretches.get('shop')!.alarms.values();
    expect(tally).toMatchObject({ fired: { warning: 0, critical: 2 }, lastedMs: [3 * 60_000] });
  });
});

describe('windows put together', () => {
  const columnsOf = (rows: [value: number, n: number][]): Columns => ({
    ...newColumns(),
    ends: rows.map((_, i) => endOf(i)),
    values: rows.map(([value]) => value),
    ns: rows.map(([, n]) => n),
    lows: rows.map(() => Number.NaN),
    highs: rows.map(() => Number.NaN),
    revisions: rows.map(() => 0),
  });

  test('rates by counts, f1 by its counts too, and a root of squares by the squares', () => {
    const accuracy = pool(
      'accuracy',
      columnsOf([
        [0.5, 10],
        [1, 30],
      ]),
    );
    expect(accuracy).toMatchObject({ value: 0.875, n: 40, by: 'counts', min: 0.5, max: 1 });
    // Wilson's interval of 35 of 40.
    expect(accuracy!.low).toBeCloseTo(0.7389, 4);
    expect(accuracy!.high).toBeCloseTo(0.9454, 4);
    // 2 of 4 and 3 of 4 in common: f1 is 2 t / (t + n) = 10 / 13.
    expect(
      pool(
        'f1',
        columnsOf([
          [2 / 3, 4],
          [6 / 7, 4],
        ]),
      )!.value,
    ).toBeCloseTo(10 / 13, 12);
    expect(
      pool(
        'rmse',
        columnsOf([
          [3, 1],
          [4, 1],
        ]),
      )!.value,
    ).toBeCloseTo(Math.sqrt(12.5), 12);
    expect(
      pool(
        'mae',
        columnsOf([
          [1, 1],
          [4, 3],
        ]),
      ),
    ).toMatchObject({ value: 3.25, low: null, by: 'weighted mean' });
  });

  test('a mean over classes is no count, and what cannot be added up is a median with its range', () => {
    expect(
      pool(
        'precision',
        columnsOf([
          [0.333, 10],
          [0.5, 10],
        ]),
      ),
    ).toMatchObject({ by: 'weighted mean' });
    const auc = pool('roc_auc', columnsOf([0.9, 0.7, 0.8, 0.6, 0.75, 0.85].map((value) => [value, 50])));
    expect(auc).toMatchObject({
      value: 0.775,
      low: 0.6,
      high: 0.9,
      min: 0.6,
      max: 0.9,
      by: 'median of windows',
    });
  });

  test('windows that differ by more than sampling explains widen the interval', () => {
    const calm = pool('accuracy', columnsOf(windows(20).map(() => [0.8, 100])))!;
    const wild = pool('accuracy', columnsOf(windows(20).map((i) => [i % 2 ? 1 : 0.6, 100])))!;
    expect(wild.value).toBeCloseTo(calm.value, 12);
    expect(wild.high! - wild.low!).toBeGreaterThan(3 * (calm.high! - calm.low!));
  });

  test('what moves segment and whole together is no difference of the segment', () => {
    const shock = (i: number): number => (i % 2 ? 0.9 : 0.5);
    const whole = columnsOf(windows(20).map((i) => [shock(i), 1_000]));
    const part = columnsOf(windows(20).map((i) => [shock(i) - 0.1, 100]));
    const difference = differenceOf('accuracy', part, whole)!;
    expect(difference.value).toBeCloseTo(-0.1, 12);
    expect(difference.high).toBeLessThan(-0.07);
  });

  test('the false discovery rates are those of Benjamini and Hochberg', () => {
    // p.adjust(c(0.01, 0.02, 0.03, 0.04), 'BH') of R gives 0.04 four times; NA is not counted.
    const rates = falseDiscoveryRates([0.04, 0.01, null, 0.03, 0.02]);
    expect(rates.map((rate) => (rate === null ? null : Number(rate.toFixed(12))))).toEqual([
      0.04,
      0.04,
      null,
      0.04,
      0.04,
    ]);
    expect(falseDiscoveryRates([0.001, 0.5])).toEqual([0.002, 0.5]);
  });
});

describe('files', () => {
  test('one file with everything, or a folder whose files come in the order of their windows', async () => {
    const all = segmentStretch(40);
    const late = all.filter(({ windowEndMs }) => windowEndMs > endOf(19));
    const early = all.filter(({ windowEndMs }) => windowEndMs <= endOf(19));
    const alerts = alertLines([alertAt(3)]);
    const dir = folder({
      'one.ndjson': resultLines(all) + alerts,
      'parts/a.ndjson': resultLines(late),
      'parts/b.ndjson': resultLines(early),
      'parts/c.ndjson': alerts,
      'parts/notes.txt': 'not read',
    });
    const services = async (path: string) => JSON.parse((await run(`${dir}/${path}`, '--json')).out).services;
    expect(await services('parts')).toEqual(await services('one.ndjson'));
  });

  test('lines of somebody else and a torn last line are counted', async () => {
    const dir = folder({
      'r.ndjson': `${resultLines(segmentStretch(40))}{"type":"retrain"}\n{"type":"incident"}\n{"type":"rollout"}\n{"a":1}\n{"type":"res`,
    });
    const { code, err } = await run(dir);
    expect(code).toBe(0);
    expect(err).toMatch(/^read 200 results of \S+, and 2 records of something else\n$/);
  });

  test('a record of an older version has no interval, and one with a wrong field is none', () => {
    const { low: _, high: __, p: ___, ...old } = resultAt(0);
    expect(resultOf({ ...old })).toMatchObject({ low: null, high: null, p: null, value: 0.25 });
    expect(resultOf({ ...old, windowEndMs: '0' })).toBe(null);
  });

  test('the range is by the end of the windows, and a terminal sees the progress', async () => {
    const dir = folder({ 'r.ndjson': resultLines(segmentStretch(40)) });
    const times = ['--from-time', new Date(endOf(9)).toISOString(), '--to-time', String(endOf(19))];
    const { out } = await run(dir, '--json', ...times);
    expect(JSON.parse(out).services[0]).toMatchObject({
      from: new Date(endOf(10)).toISOString(),
      to: new Date(endOf(19)).toISOString(),
    });
    const shown = await telltale(['--config', '/nowhere', 'report', '--from', dir], undefined, {
      isTTY: true,
    });
    expect(shown.err).toMatch(/200 lines/);
  });

  test.each<[string, string[], RegExp]>([
    ['no such file', ['DIR/none'], /error\[file_unreadable\].*none/],
    ['a folder without records', ['DIR/empty'], /error\[file_unreadable\] no files \*\.ndjson in /],
    [
      'no results',
      ['DIR/others'],
      /error\[results_missing\] \S+others holds no results; 1 records there are/,
    ],
    [
      'another service',
      ['DIR/r', '--service', 'shpo'],
      /holds no results of service shpo, it has those of shop; did you mean 'shop'/,
    ],
    [
      'another time',
      ['DIR/r', '--since', '2026-04-01T00:00:00Z'],
      /no final results after 2026-04-01T00:00Z; its windows end from 2026-03-01T00:01Z to 2026-03-01T00:40Z/,
    ],
    ['a time that is none', ['DIR/r', '--since', 'soon'], /error\[usage\] --since: 'soon' is neither/],
    ['two beginnings', ['DIR/r', '--since', '1h', '--from-time', '0'], /--since and --from-time both say/],
    ['an empty range', ['DIR/r', '--from-time', '5', '--to-time', '4'], /nothing lies between/],
    ['the topic without a configuration', ['topic'], /error\[config_missing\]/],
  ])('%s is an error with its cure', async (_, args, message) => {
    const dir = folder({
      'r/r.ndjson': resultLines(segmentStretch(40)),
      'others/x.ndjson': '{"type":"other"}\n',
      'empty/notes.txt': '',
    });
    const { code, err } = await run(...(args.map((arg) => arg.replace('DIR', dir)) as [string, ...string[]]));
    expect(code).not.toBe(0);
    expect(err).toMatch(message);
    expect(err).toContain('help: ');
  });
});
