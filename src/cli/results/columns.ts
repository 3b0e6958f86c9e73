/** The windows of one series as columns, by the end of the window. */

import type { ReadResult } from './records.ts';

export interface Columns {
  ends: number[];
  /** NaN: no value. */
  values: number[];
  ns: number[];
  /** NaN: no interval. */
  lows: number[];
  highs: number[];
  revisions: number[];
}

export const newColumns = (): Columns => ({
  ends: [],
  values: [],
  ns: [],
  lows: [],
  highs: [],
  revisions: [],
});

/** Index of the first end that is not before `endMs`. */
export function indexOf(ends: readonly number[], endMs: number): number {
  // Windows come in order nearly always.
  if (ends.length === 0 || ends.at(-1)! < endMs) return ends.length;
  let [from, to] = [0, ends.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (ends[middle]! < endMs) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** Whether the window is new; of one that is known the highest revision holds. */
export function putWindow(columns: Columns, result: ReadResult): boolean {
  const { windowEndMs, value, n, low, high, revision } = result;
  const at = indexOf(columns.ends, windowEndMs);
  const isNew = columns.ends[at] !== windowEndMs;
  if (!isNew && columns.revisions[at]! >= revision) return false;
  const replaced = isNew ? 0 : 1;
  columns.ends.splice(at, replaced, windowEndMs);
  columns.values.splice(at, replaced, value ?? Number.NaN);
  columns.ns.splice(at, replaced, n);
  columns.lows.splice(at, replaced, low ?? Number.NaN);
  columns.highs.splice(at, replaced, high ?? Number.NaN);
  columns.revisions.splice(at, replaced, revision);
  return isNew;
}

/** The windows whose end passes the test. */
export function filterColumns(columns: Columns, keep: (endMs: number) => boolean): Columns {
  const kept = newColumns();
  columns.ends.forEach((endMs, i) => {
    if (!keep(endMs)) return;
    kept.ends.push(endMs);
    kept.values.push(columns.values[i]!);
    kept.ns.push(columns.ns[i]!);
    kept.lows.push(columns.lows[i]!);
    kept.highs.push(columns.highs[i]!);
    kept.revisions.push(columns.revisions[i]!);
  });
  return kept;
}
