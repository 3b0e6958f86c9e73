/** How right a classifier is expected to be before labels come; `docs/without-labels.md` says what it rests on. */

import { askedRowsOf, labelledOf, type ScoreBinsState } from '../../profile/score-bins.ts';
import { keyText } from '../../profile/track.ts';
import type { BaselinePart, ServiceSpec } from '../../records.ts';
import {
  type MetricContext,
  type MetricKind,
  measureOf,
  NO_BASELINE,
  type Outcome,
  outputOf,
  worseWhen,
} from '../metric.ts';
import { isBinary } from '../scored.ts';
import { type Calibrator, calibratorOf, labelledFrom } from './calibrator.ts';
import {
  accuracyOf,
  type Estimator,
  type ExpectedBin,
  expectedBins,
  f1Of,
  outcomeOf,
  precisionOf,
  recallOf,
  rocAucOf,
  specificityOf,
} from './estimate.ts';

/** With fewer the intervals would be about as wide as what can be measured. */
export const REFERENCE_MIN = 100;
/**
 * What rests on the few positive answers of a rare class needs so many of them with labels: with 23 the intervals of recall and
 * F1 hold in 8 of 10 cases only, with 50 in 88 of 100, since the topmost block of a regression follows its few labels too closely.
 */
export const POSITIVE_MIN = 100;

/** A reference lives long and is asked often. */
const calibrators = new WeakMap<ScoreBinsState, Calibrator>();

function memoized(state: ScoreBinsState): Calibrator | undefined {
  const known = calibrators.get(state);
  if (known !== undefined) return known;
  const made = calibratorOf(state);
  if (made !== undefined) calibrators.set(state, made);
  return made;
}

interface Expectation {
  calibrator: Calibrator;
  rows: number;
  bins: readonly ExpectedBin[];
}

/** Five metrics ask for the bins of one window in turn. */
const expectations = new WeakMap<ScoreBinsState, Expectation>();

function expected(state: ScoreBinsState, calibrator: Calibrator, threshold: number): readonly ExpectedBin[] {
  const rows = askedRowsOf(state);
  const known = expectations.get(state);
  if (known !== undefined && known.calibrator === calibrator && known.rows === rows) return known.bins;
  const bins = expectedBins(state, calibrator, threshold);
  expectations.set(state, { calibrator, rows, bins });
  return bins;
}

/** The calibrator by the labelled scores of a cell's reference, or why there is none. */
export function referenceCalibrator(
  { reference }: Pick<MetricContext, 'reference'>,
  model: string,
  output: string,
): Calibrator | string {
  const track = reference.state(keyText({ role: 'scores', model, subject: output }));
  if (track?.kind !== 'score_bins')
    return reference.source === 'none' ? NO_BASELINE : 'no labelled scores in the baseline';
  const { n } = labelledOf(track.state);
  if (n < REFERENCE_MIN) return `${n} labelled scores in the baseline, ${REFERENCE_MIN} are needed`;
  return memoized(track.state)!;
}

const holdsScores = (part: Pick<BaselinePart, 'states'>): boolean =>
  Object.keys(part.states).some((key) => key.startsWith('scores/'));

const inFile = new WeakMap<object, boolean>();

/** Whether the baseline file has labelled scores. */
function hasLabelledFile({ baseline }: ServiceSpec): boolean {
  if (baseline === null) return false;
  let found = inFile.get(baseline);
  if (found === undefined) {
    const { states = {}, season } = baseline;
    found = [{ states }, ...Object.values(season?.parts ?? {})].some(holdsScores);
    inFile.set(baseline, found);
  }
  return found;
}

/** The counters that every cell of the join has. */
export const LABELS = keyText({ role: 'labels', model: '', subject: '' });

/**
 * Answers are folded where they are read, and once more where labels are joined. Estimates are made where they are read, as soon
 * as the window closes; only where labelled scores are learned by the join and are in no file, there, since sources close
 * apart from each other. Never at both: a result has one value.
 */
