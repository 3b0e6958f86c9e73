/**
 * Fold A: one partition of one input stream, in order, into the panes of that source. What must be joined
 * by request id goes on as events. Pure: the batch was decoded and scored before.
 */

import { assert } from '../errors.ts';
import { count as countUp } from '../profile/counters.ts';
import type { Tracks } from '../profile/registry.ts';
import { mergeTracks } from '../profile/registry.ts';
import type { Batch, Scored, ServiceSpec, StreamName } from '../records.ts';
import {
  advance,
  asideStart,
  type Cell,
  cellAt,
  cellKey,
  createPanes,
  isBeyondBound,
  isLate,
  OTHER_SEGMENT,
  type Pane,
  type Panes,
  paneAt,
  paneStart,
  segmentsToDrop,
  WHOLE,
} from '../window/panes.ts';
import { TIME_MIN_MS } from '../window/watermarks.ts';
import { eventsOf, joinsById } from './events-of.ts';
import { type Feed, feedKey, foldFeed, partOf, rowsFeed } from './feeds.ts';
import { predictionFeeds, requestFeeds, telemetryFeeds } from './feeds-of.ts';
import type { Output } from './messages.ts';
import { bySegment } from './segments.ts';

export interface Observe {
  spec: ServiceSpec;
  stream: StreamName;
  topic: string;
  partition: number;
  panes: Panes<Tracks>;
  /** Last offset handled; -1: none. */
  upTo: number;
  /** Dead letters that came before any event time was known wait for the first pane. */
  deadWaiting: number;
  /** Late rows since this process began; for its own metrics only. */
  lateSeen: number;
}

export const createObserve = (
  spec: ServiceSpec,
  stream: StreamName,
  topic: string,
  partition: number,
): Observe => ({
  spec,
  stream,
  topic,
  partition,
  panes: createPanes(),
  upTo: -1,
  deadWaiting: 0,
  lateSeen: 0,
});

const newTracks = (): Tracks => new Map();

/** Counts something about the source itself in the pane of its latest event time. */
function countAside(state: Observe, name: 'late' | 'dead', offset: number, by: number): void {
  const pane = paneAt(
    state.panes,
    state.spec.limits,
    asideStart(state.panes, state.spec.windows, state.panes.maxTimeMs),
  );
  if (pane === null) return;
  const cell = cellAt(pane, WHOLE, '*', 0, newTracks);
  if (offset <= cell.upTo) return;
  const key = feedKey('rows', '', state.stream);
  const track = cell.tracks.get(key) ?? { kind: 'counters' as const, state: new Map<string, number>() };
  cell.tracks.set(key, track);
  assert(track.kind === 'counters', 'rows are counters');
  countUp(track.state, name, by);
  cell.dirty = true;
}

/** Rows by pane, in order; late rows are counted and left out. */
function assignPanes(state: Observe, batch: Batch): Map<number, number[]> {
  const { panes, spec } = state;
  const byPane = new Map<number, number[]>();
  const dead = [...batch.dead];
  for (let i = 0; i < batch.n; i++) {
    const timeMs = batch.times[i]!;
    const startMs = paneStart(timeMs, spec.windows.hopMs);
    while (dead.length > 0 && dead[0]!.offset < batch.offsets[i]!) countDead(state, dead.shift()!.offset);
    if (isLate(panes, spec.windows, startMs) || paneAt(panes, spec.limits, startMs) === null) {
      state.lateSeen++;
      countAside(state, 'late', batch.offsets[i]!, 1);
      continue;
    }
    advance(panes, spec.windows, timeMs);
    if (state.deadWaiting > 0) {
      countAside(state, 'dead', batch.offsets[i]!, state.deadWaiting);
      state.deadWaiting = 0;
    }
    const rows = byPane.get(startMs);
    if (rows === undefined) byPane.set(startMs, [i]);
    else rows.push(i);
  }
  for (const letter of dead) countDead(state, letter.offset);
  return byPane;
}

function countDead(state: Observe, offset: number): void {
  if (state.panes.maxTimeMs === TIME_MIN_MS) state.deadWaiting++;
  else countAside(state, 'dead', offset, 1);
}

/** Rule R5: leaves out the rows that the cell has seen before the restart. */
function unseen(cell: Cell<Tracks>, batch: Batch, rows: Int32Array): Int32Array {
  if (cell.upTo < 0 || rows.length === 0 || batch.offsets[rows[0]!]! > cell.upTo) return rows;
  return rows.filter((row) => batch.offsets[row]! > cell.upTo);
}

function foldInto(
  pane: Pane<Tracks>,
  batch: Batch,
  segmentation: number,
  segment: string,
  feeds: readonly Feed[],
  rows: Int32Array,
): void {
  for (let i = 0; i < feeds.length; i++) {
    const cell = cellAt(pane, segmentation, segment, partOf(i), newTracks);
    const fresh = unseen(cell, batch, rows);
    if (fresh.length === 0) continue;
    foldFeed(cell.tracks, feeds[i]!, fresh, fresh.length);
    cell.dirty = true;
  }
}

