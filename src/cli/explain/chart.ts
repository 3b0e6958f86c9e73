/** Values over time as lines of text: a bar for each window, and the threshold as a column. */

import type { Alert, Result } from '../../records.ts';
import { numberText } from '../tail/line.ts';
import { thresholdOf } from './threshold.ts';

const BAR_CELLS = 40;
const LINES_MAX = 36;

/** @param episode alerts that are marked at their windows */
export function chartOf(windows: readonly Result[], alert: Alert, episode: readonly Alert[]): string[] {
  const shown = windows.slice(0, LINES_MAX);
  const threshold = thresholdOf(alert);
  const values = shown.flatMap(({ value }) => (value === null ? [] : [value]));
  const low = Math.min(0, ...values);
  const high = Math.max(low + Number.EPSILON, threshold ?? low, ...values);
  const cellOf = (value: number): number => Math.round((BAR_CELLS * (value - low)) / (high - low));
  const column = threshold === null ? -1 : Math.min(BAR_CELLS, cellOf(threshold));
  const marks = new Map(
    episode.map(({ windowEndMs, state, level }) => [
      windowEndMs,
      state === 'firing' ? `${level}` : 'resolved',
    ]),
  );
  const texts = shown.map(({ value }) => numberText(value));
  const width = Math.max(0, ...texts.map(({ length }) => length));
  const lines = shown.map(({ windowEndMs, value, final }, i) => {
    const bar = barOf(value === null ? 0 : cellOf(value), column);
    const mark = marks.get(windowEndMs) ?? (final ? '' : 'preliminary');
    const time = new Date(windowEndMs).toISOString().slice(5, 16).replace('T', ' ');
    return `${time}  ${texts[i]!.padStart(width)}  ${bar}${mark === '' ? '' : `  < ${mark}`}`.trimEnd();
  });
  const more = windows.length - shown.length;
  return more > 0 ? [...lines, `and ${more} more windows`] : lines;
}

/** `####|##`: the column of the threshold stands out of the bar, and where the bar does not reach it. */
function barOf(cells: number, column: number): string {
  const bar = Array.from({ length: BAR_CELLS + 1 }, (_, i): string => (i < cells ? '█' : ' '));
  if (column >= 0) bar[column] = '|';
  return bar.join('');
}
