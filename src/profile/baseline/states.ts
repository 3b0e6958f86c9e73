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

/** What a window's track of an input is compared with; undefined for states without a value or of other kinds. */
export function baselineOfState(track: TrackState): TrackBaseline | undefined {
  if (track.kind === 'numeric' && track.state.n > 0) {
    const groups = groupsOfBuckets(bucketsOf(track.state.sketch));
    return { ...numericBaselineOf(track.state, groups), cut: 'sketch' };
  }
  return track.kind === 'categorical' && track.state.n > 0 ? categoricalBaselineOf(track.state) : undefined;
}

/** @param groups of all values of the state, one at least */
export function numericBaselineOf(state: NumericState, groups: readonly Group[]): NumericBaseline {
  const { n, missing, invalid, min, max } = state;
  return {
    type: 'numeric',
    n,
    missing,
    invalid,
    mean: finite(meanOf(state) ?? 0),
    std: finite(Math.sqrt(varianceOf(state) ?? 0)),
    min,
    max,
    ...cutCells(groups, min, max),
    sketch: bucketsOf(state.sketch),
  };
}

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
