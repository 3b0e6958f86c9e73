/** How far the middle of the values has moved. */

import { normalTail, studentQuantile, studentTwoSided } from '../../math/special.ts';
import { meanOf, varianceOf } from '../../profile/numeric.ts';
import { type Ends, rankEnds } from '../intervals.ts';
import { type MetricKind, NO_BASELINE, numericMetric, type Outcome } from '../metric.ts';
import { orderedMetric, type Points, sizeOf, walk } from './ordered.ts';

/** Mean, variance (divided by n - 1) and number of a sample. */
export interface Moments {
  mean: number;
  variance: number;
  n: number;
}

/**
 * The difference of two means with the interval and p-value of B. L. Welch 1947, The generalization of Student's problem when several different
 * population variances are involved, Biometrika 34. Both samples have two values at least.
 */
export function welch(reference: Moments, current: Moments): Outcome {
  const { n } = current;
  const value = current.mean - reference.mean;
  const [a, b] = [reference.variance / reference.n, current.variance / n];
  const variance = a + b;
  if (variance === 0) return { value, n, p: value === 0 ? 1 : 0 };
  const df = (variance * variance) / ((a * a) / (reference.n - 1) + (b * b) / (n - 1));
  const half = studentQuantile(0.975, df) * Math.sqrt(variance);
  return {
    value,
    n,
    low: value - half,
    high: value + half,
    p: studentTwoSided(value / Math.sqrt(variance), df),
  };
}

/**
 * How probable a value of the current sample is to be larger than one of the reference, ties counted as half, and the two-sided p-value of
 * H. B. Mann and D. R. Whitney 1947, by the normal law with the corrections for ties and continuity. Both are not empty. The interval is on
 * the logit scale with the variance of E. R. DeLong and others 1988: var of the placements of the current rows / n + var of those of
 * the reference / m, a placement being the share of the other sample that a row beats or is beaten by.
 */
export function superiorityOf(reference: Points, current: Points): { value: number; p: number } & Ends {
  const [m, n] = [sizeOf(reference), sizeOf(current)];
  const all = m + n;
  let [wins, ties, wasBefore, isBefore] = [0, 0, 0, 0];
  // Sums of squares of placements about a half: the mean of both is the value.
  let [ofCurrent, ofReference] = [0, 0];
  walk(reference, current, (was, is) => {
    const [a, b] = [was - wasBefore, is - isBefore];
    wins += b * (wasBefore + a / 2);
    ties += (a + b) ** 3 - (a + b);
    ofCurrent += b * ((wasBefore + a / 2) / m - 0.5) ** 2;
    ofReference += a * (0.5 - (isBefore + b / 2) / n) ** 2;
    [wasBefore, isBefore] = [was, is];
  });
  const spread = Math.sqrt(((m * n) / 12) * (all + 1 - ties / (all * (all - 1))));
  const distance = Math.abs(wins - (m * n) / 2) - 0.5;
  const value = wins / (m * n);
  const p = spread === 0 || distance <= 0 ? 1 : 2 * normalTail(distance / spread);
  if (m < 2 || n < 2) return { value, p };
  const middle = (value - 0.5) ** 2;
  const variance = (ofCurrent / n - middle) / (n - 1) + (ofReference / m - middle) / (m - 1);
  return { value, p, ...rankEnds(value, variance, Math.min(m, n)) };
}

const about = { family: 'input', subjects: 'numeric_track', roles: ['input'] } as const;

const meanShift: MetricKind = numericMetric(
  {
    ...about,
    name: 'mean_shift',
    description: 'How much larger the mean is than that of the baseline, in the unit of the values.',
    formula: 'mean - mean of the baseline; interval and p of Welch',
  },
  (state, key, { reference }) => {
    const { n } = state;
    const baseline = reference.baseline(key.subject);
    if (baseline?.type !== 'numeric') return { reason: NO_BASELINE, n };
    if (n < 2 || baseline.n < 2) return { reason: 'fewer than two values', n };
    const before = { mean: baseline.mean, variance: baseline.std ** 2, n: baseline.n };
    return welch(before, { mean: meanOf(state)!, variance: varianceOf(state)!, n });
  },
);

const superiority = orderedMetric(
  {
    name: 'superiority',
    description:
      'How probable a value is to be larger than one of the baseline: 0.5 where neither side is larger. From the sketches; values of one bucket are ties.',
    formula:
      'P(x > y) + P(x = y) / 2; interval by the variance of DeLong on the logit scale; p of Mann and Whitney, with the corrections for ties and continuity',
    unit: true,
  },
  (reference, current, { n }) => ({ ...superiorityOf(reference, current), n }),
);

export const LOCATION_METRICS = [meanShift, superiority];
