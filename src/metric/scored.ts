/** How good the scores of a classifier are, once labels have arrived: ranking, losses and calibration. */

import { chiSquareTail } from '../math/special.ts';
import {
  labelledOf,
  lossesOf,
  type ScoreBin,
  type ScoreBinsState,
  scoreBinsOf,
} from '../profile/score-bins.ts';
import type { OutputSpec } from '../records.ts';
import { type Ends, meanOutcome, rankEnds, Z95 } from './intervals.ts';
import { type MetricKind, measureOf, type Outcome, outputOf, worseWhen } from './metric.ts';

const about = { family: 'performance', subjects: 'model_output', roles: ['scores'] } as const;
const NO_SCORES = 'no labels of answers with a score';

/** Whether the score of a classifier is that of its positive class, not that of the chosen one. */
export const isBinary = ({ classes, positive }: OutputSpec): boolean =>
  classes.length === 2 && positive !== null;

function scoreMetric(
  name: string,
  description: string,
  formula: string,
  binaryOnly: boolean,
  read: (state: ScoreBinsState) => Outcome,
): MetricKind {
  return {
    ...about,
    name,
    description,
    formula,
    measure(key, track, { spec }) {
      const output = outputOf(spec, key.subject);
      if (track.kind !== 'score_bins' || output === undefined) return [];
      if (binaryOnly && !isBinary(output)) return [];
      const { n } = labelledOf(track.state);
      return [measureOf(key.subject, key.model, n === 0 ? { reason: NO_SCORES, n } : read(track.state))];
    },
  };
}

/** Why there is no curve: one of the classes is missing. */
function oneClass(n: number, positive: number): Outcome | null {
  if (positive === 0) return { reason: 'no positive labels', n };
  return positive === n ? { reason: 'no negative labels', n } : null;
}

/**
 * Area under the ROC curve: the chance that a positive row has the higher score, ties as half (J. A. Hanley, B. J. McNeil,
 * 1982), with the variance of E. R. DeLong and others, 1988. Scores of one bin are tied: exact where bins tell them apart.
 */
export function rocAucOf(bins: readonly ScoreBin[]): Outcome {
  let [negatives, positives] = [0, 0];
  for (const { negative, positive } of bins) {
    negatives += negative;
    positives += positive;
  }
  const n = negatives + positives;
  const missing = oneClass(n, positives);
  if (missing !== null) return missing;
  let [below, area] = [0, 0];
  for (const { negative, positive } of bins) {
    area += positive * (below + negative / 2);
    below += negative;
  }
  const value = area / (positives * negatives);
  if (positives < 2 || negatives < 2) return { value, n };
  let [negativesBelow, positivesBelow, ofPositives, ofNegatives] = [0, 0, 0, 0];
  for (const { negative, positive } of bins) {
    const beaten = (negativesBelow + negative / 2) / negatives;
    const lostTo = (positives - positivesBelow - positive / 2) / positives;
    ofPositives += positive * (beaten - value) ** 2;
    ofNegatives += negative * (lostTo - value) ** 2;
    negativesBelow += negative;
    positivesBelow += positive;
  }
  const variance = ofPositives / (positives - 1) / positives + ofNegatives / (negatives - 1) / negatives;
  return { value, n, ...rankEnds(value, variance, Math.min(positives, negatives)) };
}

/**
 * Average precision: precision at each positive row's score, as scikit-learn sums it. The variance is the infinitesimal
 * jackknife: a row counts in the precision at every score up to its own.
 */
export function averagePrecisionOf(bins: readonly ScoreBin[]): Outcome {
  const positives = bins.reduce((sum, { positive }) => sum + positive, 0);
  const n = bins.reduce((sum, { negative, positive }) => sum + negative + positive, 0);
  if (positives === 0) return { reason: 'no positive labels', n };
  const precisions = new Float64Array(bins.length);
  const above = new Float64Array(bins.length);
  let [found, taken, value] = [0, 0, 0];
  for (let i = bins.length - 1; i >= 0; i--) {
    const { negative, positive } = bins[i]!;
    found += positive;
    taken += positive + negative;
    precisions[i] = found / taken;
    above[i] = taken;
    value += (positive / positives) * precisions[i]!;
  }
  // Sums over the scores up to a row's own of what one more positive, or negative, row adds.
  let [gain, loss, squares] = [0, 0, 0];
  bins.forEach(({ negative, positive }, i) => {
    const share = positive / positives / above[i]!;
    gain += share * (1 - precisions[i]!);
    loss += share * precisions[i]!;
    squares += positive * ((precisions[i]! - value) / positives + gain) ** 2 + negative * loss ** 2;
  });
  return { value, n, ...rankEnds(value, n > 1 ? (squares * n) / (n - 1) : 0, positives) };
}

