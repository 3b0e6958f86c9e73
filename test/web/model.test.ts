import { expect, test } from 'vitest';
import { createMatch } from '../../src/alarm/incident/matcher.ts';
import type { Distribution, HistoryPoint } from '../../src/console/source.ts';
import { scopesOf, silenceStart, silenceTarget } from '../../web/model/commands.ts';
import { number, percent, short, span, time } from '../../web/model/format.ts';
import { hrefOf } from '../../web/model/router.ts';
import { withResults } from '../../web/model/service.ts';
import { withPoint } from '../../web/model/store.ts';
import { columnsOf, type Plotted, rangeOf } from '../../web/parts/chart-plot.ts';
import { cellText } from '../../web/parts/evidence.tsx';
import { cellsOf, movedShare } from '../../web/parts/histogram.tsx';
import { makeResult, T0 } from '../console/records.ts';

test('numbers, shares and times as a person reads them', () => {
  expect([0.123456, 1234.56, 12_345.6, 0.00001234, null, 7, -0.5].map((value) => number(value))).toEqual([
    ...['0.123', '1,234.6', '12,346', '1.2e-5', 'n/a', '7', '-0.5'],
  ]);
  expect([
    percent(0.1234),
    percent(1),
    short(9_999),
    short(12_345),
    short(999_960),
    short(2_345_678),
  ]).toEqual([...['12.3 %', '100 %', '9,999', '12.3 k', '1 M', '2.35 M']]);
  expect([span(90_000), span(86_400_000 * 30), span(12), time(T0 + 61_000)]).toEqual([
    ...['1.5 min', '30 d', '12 ms', '00:01:01'],
  ]);
});

test('addresses keep names apart from their slashes and spaces', () => {
  expect(hrefOf(['services', 'voice search/ü'], { series: '["a","b"]' })).toBe(
    '/services/voice%20search%2F%C3%BC?series=%5B%22a%22%2C%22b%22%5D',
  );
  expect(hrefOf([])).toBe('/');
});

test('points stand in the order of time, a later revision replaces, the oldest go', () => {
  const first = withPoint<[number, number]>(
    [
      [1, 10],
      [3, 30],
    ],
    [2, 20],
    10,
  );
  expect(first).toEqual([
    [1, 10],
    [2, 20],
    [3, 30],
  ]);
  expect(withPoint(first, [3, 31], 10)).toEqual([
    [1, 10],
    [2, 20],
    [3, 31],
  ]);
  expect(withPoint(first, [4, 40], 2)).toEqual([
    [3, 30],
    [4, 40],
  ]);
});

test('results of the service alone change its rows, and a stale one only its past', () => {
  const rows = new Map();
  expect(withResults(rows, 'fraud', [makeResult(0, { service: 'other' })])).toBe(null);
  const one = withResults(rows, 'fraud', [makeResult(1)])!;
  const two = withResults(one, 'fraud', [makeResult(0)])!;
  const [row] = [...two.values()];
  expect([row!.windowEndMs, row!.history.length]).toEqual([makeResult(1).windowEndMs, 2]);
  expect(one).not.toBe(two);
});

test('the scopes of a silence fit the alarm, each wider than the one before', () => {
  const alarm = { rule: 'drift', metric: 'psi', subject: 'amount', model: '', segment: 'country=de' };
  const level = 'warning' as const;
  const others = [
    { ...alarm, level },
    { ...alarm, segment: 'country=fr', level },
    { ...alarm, rule: 'other', level },
  ];
  const fits = scopesOf(alarm).map(({ match }) => others.filter(createMatch(match)).length);
  expect(fits).toEqual([1, 2, 3]);
  const whole = scopesOf({ ...alarm, segment: '*' })[0]!;
  expect([whole.label, others.filter(createMatch(whole.match)).length]).toEqual([
    'drift: psi of amount, in any segment',
    2,
  ]);
});

