import { expect, test } from 'vitest';
import { isDue, nextChangeMs } from '../../../src/alarm/incident/maintenance.ts';
import type { MaintenanceSpec } from '../../../src/records.ts';

type When = MaintenanceSpec['when'];
type Weekly = Extract<When, { days: number[] }>;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const EVERY_DAY = [1, 2, 3, 4, 5, 6, 7];
const minuteOf = (text: string) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3));
const weekly = (days: number[], from: string, to: string, timezone: string): Weekly => ({
  days,
  fromMinute: minuteOf(from),
  toMinute: minuteOf(to),
  timezone,
});

/** What clocks show, read from the text that the runtime itself writes. */
function createClock(timeZone: string): (atMs: number) => { weekday: number; minute: number } {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
  });
  const names = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
  return (atMs) => {
    const [name = '', time = ''] = format.format(atMs).split(' ');
    return { weekday: names.indexOf(name.slice(0, 3)) + 1, minute: minuteOf(time) };
  };
}

function isShown(when: Weekly, { weekday, minute }: { weekday: number; minute: number }): boolean {
  const { days, fromMinute, toMinute } = when;
  const yesterday = weekday === 1 ? 7 : weekday - 1;
  if (fromMinute < toMinute) return days.includes(weekday) && fromMinute <= minute && minute < toMinute;
  return (days.includes(weekday) && minute >= fromMinute) || (days.includes(yesterday) && minute < toMinute);
}

/** [from, to) of all that is due in a time, minute by minute. */
function duesIn(when: Weekly, fromMs: number, toMs: number): [string, string][] {
  const dues: [string, string][] = [];
  let since: number | null = null;
  for (let atMs = fromMs; atMs <= toMs; atMs += MINUTE_MS) {
    const due = isDue(when, atMs);
    if (due && since === null) since = atMs;
    if (!due && since !== null) {
      dues.push([short(since), short(atMs)]);
      since = null;
    }
  }
  return dues;
}
const short = (atMs: number) => new Date(atMs).toISOString().slice(5, 16);
const at = (iso: string) => Date.parse(iso);

/** Zones, and a time in the week of each of their changes in 2026, or of any. */
const ZONES: [string, string[]][] = [
  ['Europe/Berlin', ['2026-03-29T00:00Z', '2026-10-25T00:00Z']],
  ['America/New_York', ['2026-03-08T07:00Z', '2026-11-01T06:00Z']],
  ['Australia/Lord_Howe', ['2026-04-04T15:00Z', '2026-10-03T15:30Z']],
  ['UTC', ['2026-03-01T00:00Z']],
  ['Asia/Kolkata', ['2026-03-01T00:00Z']],
  // At midnight: a day without its first hour, and one that begins twice.
  ['Africa/Cairo', ['2026-04-23T22:00Z', '2026-10-29T21:00Z']],
  // Over a whole day: no Friday in that week.
  ['Pacific/Apia', ['2011-12-30T10:00Z']],
];
const WINDOWS: [number[], string, string][] = [
  [EVERY_DAY, '02:00', '03:00'],
  [EVERY_DAY, '01:30', '02:30'],
  [[7], '02:00', '03:00'],
  [[7], '01:45', '02:15'],
  [[1, 2], '22:00', '02:00'],
  [[6], '23:30', '02:30'],
  [[6, 7], '03:00', '02:00'],
  [EVERY_DAY, '00:00', '24:00'],
  [[5], '00:00', '24:00'],
  [[4], '23:30', '00:30'],
  [[5], '00:00', '01:00'],
  [EVERY_DAY, '00:00', '00:00'],
];
const CASES = ZONES.flatMap(([zone, times]) =>
  times.flatMap((time) => WINDOWS.map(([days, from, to]) => ({ zone, time, days: days.join(''), from, to }))),
);

/** Enough to see all borders and changes above. */
const STEP_MS = 5 * MINUTE_MS;

