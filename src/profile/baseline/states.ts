/** States of reference data as text, and the distribution of an input that a state tells. */

import { assert } from '../../errors.ts';
import type { CategoricalBaseline, NumericBaseline, TrackBaseline } from '../../records.ts';
import { ByteReader, ByteWriter } from '../bytes.ts';
import { type CategoricalState, categorical } from '../categorical.ts';
import { cutCells, type Group, groupsOfBuckets } from '../cells.ts';
import { meanOf, type NumericState, varianceOf } from '../numeric.ts';
import { packState, type TrackState, unpackState } from '../registry.ts';
import { bucketsOf } from '../sketch.ts';

export const textOfState = (track: TrackState): string => Buffer.from(packState(track)).toString('base64');

/** The inverse of textOfState, for text of our own: it is not checked. */
export const stateOfOwnText = (text: string): TrackState => unpackState(Buffer.from(text, 'base64'));

/**
 * The inverse of textOfState.
 *
 * @throws Error with what is wrong: no base64, an unknown kind, or bytes that are no state of the kind
 */
export function stateOfText(text: string): TrackState {
  const bytes = Buffer.from(text, 'base64');
  // Node reads on over what is no base64.
  assert(bytes.length > 0 && bytes.toString('base64') === text, 'text is base64');
  const track = unpackState(bytes);
  assert(Buffer.from(packState(track)).equals(bytes), 'a state packs to the bytes it came from');
  return track;
}

/** The state of an input as text, without its cells: the borders that they are counts over are not in it. */
export const textOfInput = (track: TrackState): string =>
  textOfState(
    track.kind === 'numeric'
      ? { kind: 'numeric', state: { ...track.state, cells: new Float64Array(0) } }
      : track,
  );

/** What a window's track of an input is compared with; undefined for states without a value or of other kinds. */
export function baselineOfState(track: TrackState): TrackBaseline | undefined {
  if (track.kind === 'numeric' && track.state.n > 0) {
    const groups = groupsOfBuckets(bucketsOf(track.state.sketch));
    return { ...numericBaselineOf(track.state, groups), cut: 'sketch' };
  }
  return track.kind === 'categorical' && track.state.n > 0 ? categoricalBaselineOf(track.state) : undefined;
}

const measured = (state: NumericState) => ({
  type: 'numeric' as const,
  n: state.n,
  missing: state.missing,
  invalid: state.invalid,
  mean: finite(meanOf(state) ?? 0),
  std: finite(Math.sqrt(varianceOf(state) ?? 0)),
});

/** @param groups of all values of the state, one at least */
export function numericBaselineOf(state: NumericState, groups: readonly Group[]): NumericBaseline {
  const { min, max } = state;
  const sketch = bucketsOf(state.sketch);
  return { ...measured(state), min, max, ...cutCells(groups, min, max), sketch };
}

/** A numeric baseline with the cells of another one, of which the state has these counts. */
export const countedOver = (
  state: NumericState,
  cells: NumericBaseline,
  counts: number[],
): NumericBaseline => ({
  ...measured(state),
  min: cells.min,
  max: cells.max,
  edges: cells.edges,
  counts,
  sketch: bucketsOf(state.sketch),
  ...(cells.cut === undefined ? {} : { cut: cells.cut }),
});

/** JSON knows no infinity, which a sum near the largest double can overflow to. */
const finite = (value: number): number =>
  Number.isNaN(value) ? Number.MAX_VALUE : Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, value));

/** Counts of the categories that the profile keeps; `n` less their sum were in others. */
export function categoricalBaselineOf(state: CategoricalState): CategoricalBaseline {
  const kept = trimmed(state);
  const counts = [...kept.known, ...kept.unknown].sort(([a], [b]) => (a < b ? -1 : 1));
  const { n, missing, invalid } = kept;
  return { type: 'categorical', n, missing, invalid, counts: Object.fromEntries(counts) };
}

/** The state with no more categories than its bound: packing applies it. */
function trimmed(state: CategoricalState): CategoricalState {
  const out = new ByteWriter();
  categorical.pack(state, out);
  return categorical.unpack(new ByteReader(out.take()));
}
