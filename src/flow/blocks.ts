/**
 * Runs of windows that a reference is made of. A block that windows are added to is live, and packed when it is whole, since
 * packed states take a fifth of the memory; which of both it is makes no difference to what it says.
 */

import { stateOfOwnText, textOfInput } from '../profile/baseline/states.ts';
import { addUp, mergeTracks, packState, type TrackState, type Tracks } from '../profile/registry.ts';

export interface Block {
  windows: number;
  /** End of the newest window. */
  endMs: number;
  /** Packed size when it was measured last, which happens after fixed numbers of windows. */
  bytes: number;
  /** One of these two is set. Packed: base64 by key text. */
  states: Record<string, string> | null;
  live: Tracks | null;
}

const MEASURED_EVERY = 16;

/** Scores without labels are large, and nothing is compared with them. */
const isCompared = (key: string): boolean => !key.startsWith('asked/');

/** Cells are counts over the borders of a file that may change; the sketch has them all. */
const withoutCells = (track: TrackState): TrackState =>
  track.kind === 'numeric'
    ? { kind: 'numeric', state: { ...track.state, cells: new Float64Array(0) } }
    : track;

/** A block of one window, whose tracks belong to it from now on. */
export function blockOf(endMs: number, tracks: Tracks): Block {
  const live: Tracks = new Map();
  for (const [key, track] of tracks) if (isCompared(key)) live.set(key, withoutCells(track));
  return { windows: 1, endMs, bytes: 0, states: null, live };
}

/** Slots of the configuration before may be of other parameters, such as other classes; those do not add up, and the newer stays. */
export function mergedOrNewer(own: TrackState, newer: TrackState): TrackState {
  if (!addUp(own, newer)) return newer;
  const tracks: Tracks = new Map([['', own]]);
  mergeTracks(tracks, new Map([['', newer]]));
  return tracks.get('')!;
}

const packed = (tracks: Tracks): Record<string, string> =>
  Object.fromEntries([...tracks].map(([key, track]) => [key, textOfInput(track)]));

const unpacked = (states: Record<string, string>): Tracks =>
  new Map(Object.entries(states).map(([key, text]) => [key, stateOfOwnText(text)]));

export const statesOf = ({ states, live }: Block): Record<string, string> => states ?? packed(live!);

export function packBlock(block: Block): void {
  block.states = statesOf(block);
  block.live = null;
}

function livened(block: Block): Tracks {
  block.live ??= unpacked(block.states!);
  block.states = null;
  return block.live;
}

/** The block is `isWhole`, or that many windows long, now. */
export function measureBlock(block: Block, isWhole: boolean): void {
  if (!isWhole && block.windows !== 1 && block.windows % MEASURED_EVERY !== 0) return;
  block.bytes = 0;
  for (const track of (block.live ?? unpacked(block.states!)).values())
    block.bytes += packState(track).length;
}

/** into += from, which is used up. */
export function mergeBlock(into: Block, from: Block): void {
  const own = livened(into);
  for (const [key, track] of livened(from)) {
    const known = own.get(key);
    own.set(key, known === undefined ? track : mergedOrNewer(known, track));
  }
  into.windows += from.windows;
  into.endMs = from.endMs;
}
