/** Shares of bad rows that may not grow: gaps in the inputs, wrong answers, unhappy users, failures. */

import type { ConfusionState } from '../../profile/confusion.ts';
import type { Counters } from '../../profile/counters.ts';
import type { TrackState } from '../../profile/registry.ts';
import { keyText, type TrackKey } from '../../profile/track.ts';
import { type MetricContext, outputOf } from '../metric.ts';
import { cellsOf } from '../quality.ts';
import { ABSOLUTE, largeErrors } from '../regression.ts';
import type { Concern, Counts, EvidenceKind } from './exhibit.ts';

interface Rate {
  bad: number;
  n: number;
}

const pairOf = ({ bad, n }: Rate): number[] => [bad, n - bad];

const countsOf = (bad: string, { reference, current }: { reference: Rate; current: Rate }): Counts => ({
  form: 'rate',
  names: [bad, `not ${bad}`],
  reference: pairOf(reference),
  current: pairOf(current),
});

/** Bad rows of a track, and of its reference; null: it has none. */
const rateEvidence = (
  about: {
    metric: string;
    concern: Concern;
    description: string;
    bad: string;
    tolerance: number;
    roles: EvidenceKind['roles'];
  },
  read: (
    key: TrackKey,
    track: TrackState,
    context: MetricContext,
  ) => { current: Rate; reference: Rate } | null,
): EvidenceKind => {
  const { bad, tolerance, ...kind } = about;
  return {
    ...kind,
    tolerance: { default: tolerance, unit: 'share' },
    exhibits(key, track, context) {
      const rates = read(key, track, context);
      if (rates === null || rates.reference.n === 0 || rates.current.n === 0) return [];
      const counts = countsOf(bad, rates);
      return [{ subject: key.subject, model: key.model, counts }];
    },
  };
};

/** The same reading of a track and of its reference state. */
const both =
  (read: (track: TrackState) => Rate | null) =>
  (key: TrackKey, track: TrackState, { reference }: MetricContext) => {
    const before = reference.state(keyText(key));
    if (before === undefined) return null;
    const [was, is] = [read(before), read(track)];
    return was === null || is === null ? null : { current: is, reference: was };
  };

const gaps = (name: 'missing' | 'invalid', bad: string): EvidenceKind =>
  rateEvidence(
    {
      metric: `${name}_rate`,
      concern: 'inputs',
      description: `More rows of an input are ${name} than in the reference.`,
      bad,
      tolerance: 0.005,
      roles: ['input'],
    },
    (key, track, { reference }) => {
      const before = reference.baseline(key.subject);
      const cells = cellsOf(track);
      if (before === undefined || cells === null) return null;
      return {
        current: { bad: cells[name], n: cells.all },
        reference: { bad: before[name], n: before.n + before.missing + before.invalid },
      };
    },
  );

function wrongOf({ classes, counts }: ConfusionState): Rate {
  let [bad, n] = [0, 0];
  counts.forEach((count, i) => {
    n += count;
    if (Math.floor(i / classes) !== i % classes) bad += count;
  });
  return { bad, n };
}

const offDiagonal = (track: TrackState): Rate | null =>
  track.kind === 'confusion' ? wrongOf(track.state) : null;

const errors = rateEvidence(
  {
    metric: 'accuracy',
    concern: 'performance',
    description: 'More of the labelled answers are wrong than in the reference.',
    bad: 'wrong',
    tolerance: 0.005,
    roles: ['performance'],
  },
  both(offDiagonal),
);

const farOff: EvidenceKind = {
  metric: 'large_error_rate',
  concern: 'performance',
  description: 'More answers of a regressor are further off than nine in ten of the reference were.',
  tolerance: { default: 0.005, unit: 'share' },
  roles: ['performance'],
  exhibits(key, track, { reference }) {
    if (track.kind !== 'numeric' || !key.subject.endsWith(ABSOLUTE)) return [];
    const before = reference.state(keyText(key));
    const found = before?.kind === 'numeric' ? largeErrors(before.state, track.state) : null;
    if (found === null || track.state.n === 0) return [];
    const subject = key.subject.slice(0, -ABSOLUTE.length);
    return [{ subject, model: key.model, counts: countsOf('far off', found) }];
  },
};

const silence = rateEvidence(
  {
    metric: 'null_rate',
    concern: 'answers',
    description: 'More answers of a model are null than in the reference.',
    bad: 'null',
    tolerance: 0.005,
    roles: ['class', 'score'],
  },
  (key, track, context) => {
    // As the metric: a classifier has both tracks, and its scores may be absent although it answered.
    const role = outputOf(context.spec, key.subject)?.type === 'classifier' ? 'class' : 'score';
    if (key.role !== role) return null;
    return both((one) => {
      const cells = cellsOf(one);
      return cells === null ? null : { bad: cells.missing, n: cells.all };
    })(key, track, context);
  },
);

const disagreement = rateEvidence(
  {
    metric: 'agreement',
    concern: 'answers',
    description: 'A shadow differs from the primary more often than in the reference.',
    bad: 'different',
    tolerance: 0.01,
    roles: ['agreement'],
  },
  both((track) => {
    if (track.kind !== 'counters') return offDiagonal(track);
    const n = track.state.get('compared') ?? 0;
    // Detectors are compared box by box, which are no independent rows.
    return track.state.has('boxes') ? null : { bad: n - (track.state.get('agreed') ?? 0), n };
  }),
);

const counted = (
  about: Pick<EvidenceKind, 'metric' | 'description' | 'concern' | 'roles'> & { bad: string },
  badOf: (count: (name: string) => number) => number,
  all: string,
): EvidenceKind =>
  rateEvidence(
    { ...about, tolerance: 0.005 },
    both((track) => {
      if (track.kind !== 'counters') return null;
      const count = (name: string): number => (track.state as Counters).get(name) ?? 0;
      return { bad: badOf(count), n: count(all) };
    }),
  );

const behaviour = { concern: 'behaviour', roles: ['feedback'] } as const;

export const RATE_EVIDENCE = [
  gaps('missing', 'missing'),
  gaps('invalid', 'invalid'),
  farOff,
  silence,
  errors,
  disagreement,
  counted(
    {
      ...behaviour,
      metric: 'click_through_rate',
      bad: 'without a click',
      description: 'Fewer answers are clicked than in the reference.',
    },
    (count) => count('requests') - count('click'),
    'requests',
  ),
  counted(
    { ...behaviour, metric: 'redo_rate', bad: 'done again', description: 'More requests are done again.' },
    (count) => count('redo'),
    'requests',
  ),
  counted(
    {
      ...behaviour,
      metric: 'switch_to_typing_rate',
      bad: 'typed after all',
      description: 'More users type after all.',
    },
    (count) => count('switch_to_typing'),
    'requests',
  ),
  counted(
    {
      metric: 'error_rate',
      concern: 'software',
      roles: ['errors'],
      bad: 'failed',
      description: 'The other system fails more often than in the reference.',
    },
    (count) => count('failed'),
    'rows',
  ),
];
