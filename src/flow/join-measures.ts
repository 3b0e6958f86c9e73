/** How what the join has matched goes into the tracks of a cell. */

import { assert } from '../errors.ts';
import { createConfusion } from '../profile/confusion.ts';
import { count as countUp } from '../profile/counters.ts';
import { createNumeric, NO_PARAMETERS, updateNumeric } from '../profile/numeric.ts';
import type { TrackState, Tracks } from '../profile/registry.ts';
import { CELL_OK, type OutputSpec } from '../records.ts';
import type { Cell } from '../window/panes.ts';
import { feedKey } from './feeds.ts';

const NO_ROW = new Int32Array([0]);
const ONE_VALUE = new Float64Array(1);
const ONE_STATE = new Uint8Array([CELL_OK]);

/** The track of a cell, made when absent. */
function trackOf(cell: Cell<Tracks>, key: string, create: () => TrackState): TrackState {
  let track = cell.tracks.get(key);
  if (track === undefined) {
    track = create();
    cell.tracks.set(key, track);
  }
  return track;
}

/** Adds 1 to a named counter of a cell. */
export function increment(cell: Cell<Tracks>, key: string, name: string): void {
  const track = trackOf(cell, key, () => ({ kind: 'counters', state: new Map() }));
  assert(track.kind === 'counters', `${key} is counters`);
  countUp(track.state, name, 1);
  cell.dirty = true;
}

function addNumber(cell: Cell<Tracks>, key: string, value: number): void {
  const track = trackOf(cell, key, () => ({ kind: 'numeric', state: createNumeric(NO_PARAMETERS) }));
  assert(track.kind === 'numeric', `${key} is numeric`);
  ONE_VALUE[0] = value;
  updateNumeric(track.state, NO_PARAMETERS, ONE_VALUE, ONE_STATE, NO_ROW, 1);
  cell.dirty = true;
}

/** An answer with its truth; NaN where one of them cannot be compared. */
export function foldTruth(
  output: OutputSpec,
  model: string,
  answer: number,
  truth: number,
  cells: readonly Cell<Tracks>[],
): void {
  if (Number.isNaN(answer) || Number.isNaN(truth)) return;
  const key = feedKey('performance', model, output.name);
  for (const cell of cells) {
    if (output.type === 'classifier') {
      const classes = output.classes.length;
      const track = trackOf(cell, key, () => ({ kind: 'confusion', state: createConfusion(classes) }));
      assert(track.kind === 'confusion', `${key} is confusion`);
      track.state.counts[answer * classes + truth]!++;
      cell.dirty = true;
    } else if (output.type === 'regressor') {
      addNumber(cell, key, answer - truth);
      addNumber(cell, `${key}#abs`, Math.abs(answer - truth));
    }
  }
}
