/**
 * States of inputs beyond the distributions of their tracks: characters of texts, centroids of vectors, and how numeric
 * inputs move together.
 */

import { CELL_OK, type Column, type ServiceSpec, type TrackBaseline } from '../../records.ts';
import { charColumns } from '../chars.ts';
import { type Counters, count } from '../counters.ts';
import { createEmbedding, updateEmbedding } from '../embedding.ts';
import { createJoint, jointParametersOf, standardized, updateJoint } from '../joint.ts';
import type { TrackState } from '../registry.ts';
import { keyText } from '../track.ts';
import { textOfState } from './states.ts';

/** Numbers that are kept of all tracks, and rows at most: what they are standardized by is known at the end only. */
const SAMPLE_NUMBERS = 2 ** 22;
const SAMPLE_ROWS_MAX = 2 ** 16;
const SAMPLE_ROWS_MIN = 2 ** 10;

/** Every `stride`-th row, a power of two: evenly spread, and a function of how many there were. */
interface Sample {
  rowsMax: number;
  stride: number;
  /** Rows so far, kept or not. */
  total: number;
  /** Row r of a track is at r / stride; NaN: no value. */
  tracks: Map<string, Float64Array>;
}

const keptOf = ({ total, stride }: Sample): number => Math.ceil(total / stride);

function thin(sample: Sample): void {
  sample.stride *= 2;
  for (const values of sample.tracks.values()) {
    const half = Math.floor((values.length + 1) / 2);
    for (let i = 0; i < half; i++) values[i] = values[2 * i]!;
    values.fill(Number.NaN, half);
  }
}

function grown(values: Float64Array | undefined, size: number): Float64Array {
  if (values !== undefined && size <= values.length) return values;
  const more = new Float64Array(Math.max(size, 1024, 2 * (values?.length ?? 0))).fill(Number.NaN);
  if (values !== undefined) more.set(values);
  return more;
}

export interface BeyondBuilder {
  /** Before the numbers of the same rows. */
  add(inputs: readonly Column[], n: number, rows: Int32Array): void;
  addNumbers(track: string, values: Float64Array, states: Uint8Array, n: number): void;
  /** By key text; `tracks` are what the numbers are standardized by. */
  finish(tracks: Record<string, TrackBaseline>): Record<string, string>;
}

/** @param numeric how many numeric tracks move together; 0: joint sums are left out, since they are relative to one file */
export function createBeyondBuilder(spec: ServiceSpec, numeric: number): BeyondBuilder {
  const rowsMax = Math.max(SAMPLE_ROWS_MIN, Math.min(SAMPLE_ROWS_MAX, Math.floor(SAMPLE_NUMBERS / numeric)));
  const sample: Sample = { rowsMax, stride: 1, total: 0, tracks: new Map() };
  const states = new Map<string, TrackState>();
  let before = 0;
  return {
    add(inputs, n, rows) {
      spec.inputs.forEach(({ name }, i) => {
        addInput(states, name, inputs[i]!, n, rows);
      });
      before = sample.total;
      sample.total += n;
      // Twice as many as are wanted at the end, so that how the rows came in batches does not matter.
      while (keptOf(sample) > 2 * sample.rowsMax) thin(sample);
    },
    addNumbers(track, values, of, n) {
      if (numeric === 0) return;
      const { stride } = sample;
      const kept = grown(sample.tracks.get(track), keptOf(sample));
      sample.tracks.set(track, kept);
      for (let row = Math.ceil(before / stride) * stride; row < before + n; row += stride) {
        if (of[row - before] === CELL_OK) kept[row / stride] = values[row - before]!;
      }
    },
    finish(tracks) {
      while (keptOf(sample) > sample.rowsMax) thin(sample);
      const joint = numeric === 0 ? null : jointOf(spec, sample, tracks);
      if (joint !== null) states.set(keyText({ role: 'joint', model: '', subject: '' }), joint);
      return Object.fromEntries([...states].map(([key, state]) => [key, textOfState(state)]));
    },
  };
}

function addInput(
  states: Map<string, TrackState>,
  name: string,
  column: Column,
  n: number,
  rows: Int32Array,
): void {
  if (column.kind === 'text') {
    const key = keyText({ role: 'chars', model: '', subject: name });
    const found = states.get(key);
    const counts: Counters = found?.kind === 'counters' ? found.state : new Map();
    for (const { name: of, values } of charColumns(column.values, column.state)) {
      let sum = 0;
      for (let row = 0; row < n; row++) sum += values[row]!;
      count(counts, of, sum);
    }
    states.set(key, { kind: 'counters', state: counts });
  } else if (column.kind === 'embedding') {
    const key = keyText({ role: 'embedding', model: '', subject: name });
    const found = states.get(key);
    const state = found?.kind === 'embedding' ? found.state : createEmbedding(column.dimensions);
    updateEmbedding(state, column, rows, n);
    states.set(key, { kind: 'embedding', state });
  }
}

/** Null where fewer than two tracks vary. */
function jointOf(
  spec: ServiceSpec,
  sample: Sample,
  tracks: Record<string, TrackBaseline>,
): TrackState | null {
  const baseline = { format: 'telltale-baseline/2' as const, service: spec.service, n: 0, tracks };
  const parameters = jointParametersOf({ ...spec, baseline });
  if (parameters === null) return null;
  const n = keptOf(sample);
  const columns = parameters.tracks.map((track, i) => {
    const values = grown(sample.tracks.get(track), n).subarray(0, n);
    const states = Uint8Array.from(values, (value) => (Number.isNaN(value) ? 1 : CELL_OK));
    return standardized(values, states, parameters.means[i]!, parameters.stds[i]!);
  });
  const state = createJoint({ size: columns.length, standard: parameters.standard });
  updateJoint(
    state,
    columns,
    Int32Array.from({ length: n }, (_, i) => i),
    n,
  );
  return { kind: 'joint', state };
}
