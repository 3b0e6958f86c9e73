/**
 * Confidence-based performance estimation: what a metric is expected to be, where the probability of each answer's truth is
 * known and the truth is not. It rests on one assumption: a score means what it meant in the reference.
 *
 * Every estimate is a function of the expected counts, which are sums over bins of n p. Its slope by the positives of a bin
 * gives the variance of both parts: that of the labels themselves, sum n p (1 - p) slope^2 (a sum of independent Bernoulli
 * variables, Poisson-binomial), and that of the calibrator, over its blocks of labelled rows.
 */

import { firstPositiveBin, type ScoreBinsState, scoreBinsOf } from '../../profile/score-bins.ts';
import { shareEnds } from '../intervals.ts';
import type { Outcome } from '../metric.ts';
import { type Calibrator, probabilityOf, type Standing, standingOf } from './calibrator.ts';

/** Answers of one bin and what they are expected to be. */
export interface ExpectedBin extends Standing {
  n: number;
  /** Probability that one of them is positive (of a chosen class: right). */
  p: number;
  /** Whether the answer is positive (of a chosen class: always). */
  isPositive: boolean;
}

/** By rising score. */
export function expectedBins(
  asked: ScoreBinsState,
  calibrator: Calibrator,
  threshold: number,
): ExpectedBin[] {
  const first = firstPositiveBin(threshold);
  const bins: ExpectedBin[] = [];
  for (const { bin, asked: n, askedSum } of scoreBinsOf(asked)) {
    if (n === 0) continue;
    const score = askedSum / n;
    const p = probabilityOf(calibrator, score);
    bins.push({ n, p, isPositive: bin >= first, ...standingOf(calibrator.blocks, score) });
  }
  return bins;
}

/** Value, what it rests on, and its derivative by the number of positives in each bin. */
export interface Estimate {
  value: number;
  /** Answers that it is a mean over. */
  n: number;
  slope(bin: ExpectedBin, index: number): number;
  /** Logarithms of the chances that labels would make it exactly 0, and exactly 1; absent: not told. */
  ends?: readonly [zero: number, one: number];
}

export type Estimator = (bins: readonly ExpectedBin[]) => Estimate | { reason: string; n: number };

/** Expected counts of the answers. */
interface Expected {
  n: number;
  truePositive: number;
  falsePositive: number;
  falseNegative: number;
  trueNegative: number;
}

function countsOf(bins: readonly ExpectedBin[]): Expected {
  const counts = { n: 0, truePositive: 0, falsePositive: 0, falseNegative: 0, trueNegative: 0 };
  for (const { n, p, isPositive } of bins) {
    counts.n += n;
    counts[isPositive ? 'truePositive' : 'falseNegative'] += n * p;
    counts[isPositive ? 'falsePositive' : 'trueNegative'] += n * (1 - p);
  }
  return counts;
}

/** Logarithm of the chance that none of the answers is such a one: for each bin the probability that one is. */
function logNone(bins: readonly ExpectedBin[], chanceOf: (bin: ExpectedBin) => number): number {
  return bins.reduce((sum, bin) => {
    const chance = chanceOf(bin);
    return chance === 0 ? sum : sum + bin.n * Math.log1p(-chance);
  }, 0);
}

const right = ({ isPositive, p }: ExpectedBin): number => (isPositive ? p : 1 - p);
const wrong = (bin: ExpectedBin): number => 1 - right(bin);
const truePositive = ({ isPositive, p }: ExpectedBin): number => (isPositive ? p : 0);
const falsePositive = ({ isPositive, p }: ExpectedBin): number => (isPositive ? 1 - p : 0);
const trueNegative = ({ isPositive, p }: ExpectedBin): number => (isPositive ? 0 : 1 - p);
const falseNegative = ({ isPositive, p }: ExpectedBin): number => (isPositive ? 0 : p);

export const accuracyOf: Estimator = (bins) => {
  const { n, ...counts } = countsOf(bins);
  const value = (counts.truePositive + counts.trueNegative) / n;
  const ends = [logNone(bins, right), logNone(bins, wrong)] as const;
  return { value, n, slope: ({ isPositive }) => (isPositive ? 1 : -1) / n, ends };
};

export const precisionOf: Estimator = (bins) => {
  const counts = countsOf(bins);
  const n = bins.reduce((sum, bin) => sum + (bin.isPositive ? bin.n : 0), 0);
  if (n === 0) return { reason: 'no positive predictions', n };
  const value = counts.truePositive / n;
  const ends = [logNone(bins, truePositive), logNone(bins, falsePositive)] as const;
  return { value, n, slope: ({ isPositive }) => (isPositive ? 1 / n : 0), ends };
};

