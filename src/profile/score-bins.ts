/**
 * Scores by what they turned out to be: ROC and PR curves, calibration and estimates without labels need the scores
 * of right and of wrong answers apart, and a label comes one row at a time.
 *
 * A binary classifier (the output names a positive class) is kept by the score of the positive class: `negative` and
 * `positive` count the labels. Of any other classifier only the score of the chosen class is known: `negative` counts
 * wrong answers, `positive` right ones, and the threshold is 0. `asked` counts rows without a label: those of all requests
 * that wait for one (role `asked`); a track of role `scores` has only labelled rows, one of role `asked` only the others.
 *
 * The borders of the bins are decimals: steps of 0.001 from 0.01 to 0.99, and toward 0 and 1 ever finer ones (90 for each
 * power of ten, down to 1e-6), since a rare class has all its scores there. The bin that holds the decision threshold is cut
 * in two, so a bin lies on one side of it. Scores are tied within a bin; what a bin's scores sum to is kept to 2^-46 a row.
 * The losses of the labelled rows (Brier, logarithmic) and their squares are exact sums over rows, not over bins.
 */

import { assert } from '../errors.ts';
import { addExact, createExactSum, type ExactSum, mergeExact, totalOf } from '../math/exact-sum.ts';
import { packSum, unpackSum } from './sums.ts';
import type { ProfileKind } from './track.ts';

/** What a row turned out to be; the first numbers of a bin are counts of these. */
export const ASKED = 0;
export const NEGATIVE = 1;
export const POSITIVE = 2;
export type ScoreLabel = typeof ASKED | typeof NEGATIVE | typeof POSITIVE;

/** Sums of scores in units of 2^-46, cut in two so that 2^30 rows stay whole: those without a label, those with one. */
const ASKED_HIGH = 3;
const LABELLED_HIGH = 5;
const NUMBERS = 7;
const UNIT = 2 ** 46;
const LOW = 2 ** 23;

/** Scores are kept off 0 and 1 by so much in the logarithmic loss, as scikit-learn does for doubles. */
export const LOG_LOSS_EPS = 2 ** -52;

/** Bin -> [asked, negative, positive, high and low sum of asked, of labelled]. */
export interface ScoreBinsState {
  bins: Map<number, Float64Array>;
  /** Labelled rows without a score, or with one outside of 0..1. */
  unscored: number;
  brier: ExactSum;
  brierSquares: ExactSum;
  logLoss: ExactSum;
  logLossSquares: ExactSum;
}

const SUMS = ['brier', 'brierSquares', 'logLoss', 'logLossSquares'] as const;

function decimalBorders(): Float64Array {
  const low = [0];
  for (const unit of [1e7, 1e6, 1e5, 1e4]) for (let k = 10; k < 100; k++) low.push(k / unit);
  const borders = [...low];
  for (let k = 10; k < 990; k++) borders.push(k / 1000);
  // 1 - x where x is k / unit, as the double that is nearest to that decimal.
  for (const unit of [1e4, 1e5, 1e6, 1e7]) for (let k = 100; k > 10; k--) borders.push((unit - k) / unit);
  borders.push((1e7 - 10) / 1e7);
  return Float64Array.from(borders);
}

const BORDERS = decimalBorders();

/** Bins are numbered from 0; with the cut at the threshold there is one more than steps between borders. */
export const SCORE_BINS = BORDERS.length + 1;

export const createScoreBins = (): ScoreBinsState => ({
  bins: new Map(),
  unscored: 0,
  brier: createExactSum(),
  brierSquares: createExactSum(),
  logLoss: createExactSum(),
  logLossSquares: createExactSum(),
});

/** The last border at or below a score of 0..1. */
function stepOf(score: number): number {
  let [low, high] = [0, BORDERS.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (score >= BORDERS[middle]!) low = middle;
    else high = middle;
  }
  return low;
}

/** Bin of a score of 0..1. A score of exactly the threshold lies on its right side. */
export const binOfScore = (score: number, threshold: number): number =>
  stepOf(score) + (score >= threshold ? 1 : 0);

/** The first bin at or above the decision threshold: the answers from there on are positive. */
export const firstPositiveBin = (threshold: number): number => stepOf(threshold) + 1;

/** Lower and upper border of a bin under a threshold; equal where no score can lie in it. */
export function bordersOfBin(bin: number, threshold: number): [number, number] {
  const isRight = bin >= firstPositiveBin(threshold);
  const step = isRight ? bin - 1 : bin;
  const [low, high] = [BORDERS[step]!, BORDERS[step + 1] ?? 1];
  return isRight ? [Math.max(low, threshold), high] : [low, Math.max(low, Math.min(high, threshold))];
}

/** The middle of a bin: the score that stands for those in it where their sum is not known. */
export function scoreOfBin(bin: number, threshold: number): number {
  const [low, high] = bordersOfBin(bin, threshold);
  return (low + high) / 2;
}

function addUnits(numbers: Float64Array, at: number, score: number): void {
  const units = Math.round(score * UNIT);
  const high = Math.floor(units / LOW);
  numbers[at]! += high;
  numbers[at + 1]! += units - high * LOW;
}