test('a silence begins now, or in the time of what is looked at when that is another', () => {
  const now = T0 + 86_400_000 * 30;
  expect(silenceStart({ eventTimeMs: now - 3_600_000 }, now)).toBe(now);
  expect(silenceStart({ eventTimeMs: T0 }, now)).toBe(T0);
  expect(silenceStart({ eventTimeMs: null }, now)).toBe(now);
  expect(JSON.parse(silenceTarget({ rule: ['drift'] }, T0, 1_000))).toEqual({
    ...{ match: { rule: ['drift'] }, fromMs: T0, untilMs: T0 + 1_000 },
  });
});

const point = (
  i: number,
  value: number | null,
  low: number | null = null,
  high: number | null = null,
): HistoryPoint => ({
  ...{ windowEndMs: T0 + i * 1_000, value, low, high, n: 1 },
});
const plotted = (over: Partial<Plotted>): Plotted => ({
  ...{ points: [], limits: [], reference: null, happenings: [] },
  ...over,
});

test('a chart shows values, limits that are near, and not more of an interval than it can bear', () => {
  const points = [point(0, 0.2), point(1, 0.3, 0.1, 50), point(2, null)];
  expect(rangeOf(plotted({ points }))[1]).toBeLessThan(0.6);
  expect(rangeOf(plotted({ points }))[0]).toBeGreaterThanOrEqual(0);
  const limit = (value: number) => ({ value, tone: 'bad' as const, label: '' });
  expect(rangeOf(plotted({ points, limits: [limit(0.9)] }))[1]).toBeGreaterThan(0.9);
  expect(rangeOf(plotted({ points, limits: [limit(900)] }))[1]).toBeLessThan(0.6);
  const reference = { metric: 'mean', subject: 'a', model: '', value: -0.5, low: null, high: null, n: 9 };
  expect(rangeOf(plotted({ points, reference }))[0]).toBeLessThan(-0.5);
  expect(rangeOf(plotted({}))).toEqual([0, 1]);
  const flat = rangeOf(plotted({ points: [point(0, 5)] }));
  expect(flat[0]).toBeLessThan(5);
  expect(flat[1]).toBeGreaterThan(5);
});

test('a second series stands in the windows of the first', () => {
  const points = [point(0, 1), point(1, 2, 1, 3)];
  expect(columnsOf(plotted({ points }))).toHaveLength(4);
  expect(columnsOf(plotted({ points, other: [point(1, 9), point(2, 8)] }))).toEqual([
    ...[
      [T0 / 1_000, T0 / 1_000 + 1],
      [1, 2],
      [null, 1],
      [null, 3],
      [null, 9],
    ],
  ]);
});

test('a histogram has shares of both sides without the empty cells at its ends', () => {
  const of: Distribution = {
    ...{ role: 'input', subject: 'amount', model: '', borders: [0, 1, 2] },
    ...{ names: ['< 0', '0..1', '1..2', '> 2'], reference: [0, 30, 10, 0], current: [0, 0, 3, 1] },
  };
  const cells = cellsOf(of);
  expect(cells).toEqual([
    { name: '0..1', before: 0.75, now: 0 },
    { name: '1..2', before: 0.25, now: 0.75 },
    { name: '> 2', before: 0, now: 0.25 },
  ]);
  expect(movedShare(cells)).toBe(0.75);
  expect(cellsOf({ ...of, reference: [0, 0, 0, 0], current: [0, 0, 0, 0] })).toEqual([]);
});

test('borders of cells have three digits, and names stay as they are', () => {
  expect(
    [
      '0.005339..0.005371',
      '< 1.3449',
      '> 4515.58',
      '-1.23456..2',
      '0.0000013..0.00001',
      'card',
      '2024-01',
    ].map(cellText),
  ).toEqual([...['0.00534..0.00537', '< 1.34', '> 4,520', '-1.23..2', '1.3e-6..1.0e-5', 'card', '2024-01']]);
});
