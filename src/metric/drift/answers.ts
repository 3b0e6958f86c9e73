/** Answers of a model against those of its reference. */

import { keyText, type TrackRole } from '../../profile/track.ts';
import { type MetricKind, measureOf } from '../metric.ts';
import { distributionOf } from '../reference.ts';
import { INTERVAL, testedCells } from './cells.ts';
import { psiEnds } from './divergence-ends.ts';
import { psiOf } from './measures.ts';

const metric = (name: string, role: TrackRole, description: string): MetricKind => ({
  name,
  description,
  formula: `sum (q - p) ln(q / p), every cell counted as half a row more; ${INTERVAL}; p of homogeneity`,
  family: 'output',
  subjects: 'model_output',
  roles: [role],
  measure(key, track, { reference }) {
    const cells = testedCells(track, distributionOf(reference.state(keyText(key))));
    if (cells === null) return [];
    if ('reason' in cells) return [measureOf(key.subject, key.model, cells)];
    const { n, p, reference: before, current } = cells;
    const value = psiOf(before, current);
    return [measureOf(key.subject, key.model, { value, n, p, ...psiEnds(value, before, current) })];
  },
});

export const ANSWER_DRIFT_METRICS = [
  metric(
    'class_drift',
    'class',
    "Population stability index of a classifier's answers against the baseline's: over its classes. Null answers are those of `null_rate`.",
  ),
  metric(
    'score_drift',
    'score',
    "Population stability index of a model's scores against the baseline's: over ten cells and what lies below and above. Scores are those of `score_mean`.",
  ),
];