/** Brings the two halves of a sum to their one canonical form. */
function carryUnits(numbers: Float64Array, at: number): void {
  const over = Math.floor(numbers[at + 1]! / LOW);
  numbers[at]! += over;
  numbers[at + 1]! -= over * LOW;
}

/** Folds one row. A score that is NaN or outside of 0..1 is counted as unscored where the row is labelled. */
export function addScore(state: ScoreBinsState, score: number, label: ScoreLabel, threshold: number): void {
  if (!(score >= 0 && score <= 1)) {
    if (label !== ASKED) state.unscored++;
    return;
  }
  const bin = binOfScore(score, threshold);
  let numbers = state.bins.get(bin);
  if (numbers === undefined) {
    numbers = new Float64Array(NUMBERS);
    state.bins.set(bin, numbers);
  }
  numbers[label]!++;
  addUnits(numbers, label === ASKED ? ASKED_HIGH : LABELLED_HIGH, score);
  if (label === ASKED) return;
  const error = label === POSITIVE ? 1 - score : score;
  const squared = error * error;
  addExact(state.brier, squared);
  addExact(state.brierSquares, squared * squared);
  const loss = logLossOf(score, label);
  addExact(state.logLoss, loss);
  addExact(state.logLossSquares, loss * loss);
}

/**
 * -ln of the probability that the score gave to what was true, with the score in [eps, 1 - eps]. V8 computes
 * logarithms in software (fdlibm), so the bits are the same on every machine.
 */
export function logLossOf(score: number, label: typeof NEGATIVE | typeof POSITIVE): number {
  const kept = Math.min(1 - LOG_LOSS_EPS, Math.max(LOG_LOSS_EPS, score));
  return -Math.log(label === POSITIVE ? kept : 1 - kept);
}

export const scoreBins: ProfileKind<ScoreBinsState> = {
  name: 'score_bins',
  description: 'counts of scores by label in fixed bins, and exact sums of their losses',
  merge(into, from) {
    into.unscored += from.unscored;
    for (const [bin, numbers] of from.bins) {
      const own = into.bins.get(bin);
      if (own === undefined) into.bins.set(bin, numbers.slice());
      else for (let i = 0; i < NUMBERS; i++) own[i]! += numbers[i]!;
    }
    for (const sum of SUMS) mergeExact(into[sum], from[sum]);
  },
  pack(state, out) {
    out.uint(state.unscored);
    out.uint(state.bins.size);
    for (const bin of [...state.bins.keys()].sort((a, b) => a - b)) {
      const numbers = state.bins.get(bin)!;
      carryUnits(numbers, ASKED_HIGH);
      carryUnits(numbers, LABELLED_HIGH);
      out.uint(bin);
      for (const number of numbers) out.uint(number);
    }
    for (const sum of SUMS) packSum(state[sum], out);
  },
  unpack(from) {
    const state = createScoreBins();
    state.unscored = from.uint();
    for (let left = from.count(1 + NUMBERS); left > 0; left--) {
      const bin = from.uint();
      assert(bin < SCORE_BINS, 'a bin of scores');
      state.bins.set(
        bin,
        Float64Array.from({ length: NUMBERS }, () => from.uint()),
      );
    }
    for (const sum of SUMS) state[sum] = unpackSum(from);
    return state;
  },
};

/** One bin with its counts, and the mean of the scores that they count. */
export interface ScoreBin {
  bin: number;
  /** Rows without a label. */
  asked: number;
  negative: number;
  positive: number;
  /** Sums of the scores of the rows without and with a label, each to 2^-47 a row. */
  askedSum: number;
  labelledSum: number;
}

/** The bins that are not empty, by rising score. */
export const scoreBinsOf = (state: ScoreBinsState): ScoreBin[] =>
  [...state.bins]
    .sort(([a], [b]) => a - b)
    .map(([bin, numbers]) => ({
      bin,
      asked: numbers[ASKED]!,
      negative: numbers[NEGATIVE]!,
      positive: numbers[POSITIVE]!,
      askedSum: (numbers[ASKED_HIGH]! * LOW + numbers[ASKED_HIGH + 1]!) / UNIT,
      labelledSum: (numbers[LABELLED_HIGH]! * LOW + numbers[LABELLED_HIGH + 1]!) / UNIT,
    }));

/** Labelled rows with a score, and how many of them are positive. */
export function labelledOf(state: ScoreBinsState): { n: number; positive: number } {
  let [n, positive] = [0, 0];
  for (const numbers of state.bins.values()) {
    n += numbers[NEGATIVE]! + numbers[POSITIVE]!;
    positive += numbers[POSITIVE]!;
  }
  return { n, positive };
}

/** Sum over the labelled rows of a loss and of its square. */
export const lossesOf = (
  state: ScoreBinsState,
  loss: 'brier' | 'logLoss',
): { sum: number; squares: number } => ({
  sum: totalOf(state[loss]),
  squares: totalOf(state[`${loss}Squares`]),
});
