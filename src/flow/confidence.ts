/** Labelled answers of a window by their confidence: the score of the class that was chosen. */

import { isBinary } from '../metric/scored.ts';
import { firstPositiveBin, type ScoreBinsState, scoreBinsOf } from '../profile/score-bins.ts';
import type { OutputSpec } from '../records.ts';
import { CONFIDENCES, createOutcomes, type Outcomes } from '../rollout/levels.ts';
import { thresholdOf } from './feeds.ts';

/** Of an answer: of a binary classifier `score` is that of the positive class. NaN: it has none. */
export const confidenceOf = (output: OutputSpec, said: number, score: number): number =>
  isBinary(output) && output.classes[said] !== output.positive ? 1 - score : score;

/** Means of scores are sums of rounded ones. */
const ROUNDING = 1e-9;

export function cellOf(confidence: number): number {
  let cell = CONFIDENCES.length - 1;
  while (cell > 0 && confidence + ROUNDING < CONFIDENCES[cell]!) cell--;
  return cell;
}

/**
 * A binary classifier is kept by the score of its positive class: below the threshold of the output the answer is the other class, with the rest of the score. The borders of cells
 * are those of bins, so that a bin lies in one cell; only scores of exactly a border of a negative bin lie in the cell above, which its mean says if it holds no others.
 * Answers without a score have no confidence and count as wrong, since nothing is known of them.
 */
export function outcomesOf(state: ScoreBinsState, output: OutputSpec): Outcomes {
  const outcomes = createOutcomes();
  const first = firstPositiveBin(thresholdOf(output));
  for (const { bin, negative, positive, labelledSum } of scoreBinsOf(state)) {
    const n = negative + positive;
    if (n === 0) continue;
    const isNo = isBinary(output) && bin < first;
    const cell = cellOf(isNo ? 1 - labelledSum / n : labelledSum / n);
    outcomes.n[cell]! += n;
    outcomes.wrong[cell]! += isNo ? positive : negative;
  }
  outcomes.n[0]! += state.unscored;
  outcomes.wrong[0]! += state.unscored;
  return outcomes;
}
