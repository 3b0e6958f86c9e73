/**
 * Estimates of all answers, corrected by the labels that have come: prediction-powered inference (A. Angelopoulos and others,
 * Science 382, 2023) with the power that follows from the data (A. Angelopoulos, J. Duchi, T. Zrnic, PPI++, 2023).
 *
 *     accuracy = power mean f over the unlabelled + mean (right - power f) over the labelled
 *
 * f is the probability that an answer is right, by its bin. Whatever f is worth, the mean is that of the labels; the better f is, the
 * less it varies, and with power 0 it is the labels alone. Labelled answers are to be a random sample of all.
 */

import { firstPositiveBin, type ScoreBinsState, scoreBinsOf } from '../../profile/score-bins.ts';
import { keyText } from '../../profile/track.ts';
import { shareEnds } from '../intervals.ts';
import { type MetricContext, type MetricKind, measureOf, type Outcome, outputOf } from '../metric.ts';
import { isBinary } from '../scored.ts';
import { type Calibrator, probabilityOf } from './calibrator.ts';
import { LABELS, referenceCalibrator } from './metrics.ts';

/** The interval is that of a mean of many; with fewer labels power and variance are guesses. */
export const LABELS_MIN = 20;

export interface Powered {
  value: number;
  /** How far the estimates are trusted, 0..1. */
  power: number;
  variance: number;
  /** Of the labels alone. */
  labelsVariance: number;
  labelled: number;
}

/** Rows with a value each, as sums over bins. */
interface Sums {
  n: number;
  f: number;
  squares: number;
}

const add = (into: Sums, n: number, f: number): void => {
  into.n += n;
  into.f += n * f;
  into.squares += n * f * f;
};
const meanOf = ({ n, f }: Sums): number => f / n;
const varianceOf = ({ n, f, squares }: Sums): number => Math.max(0, squares - (f / n) * f) / (n - 1);

/**
 * @param asked scores of all answers
 * @param scores those of the labelled ones, which are among them
 * @param calibrator null: the scores are taken as they are
 */
export function poweredAccuracy(
  asked: ScoreBinsState,
  scores: ScoreBinsState | undefined,
  calibrator: Calibrator | null,
  threshold: number,
): Powered | { reason: string; n: number } {
  const first = firstPositiveBin(threshold);
  const labels = new Map((scores === undefined ? [] : scoreBinsOf(scores)).map((bin) => [bin.bin, bin]));
  const unlabelled: Sums = { n: 0, f: 0, squares: 0 };
  const labelled: Sums = { n: 0, f: 0, squares: 0 };
  const all: Sums = { n: 0, f: 0, squares: 0 };
  let [right, products] = [0, 0];
  for (const { bin, asked: n, askedSum } of scoreBinsOf(asked)) {
    const score = askedSum / n;
    const p = calibrator === null ? score : probabilityOf(calibrator, score);
    const f = bin >= first ? p : 1 - p;
    const { negative, positive } = labels.get(bin) ?? { negative: 0, positive: 0 };
    add(all, n, f);
    add(labelled, negative + positive, f);
    add(unlabelled, Math.max(0, n - negative - positive), f);
    const own = bin >= first ? positive : negative;
    right += own;
    products += own * f;
  }
  const n = labelled.n;
  if (n === 0) return { reason: 'no labels of answers with a score', n };
  if (n < LABELS_MIN) return { reason: `${n} labels of answers with a score, ${LABELS_MIN} are needed`, n };
  const accuracy = right / n;
  const rightVariance = (n / (n - 1)) * accuracy * (1 - accuracy);
  const labelsVariance = rightVariance / n;
  const [spread, covariance] = [varianceOf(all), (products - n * accuracy * meanOf(labelled)) / (n - 1)];
  const isAlone = unlabelled.n < 2 || spread === 0;
  const best = isAlone ? 0 : covariance / ((1 + n / unlabelled.n) * spread);
  const power = Math.min(1, Math.max(0, best));
  if (power === 0) return { value: accuracy, power, variance: labelsVariance, labelsVariance, labelled: n };
  const value = accuracy + power * (meanOf(unlabelled) - meanOf(labelled));
  const rest = Math.max(0, rightVariance - 2 * power * covariance + power * power * varianceOf(labelled));
  const variance = (power * power * varianceOf(unlabelled)) / unlabelled.n + rest / n;
  return { value: Math.min(1, Math.max(0, value)), power, variance, labelsVariance, labelled: n };
}

function powered(
  name: string,
  description: string,
  formula: string,
  read: (found: Powered) => Outcome,
): MetricKind {
  return {
    name,
    description,
    formula,
    family: 'performance',
    subjects: 'model_output',
    roles: ['asked'],
    unit: true,
    measure(key, track, context: MetricContext) {
      const output = outputOf(context.spec, key.subject);
      // Where answers are read there are no labels.
      if (track.kind !== 'score_bins' || output === undefined || context.track(LABELS) === undefined)
        return [];
      const scores = context.track(keyText({ ...key, role: 'scores' }));
      const calibrator = referenceCalibrator(context, key.model, key.subject);
      const found = poweredAccuracy(
        track.state,
        scores?.kind === 'score_bins' ? scores.state : undefined,
        typeof calibrator === 'string' ? null : calibrator,
        isBinary(output) ? output.threshold : 0,
      );
      return [measureOf(key.subject, key.model, 'reason' in found ? found : read(found))];
    },
  };
}

export const POWERED_METRICS = [
  powered(
    'corrected_accuracy',
    'Accuracy from the estimates of all answers and the labels that have come, which correct them; needs 20 labels. Where labelled answers are a random sample of all it is right whatever the estimates are worth.',
    'power mean f over the unlabelled + mean (right - power f) over the labelled, power = cov(right, f) / ((1 + labelled / unlabelled) var f) within 0..1; interval by Wilson with the variance of both parts',
    ({ value, variance, labelled }) => ({ value, n: labelled, ...shareEnds(value, variance, labelled) }),
  ),
  powered(
    'estimate_weight',
    'Which share of what is known of corrected_accuracy comes from estimates, not from labels: 0, it is the labels alone; 0.75, as good as four times the labels. It is a weight and estimates nothing, so it has no interval.',
    '1 - variance of corrected_accuracy / variance of the accuracy of the labels alone, within 0..1',
    ({ variance, labelsVariance, labelled }) => ({
      value: labelsVariance === 0 ? 0 : Math.min(1, Math.max(0, 1 - variance / labelsVariance)),
      n: labelled,
    }),
  ),
];
