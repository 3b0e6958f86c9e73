/** What the models answer. */

import { type MetricKind, measureOf, outputOf, shareOf } from './metric.ts';
import { cellsOf } from './quality.ts';

const nullRate: MetricKind = {
  name: 'null_rate',
  description: 'Share of the answers that are null.',
  formula: 'null answers / answers',
  family: 'output',
  subjects: 'model_output',
  unit: true,
  roles: ['class', 'score'],
  measure(key, track, { spec }) {
    // A classifier has both tracks, and its scores may be absent although it answered.
    const role = outputOf(spec, key.subject)?.type === 'classifier' ? 'class' : 'score';
    const cells = cellsOf(track);
    if (key.role !== role || cells === null) return [];
    return [measureOf(key.subject, key.model, shareOf(cells.missing, cells.all, 'no answers'))];
  },
};

const classShare: MetricKind = {
  name: 'class_share',
  description:
    'Share of each class in the answers of a classifier that are not null; of sets, those that hold the class.',
  formula: 'answers of the class / answers that are not null',
  family: 'output',
  subjects: 'class',
  unit: true,
  roles: ['class'],
  measure(key, track, { spec }) {
    const output = outputOf(spec, key.subject);
    if (output === undefined) return [];
    let n: number;
    let countOf: (name: string) => number;
    if (track.kind === 'counters') {
      const counters = track.state;
      n = counters.get('rows') ?? 0;
      countOf = (name) => counters.get(`=${name}`) ?? 0;
    } else if (track.kind === 'categorical') {
      const { known, unknown } = track.state;
      n = track.state.n;
      countOf = (name) => known.get(name) ?? unknown.get(name) ?? 0;
    } else return [];
    return output.classes.map((name) => {
      const found = countOf(name);
      return measureOf(`${key.subject}=${name}`, key.model, shareOf(found, n, 'no answers'));
    });
  },
};

export const OUTPUT_METRICS = [nullRate, classShare];
