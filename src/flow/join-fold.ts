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
  asideStart,
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
import { dropGhosts, type ExpiryStep } from './join-state.ts';
import { type JoinEvent, sourceText } from './messages.ts';

export interface JoinFold {
  spec: ServiceSpec;
  pending: PendingJoins;
  panes: Panes<Tracks>;
  upTo: number;
  /** Offsets up to this were folded before a restart; they only rebuild what is pending. */
  restoredUpTo: number;
  /** Offsets of entries that waited for their request at the restart; null: no events are read again. */
  waiting: Set<number> | null;
  /** Rule R2: highest offset seen, by origin. */
  seen: Record<string, number>;
  origins: Watermarks;
  /** In order; the first is that from which on events are read again after a restart. */
  steps: ExpiryStep[];
}

export const createJoinFold = (spec: ServiceSpec): JoinFold => ({
  spec,
  pending: createPendingJoins(spec.windows.hopMs),
  panes: createPanes(),
  upTo: -1,
  restoredUpTo: -1,
  waiting: null,
  seen: {},
  origins: {},
  steps: [{ offset: -1, watermarkMs: TIME_MIN_MS, seen: {} }],
});

/** At or below restoredUpTo everything was decided before the restart, and the slots know it (rule R5). */
const isReplay = (fold: JoinFold, offset: number): boolean => offset <= fold.restoredUpTo;

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
  if (isReplay(fold, offset)) return [];
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

/** Counts something about the join itself in the pane of the given time, or in the first open one when that is closed. */
function countAside(fold: JoinFold, name: string, timeMs: number, offset: number): void {
  if (isReplay(fold, offset)) return;
  const { windows, limits } = fold.spec;
  const pane = paneAt(fold.panes, limits, asideStart(fold.panes, windows, timeMs));
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
  dropTooLate(fold, join);
  foldFeedback(fold, join, 'requests');
  for (const kind of join.feedback.keys()) foldFeedback(fold, join, kind);
}

/** What was read before its request is judged as if it had been read after it. */
function dropTooLate(fold: JoinFold, join: PendingJoin): void {
  const lastMs = join.baseTimeMs + fold.spec.maxDelayMs;
  const late = (timeMs: number): boolean => {
    if (timeMs > lastMs) countAside(fold, 'late', timeMs, fold.upTo);
    return timeMs > lastMs;
  };
  if (join.truths !== null && late(join.truthsMs)) join.truths = null;
  if (join.external !== null && late(join.externalMs)) join.external = null;
  for (const [kind, timeMs] of join.feedback) if (late(timeMs)) join.feedback.delete(kind);
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
  else if (event.kind === 'prediction') {
    if (join.external === null) join.externalMs = event.timeMs;
    join.external ??= event.numbers;
  } else if (event.kind === 'label') {
    if (join.truths !== null) countAside(fold, 'duplicate', event.timeMs, fold.upTo);
    else {
      join.truths = event.numbers;
      join.truthsMs = event.timeMs;
    }
  } else if (event.kind === 'feedback') {
    const kind = FEEDBACK_KINDS[event.numbers[0]!];
    if (kind !== undefined && !join.feedback.has(kind)) {
      join.feedback.set(kind, event.timeMs);
      foldFeedback(fold, join, kind);
    }
  }
  foldMatches(fold, join);
}

function expireAll(fold: JoinFold, watermarkMs: number): void {
  for (const join of expire(fold.pending, watermarkMs)) {
    countAside(fold, 'unmatched', join.expiresMs, fold.upTo);
  }
}

function takeMark(fold: JoinFold, event: JoinEvent): void {
  const mark = { watermarkMs: event.timeMs, idle: event.numbers[1] === 1 };
  setMark(fold.origins, event.originTopic, event.originPartition, event.numbers[0]!, mark);
  const combined = combinedWatermark(fold.origins, joinedTopics(fold.spec));
  if (combined === TIME_MIN_MS) return;
  // Expiry goes by whole hops: so few steps are enough to repeat it.
  const expiryMs = paneStart(combined, fold.spec.windows.hopMs);
  if (expiryMs > fold.steps.at(-1)!.watermarkMs) {
    expireAll(fold, expiryMs);
    fold.steps.push({ offset: fold.upTo, watermarkMs: expiryMs, seen: { ...fold.seen } });
  }
  fold.panes.watermarkMs = Math.max(fold.panes.watermarkMs, combined - fold.spec.maxDelayMs);
}

/** Folds the next event at its offset in the partition of `events`. */
export function stepJoin(fold: JoinFold, event: JoinEvent, offset: number): void {
  // Before the first step another service's events are read again.
  if (offset <= fold.steps[0]!.offset) return;
  if (!isReplay(fold, offset)) dropGhosts(fold);
  fold.upTo = offset;
  if (event.kind === 'mark') {
    if (isReplay(fold, offset)) {
      const step = fold.steps.find((own) => own.offset === offset);
      if (step !== undefined) expireAll(fold, step.watermarkMs);
    } else takeMark(fold, event);
    return;
  }
  const origin = sourceText(event.originTopic, event.originPartition);
  if (event.originOffset <= (fold.seen[origin] ?? -1)) return;
  fold.seen[origin] = event.originOffset;
  const join = pendingOf(fold.pending, event.id, offset, fold.spec.limits.pendingJoinsMax);
  if (join === null) countAside(fold, 'dropped', event.timeMs, offset);
  else take(fold, join, event);
}
