/**
 * When a maintenance window holds. A weekly one holds while the clocks of its time zone show a time in it, and so
 * follows their changes: of a window 02:00-03:00 nothing is left on the day on which clocks go from 02:00 to 03:00, and it
 * holds for both hours on the day on which they go back from 03:00 to 02:00. One that lies over only a part of the hour that
 * comes twice, as 01:30-02:30, holds twice, with a break in between.
 */

import { IANAZone } from 'luxon';
import type { MaintenanceSpec } from '../../records.ts';

type When = MaintenanceSpec['when'];
type Weekly = Extract<When, { days: number[] }>;

const MINUTE_MS = 60_000;
const DAY_MINUTES = 1440;
const DAY_MS = DAY_MINUTES * MINUTE_MS;
/** What nextChangeMs looks at: a week has all of a weekly window but those that a change of clocks takes away. */
const AHEAD_DAYS = 7;

/** Whether the window holds at a time (finite); its first millisecond belongs to it, that of its end does not. */
export function isDue(when: When, atMs: number): boolean {
  if ('fromMs' in when) return atMs >= when.fromMs && atMs < when.toMs;
  return isShown(when, atMs + offsetMs(when, atMs));
}

/**
 * The first time after `afterMs` (finite) at which isDue may change; Infinity: never again. A weekly window that does not
 * change for seven days is to be asked again then.
 */
export function nextChangeMs(when: When, afterMs: number): number {
  if ('fromMs' in when) {
    if (when.toMs <= when.fromMs) return Number.POSITIVE_INFINITY;
    return [when.fromMs, when.toMs].find((atMs) => atMs > afterMs) ?? Number.POSITIVE_INFINITY;
  }
  const isNow = isDue(when, afterMs);
  for (const stretch of stretchesAfter(when, afterMs)) {
    const found = bordersOf(when, stretch).find((atMs) => isDue(when, atMs) !== isNow);
    if (found !== undefined) return found;
  }
  return afterMs + AHEAD_DAYS * DAY_MS;
}

/** Of the zone's clocks to UTC; the rules of zones are those of the runtime's ICU. */
const offsetMs = ({ timezone }: Weekly, atMs: number): number =>
  IANAZone.create(timezone).offset(atMs) * MINUTE_MS;

/** Whether clocks that show `localMs`, as if it were UTC, are in the window. */
function isShown({ days, fromMinute, toMinute }: Weekly, localMs: number): boolean {
  const day = Math.floor(localMs / DAY_MS);
  const minute = (localMs - day * DAY_MS) / MINUTE_MS;
  const begins = days.includes(weekdayOf(day)) && minute >= fromMinute;
  if (toMinute > fromMinute) return begins && minute < toMinute;
  return begins || (days.includes(weekdayOf(day - 1)) && minute < toMinute);
}

/** Monday is 1; day 0, 1970-01-01, was a Thursday. */
const weekdayOf = (day: number): number => ((((day + 3) % 7) + 7) % 7) + 1;

/** A time in which the clocks run evenly: (afterMs, endMs]. */
interface Stretch {
  afterMs: number;
  endMs: number;
  offsetMs: number;
}

/** The next seven days, cut where clocks change. */
function stretchesAfter(when: Weekly, afterMs: number): Stretch[] {
  const stretches: Stretch[] = [];
  let startMs = afterMs;
  let offset = offsetMs(when, startMs);
  for (let day = 1; day <= AHEAD_DAYS; day++) {
    // Clocks of no zone change twice in a day, so that its two ends say whether they do.
    const endMs = afterMs + day * DAY_MS;
    const after = offsetMs(when, endMs);
    if (after === offset) continue;
    const changeMs = changeIn(when, endMs - DAY_MS, endMs);
    stretches.push({ afterMs: startMs, endMs: changeMs, offsetMs: offset });
    startMs = changeMs;
    offset = after;
  }
  stretches.push({ afterMs: startMs, endMs: afterMs + AHEAD_DAYS * DAY_MS, offsetMs: offset });
  return stretches;
}

/** The first millisecond of the new offset, which is in (fromMs, toMs]. */
function changeIn(when: Weekly, fromMs: number, toMs: number): number {
  const before = offsetMs(when, fromMs);
  let low = Math.floor(fromMs);
  let high = Math.ceil(toMs);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetMs(when, middle) === before) low = middle;
    else high = middle;
  }
  return high;
}

/** All times of a stretch at which its clocks come to a border of the window, and its end, where they may jump over one; rising. */
function bordersOf({ fromMinute, toMinute }: Weekly, { afterMs, endMs, offsetMs }: Stretch): number[] {
  const minutes = [fromMinute, toMinute].sort((a, b) => a - b);
  const borders: number[] = [];
  const lastDay = Math.floor((endMs + offsetMs) / DAY_MS);
  for (let day = Math.floor((afterMs + offsetMs) / DAY_MS); day <= lastDay; day++)
    for (const minute of minutes) {
      const atMs = day * DAY_MS + minute * MINUTE_MS - offsetMs;
      if (atMs > afterMs && atMs < endMs) borders.push(atMs);
    }
  return [...borders, endMs];
}
