/** Results and alerts of a stretch of time, in bounded memory. */

import type { Level, Result } from '../../records.ts';
import { type Columns, filterColumns, newColumns, putWindow } from './columns.ts';
import type { ReadAlert, ReadResult, Taker, TimeRange } from './records.ts';

/** Windows of one series; also of each of its early revisions. */
const WINDOWS_MAX = 5_000;
/** Windows of all series of a service: six numbers each, about 150 MB. */
const KEPT_MAX = 3_000_000;
/** Of one rule and series; more would not change what is said of them. */
const SPELLS_MAX = 1_000;

/** One metric of one subject, model and segment. */
export interface Series {
  family: Result['family'];
  metric: string;
  subject: string;
  model: string;
  segment: string;
  /** Final revisions, at most WINDOWS_MAX. */
  final: Columns;
  /** Earlier revisions, by revision. */
  early: Map<number, Columns>;
  /** Of all final windows, kept or not; null: none had a value. */
  min: number | null;
  max: number | null;
  /** Why the last window without a value had none. */
  reason: string;
}

/** What became of one rule on one series, by its alerts. */
export interface AlarmTally {
  rule: string;
  metric: string;
  subject: string;
  model: string;
  segment: string;
  fired: Record<Level, number>;
  /** How long alarms were firing, of those that began and ended within the stretch. */
  lastedMs: number[];
  firingSinceMs: number | null;
  /** The last transition, by which a repeated record is known. */
  last: string;
  lastEndMs: number;
}

export interface Stretch {
  service: string;
  series: Map<string, Series>;
  alarms: Map<string, AlarmTally>;
  /** Windows are kept whose end is a multiple of it: the same ones in every series. */
  strideMs: number;
  kept: number;
  /** Final results, kept or not; a repeated one that is not kept counts again. */
  finals: number;
  firstMs: number;
  lastMs: number;
  /** Length of the windows; null where the source does not say. */
  sizeMs: number | null;
}

export interface Bounds {
  windowsMax: number;
  keptMax: number;
}

export const seriesKey = (metric: string, subject: string, model: string, segment: string): string =>
  [metric, subject, model, segment].join('\u0000');

/** @param onResult is told every result within the range, in the order of the source */
export function createStretches(
  wanted: { service: string | undefined; range: TimeRange },
  onResult: (result: ReadResult) => void = () => {},
  bounds: Bounds = { windowsMax: WINDOWS_MAX, keptMax: KEPT_MAX },
) {
  const stretches = new Map<string, Stretch>();
  const seen = {
    results: 0,
    alerts: 0,
    strangers: 0,
    firstMs: Number.POSITIVE_INFINITY,
    lastMs: Number.NEGATIVE_INFINITY,
  };
  const services = new Set<string>();
  const isWanted = ({ service, windowEndMs }: ReadAlert | ReadResult): boolean => {
    services.add(service);
    // The daemon's own figures are no service of an owner, unless they are asked for.
    if (wanted.service === undefined ? service === 'telltale' : service !== wanted.service) return false;
    seen.firstMs = Math.min(seen.firstMs, windowEndMs);
    seen.lastMs = Math.max(seen.lastMs, windowEndMs);
    return windowEndMs > wanted.range.fromMs && windowEndMs <= wanted.range.toMs;
  };
  const stretchOf = (service: string): Stretch => {
    let stretch = stretches.get(service);
    if (stretch === undefined) {
      stretch = newStretch(service);
      stretches.set(service, stretch);
    }
    return stretch;
  };
  const taker: Taker = {
    result: (result) => {
      seen.results++;
      if (!isWanted(result)) return;
      takeResult(stretchOf(result.service), result, bounds);
      onResult(result);
    },
    alert: (alert) => {
      seen.alerts++;
      if (isWanted(alert)) takeAlert(stretchOf(alert.service), alert);
    },
    stranger: () => {
      seen.strangers++;
    },
  };
  return { taker, stretches, seen, services };
}

const newStretch = (service: string): Stretch => ({
  service,
  series: new Map(),
  alarms: new Map(),
  strideMs: 1,
  kept: 0,
  finals: 0,
  firstMs: Number.POSITIVE_INFINITY,
  lastMs: Number.NEGATIVE_INFINITY,
  sizeMs: null,
});

function seriesOf(stretch: Stretch, result: ReadResult): Series {
  const { family, metric, subject, model, segment } = result;
  const key = seriesKey(metric, subject, model, segment);
  let series = stretch.series.get(key);
  if (series === undefined) {
    const about = { family, metric, subject, model, segment };
    series = { ...about, final: newColumns(), early: new Map(), min: null, max: null, reason: '' };
    stretch.series.set(key, series);
  }
  return series;
}

