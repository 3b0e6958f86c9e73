/** How a metric moved over the stretch. */

import { filterColumns } from '../results/columns.ts';
import { changeOf, type Difference } from '../results/compare.ts';
import { type Pooled, pool } from '../results/pool.ts';
import { apart, type Series, type Stretch } from '../results/stretch.ts';

const PARTS = 6;

export interface Trend {
  /** Equal lengths of time; null: no window with a value. */
  parts: { endMs: number; pooled: Pooled | null }[];
  /** The last third less the first. */
  change: Difference | null;
}

export function trendOf(stretch: Stretch, series: Series): Trend | null {
  const windows = apart(series.final, stretch.sizeMs);
  const { ends } = windows;
  if (ends.length < 3) return null;
  // A window belongs to the part in which it ends, the first one too.
  const first = ends[0]! - 1;
  const length = ends.at(-1)! - first;
  const count = Math.min(PARTS, ends.length);
  const within = (from: number, to: number) =>
    filterColumns(windows, (endMs) => endMs > first + length * from && endMs <= first + length * to);
  const parts = Array.from({ length: count }, (_, i) => ({
    endMs: Math.round(first + (length * (i + 1)) / count),
    pooled: pool(series.metric, within(i / count, (i + 1) / count)),
  }));
  return { parts, change: changeOf(series.metric, within(0, 1 / 3), within(2 / 3, 1)) };
}
