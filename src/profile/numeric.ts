/** Values of one numeric track: counts, exact sums, range, baseline cells and a quantile sketch. */

import { assert } from '../errors.ts';
import { totalOf } from '../math/exact-sum.ts';
import { CELL_MISSING, CELL_OK } from '../records.ts';
import { varianceOfPowers } from './central.ts';
import { addPowers, BLOCK, createPowerSums, mergePowers, type PowerSums, SQUARES_REACH } from './powers.ts';
import { addValues, createSketch, mergeSketch, packSketch, type Sketch, unpackSketch } from './sketch.ts';
import { packSum, unpackSum } from './sums.ts';
import type { ProfileKind } from './track.ts';

export interface NumericParameters {
  /** Borders of the baseline's cells: minimum, inner edges, maximum; empty without a baseline. */
  borders: Float64Array;
  /** Values outside are counted as range violations; infinite: none. */
  low: number;
  high: number;
}

export interface NumericState {
  n: number;
  missing: number;
  invalid: number;
  outOfRange: number;
  min: number;
  max: number;
  /** Sums of the first four powers. */
  sums: PowerSums;
  /** [below, cells between the borders, above]; empty without a baseline. */
  cells: Float64Array;
  sketch: Sketch;
}

export const NO_PARAMETERS: NumericParameters = {
  borders: new Float64Array(0),
  low: Number.NEGATIVE_INFINITY,
  high: Number.POSITIVE_INFINITY,
};

/** Cells of the profile: those between the borders, below and above; none without a baseline. */
export const cellsOf = ({ borders }: NumericParameters): number =>
  borders.length === 0 ? 0 : borders.length + 1;

export const createNumeric = (parameters: NumericParameters): NumericState => ({
  n: 0,
  missing: 0,
  invalid: 0,
  outOfRange: 0,
  min: Number.POSITIVE_INFINITY,
  max: Number.NEGATIVE_INFINITY,
  sums: createPowerSums(),
  cells: new Float64Array(cellsOf(parameters)),
  sketch: createSketch(),
});

/** Cell of a value: 0 below the first border, the last one above the last border (which is inclusive). */
export function cellOf(borders: Float64Array, value: number): number {
  const last = borders.length - 1;
  // All borders are looked at: leaving early costs more, since which is the last cannot be predicted.
  let cell = value > borders[last]! ? 1 : 0;
  for (let i = 0; i < last; i++) cell += value >= borders[i]! ? 1 : 0;
  return cell;
}

const block = new Float64Array(BLOCK);
const blockWords = new Uint32Array(block.buffer);

/**
 * Folds the given rows of a column into the state, block by block. `values` need only be set where `states` is CELL_OK;
 * `rows` are indices into both, of which the first `count` are used.
 */
export function updateNumeric(
  state: NumericState,
  parameters: NumericParameters,
  values: Float64Array,
  states: Uint8Array,
  rows: Int32Array,
  count: number,
): void {
  let size = 0;
  for (let i = 0; i < count; i++) {
    const row = rows[i]!;
    const cellState = states[row]!;
    if (cellState !== CELL_OK) {
      if (cellState === CELL_MISSING) state.missing++;
      else state.invalid++;
      continue;
    }
    // Minus zero would make equal streams differ in bits.
    block[size++] = values[row]! + 0;
    if (size < BLOCK) continue;
    foldBlock(state, parameters, size);
    size = 0;
  }
  if (size > 0) foldBlock(state, parameters, size);
}

function foldBlock(state: NumericState, { borders, low, high }: NumericParameters, size: number): void {
  const { cells } = state;
  let { min, max, outOfRange } = state;
  for (let i = 0; i < size; i++) {
    const x = block[i]!;
    if (x < low || x > high) outOfRange++;
    if (x < min) min = x;
    if (x > max) max = x;
  }
  state.n += size;
  state.min = min;
  state.max = max;
  state.outOfRange = outOfRange;
  if (borders.length > 0) for (let i = 0; i < size; i++) cells[cellOf(borders, block[i]!)]!++;
  addPowers(state.sums, block, blockWords, size);
  addValues(state.sketch, blockWords, size);
}

export const numeric: ProfileKind<NumericState> = {
  name: 'numeric',
  description:
    'counts, exact sums of four powers, range, cells of the baseline and a quantile sketch of numbers',
  merge(into, from) {
    assert(
      into.cells.length === from.cells.length || into.cells.length === 0 || from.cells.length === 0,
      'merged cells have one baseline',
    );
    into.n += from.n;
    into.missing += from.missing;
    into.invalid += from.invalid;
    into.outOfRange += from.outOfRange;
    into.min = Math.min(into.min, from.min);
    into.max = Math.max(into.max, from.max);
    mergePowers(into.sums, from.sums);
    if (into.cells.length === 0) into.cells = from.cells.slice();
    else for (let i = 0; i < from.cells.length; i++) into.cells[i]! += from.cells[i]!;
    mergeSketch(into.sketch, from.sketch);
  },
  pack(state, out) {
    for (const count of [state.n, state.missing, state.invalid, state.outOfRange]) out.uint(count);
    out.double(state.min);
    out.double(state.max);
    for (const sum of state.sums) packSum(sum, out);
    out.uint(state.cells.length);
    for (const count of state.cells) out.uint(count);
    packSketch(state.sketch, out);
  },
  unpack(from) {
    const [n, missing, invalid, outOfRange] = [from.uint(), from.uint(), from.uint(), from.uint()];
    const [min, max] = [from.double(), from.double()];
    const sums: PowerSums = [unpackSum(from), unpackSum(from), unpackSum(from), unpackSum(from)];
    const cells = new Float64Array(from.count(1));
    for (let i = 0; i < cells.length; i++) cells[i] = from.uint();
    return { n, missing, invalid, outOfRange, min, max, sums, cells, sketch: unpackSketch(from) };
  },
};

/** Mean, undefined when nothing was added. */
export const meanOf = (state: NumericState): number | undefined =>
  state.n === 0 ? undefined : totalOf(state.sums[0]) / state.n;

/** Largest magnitude of a value. */
export const reachOf = (state: NumericState): number => Math.max(Math.abs(state.min), Math.abs(state.max));

/** Sample variance (divisor n - 1), undefined below two values; infinite where a square is beyond the largest double. */
export function varianceOf(state: NumericState): number | undefined {
  if (state.n < 2) return undefined;
  return reachOf(state) > SQUARES_REACH ? Number.POSITIVE_INFINITY : varianceOfPowers(state.sums, state.n);
}