export interface CalibrationGroup {
  n: number;
  positive: number;
  scoreSum: number;
  /** Of the positives, if the scores are their probabilities. */
  variance: number;
  /** Sum of (label - score)^2, each score that of its bin. */
  squares: number;
}

/** Neighbouring bins put together: `groupOf` names the group of a bin by the rows before it. */
function grouped(
  bins: readonly ScoreBin[],
  groupOf: (bin: ScoreBin, before: number) => number,
): CalibrationGroup[] {
  const groups = new Map<number, CalibrationGroup>();
  let before = 0;
  for (const bin of bins) {
    const n = bin.negative + bin.positive;
    if (n === 0) continue;
    const name = groupOf(bin, before + n / 2);
    const group = groups.get(name) ?? { n: 0, positive: 0, scoreSum: 0, variance: 0, squares: 0 };
    groups.set(name, group);
    group.n += n;
    group.positive += bin.positive;
    group.scoreSum += bin.labelledSum;
    const score = bin.labelledSum / n;
    group.variance += bin.labelledSum * (1 - score);
    group.squares += bin.positive * (1 - score) ** 2 + bin.negative * score ** 2;
    before += n;
  }
  return [...groups.values()];
}

const GROUPS = 10;

/** At most ten groups of about equally many rows; the rows of a bin stay together. */
export function equalCountGroups(bins: readonly ScoreBin[]): CalibrationGroup[] {
  const n = bins.reduce((sum, { negative, positive }) => sum + negative + positive, 0);
  return grouped(bins, (_, middle) => Math.floor((GROUPS * middle) / n));
}

/** Ten groups of equal width by the mean score of a bin, the lower border inclusive. */
export const equalWidthGroups = (bins: readonly ScoreBin[]): CalibrationGroup[] =>
  grouped(bins, ({ labelledSum, negative, positive }) => {
    // Sums are kept to 2^-47 a row: a score of exactly a border is on it.
    const score = labelledSum / (negative + positive) + 2 ** -44;
    return Math.min(GROUPS - 1, Math.floor(GROUPS * score));
  });

/** Expected calibration error: |share of positives - mean score| by group, weighted by rows. */
export function calibrationErrorOf(groups: readonly CalibrationGroup[]): number {
  let [sum, n] = [0, 0];
  for (const group of groups) {
    sum += Math.abs(group.positive - group.scoreSum);
    n += group.n;
  }
  return sum / n;
}

/**
 * 95 % interval of the calibration error of these groups. Each group's difference of positives and scores has a variance of at most the
 * mean of (label - score)^2 that is to be expected of its rows, for which the larger of what is found and of what scores that are right would
 * have is taken. By Jensen the mean of the estimate is at least the truth, and at most the sum of the mean sizes of the groups' noise more. Around
 * its mean it deviates as a normal variable does of the largest variance of a sum of the groups under any signs, which for independent groups is
 * that of the plain sum (C. Borell 1975, V. N. Sudakov and B. S. Tsirelson 1974); that of few unexpected labels as in the interval of Wilson.
 */
export function calibrationEndsOf(groups: readonly CalibrationGroup[], value: number): Ends {
  let [n, variance, noise] = [0, 0, 0];
  for (const group of groups) {
    const own = Math.max(group.squares, group.variance);
    n += group.n;
    variance += own;
    // The mean of |Z| for a normal Z is sqrt(2 / pi) deviations.
    noise += Math.sqrt((2 / Math.PI) * own);
  }
  const half = Z95 * (Z95 / 2 + Math.sqrt(variance + (Z95 * Z95) / 4));
  return { low: Math.max(0, value - (noise + half) / n), high: Math.min(1, value + half / n) };
}

