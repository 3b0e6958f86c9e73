/** How many different values an input has, and how much the most frequent one. */

import type { CategoricalState } from '../profile/categorical.ts';
import { DISTINCT_ERROR, type DistinctState, distinctOf } from '../profile/distinct.ts';
import { type HeavyState, topOf } from '../profile/heavy.ts';
import type { TrackState } from '../profile/registry.ts';
import { keyText, type TrackKey, type TrackRole } from '../profile/track.ts';
import { rateOf, Z95 } from './intervals.ts';
import { type MetricContext, type MetricKind, measureOf, type Outcome } from './metric.ts';

const NO_VALUES = 'no values';

/** The counts of an input's categories, where it is categorical. */
function countsOf(key: TrackKey, { track }: MetricContext): CategoricalState | undefined {
  const found = track(keyText({ role: 'input', model: '', subject: key.subject }));
  return found?.kind === 'categorical' ? found.state : undefined;
}

function largestOf({ known, unknown }: CategoricalState): number {
  let largest = 0;
  for (const counts of [known, unknown])
    for (const count of counts.values()) largest = Math.max(largest, count);
  return largest;
}

function categoriesOf({ known, unknown }: CategoricalState): number {
  let found = 0;
  for (const counts of [known, unknown]) for (const count of counts.values()) if (count > 0) found++;
  return found;
}

/** Where all categories are counted one by one, nothing is estimated. */
function counted(counts: CategoricalState): Outcome {
  const { n, other } = counts;
  if (n === 0) return { reason: NO_VALUES, n };
  const value = categoriesOf(counts);
  return other === 0
    ? { value, n, low: value, high: value }
    : { reason: 'more categories than limits.categories_max', n };
}

function estimated(state: DistinctState): Outcome {
  const { n } = state;
  if (n === 0) return { reason: NO_VALUES, n };
  const { estimate, least } = distinctOf(state);
  const within = (x: number): number => Math.min(n, Math.max(least, Math.round(x)));
  const error = Z95 * DISTINCT_ERROR;
  return {
    value: within(estimate),
    n,
    low: within(estimate / (1 + error)),
    high: within(estimate / (1 - error)),
  };
}

/** No kept category is outdone by those that are not kept, even if they were one. */
const isTopKept = (counts: CategoricalState): boolean => largestOf(counts) >= counts.other;

function sampled(state: HeavyState, counts: CategoricalState | undefined): Outcome {
  const { n } = state;
  if (n === 0) return { reason: NO_VALUES, n };
  const { rows, top } = topOf(state);
  const known = counts === undefined ? 0 : largestOf(counts) / n;
  const found = rateOf(top, rows, NO_VALUES);
  if ('reason' in found) return { ...found, n };
  const least = (x = 0): number => Math.max(known, x);
  return { value: least(found.value), n, low: least(found.low), high: least(found.high) };
}

/** Read from the counts of categories where they are enough, else from the sketch of `role`. */
const metric = (
  about: Pick<MetricKind, 'name' | 'description' | 'formula' | 'unit'>,
  role: TrackRole,
  ofCounts: (counts: CategoricalState) => Outcome,
  isEnough: (counts: CategoricalState) => boolean,
  ofSketch: (track: TrackState, counts: CategoricalState | undefined) => Outcome | null,
): MetricKind => ({
  ...about,
  family: 'input',
  subjects: 'values',
  roles: [role, 'input'],
  measure(key, track, context) {
    const counts = countsOf(key, context);
    const say = (outcome: Outcome | null) =>
      outcome === null ? [] : [measureOf(key.subject, key.model, outcome)];
    if (key.role === role)
      return say(counts !== undefined && isEnough(counts) ? ofCounts(counts) : ofSketch(track, counts));
    const hasSketch = context.track(keyText({ role, model: '', subject: key.subject })) !== undefined;
    return track.kind === 'categorical' && !hasSketch ? say(ofCounts(track.state)) : [];
  },
});

export const DISTINCT_METRICS = [
  metric(
    {
      name: 'distinct_count',
      description:
        'Number of different values of a categorical or text input in the window. Exact up to limits.categories_max categories, else an estimate; the interval is that of the estimate.',
      formula:
        'HyperLogLog of 2,048 registers (Flajolet 2007, Ertl 2017), standard error 2.3 %; interval of the estimate',
    },
    'distinct',
    counted,
    ({ other }) => other === 0,
    (track) => (track.kind === 'distinct' ? estimated(track.state) : null),
  ),
  metric(
    {
      name: 'top_share',
      description:
        'Share of the most frequent value of a categorical or text input. Of all rows where it is certain which that is, else of 256 requests that the hash of their id chooses: then it is too high where all values are rare, since the largest of many small counts is taken.',
      formula: 'rows of the most frequent value / rows; Wilson interval',
      unit: true,
    },
    'heavy',
    (counts) => rateOf(largestOf(counts), counts.n, NO_VALUES),
    isTopKept,
    (track, counts) => (track.kind === 'heavy' ? sampled(track.state, counts) : null),
  ),
];
