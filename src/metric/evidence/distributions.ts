/** Inputs and answers against their distribution in the reference. */

import type { CategoricalState } from '../../profile/categorical.ts';
import { keyText } from '../../profile/track.ts';
import { cellCounts } from '../cells.ts';
import { outputOf } from '../metric.ts';
import { distributionOf } from '../reference.ts';
import type { Counts, EvidenceKind } from './exhibit.ts';

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

const scoreDrift: EvidenceKind = {
  metric: 'score_drift',
  concern: 'answers',
  description: 'The scores or numbers of a model are distributed otherwise than in the reference.',
  tolerance: TOLERANCE,
  roles: ['score'],
  exhibits(key, track, { reference }) {
    const cells = cellCounts(track, distributionOf(reference.state(keyText(key))));
    if (cells === null || 'reason' in cells) return [];
    const { names, reference: before, current } = cells;
    const counts: Counts = { form: 'cells', names, reference: [...before], current: [...current] };
    return [{ subject: key.subject, model: key.model, counts }];
  },
};

export const DISTRIBUTION_EVIDENCE = [inputDrift, classDrift, scoreDrift];
