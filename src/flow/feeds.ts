/**
 * A feed is one column of a batch on its way into a track of every cell. Making the feeds once a batch
 * leaves the inner loops without objects: each cell folds a feed by row numbers alone.
 */

import { isBinary } from '../metric/scored.ts';
import { type CategoricalParameters, createCategorical, updateCategorical } from '../profile/categorical.ts';
import { createConfusion } from '../profile/confusion.ts';
import { type Counters, count as countUp } from '../profile/counters.ts';
import { createDistinct, updateDistinct } from '../profile/distinct.ts';
import { createEmbedding, updateEmbedding } from '../profile/embedding.ts';
import type { HashedColumn } from '../profile/hashes.ts';
import { createHeavy, updateHeavy } from '../profile/heavy.ts';
import { createJoint, type JointParameters, updateJoint } from '../profile/joint.ts';
import { cellsOf, createNumeric, type NumericParameters, updateNumeric } from '../profile/numeric.ts';
import type { TrackState, Tracks } from '../profile/registry.ts';
import { ASKED, addScore, createScoreBins } from '../profile/score-bins.ts';
import { keyText, type TrackRole } from '../profile/track.ts';
import { CELL_OK, type EmbeddingColumn, type OutputSpec, type RoutedColumn } from '../records.ts';
import { countRouted } from './routed.ts';

export type Feed =
  | { key: string; kind: 'numeric'; parameters: NumericParameters; values: Float64Array; states: Uint8Array }
  | {
      key: string;
      kind: 'categorical';
      parameters: CategoricalParameters;
      codes: Int32Array;
      dictionary: readonly string[];
      states: Uint8Array;
    }
  /** Counts rows, and by name those whose set holds a class. */
  | {
      key: string;
      kind: 'members';
      classes: readonly string[];
      words: Int32Array;
      width: number;
      states: Uint8Array;
    }
  /** Counts pairs of classes where both are known. */
  | {
      key: string;
      kind: 'confusion';
      classes: number;
      rowCodes: Int32Array;
      columnCodes: Int32Array;
      compared: Uint8Array;
    }
  /** Columns in units of the baseline's deviation. */
  | { key: string; kind: 'joint'; parameters: JointParameters; columns: readonly Int16Array[] }
  /** Scores of answers, in a part of their own; NaN is no score. */
  | {
      key: string;
      kind: 'score_bins';
      part: number;
      threshold: number;
      scores: Float64Array;
      states: Uint8Array;
    }
  | { key: string; kind: 'embedding'; column: EmbeddingColumn }
  | { key: string; kind: 'distinct'; hashed: HashedColumn }
  /** Rows by the hash of their request and of their value. */
  | { key: string; kind: 'heavy'; ids: Uint32Array; hashed: HashedColumn }
  /** Counts who answered the rows, in a part that every cell of the whole traffic has. */
  | { key: string; kind: 'routed'; versions: readonly string[]; column: RoutedColumn }
  /** Adds up each named column over the rows. */
  | { key: string; kind: 'counters'; columns: { name: string; values: Counted | null }[] };

/** Whole numbers of the rows. */
export type Counted = Uint8Array | Uint16Array | Uint32Array;

/** The part that counts about the source itself too. */
const WHOLE_PART = 0;

/** So many tracks share a slot; a wide service is cut so that no record passes the 900 kB of rule R4. */
export const TRACKS_PER_PART = 24;

export const partOf = (feed: Feed, index: number): number =>
  feed.kind === 'score_bins'
    ? feed.part
    : feed.kind === 'routed'
      ? WHOLE_PART
      : Math.floor(index / TRACKS_PER_PART);

/** Two tracks of scores of up to 25 kB each: so many outputs share a slot, apart from all else, so that none passes 900 kB. */
export const SCORES_PER_PART = 8;

/** From where on a score says yes: of the chosen class it always does. */
export const thresholdOf = (output: OutputSpec): number => (isBinary(output) ? output.threshold : 0);

export const feedKey = (role: TrackRole, model: string, subject: string): string =>
  keyText({ role, model, subject });

/** A counters feed that counts every row once under `name`. */
export const rowsFeed = (key: string, name: string): Feed => ({
  key,
  kind: 'counters',
  columns: [{ name, values: null }],
});

function createTrack(feed: Feed): TrackState {
  switch (feed.kind) {
    case 'numeric':
      return { kind: 'numeric', state: createNumeric(feed.parameters) };
    case 'categorical':
      return { kind: 'categorical', state: createCategorical(feed.parameters) };
    case 'confusion':
      return { kind: 'confusion', state: createConfusion(feed.classes) };
    case 'joint': {
      const { standard, tracks } = feed.parameters;
      return { kind: 'joint', state: createJoint({ size: tracks.length, standard }) };
    }
    case 'score_bins':
      return { kind: 'score_bins', state: createScoreBins() };
    case 'distinct':
      return { kind: 'distinct', state: createDistinct() };
    case 'heavy':
      return { kind: 'heavy', state: createHeavy() };
    case 'embedding':
      return { kind: 'embedding', state: createEmbedding(feed.column.dimensions) };
    case 'members':
    case 'routed':
    case 'counters':
      return { kind: 'counters', state: new Map() };
  }
}

