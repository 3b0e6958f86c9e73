/**
 * Scores by what they turned out to be: ROC and PR curves, calibration and estimates without labels need the scores
 * of right and of wrong answers apart, and a label comes one row at a time.
 *
 * A binary classifier (the output names a positive class) is kept by the score of the positive class: `negative` and
 * `positive` count the labels. Of any other classifier only the score of the chosen class is known: `negative` counts
 * wrong answers, `positive` right ones, and the threshold is 0. `asked` counts rows whatever their label: those of all
 * answers (role `asked`); a track of role `scores` has only labelled rows, one of role `asked` only the others.
 *
 * The borders of the bins are decimals: steps of 0.001 from 0.01 to 0.99, and toward 0 and 1 ever finer ones (90 for each
 * power of ten, down to 1e-6), since a rare class has all its scores there. The bin that holds the decision threshold is cut
 * in two, so a bin lies on one side of it. Scores are tied within a bin; what a bin's scores sum to is kept to 2^-47 a row.
 * The losses of the labelled rows (Brier, logarithmic) and their squares are sums over rows, not over bins, of whole units:
 * any split and order of a stream gives the same bits.
 */

import { assert } from '../errors.ts';
import type { ByteReader, ByteWriter } from './bytes.ts';
import type { ProfileKind } from './track.ts';

/** What a row turned out to be. */
export const ASKED = 0;
export const NEGATIVE = 1;
export const POSITIVE = 2;
export type ScoreLabel = typeof ASKED | typeof NEGATIVE | typeof POSITIVE;

/** Sums of scores and of losses count units of 2^-46, those of squared logarithmic losses (up to 1,300) of 2^-36. */
const UNIT = 2 ** 46;
const LARGE_UNIT = 2 ** 36;
/** A sum is two numbers, of which the lower counts units up to here: so 2^29 rows stay whole. */
const LOW = 2 ** 23;

/** Scores are kept off 0 and 1 by so much in the logarithmic loss, as scikit-learn does for doubles. */
export const LOG_LOSS_EPS = 2 ** -52;

/** The bins that are not empty, rising, each with `lanes` numbers; 40 bytes a bin, since a join holds many states. */
interface Lanes {
  readonly lanes: number;
  size: number;
  bins: Uint16Array;
  /** Where the numbers of each bin begin, in lanes. */
  places: Uint16Array;
  numbers: Float64Array;
}

/** Counts and the sum of scores, the two numbers of which are the last lanes. */
const ASKED_LANES = 3;
const LABELLED_LANES = 4;

export interface ScoreBinsState {
  /** Rows whatever their label: their count and the sum of scores. */
  asked: Lanes;
  /** Labelled rows: negatives, positives and the sum of scores. */
  labelled: Lanes;
  /** Labelled rows without a score, or with one outside of 0..1. */
  unscored: number;
  /** The sums of LOSSES in turn, two numbers each. */
  losses: Float64Array;
}

const LOSSES = ['brier', 'brierSquares', 'logLoss', 'logLossSquares'] as const;
type Loss = (typeof LOSSES)[number];
const UNIT_OF: Record<Loss, number> = {
  brier: UNIT,
  brierSquares: UNIT,
  logLoss: UNIT,
  logLossSquares: LARGE_UNIT,
};

const createLanes = (lanes: number): Lanes => ({
  lanes,
  size: 0,
  bins: new Uint16Array(0),
  places: new Uint16Array(0),
  numbers: new Float64Array(0),
});

export const createScoreBins = (): ScoreBinsState => ({
  asked: createLanes(ASKED_LANES),
  labelled: createLanes(LABELLED_LANES),
  unscored: 0,
  losses: new Float64Array(2 * LOSSES.length),
});

function grow(own: Lanes): void {
  const room = Math.max(8, Math.ceil(own.bins.length * 1.5));
  const grown = { bins: new Uint16Array(room), places: new Uint16Array(room) };
  const numbers = new Float64Array(room * own.lanes);
  grown.bins.set(own.bins);
  grown.places.set(own.places);
  numbers.set(own.numbers);
  Object.assign(own, { ...grown, numbers });
}

