/**
 * Whether the relation of inputs and truth holds: how often each label comes at equal scores of a model (or at equal answers, where there are no
 * scores). If only the inputs move, scores and answers move with them, but what a score is worth stays.
 */

import type { ConfusionState } from '../../profile/confusion.ts';
import type { TrackState } from '../../profile/registry.ts';
import { type ScoreBinsState, scoreBinsOf } from '../../profile/score-bins.ts';
import { keyText, type TrackKey } from '../../profile/track.ts';
import { type MetricContext, outputOf } from '../metric.ts';
import type { Counts, EvidenceKind } from './exhibit.ts';

/** Scores are grouped into so many strata of about as many labels of the reference. */
const STRATA = 10;

const TOLERANCE = { default: 0.01, unit: 'psi' } as const;

/** Bad is a negative label, or a wrong answer where no class is positive. */
function scoreStrata(before: ScoreBinsState, now: ScoreBinsState): Counts | null {
  const was = scoreBinsOf(before).filter(({ negative, positive }) => negative + positive > 0);
  const total = was.reduce((sum, { negative, positive }) => sum + negative + positive, 0);
  if (total === 0) return null;
  const reference: number[] = [];
  /** The last bin of each stratum. */
  const ends: number[] = [];
  let [seen, bad, good] = [0, 0, 0];
  for (const { bin, negative, positive } of was) {
    bad += negative;
    good += positive;
    seen += negative + positive;
    if (seen < ((ends.length + 1) * total) / STRATA) continue;
    ends.push(bin);
    reference.push(bad, good);
    [bad, good] = [0, 0];
  }
  // Scores beyond all that the reference has are of its last stratum.
  ends[ends.length - 1] = Number.POSITIVE_INFINITY;
  const current = reference.map(() => 0);
  for (const { bin, negative, positive } of scoreBinsOf(now)) {
    const at = 2 * ends.findIndex((end) => bin <= end);
    current[at]! += negative;
    current[at + 1]! += positive;
  }
  const names = ends.flatMap((_, i) => [
    `scores ${i + 1}/${ends.length} bad`,
    `scores ${i + 1}/${ends.length} good`,
  ]);
  return { form: 'strata', names, reference, current };
}

function answerStrata(before: ConfusionState, now: ConfusionState, answers: string[]): Counts | null {
  if (before.classes !== now.classes || answers.length !== now.classes) return null;
  const read = ({ classes, counts }: ConfusionState): number[] =>
    answers.flatMap((_, answer) => {
      const row = counts.subarray(answer * classes, (answer + 1) * classes);
      const right = row[answer]!;
      return [row.reduce((sum, count) => sum + count, 0) - right, right];
    });
  const names = answers.flatMap((name) => [`${name} wrong`, `${name} right`]);
  return { form: 'strata', names, reference: read(before), current: read(now) };
}

/** Bad and good rows by stratum, of the window and of its reference; null: there is nothing to compare, or scores say more. */
export function relationOf(
  key: TrackKey,
  track: TrackState,
  { spec, reference, track: other }: Pick<MetricContext, 'spec' | 'reference' | 'track'>,
): Counts | null {
  const output = outputOf(spec, key.subject);
  const before = reference.state(keyText(key));
  if (output === undefined || before === undefined) return null;
  if (track.kind === 'score_bins' && before.kind === 'score_bins')
    return scoreStrata(before.state, track.state);
  const scores = keyText({ ...key, role: 'scores' });
  if (other(scores) !== undefined && reference.state(scores) !== undefined) return null;
  if (track.kind !== 'confusion' || before.kind !== 'confusion') return null;
  return answerStrata(before.state, track.state, output.classes);
}

const relation: EvidenceKind = {
  metric: 'concept_drift',
  concern: 'relation',
  description: 'At equal scores, or equal answers, labels come in other shares than in the reference.',
  tolerance: TOLERANCE,
  roles: ['scores', 'performance'],
  exhibits(key, track, context) {
    const counts = relationOf(key, track, context);
    return counts === null ? [] : [{ subject: key.subject, model: key.model, counts }];
  },
};

export const RELATION_EVIDENCE = [relation];
