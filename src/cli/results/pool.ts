/** Windows of one series put together: a value with its 95 % interval. */

import { median } from 'simple-statistics';
import { betaCdf, normalQuantile, studentQuantile } from '../../math/special.ts';
import { wilson } from '../../metric/label-curve.ts';
import type { Columns } from './columns.ts';
import { type Pooling, traitsOf } from './traits.ts';

/** With fewer windows their spread says too little about itself. */
export const SPREAD_WINDOWS_MIN = 10;
const LEVEL = 0.975;
export const Z = normalQuantile(LEVEL);

export interface Pooled {
  value: number;
  low: number | null;
  high: number | null;
  n: number;
  windows: number;
  /** Least and greatest value of a window. */
  min: number;
  max: number;
  /** How the value came about. */
  by: 'counts' | 'weighted mean' | 'median of windows' | 'one window';
}

/**
 * Sums of one series on the scale on which windows add up. `within` is the variance of the mean that comes from the
 * sampling within the windows; undefined: unknown.
 */
export interface Sums {
  pooling: Pooling;
  ends: number[];
  /** On the scale of the sums. */
  values: number[];
  ns: number[];
  n: number;
  mean: number;
  within: number | undefined;
}

interface Scale {
  to: (value: number) => number;
  back: (mean: number) => number;
  /** Derivative of back. */
  slope: (mean: number) => number;
}

const SAME: Scale = { to: (value) => value, back: (mean) => mean, slope: () => 1 };
const SCALES: Record<Pooling, Scale> = {
  share: SAME,
  mean: SAME,
  median: SAME,
  root_mean_square: {
    to: (value) => value * value,
    back: (mean) => Math.sqrt(Math.max(0, mean)),
    slope: (mean) => (mean > 0 ? 1 / (2 * Math.sqrt(mean)) : 0),
  },
  // t / (t + f): a share of n, of which f1 is a rising function.
  f1: {
    to: (value) => value / (2 - value),
    back: (mean) => (2 * mean) / (1 + mean),
    slope: (mean) => 2 / (1 + mean) ** 2,
  },
};

export const scaleOf = (pooling: Pooling): Scale => SCALES[pooling];

const isWhole = (count: number): boolean => Math.abs(count - Math.round(count)) <= 1e-6 * Math.max(1, count);

/** Windows with a value and a sample, as sums; null where there is none. */
export function sumsOf(metric: string, columns: Columns): Sums | null {
  const used: number[] = [];
  columns.values.forEach((value, i) => {
    if (!Number.isNaN(value) && columns.ns[i]! > 0) used.push(i);
  });
  if (used.length === 0) return null;
  const wanted = traitsOf(metric).pooling;
  const ends = used.map((i) => columns.ends[i]!);
  const ns = used.map((i) => columns.ns[i]!);
  const raw = used.map((i) => columns.values[i]!);
  const countsOf = (scale: Scale): boolean => raw.every((value, i) => isWhole(scale.to(value) * ns[i]!));
  // A mean over classes has the name of a share, but is none: its values times n are no counts.
  const isCount = wanted === 'share' || wanted === 'f1' ? countsOf(SCALES[wanted]) : false;
  const pooling = isCount || (wanted !== 'share' && wanted !== 'f1') ? wanted : 'mean';
  const scale = SCALES[pooling];
  const values = raw.map(scale.to);
  const n = ns.reduce((sum, one) => sum + one, 0);
  const mean = values.reduce((sum, value, i) => sum + value * ns[i]!, 0) / n;
  let within: number | undefined;
  if (isCount) within = (mean * (1 - mean)) / n;
  else if (pooling !== 'median') within = withinOf(used, columns, scale, n);
  return { pooling, ends, values, ns, n, mean, within };
}

