/** Cells of inputs that carry no value, a value that is not allowed, or one that was never seen. */

import type { TrackState } from '../profile/registry.ts';
import { comparedRate, rateOf } from './intervals.ts';
import { categoricalMetric, type MetricKind, measureOf, numericMetric } from './metric.ts';

const about = { family: 'input', unit: true, roles: ['input'] } as const;

/** A share of all cells of a numeric or categorical track, with or without a value. */
function cellShare(name: 'missing' | 'invalid', description: string): MetricKind {
  return {
    ...about,
    name: `${name}_rate`,
    description,
    formula: `${name} / (values + missing + invalid); Wilson interval; p of Fisher against the baseline, two-sided`,
    subjects: 'track',
    measure(key, track, { reference }) {
      const cells = cellsOf(track);
      if (cells === null) return [];
      const before = reference.baseline(key.subject);
      const outcome = comparedRate(
        { part: cells[name], n: cells.all },
        before && { part: before[name], n: before.n + before.missing + before.invalid },
        'no rows',
      );
      return [measureOf(key.subject, key.model, outcome)];
    },
  };
}

/** Null for tracks that do not count cells. */
export function cellsOf(track: TrackState): { missing: number; invalid: number; all: number } | null {
  if (track.kind !== 'numeric' && track.kind !== 'categorical') return null;
  const { n, missing, invalid } = track.state;
  return { missing, invalid, all: n + missing + invalid };
}

const outOfRange = numericMetric(
  {
    ...about,
    name: 'out_of_range_rate',
    description: 'Share of the values of a numeric input that lie outside its declared range.',
    formula: 'values outside the range / values; Wilson interval',
    subjects: 'numeric_track',
  },
  (state, key, { spec }) => {
    const input = spec.inputs.find(({ name, type }) => name === key.subject && type === 'numeric');
    // Lengths and brightness have no range that could be declared.
    if (input === undefined) return null;
    if (input.range === null) return { reason: 'no range', n: state.n };
    return rateOf(state.outOfRange, state.n, 'no values');
  },
);

const newCategories = categoricalMetric(
  {
    ...about,
    name: 'new_category_rate',
    description: 'Share of the values whose category is neither declared nor in the baseline.',
    formula: 'values in unknown categories / values; Wilson interval',
    subjects: 'categorical_track',
  },
  (state) => {
    if (state.known.size === 0) return { reason: 'no known categories', n: state.n };
    let unknown = state.other;
    for (const count of state.unknown.values()) unknown += count;
    return rateOf(unknown, state.n, 'no values');
  },
);

export const QUALITY_METRICS = [
  cellShare('missing', 'Share of the rows in which the input is absent or null.'),
  cellShare('invalid', 'Share of the rows in which the input has the wrong type or cannot be decoded.'),
  outOfRange,
  newCategories,
];