function takeResult(stretch: Stretch, result: ReadResult, bounds: Bounds): void {
  const { windowEndMs, windowStartMs, value } = result;
  // Of what is revised only performance is asked about early.
  if (!result.final && result.family !== 'performance') return;
  const series = seriesOf(stretch, result);
  if (result.final) {
    stretch.finals++;
    stretch.firstMs = Math.min(stretch.firstMs, windowEndMs);
    stretch.lastMs = Math.max(stretch.lastMs, windowEndMs);
    if (windowStartMs !== null) stretch.sizeMs = windowEndMs - windowStartMs;
    if (value === null) series.reason = result.reason;
    else {
      series.min = Math.min(series.min ?? value, value);
      series.max = Math.max(series.max ?? value, value);
    }
  }
  if (windowEndMs % stretch.strideMs !== 0) return;
  const columns = (): Columns => (result.final ? series.final : earlyOf(series, result.revision));
  if (putWindow(columns(), result)) stretch.kept++;
  while (columns().ends.length > bounds.windowsMax || stretch.kept > bounds.keptMax) thin(stretch);
}

function earlyOf(series: Series, revision: number): Columns {
  let columns = series.early.get(revision);
  if (columns === undefined) {
    columns = newColumns();
    series.early.set(revision, columns);
  }
  return columns;
}

/**
 * Leaves out every second window. The ends of windows are multiples of the hop, so the multiples of a
 * power of two are every 2nd, 4th ... window: evenly spread, the same ones in every series, whatever the order.
 */
function thin(stretch: Stretch): void {
  const before = stretch.kept;
  // The first doublings change nothing where every end is a multiple of them.
  while (stretch.kept === before) {
    stretch.strideMs *= 2;
    const keep = (endMs: number): boolean => endMs % stretch.strideMs === 0;
    stretch.kept = 0;
    for (const series of stretch.series.values()) {
      series.final = filterColumns(series.final, keep);
      stretch.kept += series.final.ends.length;
      for (const [revision, columns] of series.early) {
        const kept = filterColumns(columns, keep);
        series.early.set(revision, kept);
        stretch.kept += kept.ends.length;
      }
    }
  }
}

function takeAlert(stretch: Stretch, alert: ReadAlert): void {
  const { rule, metric, subject, model, segment, state, level, windowEndMs } = alert;
  const key = `${rule}\u0000${seriesKey(metric, subject, model, segment)}`;
  let tally = stretch.alarms.get(key);
  if (tally === undefined) {
    const fired = { info: 0, warning: 0, critical: 0 };
    const about = { rule, metric, subject, model, segment };
    tally = {
      ...about,
      fired,
      lastedMs: [],
      firingSinceMs: null,
      last: '',
      lastEndMs: Number.NEGATIVE_INFINITY,
    };
    stretch.alarms.set(key, tally);
  }
  const transition = `${windowEndMs}|${state}|${level}`;
  // A restart repeats records.
  if (windowEndMs < tally.lastEndMs || transition === tally.last) return;
  tally.last = transition;
  tally.lastEndMs = windowEndMs;
  if (state === 'firing') {
    tally.fired[level]++;
    tally.firingSinceMs ??= windowEndMs;
  } else if (tally.firingSinceMs !== null) {
    if (tally.lastedMs.length < SPELLS_MAX) tally.lastedMs.push(windowEndMs - tally.firingSinceMs);
    tally.firingSinceMs = null;
  }
}

/** Every source has an order of its own; what is said of a stretch must not depend on it. */
export function sortSeries(stretch: Stretch): void {
  stretch.series = new Map([...stretch.series].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Of how many windows one was kept, about; 1: every one. */
export function thinnedBy({ finals, series, strideMs }: Stretch): number {
  if (strideMs === 1) return 1;
  let kept = 0;
  for (const { final } of series.values()) kept += final.ends.length;
  return kept === 0 ? 1 : Math.max(1, Math.round(finals / kept));
}

/**
 * Windows that do not overlap: of hopping windows those that end at multiples of their size, since each request is in
 * several windows and would count more than once.
 */
export const apart = (columns: Columns, sizeMs: number | null): Columns =>
  sizeMs === null || columns.ends.every((endMs) => endMs % sizeMs === 0)
    ? columns
    : filterColumns(columns, (endMs) => endMs % sizeMs === 0);