/** Rule R13: beyond limits.segments_max the segments of the largest hashes are merged into `(other)`. */
function boundSegments(state: Observe, pane: Pane<Tracks>, segmentation: number): void {
  const own = [...pane.cells.values()].filter((cell) => cell.segmentation === segmentation && !cell.evicted);
  const drop = new Set(
    segmentsToDrop(new Set(own.map((cell) => cell.segment)), state.spec.limits.segmentsMax),
  );
  if (drop.size === 0) return;
  for (const cell of own) {
    if (!drop.has(cell.segment)) continue;
    const other = cellAt(pane, segmentation, OTHER_SEGMENT, cell.part, newTracks);
    mergeTracks(other.tracks, cell.tracks);
    other.dirty = true;
    cell.tracks = new Map();
    cell.evicted = true;
    cell.dirty = true;
  }
}

/**
 * Segments that were evicted from a pane stay in `(other)` there, and one that would be evicted at once goes
 * there directly: a mark for each of a million customers would be as unbounded as a cell for each.
 */
function placeOf(spec: ServiceSpec, pane: Pane<Tracks>, segmentation: number, segment: string): string {
  const known = pane.cells.get(cellKey(segmentation, segment, 0));
  if (known !== undefined) return known.evicted ? OTHER_SEGMENT : segment;
  const kept: string[] = [];
  for (const cell of pane.cells.values()) {
    if (cell.segmentation !== segmentation || cell.part > 0 || cell.evicted) continue;
    if (cell.segment !== OTHER_SEGMENT) kept.push(cell.segment);
  }
  return isBeyondBound(segment, kept, spec.limits.segmentsMax) ? OTHER_SEGMENT : segment;
}

function foldRows(
  state: Observe,
  batch: Batch,
  startMs: number,
  rows: number[],
  feeds: readonly Feed[],
): void {
  const { spec } = state;
  const pane = paneAt(state.panes, spec.limits, startMs);
  assert(pane !== null, 'the pane was opened before');
  const all = Int32Array.from(rows);
  if (pane.firstOffset < 0) pane.firstOffset = batch.offsets[rows[0]!]!;
  pane.lastOffset = Math.max(pane.lastOffset, batch.offsets[rows.at(-1)!]!);
  const whole = cellAt(pane, WHOLE, '*', 0, newTracks);
  whole.dirty = true;
  if (state.stream !== 'requests' || spec.segments.length === 0) {
    foldInto(pane, batch, WHOLE, '*', feeds, all);
    return;
  }
  spec.segments.forEach((names, segmentation) => {
    for (const group of bySegment(spec, batch, names, rows)) {
      foldInto(
        pane,
        batch,
        segmentation,
        placeOf(spec, pane, segmentation, group.segment),
        feeds,
        group.rows,
      );
    }
    boundSegments(state, pane, segmentation);
  });
}

function foldTelemetry(state: Observe, batch: Batch, startMs: number, rows: number[]): void {
  const { spec } = state;
  const inPane = new Set(rows);
  foldRows(state, batch, startMs, rows, [rowsFeed(feedKey('rows', '', 'telemetry'), 'rows')]);
  const pane = paneAt(state.panes, spec.limits, startMs);
  assert(pane !== null, 'the pane was opened before');
  for (const { feed, rows: own } of telemetryFeeds(spec, batch)) {
    const here = own.filter((row) => inPane.has(row));
    // A part of its own: the metrics that come differ from batch to batch, a part must not.
    const cell = cellAt(pane, WHOLE, '*', 1, newTracks);
    const fresh = unseen(cell, batch, here);
    if (fresh.length === 0) continue;
    if (!cell.tracks.has(feed.key) && cell.tracks.size >= spec.limits.categoriesMax) continue;
    foldFeed(cell.tracks, feed, fresh, fresh.length);
    cell.dirty = true;
  }
}

/** Folds the next batch of the partition; the events for the join come back. */
export function stepObserve(state: Observe, batch: Batch, scored: Scored, lastOffset: number): Output[] {
  const { spec, stream } = state;
  const byPane = assignPanes(state, batch);
  if (stream === 'telemetry') {
    for (const [startMs, rows] of byPane) foldTelemetry(state, batch, startMs, rows);
  } else {
    const feeds = feedsFor(spec, stream, batch, scored);
    for (const [startMs, rows] of byPane) foldRows(state, batch, startMs, rows, feeds);
  }
  state.upTo = lastOffset;
  const outputs: Output[] = batch.dead.map((record) => ({ type: 'dead', record }));
  if (joinsById(spec, stream)) {
    for (const record of eventsOf(spec, stream, state.topic, state.partition, batch, scored)) {
      outputs.push({ type: 'event', record });
    }
  }
  return outputs;
}

function feedsFor(spec: ServiceSpec, stream: StreamName, batch: Batch, scored: Scored): Feed[] {
  if (stream === 'requests') return requestFeeds(spec, batch, scored);
  if (stream === 'predictions') return predictionFeeds(spec, batch);
  return [rowsFeed(feedKey('rows', '', stream), 'rows')];
}
