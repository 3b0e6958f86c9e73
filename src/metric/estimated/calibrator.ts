/**
 * Probabilities from scores, by the labelled scores of the reference.
 *
 * Isotonic regression by pool-adjacent-violators (M. Ayer and others, 1955; B. Zadrozny, C. Elkan, 2002) over the bins, which
 * preserves the positives of each block. Between blocks it is interpolated, beyond them constant, as scikit-learn does.
 *
 * It replaces the scores only where it improves the expected calibration error of rows that it was not fitted to: bins are numbered
 * by rising score; one regression is fitted to the even ones and tells the odd ones, another the reverse. Each half has ten
 * groups of its own: summed over both, what one half's labels say too much the other's say too little, and the regression would
 * win always. Scores that are calibrated already stay as they are in most cases, since all that the regression could add is noise.
 * Nothing is drawn: the same reference gives the same calibrator.
 */

import { type ScoreBin, type ScoreBinsState, scoreBinsOf } from '../../profile/score-bins.ts';

/** Neighbouring scores that were right equally often as far as the reference tells. */
export interface Block {
  /** Mean scores of its first and last bin. */
  low: number;
  high: number;
  /** Labelled rows, and those that are positive (of a chosen class: right). */
  n: number;
  positive: number;
  /** Of their scores. */
  sum: number;
}

export interface Calibrator {
  kind: 'isotonic' | 'scores';
  blocks: readonly Block[];
  /** What it rests on, by rising score. */
  points: readonly Point[];
  /** Labelled rows. */
  n: number;
  /** Expected calibration errors of the scores, and of isotonic regression on rows that it was not fitted to. */
  scoresError: number;
  isotonicError: number;
}

/** Rows of one bin with a label, and their mean score. */
export interface Point {
  score: number;
  n: number;
  positive: number;
}

function pointsOf(bins: readonly ScoreBin[]): Point[] {
  const points: Point[] = [];
  for (const { negative, positive, labelledSum } of bins) {
    const n = negative + positive;
    if (n > 0) points.push({ score: labelledSum / n, n, positive });
  }
  return points;
}

const blockOf = ({ score, n, positive }: Point): Block => ({
  low: score,
  high: score,
  n,
  positive,
  sum: n * score,
});

const joined = (a: Block, b: Block): Block => ({
  low: a.low,
  high: b.high,
  n: a.n + b.n,
  positive: a.positive + b.positive,
  sum: a.sum + b.sum,
});

/** @param points by rising score; blocks of strictly rising shares come back */
export function poolAdjacentViolators(points: readonly Point[]): Block[] {
  const blocks: Block[] = [];
  for (const point of points) {
    let block = blockOf(point);
    for (;;) {
      const before = blocks.at(-1);
      // Products of whole numbers: no rounding decides.
      if (before === undefined || before.positive * block.n < block.positive * before.n) break;
      block = joined(before, block);
      blocks.pop();
    }
    blocks.push(block);
  }
  return blocks;
}

/** Where a score lies: `share` of it in the block `at`, the rest in the next one. */
export interface Standing {
  at: number;
  share: number;
}

export function standingOf(blocks: readonly Block[], score: number): Standing {
  let [low, high] = [0, blocks.length];
  // The last block that begins at or below the score.
  while (low < high) {
    const middle = (low + high) >> 1;
    if (blocks[middle]!.low <= score) low = middle + 1;
    else high = middle;
  }
  const at = low - 1;
  if (at < 0) return { at: 0, share: 1 };
  const [own, next] = [blocks[at]!, blocks[at + 1]];
  if (next === undefined || score <= own.high) return { at, share: 1 };
  return { at, share: (next.low - score) / (next.low - own.high) };
}

const shareOf = ({ positive, n }: Block): number => positive / n;

function toldBy(blocks: readonly Block[], score: number): number {
  const { at, share } = standingOf(blocks, score);
  const own = shareOf(blocks[at]!);
  return share === 1 ? own : share * own + (1 - share) * shareOf(blocks[at + 1]!);
}

/** The probability that an answer of this score is positive (of a chosen class: right). */
export const probabilityOf = ({ kind, blocks }: Calibrator, score: number): number =>
  kind === 'scores' ? score : toldBy(blocks, score);

/** Labelled rows that it was fitted to with a score at or above the threshold. */
export const labelledFrom = ({ points }: Calibrator, threshold: number): number =>
  rowsOf(points.filter(({ score }) => score >= threshold));

const GROUPS = 10;

/** The group of each point: at most ten of about equally many rows; the rows of a bin stay together. */
function groupsOf(points: readonly Point[], n: number): number[] {
  let before = 0;
  return points.map((point) => {
    const group = Math.floor((GROUPS * (before + point.n / 2)) / n);
    before += point.n;
    return group;
  });
}

/** Sum over the groups of |positives - what is told|. */
function offOf(points: readonly Point[], told: (score: number) => number): number {
  const n = rowsOf(points);
  const off = new Float64Array(GROUPS);
  const groups = groupsOf(points, n);
  points.forEach((point, i) => {
    off[groups[i]!]! += point.positive - point.n * told(point.score);
  });
  return off.reduce((sum, of) => sum + Math.abs(of), 0);
}

const rowsOf = (points: readonly Point[]): number => points.reduce((sum, { n }) => sum + n, 0);

/** The calibrator of labelled scores; undefined where there is none. */
export function calibratorOf(state: ScoreBinsState): Calibrator | undefined {
  const points = pointsOf(scoreBinsOf(state));
  if (points.length === 0) return undefined;
  const n = rowsOf(points);
  const halves = [0, 1].map((odd) => points.filter((_, i) => i % 2 === odd));
  let [scoresError, isotonicError] = [0, 0];
  halves.forEach((half, i) => {
    const other = poolAdjacentViolators(halves[1 - i]!);
    scoresError += offOf(half, (score) => score) / n;
    // Of scores of one bin there is no other half.
    isotonicError += other.length === 0 ? 1 : offOf(half, (score) => toldBy(other, score)) / n;
  });
  const kind = isotonicError < scoresError ? 'isotonic' : 'scores';
  const blocks = kind === 'isotonic' ? poolAdjacentViolators(points) : blocksOfGroups(points, n);
  return { kind, blocks, points, n, scoresError, isotonicError };
}

/** How far the scores were checked: a block for each group. */
function blocksOfGroups(points: readonly Point[], n: number): Block[] {
  const blocks: Block[] = [];
  const groups = groupsOf(points, n);
  points.forEach((point, i) => {
    const block = blockOf(point);
    if (i > 0 && groups[i] === groups[i - 1]) blocks.push(joined(blocks.pop()!, block));
    else blocks.push(block);
  });
  return blocks;
}
