/**
 * Fold B: one partition of `events`, in order. Matches requests with labels, feedback and another system's
 * predictions by id within `maxDelayMs`, and folds performance and feedback into the panes of the request's
 * event time. Its watermark is that of its origins less the delay that labels may have.
 */

import { assert } from '../errors.ts';
import {
  createPendingJoins,
  expire,
  expireAt,
  type PendingJoin,
  type PendingJoins,
  pendingOf,
} from '../join/pending.ts';
import { createConfusion } from '../profile/confusion.ts';
import { count as countUp } from '../profile/counters.ts';
import { createNumeric, NO_PARAMETERS, updateNumeric } from '../profile/numeric.ts';
import type { TrackState, Tracks } from '../profile/registry.ts';
import { CELL_OK, FEEDBACK_KINDS, type FeedbackKind, type ServiceSpec, type StreamName } from '../records.ts';
import {
  type Cell,
  cellAt,
  createPanes,
  isLate,
  type Panes,
  paneAt,
  paneStart,
  WHOLE,
} from '../window/panes.ts';
import { combinedWatermark, setMark, TIME_MIN_MS, type Watermarks } from '../window/watermarks.ts';
import { feedKey } from './feeds.ts';
import { EXTERNAL } from './feeds-of.ts';
import { type JoinEvent, sourceText } from './messages.ts';

export interface JoinFold {
  spec: ServiceSpec;
  pending: PendingJoins;
  panes: Panes<Tracks>;
  upTo: number;
  /** Offsets up to this were folded before a restart; they only rebuild what is pending. */
  restoredUpTo: number;
  /** Rule R2: highest offset seen, by origin. */
  seen: Record<string, number>;
  origins: Watermarks;
}

export const createJoinFold = (spec: ServiceSpec): JoinFold => ({
  spec,
  pending: createPendingJoins(spec.windows.hopMs),
  panes: createPanes(),
  upTo: -1,
  restoredUpTo: -1,
  seen: {},
  origins: {},
});

/** Streams whose records go through the join. */
export const JOINED_STREAMS: readonly StreamName[] = ['requests', 'predictions', 'labels', 'feedback'];

const joinedTopics = (spec: ServiceSpec): string[] =>
  spec.streams.filter((stream) => JOINED_STREAMS.includes(stream.stream)).map((stream) => stream.topic);

const hasStream = (spec: ServiceSpec, stream: StreamName): boolean =>
  spec.streams.some((own) => own.stream === stream);

const newTracks = (): Tracks => new Map();
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

