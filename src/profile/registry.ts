/** Every kind of track state; the laws of `track.ts` are tested over all entries. */

import { assert } from '../errors.ts';
import { ByteReader, ByteWriter } from './bytes.ts';
import { type CategoricalState, categorical } from './categorical.ts';
import { type ConfusionState, confusion } from './confusion.ts';
import { type Counters, counters } from './counters.ts';
import { type DistinctState, distinct } from './distinct.ts';
import { type EmbeddingState, embedding } from './embedding.ts';
import { type HeavyState, heavy } from './heavy.ts';
import { type JointState, joint } from './joint.ts';
import { type NumericState, numeric } from './numeric.ts';
import { type RegressionState, regression } from './regression.ts';
import { type ScoreBinsState, scoreBins } from './score-bins.ts';
import { type SetsState, sets } from './sets.ts';
import type { ProfileKind } from './track.ts';

export type TrackState =
  | { kind: 'numeric'; state: NumericState }
  | { kind: 'categorical'; state: CategoricalState }
  | { kind: 'counters'; state: Counters }
  | { kind: 'confusion'; state: ConfusionState }
  | { kind: 'score_bins'; state: ScoreBinsState }
  | { kind: 'regression'; state: RegressionState }
  | { kind: 'sets'; state: SetsState }
  | { kind: 'joint'; state: JointState }
  | { kind: 'embedding'; state: EmbeddingState }
  | { kind: 'distinct'; state: DistinctState }
  | { kind: 'heavy'; state: HeavyState };

export type KindName = TrackState['kind'];

type StateOf<K extends KindName> = Extract<TrackState, { kind: K }>['state'];

export const PROFILE_KINDS: { readonly [K in KindName]: ProfileKind<StateOf<K>> } = {
  numeric,
  categorical,
  counters,
  confusion,
  score_bins: scoreBins,
  regression,
  sets,
  joint,
  embedding,
  distinct,
  heavy,
};

/** The registry entry of a track as one that takes any state: the union's tag proves the pairing. */
const kindOf = (track: TrackState): ProfileKind<TrackState['state']> =>
  PROFILE_KINDS[track.kind] as unknown as ProfileKind<TrackState['state']>;

/** Tracks of one cell, by key text. */
export type Tracks = Map<string, TrackState>;

/** into += from, track by track; `from` is not aliased. Throws where the states of a track are of other parameters. */
export function mergeTracks(into: Tracks, from: Tracks): void {
  for (const [key, track] of from) {
    const own = into.get(key);
    if (own === undefined) {
      into.set(key, copyTrack(track));
      continue;
    }
    assert(own.kind === track.kind, `track ${key} has one kind`);
    kindOf(own).merge(own.state, track.state);
  }
}

/**
 * The same of slots, which may be of the configurations before and after a reload: where the states of a track do not add
 * up, those stay whose kind and parameters are the larger, so that the order of merging makes no difference.
 */
export function mergeSlotTracks(into: Tracks, from: Tracks): void {
  for (const [key, track] of from) {
    const own = into.get(key);
    if (own === undefined || addUp(own, track)) mergeTracks(into, new Map([[key, track]]));
    else if (isLarger(track, own)) into.set(key, copyTrack(track));
  }
}

/** What states of a kind must have in common to add up; 0: nothing, or no matter what. */
function parametersOf(track: TrackState): number {
  switch (track.kind) {
    case 'numeric':
      return track.state.cells.length;
    case 'joint':
      return track.state.standard;
    case 'embedding':
      return track.state.dimensions;
    case 'confusion':
    case 'sets':
      return track.state.classes;
    default:
      return 0;
  }
}

/** Whether states are of the same parameters. */
export function addUp(a: TrackState, b: TrackState): boolean {
  if (a.kind !== b.kind) return false;
  const [own, other] = [parametersOf(a), parametersOf(b)];
  // Of numbers, those without a baseline fit any.
  return own === other || (a.kind === 'numeric' && (own === 0 || other === 0));
}

const isLarger = (a: TrackState, b: TrackState): boolean =>
  a.kind === b.kind ? parametersOf(a) > parametersOf(b) : a.kind > b.kind;

function copyTrack(track: TrackState): TrackState {
  const out = new ByteWriter();
  kindOf(track).pack(track.state, out);
  return { kind: track.kind, state: kindOf(track).unpack(new ByteReader(out.take())) } as TrackState;
}

/** One state as bytes that say its kind. */
export function packState(track: TrackState): Uint8Array {
  const out = new ByteWriter();
  out.text(track.kind);
  kindOf(track).pack(track.state, out);
  return out.take();
}

/** The inverse of packState. */
export function unpackState(bytes: Uint8Array): TrackState {
  const from = new ByteReader(bytes);
  const track = unpackKind(from);
  assert(from.done, 'profile bytes end with the state');
  return track;
}

function unpackKind(from: ByteReader): TrackState {
  const kind = from.text() as KindName;
  assert(Object.hasOwn(PROFILE_KINDS, kind), `profile kind ${kind} is known`);
  return { kind, state: PROFILE_KINDS[kind].unpack(from) } as TrackState;
}

/** Bytes of the tracks whose index in key order is given by `keys`; self-describing. */
export function packTracks(tracks: Tracks, keys: readonly string[]): Uint8Array {
  const out = new ByteWriter();
  for (const key of keys) {
    const track = tracks.get(key);
    if (track === undefined) continue;
    out.text(key);
    out.text(track.kind);
    kindOf(track).pack(track.state, out);
  }
  return out.take();
}

export function unpackTracks(bytes: Uint8Array): Tracks {
  const from = new ByteReader(bytes);
  const tracks: Tracks = new Map();
  while (!from.done) {
    const key = from.text();
    tracks.set(key, unpackKind(from));
  }
  return tracks;
}