/** A reload may change what a track is of; what was folded before does not add up with what comes. */
function isOfBefore(track: TrackState, feed: Feed): boolean {
  switch (feed.kind) {
    case 'numeric':
      return track.kind !== 'numeric' || track.state.cells.length !== cellsOf(feed.parameters);
    case 'joint':
      return track.kind !== 'joint' || track.state.standard !== feed.parameters.standard;
    case 'embedding':
      return track.kind !== 'embedding' || track.state.dimensions !== feed.column.dimensions;
    case 'confusion':
      return track.kind !== 'confusion' || track.state.classes !== feed.classes;
    case 'members':
    case 'routed':
      return track.kind !== 'counters';
    default:
      return track.kind !== feed.kind;
  }
}

function trackFor(tracks: Tracks, feed: Feed): TrackState {
  const track = tracks.get(feed.key);
  if (track !== undefined && !isOfBefore(track, feed)) return track;
  const fresh = createTrack(feed);
  tracks.set(feed.key, fresh);
  return fresh;
}

function addColumn(state: Counters, name: string, values: Counted | null, rows: Int32Array, n: number) {
  let total = n;
  if (values !== null) {
    total = 0;
    for (let i = 0; i < n; i++) total += values[rows[i]!]!;
  }
  countUp(state, name, total);
}

/** Counts under the names `rows` and `=CLASS`. */
function addMembers(
  state: Counters,
  { classes, words, width, states }: Extract<Feed, { kind: 'members' }>,
  rows: Int32Array,
  n: number,
): void {
  const found = new Uint32Array(32 * width);
  let answers = 0;
  for (let i = 0; i < n; i++) {
    const row = rows[i]!;
    if (states[row] !== CELL_OK) continue;
    answers++;
    for (let word = 0; word < width; word++) {
      for (let left = words[width * row + word]!; left !== 0; left &= left - 1)
        found[32 * word + 31 - Math.clz32(left & -left)]!++;
    }
  }
  countUp(state, 'rows', answers);
  classes.forEach((name, code) => {
    countUp(state, `=${name}`, found[code]!);
  });
}

/** Folds the first `n` of `rows` of a feed into the cell's tracks. */
export function foldFeed(tracks: Tracks, feed: Feed, rows: Int32Array, n: number): void {
  const track = trackFor(tracks, feed);
  if (feed.kind === 'numeric' && track.kind === 'numeric') {
    updateNumeric(track.state, feed.parameters, feed.values, feed.states, rows, n);
  } else if (feed.kind === 'categorical' && track.kind === 'categorical') {
    updateCategorical(track.state, feed.codes, feed.dictionary, feed.states, rows, n);
  } else if (feed.kind === 'confusion' && track.kind === 'confusion') {
    const { rowCodes, columnCodes, compared, classes } = feed;
    for (let i = 0; i < n; i++) {
      const row = rows[i]!;
      if (compared[row] === 1) track.state.counts[rowCodes[row]! * classes + columnCodes[row]!]!++;
    }
  } else if (feed.kind === 'joint' && track.kind === 'joint') {
    updateJoint(track.state, feed.columns, rows, n);
  } else if (feed.kind === 'score_bins' && track.kind === 'score_bins') {
    for (let i = 0; i < n; i++) {
      const row = rows[i]!;
      if (feed.states[row] === CELL_OK) addScore(track.state, feed.scores[row]!, ASKED, feed.threshold);
    }
  } else if (feed.kind === 'distinct' && track.kind === 'distinct') {
    updateDistinct(track.state, feed.hashed, rows, n);
  } else if (feed.kind === 'heavy' && track.kind === 'heavy') {
    updateHeavy(track.state, feed.ids, feed.hashed, rows, n);
  } else if (feed.kind === 'embedding' && track.kind === 'embedding') {
    updateEmbedding(track.state, feed.column, rows, n);
  } else if (feed.kind === 'members' && track.kind === 'counters') {
    addMembers(track.state, feed, rows, n);
  } else if (feed.kind === 'routed' && track.kind === 'counters') {
    countRouted(track.state, feed.versions, feed.column, rows, n);
  } else if (feed.kind === 'counters' && track.kind === 'counters') {
    for (const { name, values } of feed.columns) addColumn(track.state, name, values, rows, n);
  }
}