export function isEstimatedHere({ spec, track }: Pick<MetricContext, 'spec' | 'track'>): boolean {
  const isJoined = track(LABELS) !== undefined;
  const hasLabels = spec.streams.some(({ stream }) => stream === 'labels');
  return isJoined === (hasLabels && spec.learn !== undefined && !hasLabelledFile(spec));
}

/** Of what outputs and references a metric can be told. */
type Needs = 'scores' | 'positive class' | 'positive answers';

function estimated(
  name: string,
  description: string,
  formula: string,
  needs: Needs,
  estimator: Estimator,
): MetricKind {
  return {
    name,
    description,
    formula,
    family: 'performance',
    subjects: 'model_output',
    roles: ['asked'],
    unit: true,
    measure(key, track, context) {
      const output = outputOf(context.spec, key.subject);
      if (track.kind !== 'score_bins' || output === undefined || !isEstimatedHere(context)) return [];
      if (needs !== 'scores' && !isBinary(output)) return [];
      const calibrator = referenceCalibrator(context, key.model, key.subject);
      const threshold = isBinary(output) ? output.threshold : 0;
      const reason = typeof calibrator === 'string' ? calibrator : lackOf(calibrator, needs, threshold);
      const outcome: Outcome =
        typeof calibrator === 'string' || reason !== ''
          ? { reason, n: 0 }
          : outcomeOf(expected(track.state, calibrator, threshold), calibrator, estimator);
      return [measureOf(key.subject, key.model, outcome)];
    },
  };
}

/** What the reference has too little of; '' where it has enough. */
function lackOf(calibrator: Calibrator, needs: Needs, threshold: number): string {
  if (needs !== 'positive answers') return '';
  const n = labelledFrom(calibrator, threshold);
  return n >= POSITIVE_MIN
    ? ''
    : `${n} labelled scores of positive answers in the baseline, ${POSITIVE_MIN} are needed`;
}

const RANGE =
  'the interval is for the value that labels of these answers would give: their own chance and that of the calibrator';
const RESTS =
  'It holds while a score means what it meant in the reference: moved inputs are seen, a moved relation of inputs and truth is not.';

export const ESTIMATED_METRICS = [
  worseWhen(
    'smaller',
    estimated(
      'estimated_accuracy',
      `Expected share of the answers that are right, from the scores of all answers and the labelled scores of the reference. ${RESTS}`,
      `sum n p by bin / n, p the calibrated probability of the answer; ${RANGE}`,
      'scores',
      accuracyOf,
    ),
  ),
  estimated(
    'estimated_precision',
    `Expected share of the positive answers that are right, of an output with a positive class. ${RESTS}`,
    `TP / (TP + FP) of expected counts; ${RANGE}`,
    'positive answers',
    precisionOf,
  ),
  estimated(
    'estimated_recall',
    `Expected share of the positives that are found, of an output with a positive class. ${RESTS}`,
    `TP / (TP + FN) of expected counts; ${RANGE}`,
    'positive answers',
    recallOf,
  ),
  estimated(
    'estimated_specificity',
    `Expected share of the negatives that are answered so, of an output with a positive class. ${RESTS}`,
    `TN / (TN + FP) of expected counts; ${RANGE}`,
    'positive answers',
    specificityOf,
  ),
  estimated(
    'estimated_f1',
    `Expected harmonic mean of precision and recall, of an output with a positive class. ${RESTS}`,
    `2 TP / (2 TP + FP + FN) of expected counts; ${RANGE}`,
    'positive answers',
    f1Of,
  ),
  estimated(
    'estimated_roc_auc',
    `Expected area under the ROC curve, of an output with a positive class; ties as for roc_auc. ${RESTS}`,
    `sum n p (negatives below + half of its own) by bin / (positives negatives), all expected; ${RANGE}`,
    'positive class',
    rocAucOf,
  ),
];