/** The chi-square approximation wants so many expected of each kind in a group. */
const EXPECTED_MIN = 3;

/** Neighbouring groups put together until each has enough expected of both kinds. The labels have no say in it. */
function largeGroups(groups: readonly CalibrationGroup[]): CalibrationGroup[] {
  const isLarge = ({ n, scoreSum }: CalibrationGroup): boolean =>
    scoreSum >= EXPECTED_MIN && n - scoreSum >= EXPECTED_MIN;
  const add = (a: CalibrationGroup, b: CalibrationGroup): CalibrationGroup => ({
    n: a.n + b.n,
    positive: a.positive + b.positive,
    scoreSum: a.scoreSum + b.scoreSum,
    variance: a.variance + b.variance,
    squares: a.squares + b.squares,
  });
  const large: CalibrationGroup[] = [];
  let rest: CalibrationGroup | undefined;
  for (const group of groups) {
    rest = rest === undefined ? group : add(rest, group);
    if (!isLarge(rest)) continue;
    large.push(rest);
    rest = undefined;
  }
  if (rest !== undefined && large.length > 0) large.push(add(large.pop()!, rest));
  return large;
}

/**
 * P-value of perfect calibration (D. W. Hosmer, S. Lemeshow, 1980; all groups are degrees of freedom, since no parameter is
 * fitted to these rows). Undefined where there are too few rows for it.
 */
export function calibrationPOf(groups: readonly CalibrationGroup[]): number | undefined {
  const large = largeGroups(groups);
  if (large.length === 0) return undefined;
  const statistic = large.reduce(
    (sum, { positive, scoreSum, variance }) => sum + (positive - scoreSum) ** 2 / variance,
    0,
  );
  return chiSquareTail(statistic, large.length);
}

const rocAuc = scoreMetric(
  'roc_auc',
  'Area under the ROC curve of a classifier with a positive class; scores within 0.001 are ties, nearer to 0 and 1 finer.',
  'P(score of a positive > score of a negative) + P(equal) / 2; interval by the variance of DeLong on the logit scale',
  true,
  (state) => rocAucOf(scoreBinsOf(state)),
);

const prAuc = scoreMetric(
  'pr_auc',
  'Average precision of a classifier with a positive class; ties as for roc_auc.',
  'sum over positives of the precision at their score / positives; interval by the jackknife on the logit scale',
  true,
  (state) => averagePrecisionOf(scoreBinsOf(state)),
);

const brier = scoreMetric(
  'brier',
  'Mean squared difference between the score of the positive class and the label (1 or 0).',
  'sum (score - label)^2 / n, over rows and not over bins; Student interval',
  true,
  (state) => {
    const { sum, squares } = lossesOf(state, 'brier');
    return meanOutcome(sum, squares, labelledOf(state).n, NO_SCORES, 0);
  },
);

const logLoss = scoreMetric(
  'log_loss',
  'Mean negative logarithm of the probability that was given to the label; scores are kept within 2^-52 of 0 and 1.',
  '-sum ln P(label) / n, over rows and not over bins; Student interval',
  true,
  (state) => {
    const { sum, squares } = lossesOf(state, 'logLoss');
    return meanOutcome(sum, squares, labelledOf(state).n, NO_SCORES, 0);
  },
);

const ece = scoreMetric(
  'ece',
  'Expected calibration error over ten groups of about equally many rows; of the positive class, else of the chosen one. Few rows make it too large, which the low end allows for: the interval is wider than it need be. The p-value is that of perfect calibration.',
  'sum |positives - sum of scores| by group / n; interval by the noise of the groups and Gaussian concentration; p of Hosmer and Lemeshow',
  false,
  (state) => {
    const groups = equalCountGroups(scoreBinsOf(state));
    const { n } = labelledOf(state);
    const value = calibrationErrorOf(groups);
    return { value, n, p: calibrationPOf(groups), ...calibrationEndsOf(groups, value) };
  },
);

const inUnit = (metric: MetricKind): MetricKind => ({ ...metric, unit: true });

export const SCORED_METRICS = [
  ...[rocAuc, prAuc, worseWhen('larger', brier), ece].map(inUnit),
  worseWhen('larger', logLoss),
];
