/** What is different about the inputs of a segment. */

import { median } from 'simple-statistics';
import { type Stretch, seriesKey } from '../results/stretch.ts';

export interface InputDifference {
  metric: string;
  subject: string;
  /** Medians over the windows in common. */
  segment: number;
  whole: number;
  /** Their median difference in units of how much the whole wanders from window to window; null: it never does. */
  times: number | null;
  windows: number;
}

/** Counts, extremes and most distances depend on the size of the sample, so a small segment always has others. */
const COMPARED = new Set([
  'mean',
  'median',
  'missing_rate',
  'invalid_rate',
  'out_of_range_rate',
  'new_category_rate',
  'psi',
]);
const WINDOWS_MIN = 6;
/** Of the whole's wandering; less is not worth a line. */
const TIMES_MIN = 2;
/** Of a normal distribution, times the median absolute deviation. */
const MAD_TO_STD = 1.4826;
/**
 * Without any drift psi is about 11 (1/n + 1/m) over the 12 cells of a numeric input, and less over fewer categories: so
 * much of the difference is that of the sizes, and is taken off.
 */
const PSI_CELLS_LESS_ONE = 11;

/** The metrics of inputs that differ most from the whole traffic, but for those that make the segment. */
export function inputsOf(stretch: Stretch, segment: string, max: number): InputDifference[] {
  const own = segment.split(',').map((part) => part.slice(0, part.indexOf('=')));
  const found: InputDifference[] = [];
  for (const series of stretch.series.values()) {
    const { family, metric, subject, model } = series;
    if (series.segment !== segment || family !== 'input' || !COMPARED.has(metric)) continue;
    if (own.includes(subject)) continue;
    const whole = stretch.series.get(seriesKey(metric, subject, model, '*'));
    const difference = whole === undefined ? null : differenceOfInput(metric, series.final, whole.final);
    if (difference !== null) found.push({ metric, subject, ...difference });
  }
  const size = ({ times }: InputDifference): number => Math.abs(times ?? Number.POSITIVE_INFINITY);
  return found
    .filter((one) => size(one) >= TIMES_MIN)
    .sort((a, b) => (size(a) === size(b) ? 0 : size(b) - size(a)))
    .slice(0, max);
}

interface Windows {
  ends: number[];
  values: number[];
  ns: number[];
}

function differenceOfInput(
  metric: string,
  part: Windows,
  whole: Windows,
): Omit<InputDifference, 'metric' | 'subject'> | null {
  const at = new Map(whole.ends.map((endMs, i) => [endMs, i]));
  const [own, all, differences]: [number[], number[], number[]] = [[], [], []];
  part.ends.forEach((endMs, i) => {
    const j = at.get(endMs);
    if (j === undefined || Number.isNaN(part.values[i]!) || Number.isNaN(whole.values[j]!)) return;
    own.push(part.values[i]!);
    all.push(whole.values[j]!);
    const ofSize = metric === 'psi' ? PSI_CELLS_LESS_ONE * (1 / part.ns[i]! - 1 / whole.ns[j]!) : 0;
    differences.push(part.values[i]! - whole.values[j]! - ofSize);
  });
  if (own.length < WINDOWS_MIN) return null;
  const centre = median(all);
  const spread = MAD_TO_STD * median(all.map((value) => Math.abs(value - centre)));
  const difference = median(differences);
  // A segment that is nearer to the baseline than the rest is no cause of errors.
  if (difference === 0 || (metric === 'psi' && difference < 0)) return null;
  const times = spread === 0 ? null : difference / spread;
  return { segment: median(own), whole: centre, times, windows: own.length };
}
