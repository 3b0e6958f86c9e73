/** Builds the baseline of a service from reference data: one pass, bounded memory. */

import { assert } from '../errors.ts';
import {
  type Baseline,
  CELL_OK,
  type Column,
  IMAGE_MEASURES,
  type ImageMeasures,
  type NumericBaseline,
  type ServiceSpec,
  type TrackBaseline,
} from '../records.ts';
import { createBeyondBuilder } from './baseline/beyond.ts';
import { categoricalBaselineOf, countedOver, numericBaselineOf, textOfInput } from './baseline/states.ts';
import { type CategoricalState, createCategorical, updateCategorical } from './categorical.ts';
import { groupsOfBuckets, groupsOfValues } from './cells.ts';
import { normsOf } from './embedding.ts';
import {
  createNumeric,
  NO_PARAMETERS,
  type NumericParameters,
  type NumericState,
  updateNumeric,
} from './numeric.ts';
import type { TrackState } from './registry.ts';
import { bucketsOf } from './sketch.ts';
import { keyText } from './track.ts';
import { tracksOfInput } from './tracks.ts';

export interface BaselineBuilder {
  /**
   * @param inputs in the order of the service's inputs, each with `n` rows or more
   * @param images measures of its image inputs
   */
  add(inputs: Column[], n: number, images: ImageMeasures[]): void;
  /** The baseline of everything that was added, with the states of its tracks; tracks without a single value are left out. */
  finish(): Baseline;
}

/** Up to so many values of a track its cells are cut at exact deciles, beyond at borders of its sketch. */
const VALUES_MAX = 1_000_000;

interface NumericTrack {
  kind: 'numeric';
  state: NumericState;
  /** The first `state.n` are set; null once there were too many, or where the cells are given. */
  values: Float64Array | null;
  /** Whose cells are counted; null: they are cut from the data. */
  cells: NumericBaseline | null;
  parameters: NumericParameters;
}
type BuiltTrack = NumericTrack | { kind: 'categorical'; state: CategoricalState };

function numericTrack(cells: TrackBaseline | undefined): NumericTrack {
  if (cells?.type !== 'numeric') {
    const state = createNumeric(NO_PARAMETERS);
    return { kind: 'numeric', state, values: new Float64Array(1024), cells: null, parameters: NO_PARAMETERS };
  }
  const borders = Float64Array.of(cells.min, ...cells.edges, cells.max);
  const parameters = { ...NO_PARAMETERS, borders };
  return { kind: 'numeric', state: createNumeric(parameters), values: null, cells, parameters };
}

/** @param cells a baseline whose cells are counted, so that the two can be merged; null: the data are cut anew */
export function createBaselineBuilder(spec: ServiceSpec, cells: Baseline | null = null): BaselineBuilder {
  const tracks = new Map<string, BuiltTrack>();
  for (const input of spec.inputs) {
    const declared = { known: input.categories ?? [], categoriesMax: spec.limits.categoriesMax };
    for (const { track, kind } of tracksOfInput(input)) {
      if (kind === 'categorical') tracks.set(track, { kind, state: createCategorical(declared) });
      else tracks.set(track, numericTrack(cells?.tracks[track]));
    }
  }
  const numeric = [...tracks.values()].filter(({ kind }) => kind === 'numeric').length;
  const beyond = createBeyondBuilder(spec, cells === null ? numeric : 0);
  let rows = Int32Array.from({ length: 1024 }, (_, i) => i);
  let total = 0;
  const addNumbers = (track: string, values: Float64Array, states: Uint8Array, n: number): void => {
    const built = tracks.get(track);
    assert(built?.kind === 'numeric', `${track} is a numeric track`);
    keepValues(built, values, states, n);
    beyond.addNumbers(track, values, states, n);
    updateNumeric(built.state, built.parameters, values, states, rows, n);
  };
  return {
    add(inputs, n, images) {
      if (rows.length < n) rows = Int32Array.from({ length: n }, (_, i) => i);
      total += n;
      beyond.add(inputs, n, rows);
      spec.inputs.forEach((input, i) => {
        const column = inputs[i];
        assert(column?.kind === input.type, `the column of ${input.name} is ${input.type}`);
        if (column.kind === 'numeric') addNumbers(input.name, column.values, column.state, n);
        else if (column.kind === 'embedding')
          addNumbers(`${input.name}.norm`, normsOf(column), column.state, n);
        else if (column.kind === 'text')
          addNumbers(`${input.name}.length`, lengthsOf(column.values, n), column.state, n);
        else if (column.kind === 'categorical') {
          const built = tracks.get(input.name);
          assert(built?.kind === 'categorical', `${input.name} is a categorical track`);
          updateCategorical(built.state, column.codes, column.dictionary, column.state, rows, n);
        }
      });
      for (const measures of images) {
        for (const name of IMAGE_MEASURES)
          addNumbers(`${measures.input}.${name}`, measures[name], measures.state, n);
      }
    },
    finish() {
      const found = [...tracks].filter(([, { state }]) => state.n > 0);
      // That of a track without values still says how many were missing.
      const states = [...tracks].map(([track, { kind, state }]): [string, string] => [
        keyText({ role: 'input', model: '', subject: track }),
        textOfInput({ kind, state } as TrackState),
      ]);
      const finished = Object.fromEntries(found.map(([track, built]) => [track, finishTrack(built)]));
      return {
        format: 'telltale-baseline/2',
        service: spec.service,
        n: total,
        tracks: finished,
        states: { ...Object.fromEntries(states), ...beyond.finish(finished) },
      };
    },
  };
}

/** Lengths in UTF-16 units, the same as of the live stream; of cells that are not CELL_OK they are not read. */
function lengthsOf(values: readonly string[], n: number): Float64Array {
  return Float64Array.from({ length: n }, (_, i) => values[i]?.length ?? 0);
}

function keepValues(built: NumericTrack, values: Float64Array, states: Uint8Array, n: number): void {
  if (built.values === null) return;
  let kept = built.values;
  let count = built.state.n;
  if (count + n > kept.length) {
    kept = new Float64Array(Math.max(2 * kept.length, count + n));
    kept.set(built.values.subarray(0, count));
  }
  // Minus zero would sort before zero although both are one value.
  for (let i = 0; i < n; i++) if (states[i] === CELL_OK) kept[count++] = values[i]! + 0;
  built.values = count > VALUES_MAX ? null : kept;
}

function finishTrack(built: BuiltTrack): TrackBaseline {
  return built.kind === 'numeric' ? finishNumeric(built) : categoricalBaselineOf(built.state);
}

function finishNumeric({ state, values, cells }: NumericTrack): NumericBaseline {
  if (cells !== null) return countedOver(state, cells, [...state.cells]);
  const groups =
    values === null
      ? groupsOfBuckets(bucketsOf(state.sketch))
      : groupsOfValues(values.slice(0, state.n).sort());
  return numericBaselineOf(state, groups);
}
