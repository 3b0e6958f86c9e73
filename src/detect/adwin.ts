/** Adaptive windowing: ADWIN2 with a histogram of buckets. */

import { type DetectorKind, type Options, realOf, restart } from './detector.ts';

/** Buckets of one size, oldest first: sums, and sums of squared deviations. Row r holds buckets of 2^r values. */
interface Row {
  sums: number[];
  squares: number[];
}

export interface AdwinState {
  ticks: number;
  width: number;
  sum: number;
  /** Sum of squared deviations over the window. */
  squares: number;
  rows: Row[];
}

const createRow = (): Row => ({ sums: [], squares: [] });

function insert(state: AdwinState, x: number, bucketsMax: number): void {
  if (state.width > 0) {
    const delta = x - state.sum / state.width;
    state.squares += (state.width / (state.width + 1)) * delta * delta;
  }
  state.width += 1;
  state.sum += x;
  state.rows[0]!.sums.push(x);
  state.rows[0]!.squares.push(0);
  for (let r = 0; r < state.rows.length && state.rows[r]!.sums.length > bucketsMax; r++)
    mergeOldest(state, r);
}

/** Merges the two oldest buckets of a row into one of the next (Babcock et al. 2003 for the squares). */
function mergeOldest(state: AdwinState, r: number): void {
  const { sums, squares } = state.rows[r]!;
  const size = 2 ** r;
  const [first, second] = sums.splice(0, 2);
  const [firstSquares, secondSquares] = squares.splice(0, 2);
  const delta = (first! - second!) / size;
  if (r + 1 === state.rows.length) state.rows.push(createRow());
  const next = state.rows[r + 1]!;
  next.sums.push(first! + second!);
  next.squares.push(firstSquares! + secondSquares! + (size / 2) * delta * delta);
}

/**
 * Whether some cut of the window separates two means. Every bucket of every row is a cut: a well-known
 * variant leaves out the last of each row, and needs four times as long to see a rate move from 0.1 to 0.2.
 */
function hasCut(state: AdwinState, options: Options): boolean {
  const { width, sum, squares, rows } = state;
  const length = options.min_window_length!;
  const confidence = Math.log((2 * Math.log(width)) / options.delta!);
  // Of a constant stream the difference is nothing but rounding.
  const noise = 1e-12 * Math.abs(sum / width);
  let n = 0;
  let part = 0;
  for (let r = rows.length - 1; r >= 0; r--) {
    for (const bucket of rows[r]!.sums) {
      n += 2 ** r;
      part += bucket;
      const rest = width - n;
      if (n < length || rest < length) continue;
      const m = 1 / (n - length + 1) + 1 / (rest - length + 1);
      const bound = Math.sqrt(2 * m * (squares / width) * confidence) + (2 / 3) * confidence * m;
      if (Math.abs(part / n - (sum - part) / rest) > bound + noise) return true;
    }
  }
  return false;
}

export const ADWIN: DetectorKind<AdwinState> = {
  name: 'adwin',
  title: 'ADWIN',
  description:
    'Some cut of a window of exponentially growing buckets separates two means that differ by more than chance.',
  paper: 'A. Bifet, R. Gavalda 2007, Learning from time-changing data with adaptive windowing, SDM',
  input: 'real',
  options: {
    delta: { default: 0.002, description: 'confidence of a cut', min: 1e-300, max: 1 },
    clock: {
      default: 32,
      description: 'values between two searches for a cut',
      min: 1,
      max: 1e9,
      integer: true,
    },
    max_buckets: { default: 5, description: 'buckets of one size', min: 2, max: 1000, integer: true },
    min_window_length: {
      default: 5,
      description: 'least values on each side of a cut',
      min: 1,
      max: 1e9,
      integer: true,
    },
    grace_period: { default: 10, description: 'values before it may alarm', min: 1, max: 1e9, integer: true },
  },
  create: () => ({ ticks: 0, width: 0, sum: 0, squares: 0, rows: [createRow()] }),
  step(state, options, value) {
    insert(state, realOf(value), options.max_buckets!);
    state.ticks += 1;
    if (state.ticks % options.clock! !== 0 || state.width <= options.grace_period!) return 'none';
    return hasCut(state, options) ? restart(ADWIN, state, options) : 'none';
  },
};