/** Where the numbers of a bin begin; they are made where there are none yet. */
function placeOf(own: Lanes, bin: number): number {
  let [low, high] = [0, own.size];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (own.bins[middle]! < bin) low = middle + 1;
    else high = middle;
  }
  if (low < own.size && own.bins[low] === bin) return own.places[low]! * own.lanes;
  if (own.size === own.bins.length) grow(own);
  own.bins.copyWithin(low + 1, low, own.size);
  own.places.copyWithin(low + 1, low, own.size);
  own.bins[low] = bin;
  own.places[low] = own.size;
  return own.size++ * own.lanes;
}

/** Adds a value of at least 0 to the sum of two numbers at `at`. */
function addUnits(numbers: Float64Array, at: number, value: number, unit: number): void {
  const units = Math.round(value * unit);
  const high = Math.floor(units / LOW);
  numbers[at]! += high;
  numbers[at + 1]! += units - high * LOW;
}

/** Brings the two numbers of a sum to their one canonical form. */
function carryUnits(numbers: Float64Array, at: number): void {
  const over = Math.floor(numbers[at + 1]! / LOW);
  numbers[at]! += over;
  numbers[at + 1]! -= over * LOW;
}

const sumAt = (numbers: Float64Array, at: number, unit: number): number =>
  (numbers[at]! * LOW + numbers[at + 1]!) / unit;

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

/** Borders below 0.01: 0, and 90 for each power of ten. */
const FIRST_EVEN = 1 + 4 * 90;