export const recallOf: Estimator = (bins) => {
  const { n, ...counts } = countsOf(bins);
  const positives = counts.truePositive + counts.falseNegative;
  if (positives === 0) return { reason: 'no positives are expected', n };
  const value = counts.truePositive / positives;
  const ends = [logNone(bins, truePositive), logNone(bins, falseNegative)] as const;
  return { value, n, slope: ({ isPositive }) => ((isPositive ? 1 : 0) - value) / positives, ends };
};

export const specificityOf: Estimator = (bins) => {
  const { n, ...counts } = countsOf(bins);
  const negatives = counts.trueNegative + counts.falsePositive;
  if (negatives === 0) return { reason: 'no negatives are expected', n };
  const value = counts.trueNegative / negatives;
  const ends = [logNone(bins, trueNegative), logNone(bins, falsePositive)] as const;
  return { value, n, slope: ({ isPositive }) => (value - (isPositive ? 0 : 1)) / negatives, ends };
};

export const f1Of: Estimator = (bins) => {
  const { n, ...counts } = countsOf(bins);
  const both = 2 * counts.truePositive + counts.falsePositive + counts.falseNegative;
  if (both === 0) return { reason: 'no positives are expected or predicted', n };
  const value = (2 * counts.truePositive) / both;
  const missed = logNone(bins, falsePositive) + logNone(bins, falseNegative);
  const ends = [logNone(bins, truePositive), missed] as const;
  return { value, n, slope: ({ isPositive }) => ((isPositive ? 2 : 0) - value) / both, ends };
};

/** Scores of one bin are tied, as in roc_auc. */
export const rocAucOf: Estimator = (bins) => {
  const { n, ...counts } = countsOf(bins);
  const positives = counts.truePositive + counts.falseNegative;
  const negatives = counts.falsePositive + counts.trueNegative;
  if (positives === 0) return { reason: 'no positives are expected', n };
  if (negatives === 0) return { reason: 'no negatives are expected', n };
  /** Expected negatives below each bin, and positives above it, with half of its own. */
  const beaten = new Float64Array(bins.length);
  const lostTo = new Float64Array(bins.length);
  let [below, above, area] = [0, positives, 0];
  bins.forEach((bin, i) => {
    const [positive, negative] = [bin.n * bin.p, bin.n * (1 - bin.p)];
    beaten[i] = below + negative / 2;
    lostTo[i] = above - positive / 2;
    area += positive * beaten[i]!;
    below += negative;
    above -= positive;
  });
  const pairs = positives * negatives;
  const value = area / pairs;
  const slope = (_: ExpectedBin, i: number): number =>
    (beaten[i]! - lostTo[i]!) / pairs - value * (1 / positives - 1 / negatives);
  return { value, n, slope };
};

/** Of what the estimate is off by, in squares. */
export interface Variances {
  /** Of the labels, had they come. */
  labels: number;
  /**
   * Of the calibrator, which was fitted to finitely many labels. Scores that stayed as they are were only checked on them: where
   * the estimate would move by more than that if each block were as its labels say, the square of it.
   */
  calibrator: number;
}

export function variancesOf(
  bins: readonly ExpectedBin[],
  { kind, blocks }: Calibrator,
  { slope }: Estimate,
): Variances {
  const weights = new Float64Array(blocks.length);
  let labels = 0;
  bins.forEach((bin, i) => {
    const own = slope(bin, i);
    labels += bin.n * bin.p * (1 - bin.p) * own * own;
    weights[bin.at]! += bin.n * own * bin.share;
    if (bin.share < 1) weights[bin.at + 1]! += bin.n * own * (1 - bin.share);
  });
  let [calibrator, move] = [0, 0];
  blocks.forEach(({ n, positive, sum }, i) => {
    // A. Agresti, B. A. Coull, 1998: a block without positives, or with no others, still has a spread.
    const share = (positive + 2) / (n + 4);
    calibrator += (weights[i]! ** 2 * share * (1 - share)) / n;
    move += (weights[i]! * (positive - sum)) / n;
  });
  return { labels, calibrator: kind === 'scores' ? Math.max(calibrator, move * move) : calibrator };
}

const LOG_TAIL = Math.log(0.025);

/**
 * The estimate with its 95 % interval for the value that the labels of these very answers would give. An end of the range that
 * the labels of few answers reach by chance more often than 2.5 % is in the interval.
 */
export function outcomeOf(
  bins: readonly ExpectedBin[],
  calibrator: Calibrator,
  estimator: Estimator,
): Outcome {
  if (bins.length === 0) return { reason: 'no scores', n: 0 };
  const found = estimator(bins);
  if ('reason' in found) return found;
  const { value, n, ends = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY] } = found;
  const { labels, calibrator: own } = variancesOf(bins, calibrator, found);
  const { low, high } = shareEnds(value, labels + own, n);
  return { value, n, low: ends[0] > LOG_TAIL ? 0 : low, high: ends[1] > LOG_TAIL ? 1 : high };
}
