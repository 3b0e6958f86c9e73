/** Every metric. A new one is a line here: configuration checks, documentation and results follow. */

import type { Tracks } from '../profile/registry.ts';
import { keyOf, type TrackRole } from '../profile/track.ts';
import { AGREEMENT_METRICS } from './agreement.ts';
import { ANSWERED_METRICS } from './answered.ts';
import { BEHAVIOUR_METRICS } from './behaviour.ts';
import { CONCEPT_METRICS } from './concept.ts';
import { COVERAGE_METRICS } from './coverage.ts';
import { DISTINCT_METRICS } from './distinct.ts';
import { ANSWER_DRIFT_METRICS } from './drift/answers.ts';
import { CELL_DRIFT_METRICS } from './drift/cells.ts';
import { LOCATION_METRICS } from './drift/location.ts';
import { ORDERED_DRIFT_METRICS } from './drift/ordered.ts';
import { RANGE_METRICS } from './drift/range.ts';
import { EARLY_METRICS } from './early.ts';
import { EMBEDDING_METRICS } from './embedding.ts';
import { ESTIMATED_METRICS } from './estimated/metrics.ts';
import { POWERED_METRICS } from './estimated/powered.ts';
import { JOINT_METRICS } from './joint.ts';
import { type Measure, type MetricContext, type MetricKind, NO_BASELINE } from './metric.ts';
import { MOMENT_METRICS } from './moments.ts';
import { MULTILABEL_METRICS } from './multilabel.ts';
import { OUTPUT_METRICS } from './output.ts';
import { PERFORMANCE_METRICS } from './performance.ts';
import { QUALITY_METRICS } from './quality.ts';
import { REGRESSION_METRICS } from './regression.ts';
import { RELIANCE_METRICS } from './reliance.ts';
import { SCORED_METRICS } from './scored.ts';
import { TEXT_METRICS } from './text.ts';
import { VOLUME_METRICS } from './volume.ts';

export { coverageOf } from './coverage.ts';
export type {
  Measure,
  MetricContext,
  MetricKind,
  MetricSubjects,
  Reference,
  ReferenceSource,
} from './metric.ts';
export { fileReference } from './reference.ts';

const ALL: readonly MetricKind[] = [
  ...VOLUME_METRICS,
  ...ANSWERED_METRICS,
  ...QUALITY_METRICS,
  ...MOMENT_METRICS,
  ...CELL_DRIFT_METRICS,
  ...ORDERED_DRIFT_METRICS,
  ...LOCATION_METRICS,
  ...RANGE_METRICS,
  ...DISTINCT_METRICS,
  ...TEXT_METRICS,
  ...EMBEDDING_METRICS,
  ...JOINT_METRICS,
  ...OUTPUT_METRICS,
  ...ANSWER_DRIFT_METRICS,
  ...COVERAGE_METRICS,
  ...AGREEMENT_METRICS,
  ...PERFORMANCE_METRICS,
  ...CONCEPT_METRICS,
  ...MULTILABEL_METRICS,
  ...SCORED_METRICS,
  ...EARLY_METRICS,
  ...ESTIMATED_METRICS,
  ...POWERED_METRICS,
  ...REGRESSION_METRICS,
  ...BEHAVIOUR_METRICS,
  ...RELIANCE_METRICS,
];

/** By name. */
export const METRICS: Readonly<Record<string, MetricKind>> = Object.fromEntries(
  ALL.map((metric) => [metric.name, metric]),
);

const byRole = new Map<TrackRole, MetricKind[]>();
for (const metric of Object.values(METRICS)) {
  for (const role of metric.roles) byRole.set(role, [...(byRole.get(role) ?? []), metric]);
}

export interface CellMeasure {
  metric: string;
  family: MetricKind['family'];
  measure: Measure;
}

/** All measures of a cell, ordered by metric, model and subject: equal tracks give equal lists. */
export function measureCell(tracks: Tracks, about: Omit<MetricContext, 'track'>): CellMeasure[] {
  const context: MetricContext = { ...about, track: (key) => tracks.get(key) };
  const found: CellMeasure[] = [];
  for (const [text, track] of tracks) {
    const key = keyOf(text);
    for (const { name, family, measure } of byRole.get(key.role) ?? []) {
      for (const measured of measure(key, track, context)) {
        if (measured.reason === NO_BASELINE) measured.reason = about.reference.absence;
        found.push({ metric: name, family, measure: measured });
      }
    }
  }
  return found.sort(
    (a, b) =>
      compare(a.metric, b.metric) ||
      compare(a.measure.model, b.measure.model) ||
      compare(a.measure.subject, b.measure.subject),
  );
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
