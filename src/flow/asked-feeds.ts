/** Scores of all answers, with or without a label to come: what performance is estimated from. */

import type { OutputColumn, ServiceSpec } from '../records.ts';
import { type Feed, feedKey, SCORES_PER_PART, thresholdOf } from './feeds.ts';

/** The part of the first of them; the parts of all else end far below, with 24 tracks each. */
const ASKED_PART = 1_000;

/**
 * Of each classifier of one model: the score of the positive class, or of the chosen one. Null answers and scores that are
 * unknown or outside of 0..1 are left out; the tracks of classes and of scores count them.
 *
 * Bins of scores are large, so they have parts of their own: a state takes 0.7 kB with 100 answers, 5 kB with 1,000, 10 kB with
 * 10,000 that are spread over 0..1, and at most 20 kB.
 *
 * @param place of the model among all; the other system is the one after the last
 */
export function askedFeeds(
  spec: ServiceSpec,
  model: string,
  place: number,
  answers: readonly OutputColumn[],
): Feed[] {
  return spec.outputs.flatMap((output, o): Feed[] => {
    const column = answers[o]!;
    if (output.type !== 'classifier' || column.kind !== 'class') return [];
    return [
      {
        key: feedKey('asked', model, output.name),
        kind: 'score_bins',
        part: ASKED_PART + Math.floor((place * spec.outputs.length + o) / SCORES_PER_PART),
        threshold: thresholdOf(output),
        scores: column.scores,
        states: column.state,
      },
    ];
  });
}
