/** Metrics that never told anything. */

import { quantileSorted } from 'simple-statistics';
import { type Series, type Stretch, seriesKey } from '../results/stretch.ts';

/** With fewer windows nothing can be said. */
export const SILENT_WINDOWS_MIN = 50;
/**
 * The outer fences (J. W. Tukey, Exploratory data analysis, 1977): three interquartile ranges beyond the quartiles, which
 * normal values pass twice in a million.
 */
const FENCE_RANGES = 3;

export interface SilentMetric {
  metric: string;
  subject: string;
  model: string;
  windows: number;
  /** empty: it never had a value; constant: one value always; calm: never outside of its own band. */
  kind: 'empty' | 'constant' | 'calm';
  /** Of a constant one its value, of a calm one its band. */
  low: number | null;
  high: number | null;
  /** Why it had no value. */
  reason: string;
}

/** Of the whole traffic; a metric that told something in any segment is left out. */
export function silentOf(stretch: Stretch, firedOf: (series: Series) => number): SilentMetric[] {
  const told = new Set<string>();
  const silent = new Map<string, SilentMetric>();
  for (const series of stretch.series.values()) {
    const { metric, subject, model, segment } = series;
    const key = seriesKey(metric, subject, model, '*');
    const found = firedOf(series) > 0 ? null : judge(series);
    // A segment with few windows says nothing either way.
    if (found === null && (segment === '*' || series.final.ends.length >= SILENT_WINDOWS_MIN)) told.add(key);
    else if (found !== null && segment === '*') silent.set(key, { metric, subject, model, ...found });
  }
  return [...silent].filter(([key]) => !told.has(key)).map(([, found]) => found);
}

function judge({
  final,
  min,
  max,
  reason,
}: Series): Omit<SilentMetric, 'metric' | 'subject' | 'model'> | null {
  const windows = final.ends.length;
  if (windows < SILENT_WINDOWS_MIN) return null;
  const nothing = { windows, low: null, high: null, reason: '' };
  if (min === null || max === null) return { ...nothing, kind: 'empty', reason };
  if (min === max) return { ...nothing, kind: 'constant', low: min, high: max };
  const values = final.values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  const [q1, q3] = [quantileSorted(values, 0.25), quantileSorted(values, 0.75)];
  const [low, high] = [q1 - FENCE_RANGES * (q3 - q1), q3 + FENCE_RANGES * (q3 - q1)];
  return min >= low && max <= high ? { ...nothing, kind: 'calm', low, high } : null;
}
