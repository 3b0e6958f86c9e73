/** Inputs and answers against their distribution in the reference. */

import type { CategoricalState } from '../../profile/categorical.ts';
import { cellCounts } from '../cells.ts';
import { outputOf } from '../metric.ts';
import type { EvidenceKind } from './exhibit.ts';

const TOLERANCE = { default: 0.01, unit: 'psi' } as const;

const inputDrift: EvidenceKind = {
  metric: 'psi',
  concern: 'inputs',
  description: 'The values of an input are distributed otherwise than in the reference.',
  tolerance: TOLERANCE,
  roles: ['input'],
  exhibits(key, track, { reference }) {
    const cells = cellCounts(track, reference.baseline(key.subject));
    if (cells === null || 'reason' in cells) return [];
    const { names, reference: before, current } = cells;
    return [
      {
        subject: key.subject,
        model: '',
        counts: { form: 'cells', names, reference: [...before], current: [...current] },
      },
    ];
  },
};

const countsOf = ({ known, unknown }: CategoricalState): Map<string, number> =>
  new Map([...known, ...unknown]);

const classDrift: EvidenceKind = {
  metric: 'class_drift',
  concern: 'answers',
  description: 'A model gives its classes in other shares than in the reference.',
  tolerance: TOLERANCE,
  roles: ['class'],
  exhibits(key, track, { spec, reference }) {
    const before = reference.state(`class/${key.model}/${key.subject}`);
    if (track.kind !== 'categorical' || before?.kind !== 'categorical') return [];
    const [was, is] = [countsOf(before.state), countsOf(track.state)];
    const names = outputOf(spec, key.subject)?.classes ?? [];
    if (names.length < 2) return [];
    return [
      {
        subject: key.subject,
        model: key.model,
        counts: {
          form: 'cells',
          names: [...names],
          reference: names.map((name) => was.get(name) ?? 0),
          current: names.map((name) => is.get(name) ?? 0),
        },
      },
    ];
  },
};

export const DISTRIBUTION_EVIDENCE = [inputDrift, classDrift];
