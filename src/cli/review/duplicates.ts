/** Metrics that say the same. */

import { plural } from '../results/blocks.ts';
import type { Columns } from '../results/columns.ts';
import type { Series } from '../results/stretch.ts';

export const CORRELATION_MIN = 0.95;
export const COMMON_WINDOWS_MIN = 50;
/** Of a series, evenly; the correlation of ranks is known well enough from so many. */
const WINDOWS_MAX = 1_000;

export interface DuplicateGroup {
  keep: Series;
  why: string;
  /** Each with its Spearman correlation to the kept one, and over how many windows. */
  drop: { series: Series; correlation: number; windows: number }[];
}

interface Sampled {
  series: Series;
  ends: number[];
  values: number[];
  /** Of all values; used where the windows are the same. */
  ranks: number[];
}

/** Ranks from 1; equal values share the mean of theirs. */
export function ranksOf(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((a, b) => values[a]! - values[b]!);
  const ranks: number[] = new Array(values.length);
  for (let from = 0; from < order.length; ) {
    let to = from + 1;
    while (to < order.length && values[order[to]!] === values[order[from]!]) to++;
    for (let i = from; i < to; i++) ranks[order[i]!] = (from + to + 1) / 2;
    from = to;
  }
  return ranks;
}

/** Pearson's correlation; of ranks it is Spearman's (C. Spearman, 1904), ties included. Undefined where one is constant. */
export function correlationOf(a: readonly number[], b: readonly number[]): number | undefined {
  const n = a.length;
  const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / n;
  const [meanA, meanB] = [meanOf(a), meanOf(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    const [x, y] = [a[i]! - meanA, b[i]! - meanB];
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return aa === 0 || bb === 0 ? undefined : ab / Math.sqrt(aa * bb);
}

function sampled(series: Series): Sampled {
  const { ends, values }: Columns = series.final;
  const all: [number, number][] = [];
  ends.forEach((endMs, i) => {
    if (!Number.isNaN(values[i]!)) all.push([endMs, values[i]!]);
  });
  // By the end and not by the place, so that series with gaps keep the same windows.
  let strideMs = 1;
  let kept = all;
  while (kept.length > WINDOWS_MAX) {
    strideMs *= 2;
    kept = all.filter(([endMs]) => endMs % strideMs === 0);
  }
  const keptValues = kept.map(([, value]) => value);
  return { series, ends: kept.map(([endMs]) => endMs), values: keptValues, ranks: ranksOf(keptValues) };
}

function spearman(a: Sampled, b: Sampled): { correlation: number; windows: number } | null {
  let [x, y] = [a.ranks, b.ranks];
  if (a.ends.length !== b.ends.length || a.ends.some((endMs, i) => endMs !== b.ends[i])) {
    const at = new Map(b.ends.map((endMs, i) => [endMs, i]));
    const pairs = a.ends.flatMap((endMs, i) => {
      const j = at.get(endMs);
      return j === undefined ? [] : [[a.values[i]!, b.values[j]!] as const];
    });
    x = ranksOf(pairs.map(([value]) => value));
    y = ranksOf(pairs.map(([, value]) => value));
  }
  if (x.length < COMMON_WINDOWS_MIN) return null;
  const correlation = correlationOf(x, y);
  return correlation === undefined ? null : { correlation, windows: x.length };
}

/** The simpler of two metrics first; what is not named is less simple than all that are. */
const SIMPLE = [
  'volume',
  'missing_rate',
  'invalid_rate',
  'null_rate',
  'error_rate',
  'mean',
  'accuracy',
  'mae',
  'class_share',
  'score_mean',
  'agreement',
  'median',
  'latency_p50',
  'latency_p95',
  'out_of_range_rate',
  'new_category_rate',
  'psi',
];
const simplicityOf = (metric: string): number => {
  const at = SIMPLE.indexOf(metric);
  return at < 0 ? SIMPLE.length : at;
};

/**
 * Groups around the series that is kept: each member correlates with that one, and not only with another member. Series
 * of the whole traffic; segments repeat them.
 *
 * @param firedOf how often alarms fired on a series
 */
export function duplicatesOf(
  candidates: readonly Series[],
  firedOf: (series: Series) => number,
): DuplicateGroup[] {
  const samples = candidates
    .filter(({ segment, min, max }) => segment === '*' && min !== max)
    .map(sampled)
    .filter(({ ends }) => ends.length >= COMMON_WINDOWS_MIN);
  const order = samples
    .map((sample) => ({ sample, fired: firedOf(sample.series), name: nameOf(sample.series) }))
    .sort(
      (a, b) =>
        b.fired - a.fired ||
        simplicityOf(a.sample.series.metric) - simplicityOf(b.sample.series.metric) ||
        (a.name < b.name ? -1 : 1),
    );
  const taken = new Set<Sampled>();
  const groups: DuplicateGroup[] = [];
  order.forEach(({ sample, fired }, i) => {
    if (taken.has(sample)) return;
    const drop: DuplicateGroup['drop'] = [];
    for (const { sample: other } of order.slice(i + 1)) {
      if (taken.has(other)) continue;
      const found = spearman(sample, other);
      if (found === null || Math.abs(found.correlation) < CORRELATION_MIN) continue;
      taken.add(other);
      drop.push({ series: other.series, ...found });
    }
    const why = fired > 0 ? `${plural(fired, 'alarm')} fired on it` : 'the simplest of them';
    if (drop.length > 0) groups.push({ keep: sample.series, why, drop });
  });
  return groups;
}

const nameOf = ({ metric, subject, model }: Series): string => JSON.stringify([metric, subject, model]);