/** The last border at or below a score of 0..1. */
function stepOf(score: number): number {
  if (score >= 0.01 && score < 0.989) {
    // The product may be rounded over a border, by one step at most.
    const step = FIRST_EVEN + Math.floor(score * 1_000) - 10;
    if (score < BORDERS[step]!) return step - 1;
    return score >= BORDERS[step + 1]! ? step + 1 : step;
  }
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

/** Folds one row. A score that is NaN or outside of 0..1 is counted as unscored where the row is labelled. */
export function addScore(state: ScoreBinsState, score: number, label: ScoreLabel, threshold: number): void {
  if (!(score >= 0 && score <= 1)) {
    if (label !== ASKED) state.unscored++;
    return;
  }
  const own = label === ASKED ? state.asked : state.labelled;
  const at = placeOf(own, binOfScore(score, threshold));
  own.numbers[at + (label === POSITIVE ? 1 : 0)]!++;
  addUnits(own.numbers, at + own.lanes - 2, score, UNIT);
  if (label === ASKED) return;
  const error = label === POSITIVE ? 1 - score : score;
  const squared = error * error;
  const loss = logLossOf(score, label);
  addLoss(state, 'brier', squared);
  addLoss(state, 'brierSquares', squared * squared);
  addLoss(state, 'logLoss', loss);
  addLoss(state, 'logLossSquares', loss * loss);
}

const addLoss = ({ losses }: ScoreBinsState, name: Loss, value: number): void =>
  addUnits(losses, 2 * LOSSES.indexOf(name), value, UNIT_OF[name]);

/**
 * -ln of the probability that the score gave to what was true, with the score in [eps, 1 - eps]. V8 computes
 * logarithms in software (fdlibm), so the bits are the same on every machine.
 */
export function logLossOf(score: number, label: typeof NEGATIVE | typeof POSITIVE): number {
  const kept = Math.min(1 - LOG_LOSS_EPS, Math.max(LOG_LOSS_EPS, score));
  return -Math.log(label === POSITIVE ? kept : 1 - kept);
}

function mergeLanes(into: Lanes, from: Lanes): void {
  for (let i = 0; i < from.size; i++) {
    const at = placeOf(into, from.bins[i]!);
    const own = from.places[i]! * from.lanes;
    for (let lane = 0; lane < from.lanes; lane++) into.numbers[at + lane]! += from.numbers[own + lane]!;
  }
}

function packLanes({ lanes, size, bins, places, numbers }: Lanes, out: ByteWriter): void {
  out.uint(size);
  let before = 0;
  for (let i = 0; i < size; i++) {
    const at = places[i]! * lanes;
    carryUnits(numbers, at + lanes - 2);
    out.uint(bins[i]! - before);
    before = bins[i]!;
    for (let lane = 0; lane < lanes; lane++) out.uint(numbers[at + lane]!);
  }
}

function unpackLanes(from: ByteReader, lanes: number): Lanes {
  const own = createLanes(lanes);
  let bin = 0;
  for (let left = from.count(1 + lanes); left > 0; left--) {
    bin += from.uint();
    assert(bin < SCORE_BINS, 'a bin of scores');
    const at = placeOf(own, bin);
    for (let lane = 0; lane < lanes; lane++) own.numbers[at + lane] = from.uint();
  }
  return own;
}

export const scoreBins: ProfileKind<ScoreBinsState> = {
  name: 'score_bins',
  description: 'counts of scores by label in fixed bins, and sums of scores and of their losses',
  merge(into, from) {
    into.unscored += from.unscored;
    mergeLanes(into.asked, from.asked);
    mergeLanes(into.labelled, from.labelled);
    from.losses.forEach((number, i) => {
      into.losses[i]! += number;
    });
  },
  pack({ unscored, asked, labelled, losses }, out) {
    out.uint(unscored);
    packLanes(asked, out);
    packLanes(labelled, out);
    for (let at = 0; at < losses.length; at += 2) carryUnits(losses, at);
    for (const number of losses) out.uint(number);
  },
  unpack(from) {
    const unscored = from.uint();
    const asked = unpackLanes(from, ASKED_LANES);
    const labelled = unpackLanes(from, LABELLED_LANES);
    const losses = Float64Array.from({ length: 2 * LOSSES.length }, () => from.uint());
    return { asked, labelled, unscored, losses };
  },
};

/** One bin with its counts, and the sums of the scores that they count. */
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
export function scoreBinsOf({ asked, labelled }: ScoreBinsState): ScoreBin[] {
  const found = new Map<number, ScoreBin>();
  for (const own of [asked, labelled]) {
    for (let i = 0; i < own.size; i++) {
      const bin = own.bins[i]!;
      const at = own.places[i]! * own.lanes;
      const sum = sumAt(own.numbers, at + own.lanes - 2, UNIT);
      const count = own.numbers[at]!;
      const known = found.get(bin) ?? {
        bin,
        asked: 0,
        negative: 0,
        positive: 0,
        askedSum: 0,
        labelledSum: 0,
      };
      if (own === asked) Object.assign(known, { asked: count, askedSum: sum });
      else Object.assign(known, { negative: count, positive: own.numbers[at + 1]!, labelledSum: sum });
      found.set(bin, known);
    }
  }
  return [...found.values()].sort((a, b) => a.bin - b.bin);
}

/** Rows of role `asked`. */
export function askedRowsOf({ asked: { size, numbers } }: ScoreBinsState): number {
  let n = 0;
  for (let i = 0; i < size; i++) n += numbers[i * ASKED_LANES]!;
  return n;
}

/** Labelled rows with a score, and how many of them are positive. */
export function labelledOf({ labelled: { size, numbers } }: ScoreBinsState): { n: number; positive: number } {
  let [n, positive] = [0, 0];
  for (let i = 0; i < size; i++) {
    n += numbers[i * LABELLED_LANES]! + numbers[i * LABELLED_LANES + 1]!;
    positive += numbers[i * LABELLED_LANES + 1]!;
  }
  return { n, positive };
}

/** Sum over the labelled rows of a loss and of its square. */
export function lossesOf(
  { losses }: ScoreBinsState,
  loss: 'brier' | 'logLoss',
): { sum: number; squares: number } {
  const read = (name: Loss): number => sumAt(losses, 2 * LOSSES.indexOf(name), UNIT_OF[name]);
  return { sum: read(loss), squares: read(`${loss}Squares`) };
}