test.each(CASES)('$zone $time: $from-$to of $days is as the clocks say', ({ zone, time, days, from, to }) => {
  const when = weekly([...days].map(Number), from, to, zone);
  const clock = createClock(zone);
  const startMs = at(time) - 4 * DAY_MS;
  const timeOf = (k: number) => startMs + k * STEP_MS;
  const states: boolean[] = [];
  for (let atMs = startMs; atMs <= startMs + 8 * DAY_MS; atMs += STEP_MS) states.push(isDue(when, atMs));
  const wrong = states.findIndex((state, k) => state !== isShown(when, clock(timeOf(k))));
  expect(wrong < 0 ? 'all right' : short(timeOf(wrong))).toBe('all right');

  // From any time on, that of a change too, the next change is the one that the scan sees next.
  const changes = states.flatMap((state, k) => (k > 0 && state !== states[k - 1] ? [timeOf(k)] : []));
  const asked = [...changes, ...changes.map((atMs) => atMs - 1), ...[1, 100, 777, 2000].map(timeOf)];
  for (const afterMs of asked) {
    const next = nextChangeMs(when, afterMs);
    expect(next).toBeGreaterThan(afterMs);
    const seen = changes.find((atMs) => atMs > afterMs);
    const aheadMs = afterMs + 7 * DAY_MS;
    if (seen !== undefined) expect(short(next)).toBe(short(Math.min(seen, aheadMs)));
    else expect(next).toBeGreaterThanOrEqual(Math.min(timeOf(states.length - 1), aheadMs));
  }
});

test('the hour that does not exist is not due, and the one that comes twice is due twice', () => {
  const night = weekly(EVERY_DAY, '02:00', '03:00', 'Europe/Berlin');
  expect(duesIn(night, at('2026-03-28T00:00Z'), at('2026-03-31T00:00Z'))).toEqual([
    ['03-28T01:00', '03-28T02:00'],
    ['03-30T00:00', '03-30T01:00'],
  ]);
  expect(duesIn(night, at('2026-10-24T12:00Z'), at('2026-10-26T12:00Z'))).toEqual([
    ['10-25T00:00', '10-25T02:00'],
    ['10-26T01:00', '10-26T02:00'],
  ]);
  const half = weekly([7], '01:30', '02:30', 'Europe/Berlin');
  expect(duesIn(half, at('2026-03-28T12:00Z'), at('2026-03-30T12:00Z'))).toEqual([
    ['03-29T00:30', '03-29T01:00'],
  ]);
  expect(duesIn(half, at('2026-10-24T12:00Z'), at('2026-10-26T12:00Z'))).toEqual([
    ['10-24T23:30', '10-25T00:30'],
    ['10-25T01:00', '10-25T01:30'],
  ]);
});

test('days are those on which a window begins', () => {
  const nights = weekly([1, 2], '22:00', '02:00', 'UTC');
  expect(duesIn(nights, at('2026-03-01T00:00Z'), at('2026-03-08T00:00Z'))).toEqual([
    ['03-02T22:00', '03-03T02:00'],
    ['03-03T22:00', '03-04T02:00'],
  ]);
});

test('a window that a change of clocks takes away is asked for again', () => {
  const sundays = weekly([7], '02:00', '03:00', 'Europe/Berlin');
  const afterMs = at('2026-03-22T02:00Z');
  expect(isDue(sundays, afterMs - 1)).toBe(true);
  const next = nextChangeMs(sundays, afterMs);
  expect(next).toBe(afterMs + 7 * DAY_MS);
  expect(isDue(sundays, next)).toBe(false);
  expect(nextChangeMs(sundays, next)).toBe(at('2026-04-05T00:00Z'));
});

test('times before 1970 have weekdays too', () => {
  const mondays = weekly([1], '00:00', '24:00', 'UTC');
  expect(isDue(mondays, at('1969-12-29T12:00Z'))).toBe(true);
  expect(isDue(mondays, at('1969-12-28T23:59Z'))).toBe(false);
});

test('once is once', () => {
  const when: When = { fromMs: 1000, toMs: 2000 };
  expect([999, 1000, 1999, 2000].map((atMs) => isDue(when, atMs))).toEqual([false, true, true, false]);
  expect([0, 999, 1000, 1999, 2000].map((atMs) => nextChangeMs(when, atMs))).toEqual([
    1000,
    1000,
    2000,
    2000,
    Number.POSITIVE_INFINITY,
  ]);
  expect(nextChangeMs({ fromMs: 5, toMs: 5 }, 0)).toBe(Number.POSITIVE_INFINITY);
});