/** From the intervals of the windows, where each has one. */
function withinOf(used: readonly number[], columns: Columns, scale: Scale, n: number): number | undefined {
  let sum = 0;
  for (const i of used) {
    const half = (scale.to(columns.highs[i]!) - scale.to(columns.lows[i]!)) / 2;
    if (Number.isNaN(half)) return undefined;
    sum += (columns.ns[i]! * (half / Z)) ** 2;
  }
  return sum / (n * n);
}

/**
 * Variance of the pooled mean from the spread of the windows, which are taken as clusters (ratio estimate; W. G. Cochran,
 * Sampling techniques, 1977, section 6.3). Undefined with fewer than SPREAD_WINDOWS_MIN.
 */
export function betweenOf({ values, ns, n, mean }: Sums): number | undefined {
  const windows = values.length;
  if (windows < SPREAD_WINDOWS_MIN) return undefined;
  const squares = values.reduce((sum, value, i) => sum + (ns[i]! * (value - mean)) ** 2, 0);
  return (windows / (windows - 1)) * (squares / (n * n));
}

/** Order statistics that enclose the median in 95 % of samples: [index, index] from 0; null with fewer than six. */
export function medianRanks(count: number): [number, number] | null {
  let below = -1;
  // P(X <= k) of the binomial distribution with p = 1/2.
  const cdf = (k: number): number => betaCdf(0.5, count - k, k + 1);
  while (below + 1 < count / 2 && cdf(below + 1) <= 1 - LEVEL) below++;
  return below < 0 ? null : [below, count - 1 - below];
}

export function pool(metric: string, columns: Columns): Pooled | null {
  const sums = sumsOf(metric, columns);
  if (sums === null) return null;
  const values = columns.values.filter((value, i) => !Number.isNaN(value) && columns.ns[i]! > 0);
  values.sort((a, b) => a - b);
  const about = { n: sums.n, windows: values.length, min: values[0]!, max: values.at(-1)! };
  if (sums.pooling === 'median') {
    if (values.length === 1) return { ...about, ...ofOneWindow(columns), by: 'one window' };
    const ranks = medianRanks(values.length);
    const [low, high] = ranks === null ? [null, null] : ranks.map((rank) => values[rank]!);
    return { ...about, value: median(values), low: low!, high: high!, by: 'median of windows' };
  }
  return { ...about, ...meanWithInterval(sums) };
}

function ofOneWindow(columns: Columns): Pick<Pooled, 'value' | 'low' | 'high'> {
  const at = columns.values.findIndex((value, i) => !Number.isNaN(value) && columns.ns[i]! > 0);
  const orNull = (value: number): number | null => (Number.isNaN(value) ? null : value);
  return { value: columns.values[at]!, low: orNull(columns.lows[at]!), high: orNull(columns.highs[at]!) };
}

/** The larger of the two variances holds: windows may differ by more than sampling explains. */
function meanWithInterval(sums: Sums): Pick<Pooled, 'value' | 'low' | 'high' | 'by'> {
  const { pooling, mean, n, within } = sums;
  const scale = SCALES[pooling];
  const value = scale.back(mean);
  const between = betweenOf(sums);
  const variance = Math.max(within ?? Number.NEGATIVE_INFINITY, between ?? Number.NEGATIVE_INFINITY);
  const by = pooling === 'share' || pooling === 'f1' ? 'counts' : 'weighted mean';
  if (!Number.isFinite(variance)) return { value, low: null, high: null, by };
  if (by === 'counts') {
    // With the size of a simple random sample of the same variance (L. Kish, Survey sampling, 1965).
    const effective = variance > 0 ? Math.min(n, (mean * (1 - mean)) / variance) : n;
    const { low, high } = wilson(mean * effective, effective);
    return { value, low: scale.back(low), high: scale.back(high), by };
  }
  const half =
    (between === variance ? studentQuantile(LEVEL, sums.values.length - 1) : Z) * Math.sqrt(variance);
  return { value, low: scale.back(mean - half), high: scale.back(mean + half), by };
}