function countIn(cell: Cell<Tracks>, key: string, name: string): void {
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

/** The cells of a request: one of each segmentation, or the whole. Those that have seen the offset are left out. */
function cellsOf(
  fold: JoinFold,
  timeMs: number,
  segments: readonly string[],
  offset: number,
): Cell<Tracks>[] {
  const pane = paneAt(fold.panes, fold.spec.limits, paneStart(timeMs, fold.spec.windows.hopMs));
  if (pane === null) return [];
  const places = segments.length === 0 ? [{ segmentation: WHOLE, segment: '*' }] : [];
  segments.forEach((segment, segmentation) => {
    places.push({ segmentation, segment });
  });
  return places
    .map(({ segmentation, segment }) => cellAt(pane, segmentation, segment, 0, newTracks))
    .filter((cell) => offset > cell.upTo);
}

/** Counts something about the join itself in the pane of the given time, or of the newest one when that is closed. */
function countAside(fold: JoinFold, name: string, timeMs: number, offset: number): void {
  const { windows, limits } = fold.spec;
  const late = isLate(fold.panes, windows, paneStart(timeMs, windows.hopMs));
  const at = late ? fold.panes.maxTimeMs : timeMs;
  const pane = paneAt(fold.panes, limits, paneStart(at, windows.hopMs));
  if (pane === null) return;
  const cell = cellAt(pane, WHOLE, '*', 0, newTracks);
  if (offset > cell.upTo) countIn(cell, feedKey('rows', '', 'events'), name);
}

function foldTruth(
  fold: JoinFold,
  model: string,
  o: number,
  answer: number,
  truth: number,
  cells: Cell<Tracks>[],
) {
  const output = fold.spec.outputs[o]!;
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

/** Folds what has become complete: truth with answers, feedback with its request. */
function foldMatches(fold: JoinFold, join: PendingJoin): void {
  if (Number.isNaN(join.baseTimeMs)) return;
  const { spec } = fold;
  const startMs = paneStart(join.baseTimeMs, spec.windows.hopMs);
  const withAnswers = join.truths !== null && join.answers !== null && !join.answersFolded;
  const withExternal = join.truths !== null && join.external !== null && !join.externalFolded;
  if (!withAnswers && !withExternal) return;
  if (withAnswers) join.answersFolded = true;
  if (withExternal) join.externalFolded = true;
  if (isLate(fold.panes, spec.windows, startMs)) {
    countAside(fold, 'late', join.baseTimeMs, fold.upTo);
    return;
  }
  const cells = cellsOf(fold, join.baseTimeMs, join.segments, fold.upTo);
  const outputs = spec.outputs.length;
  for (let o = 0; o < outputs; o++) {
    const truth = join.truths![o]!;
    if (withAnswers) {
      spec.models.forEach((model, m) => {
        foldTruth(fold, model.name, o, join.answers![m * outputs + o]!, truth, cells);
      });
    }
    if (withExternal) foldTruth(fold, EXTERNAL, o, join.external![o]!, truth, cells);
  }
}

function foldFeedback(fold: JoinFold, join: PendingJoin, name: FeedbackKind | 'requests'): void {
  if (!hasStream(fold.spec, 'feedback') || Number.isNaN(join.baseTimeMs)) return;
  const { windows } = fold.spec;
  if (isLate(fold.panes, windows, paneStart(join.baseTimeMs, windows.hopMs))) return;
  for (const cell of cellsOf(fold, join.baseTimeMs, join.segments, fold.upTo)) {
    countIn(cell, feedKey('feedback', '', ''), name);
  }
}

/** A request (or, where there is no request stream, a prediction) opens the entry of its id. */
function takeBase(fold: JoinFold, join: PendingJoin, event: JoinEvent): void {
  if (!Number.isNaN(join.baseTimeMs)) {
    countAside(fold, 'duplicate', event.timeMs, fold.upTo);
    return;
  }
  join.baseTimeMs = event.timeMs;
  join.segments = event.segments;
  fold.panes.maxTimeMs = Math.max(fold.panes.maxTimeMs, event.timeMs);
  expireAt(fold.pending, event.id, join, event.timeMs + fold.spec.maxDelayMs);
  foldFeedback(fold, join, 'requests');
  for (const kind of join.feedback) foldFeedback(fold, join, kind);
}

function take(fold: JoinFold, join: PendingJoin, event: JoinEvent): void {
  const isBase =
    event.kind === 'request' || (event.kind === 'prediction' && !hasStream(fold.spec, 'requests'));
  const tooLate = !isBase && event.timeMs > join.baseTimeMs + fold.spec.maxDelayMs;
  if (tooLate) {
    countAside(fold, 'late', event.timeMs, fold.upTo);
    return;
  }
  if (isBase) takeBase(fold, join, event);
  else if (Number.isNaN(join.baseTimeMs)) {
    expireAt(fold.pending, event.id, join, event.timeMs + fold.spec.maxDelayMs);
  }
  if (event.kind === 'request') join.answers ??= fold.spec.models.length > 0 ? event.numbers : null;
  else if (event.kind === 'prediction') join.external ??= event.numbers;
  else if (event.kind === 'label') {
    if (join.truths !== null) countAside(fold, 'duplicate', event.timeMs, fold.upTo);
    else join.truths = event.numbers;
  } else if (event.kind === 'feedback') {
    const kind = FEEDBACK_KINDS[event.numbers[0]!];
    if (kind !== undefined && !join.feedback.has(kind)) {
      join.feedback.add(kind);
      foldFeedback(fold, join, kind);
    }
  }
  foldMatches(fold, join);
}

function takeMark(fold: JoinFold, event: JoinEvent): void {
  const mark = { watermarkMs: event.timeMs, idle: event.numbers[1] === 1 };
  setMark(fold.origins, event.originTopic, event.originPartition, event.numbers[0]!, mark);
  const combined = combinedWatermark(fold.origins, joinedTopics(fold.spec));
  if (combined === TIME_MIN_MS) return;
  for (const join of expire(fold.pending, combined)) countAside(fold, 'unmatched', join.expiresMs, fold.upTo);
  fold.panes.watermarkMs = Math.max(fold.panes.watermarkMs, combined - fold.spec.maxDelayMs);
}

/** Folds the next event at its offset in the partition of `events`. */
export function stepJoin(fold: JoinFold, event: JoinEvent, offset: number): void {
  fold.upTo = offset;
  if (event.kind === 'mark') {
    takeMark(fold, event);
    return;
  }
  const origin = sourceText(event.originTopic, event.originPartition);
  // At or below restoredUpTo the decision was taken before the restart, and the cells know it (rule R5).
  if (offset > fold.restoredUpTo) {
    if (event.originOffset <= (fold.seen[origin] ?? -1)) return;
    fold.seen[origin] = event.originOffset;
  }
  const join = pendingOf(fold.pending, event.id, offset, fold.spec.limits.pendingJoinsMax);
  if (join === null) countAside(fold, 'dropped', event.timeMs, offset);
  else take(fold, join, event);
}

/** What the join must remember besides its pending entries and slots (they are rebuilt from the log). */
export const joinStateOf = (fold: JoinFold): string =>
  JSON.stringify({
    seen: fold.seen,
    origins: fold.origins,
    maxTimeMs: fold.panes.maxTimeMs,
    watermarkMs: fold.panes.watermarkMs,
  });

export function restoreJoinState(fold: JoinFold, state: string, upTo: number): void {
  const found = JSON.parse(state) as Pick<JoinFold, 'seen' | 'origins'> & {
    maxTimeMs: number;
    watermarkMs: number;
  };
  fold.seen = found.seen;
  fold.origins = found.origins;
  fold.panes.maxTimeMs = found.maxTimeMs;
  fold.panes.watermarkMs = found.watermarkMs;
  fold.restoredUpTo = upTo;
}
