/** What a metric is: a pure function from the profile of one track to measured values. */

import type { CategoricalState } from '../profile/categorical.ts';
import type { ConfusionState } from '../profile/confusion.ts';
import type { Counters } from '../profile/counters.ts';
import type { NumericState } from '../profile/numeric.ts';
import type { TrackState } from '../profile/registry.ts';
import type { TrackKey, TrackRole } from '../profile/track.ts';
import type { OutputSpec, Result, ServiceSpec, TrackBaseline } from '../records.ts';
import type { EarlyPair } from './label-curve.ts';

export interface Measure {
  /** Track, output, `output=class`, telemetry metric or stream; '' for the whole service. */
  subject: string;
  /** '' where no model is meant. */
  model: string;
  /** Finite; null: it cannot be computed, and `reason` says why. */
  value: number | null;
  reason: string;
  /** Size of the sample behind the value. */
  n: number;
  /** 95 % interval, both finite; null: there is none. */
  low: number | null;
  high: number | null;
  /** P-value of a comparison, 0..1; null: nothing is compared. */
  p: number | null;
}

/** Where a reference comes from: the baseline file, or windows that were learned from. */
export type ReferenceSource = 'file' | 'first' | 'rolling' | 'seasonal' | 'none';

/** What the tracks of a cell are compared with. What it gives MUST NOT be changed. */
export interface Reference {
  /** The reference distribution of an input's track. */
  baseline(track: string): TrackBaseline | undefined;
  /** The reference state of any track, by key text. */
  state(key: string): TrackState | undefined;
  /** Of the very segment; false: of the whole traffic, from which a segment may differ for ever. */
  isOwn: boolean;
  source: ReferenceSource;
  /** Why there is no baseline of a track that has none; measures with the reason NO_BASELINE say this instead. */
  absence: string;
}

/** The reason of a measure that has nothing to compare with. */
export const NO_BASELINE = 'no baseline';

export interface MetricContext {
  spec: ServiceSpec;
  /** Length of the window. */
  windowMs: number;
  reference: Reference;
  /** Whether no later revision of the window will know more. */
  isFinal: boolean;
  /**
   * The headline metric of a model's output in past windows, at this revision and at the final one; absent: nothing matures.
   */
  earlyPairs?: ((model: string, output: string) => readonly EarlyPair[]) | undefined;
  /** Another track of the same cell, by key text: some metrics are of two. */
  track(key: string): TrackState | undefined;
}

/** What a rule may name as subject of a metric; the same words as the configuration's check of rules. */
export type MetricSubjects =
  | 'track'
  | 'numeric_track'
  | 'categorical_track'
  | 'text_input'
  | 'values'
  | 'chars'
  | 'embedding_input'
  | 'output'
  | 'model_output'
  | 'class'
  | 'telemetry'
  | 'service';

export interface MetricKind {
  name: string;
  description: string;
  /** The formula as documentation shows it. */
  formula: string;
  family: Result['family'];
  subjects: MetricSubjects;
  /** Its values lie in 0..1, as detectors of errors, losses and shares ask. */
  unit?: true;
  /** Its value is a mean over the `n` rows of its measure, each of which costs more this way. */
  worse?: 'larger' | 'smaller';
  /** Tracks of other roles are never shown to `measure`. */
  roles: readonly TrackRole[];
  /** One measure for a track, several (shares of classes), or none where the metric does not apply to it. */
  measure(key: TrackKey, track: TrackState, context: MetricContext): Measure[];
}

/** The metric with the way that costs more. */
export const worseWhen = (worse: NonNullable<MetricKind['worse']>, metric: MetricKind): MetricKind => ({
  ...metric,
  worse,
});

/** A value with its sample, its 95 % interval and the p-value of its comparison, or why there is none. */
export type Outcome =
  | { value: number; n: number; low?: number | undefined; high?: number | undefined; p?: number | undefined }
  | { reason: string; n: number };

/** The measure of an outcome. A value that overflowed is no value, and an interval that did is none. */
export function measureOf(subject: string, model: string, outcome: Outcome): Measure {
  const { n } = outcome;
  const none = { subject, model, value: null, n, low: null, high: null, p: null };
  if ('reason' in outcome) return { ...none, reason: outcome.reason };
  if (!Number.isFinite(outcome.value)) return { ...none, reason: 'beyond the range of numbers' };
  const { value, low = Number.NaN, high = Number.NaN, p = Number.NaN } = outcome;
  const isInterval = Number.isFinite(low) && Number.isFinite(high);
  return {
    ...none,
    value,
    reason: '',
    low: isInterval ? low : null,
    high: isInterval ? high : null,
    p: Number.isNaN(p) ? null : p,
  };
}

type About = Omit<MetricKind, 'measure'>;

/** A metric of numeric tracks with one measure for each, under the track's own subject and model. */
export const numericMetric = (
  about: About,
  read: (state: NumericState, key: TrackKey, context: MetricContext) => Outcome | null,
): MetricKind => ({
  ...about,
  measure: (key, track, context) =>
    track.kind === 'numeric' ? single(key, read(track.state, key, context)) : [],
});

/** The same of categorical tracks. */
export const categoricalMetric = (
  about: About,
  read: (state: CategoricalState, key: TrackKey, context: MetricContext) => Outcome | null,
): MetricKind => ({
  ...about,
  measure: (key, track, context) =>
    track.kind === 'categorical' ? single(key, read(track.state, key, context)) : [],
});

/** The same of counters; `read` gives null where the metric does not apply. */
export const counterMetric = (
  about: About,
  read: (count: (name: string) => number, key: TrackKey, context: MetricContext) => Outcome | null,
): MetricKind => ({
  ...about,
  measure: (key, track, context) =>
    track.kind === 'counters' ? single(key, read(readerOf(track.state), key, context)) : [],
});

/** The same of confusion counts. */
export const confusionMetric = (
  about: About,
  read: (state: ConfusionState, output: OutputSpec) => Outcome | null,
): MetricKind => ({
  ...about,
  measure: (key, track, { spec }) => {
    const output = outputOf(spec, key.subject);
    return track.kind === 'confusion' && output !== undefined ? single(key, read(track.state, output)) : [];
  },
});

const readerOf =
  (counters: Counters) =>
  (name: string): number =>
    counters.get(name) ?? 0;

const single = (key: TrackKey, outcome: Outcome | null): Measure[] =>
  outcome === null ? [] : [measureOf(key.subject, key.model, outcome)];

export const outputOf = (spec: ServiceSpec, name: string): OutputSpec | undefined =>
  spec.outputs.find((output) => output.name === name);
