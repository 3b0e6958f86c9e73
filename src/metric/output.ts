/** What the models answer. */

import type { TrackState } from '../profile/registry.ts';
import { keyText } from '../profile/track.ts';
import { comparedRate, type Share } from './intervals.ts';
import { type MetricKind, measureOf, outputOf } from './metric.ts';
import { cellsOf } from './quality.ts';

const COMPARED = 'Wilson interval; p of Fisher against the baseline, two-sided';

const nullsOf = (track: TrackState | undefined): Share | undefined => {
  const cells = track === undefined ? null : cellsOf(track);
  return cells === null ? undefined : { part: cells.missing, n: cells.all };
};

const nullRate: MetricKind = {
  name: 'null_rate',
  description: 'Share of the answers that are null.',
  formula: `null answers / answers; ${COMPARED}`,
  family: 'output',
  subjects: 'model_output',
  unit: true,
  worse: 'larger',
  roles: ['class', 'score'],
  measure(key, track, { spec, reference }) {
    // A classifier has both tracks, and its scores may be absent although it answered.
    const role = outputOf(spec, key.subject)?.type === 'classifier' ? 'class' : 'score';
    const nulls = nullsOf(track);
    if (key.role !== role || nulls === undefined) return [];
    const before = nullsOf(reference.state(keyText(key)));
    return [measureOf(key.subject, key.model, comparedRate(nulls, before, 'no answers'))];
  },
};

/** Answers that are, or hold, a class; undefined for tracks of other kinds. */
function classesOf(track: TrackState | undefined): ((name: string) => Share) | undefined {
  if (track?.kind === 'counters') {
    const counters = track.state;
    const n = counters.get('rows') ?? 0;
    return (name) => ({ part: counters.get(`=${name}`) ?? 0, n });
  }
  if (track?.kind !== 'categorical') return undefined;
  const { n, known, unknown } = track.state;
  return (name) => ({ part: known.get(name) ?? unknown.get(name) ?? 0, n });
}

const classShare: MetricKind = {
  name: 'class_share',
  description:
    'Share of each class in the answers of a classifier that are not null; of sets, those that hold the class.',
  formula: `answers of the class / answers that are not null; ${COMPARED}`,
  family: 'output',
  subjects: 'class',
  unit: true,
  roles: ['class'],
  measure(key, track, { spec, reference }) {
    const output = outputOf(spec, key.subject);
    const shareOf = classesOf(track);
    if (output === undefined || shareOf === undefined) return [];
    const before = classesOf(reference.state(keyText(key)));
    return output.classes.map((name) =>
      measureOf(
        `${key.subject}=${name}`,
        key.model,
        comparedRate(shareOf(name), before?.(name), 'no answers'),
      ),
    );
  },
};

export const OUTPUT_METRICS = [nullRate, classShare];
