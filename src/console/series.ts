import type { Result } from '../records.ts';
import type { HistoryPoint, SeriesKey } from './source.ts';

/** The newest result of one series and its past, as columns: a point is five numbers, not an object. */
interface Series {
  latest: Result;
  timesMs: number[];
  /** NaN stands for null. */
  values: number[];
  lows: number[];
  highs: number[];
  ns: number[];
}

export interface SeriesStore {
  apply(result: Result): void;
  latest(): Result[];
  history(key: SeriesKey): HistoryPoint[];
}

const keyOf = ({ metric, subject, model, segment }: SeriesKey) =>
  JSON.stringify([metric, subject, model, segment]);

/** Of one series, at least and at most, whatever their number. */
const POINTS_LEAST = 500;
const POINTS_MOST = 10_000;

/** Puts a point at its place in time; a window that is there already is replaced (a later revision). */
function insert(series: Series, result: Result, pointsMax: number): void {
  const { timesMs, values, lows, highs, ns } = series;
  let at = timesMs.length;
  while (at > 0 && timesMs[at - 1]! > result.windowEndMs) at--;
  const replaces = at > 0 && timesMs[at - 1] === result.windowEndMs;
  const place = replaces ? at - 1 : at;
  const removed = replaces ? 1 : 0;
  timesMs.splice(place, removed, result.windowEndMs);
  values.splice(place, removed, result.value ?? Number.NaN);
  lows.splice(place, removed, result.low ?? Number.NaN);
  highs.splice(place, removed, result.high ?? Number.NaN);
  ns.splice(place, removed, result.n);
  const over = Math.max(0, timesMs.length - pointsMax);
  for (const column of [timesMs, values, lows, highs, ns]) column.splice(0, over);
}

const known = (number: number): number | null => (Number.isNaN(number) ? null : number);

function isStale(known: Result, next: Result): boolean {
  if (known.windowEndMs !== next.windowEndMs) return known.windowEndMs > next.windowEndMs;
  return known.revision > next.revision;
}

/**
 * The series of one service: at most `seriesMax`, the one without news for the longest is dropped first. They share `pointsMax` points,
 * as far as each may have POINTS_LEAST and none more than POINTS_MOST.
 */
export function createSeriesStore(seriesMax: number, pointsMax: number): SeriesStore {
  const all = new Map<string, Series>();
  return {
    apply(result) {
      const key = keyOf(result);
      const series = all.get(key) ?? {
        latest: result,
        ...{ timesMs: [], values: [], lows: [], highs: [], ns: [] },
      };
      // Setting anew moves the key to the end of the map: its order is the order of news.
      all.delete(key);
      all.set(key, series);
      const sameWindow = series.latest.windowEndMs === result.windowEndMs;
      if (sameWindow && series.latest.revision > result.revision) return;
      const share = Math.floor(pointsMax / all.size);
      insert(series, result, Math.min(POINTS_MOST, Math.max(POINTS_LEAST, share)));
      if (!isStale(series.latest, result)) series.latest = result;
      if (all.size > seriesMax) {
        const oldest = all.keys().next();
        if (!oldest.done) all.delete(oldest.value);
      }
    },
    latest() {
      const sortKey = (r: Result) => [r.family, r.metric, r.subject, r.model, r.segment].join('\u0000');
      return [...all.values()]
        .map((series) => ({ result: series.latest, key: sortKey(series.latest) }))
        .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
        .map((entry) => entry.result);
    },
    history(key) {
      const series = all.get(keyOf(key));
      if (!series) return [];
      return series.timesMs.map((windowEndMs, i) => {
        const { values, lows, highs, ns } = series;
        const ends = { low: known(lows[i]!), high: known(highs[i]!) };
        return { windowEndMs, value: known(values[i]!), ...ends, n: ns[i]! };
      });
    },
  };
}
