/**
 * Fold A: one partition of one input stream, in order, into the panes of that source. What must be joined
 * by request id goes on as events. Pure: the batch was decoded and scored before.
 */

import { assert } from '../errors.ts';
import { count as countUp } from '../profile/counters.ts';
import type { Tracks } from '../profile/registry.ts';
import type { Batch, RoutedColumn, Scored, ServiceSpec, StreamName } from '../records.ts';
import {
  advance,
  asideStart,
  type Cell,
  cellAt,
  createPanes,
  isLate,
  OTHER_SEGMENT,
  type Pane,
  type Panes,
  paneAt,
  paneStart,
  WHOLE,
} from '../window/panes.ts';
import { keptUntilOf, placeOf } from '../window/segments.ts';
import { TIME_MIN_MS } from '../window/watermarks.ts';
import { eventsOf, joinsById } from './events-of.ts';
import { type Feed, feedKey, foldFeed, partOf, rowsFeed } from './feeds.ts';
import { predictionFeeds, requestFeeds, telemetryFeeds } from './feeds-of.ts';
import type { Output } from './messages.ts';
import { ROUTED_KEY } from './routed.ts';
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

const wholeOf = (pane: Pane<Tracks>): Cell<Tracks> => cellAt(pane, WHOLE, '*', 0, 0, newTracks);

/** Counts something about the source itself in the pane of its latest event time. */
function countAside(state: Observe, name: 'late' | 'dead', offset: number, by: number): void {
  const { panes, spec } = state;
  const startMs = asideStart(panes, spec.windows, panes.maxTimeMs);
  const pane = paneAt(panes, spec.windows, spec.limits, startMs);
  if (pane === null) return;
  const cell = wholeOf(pane);
  if (offset <= cell.upTo) return;
  const key = feedKey('rows', '', state.stream);
  const track = cell.tracks.get(key) ?? { kind: 'counters' as const, state: new Map<string, number>() };
  cell.tracks.set(key, track);
  assert(track.kind === 'counters', 'rows are counters');
  countUp(track.state, name, by);
  if (name === 'late') pane.rows += by;
  cell.dirty = true;
}

interface Assigned {
  /** Rows in order, by the start of their pane; late rows are counted and left out. */
  byPane: Map<number, number[]>;
  late: Uint8Array;
  /**
   * When each row became known, in event time: its own time, or the watermark of its source where that was
   * further on. The join goes by it: a function of this partition alone, so that what a label counts for
   * does not depend on how fast other partitions are read.
   */
  knownMs: Float64Array;
}

function assignPanes(state: Observe, batch: Batch): Assigned {
  const { panes, spec } = state;
  const byPane = new Map<number, number[]>();
  const late = new Uint8Array(batch.n);
  const knownMs = new Float64Array(batch.n);
  const dead = [...batch.dead];
  for (let i = 0; i < batch.n; i++) {
    const timeMs = batch.times[i]!;
    const startMs = paneStart(timeMs, spec.windows.hopMs);
    while (dead.length > 0 && dead[0]!.offset < batch.offsets[i]!) countDead(state, dead.shift()!.offset);
    knownMs[i] = Math.max(timeMs, panes.watermarkMs);
    if (isLate(panes, spec.windows, startMs) || paneAt(panes, spec.windows, spec.limits, startMs) === null) {
      state.lateSeen++;
      countAside(state, 'late', batch.offsets[i]!, 1);
      late[i] = 1;
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
  return { byPane, late, knownMs };
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
    const cell = cellAt(pane, segmentation, segment, partOf(feeds[i]!, i), 0, newTracks);
    const fresh = unseen(cell, batch, rows);
    if (fresh.length === 0) continue;
    foldFeed(cell.tracks, feeds[i]!, fresh, fresh.length);
    cell.dirty = true;
  }
}

/** Rows of each place of one segmentation: those of a segment in its own cells, or in OTHER_SEGMENT. */
function placesOf(
  state: Observe,
  pane: Pane<Tracks>,
  batch: Batch,
  segmentation: number,
  rows: number[],
): Map<string, Int32Array> {
  const { segmentsMax } = state.spec.limits;
  const groups = bySegment(state.spec, batch, state.spec.segments[segmentation]!, rows);
  const firstOf = (own: Int32Array): number => batch.offsets[own[0]!]!;
  groups.sort((a, b) => firstOf(a.rows) - firstOf(b.rows));
  // First all segments are seen, so that the places of all rows are known.
  for (const { segment, rows: own } of groups)
    placeOf(pane, segmentation, segment, firstOf(own), segmentsMax);
  const places = new Map<string, number[]>();
  for (const { segment, rows: own } of groups) {
    const keptUntil = keptUntilOf(pane, segmentation, segment);
    for (const row of own) {
      const place = batch.offsets[row]! < keptUntil ? segment : OTHER_SEGMENT;
      const there = places.get(place);
      if (there === undefined) places.set(place, [row]);
      else there.push(row);
    }
  }
  return new Map([...places].map(([place, there]) => [place, Int32Array.from(there.sort((a, b) => a - b))]));
}

function foldRows(
  state: Observe,
  batch: Batch,
  startMs: number,
  rows: number[],
  feeds: readonly Feed[],
): void {
  const { spec } = state;
  const pane = paneAt(state.panes, spec.windows, spec.limits, startMs);
  assert(pane !== null, 'the pane was opened before');
  const all = Int32Array.from(rows);
  if (pane.firstOffset < 0) pane.firstOffset = batch.offsets[rows[0]!]!;
  pane.lastOffset = Math.max(pane.lastOffset, batch.offsets[rows.at(-1)!]!);
  const whole = wholeOf(pane);
  pane.rows += unseen(whole, batch, all).length;
  whole.dirty = true;
  if (state.stream !== 'requests' || spec.segments.length === 0) {
    foldInto(pane, batch, WHOLE, '*', feeds, all);
    return;
  }
  for (let segmentation = 0; segmentation < spec.segments.length; segmentation++) {
    for (const [place, own] of placesOf(state, pane, batch, segmentation, rows))
      foldInto(pane, batch, segmentation, place, feeds, own);
  }
}

function foldTelemetry(state: Observe, batch: Batch, startMs: number, rows: number[]): void {
  const { spec } = state;
  const inPane = new Set(rows);
  foldRows(state, batch, startMs, rows, [rowsFeed(feedKey('rows', '', 'telemetry'), 'rows')]);
  const pane = paneAt(state.panes, spec.windows, spec.limits, startMs);
  assert(pane !== null, 'the pane was opened before');
  for (const { feed, rows: own } of telemetryFeeds(spec, batch)) {
    const here = own.filter((row) => inPane.has(row));
    // A part of its own: the metrics that come differ from batch to batch, a part must not.
    const cell = cellAt(pane, WHOLE, '*', 1, 0, newTracks);
    const fresh = unseen(cell, batch, here);
    if (fresh.length === 0) continue;
    if (!cell.tracks.has(feed.key) && cell.tracks.size >= spec.limits.categoriesMax) continue;
    foldFeed(cell.tracks, feed, fresh, fresh.length);
    cell.dirty = true;
  }
}

/** A split is of the whole traffic: its segments are not looked at. */
function foldRouted(
  state: Observe,
  batch: Batch,
  column: RoutedColumn,
  byPane: ReadonlyMap<number, number[]>,
): void {
  const { spec, panes } = state;
  const versions = spec.models.map(({ name }) => name);
  const feed: Feed = { key: ROUTED_KEY, kind: 'routed', versions, column };
  for (const [startMs, rows] of byPane) {
    const pane = paneAt(panes, spec.windows, spec.limits, startMs);
    assert(pane !== null, 'the pane was opened before');
    // Whether there is a track must not depend on what else is in the batch.
    const saying = rows.filter((row) => column.answered[row]! >= 0);
    foldInto(pane, batch, WHOLE, '*', [feed], Int32Array.from(saying));
  }
}

/** Folds the next batch of the partition; the events for the join come back. */
export function stepObserve(state: Observe, batch: Batch, scored: Scored, lastOffset: number): Output[] {
  const { spec, stream } = state;
  const { byPane, late, knownMs } = assignPanes(state, batch);
  if (stream === 'telemetry') {
    for (const [startMs, rows] of byPane) foldTelemetry(state, batch, startMs, rows);
  } else {
    const feeds = feedsFor(spec, stream, batch, scored);
    for (const [startMs, rows] of byPane) foldRows(state, batch, startMs, rows, feeds);
    if (spec.rollout !== undefined && batch.routed !== undefined)
      foldRouted(state, batch, batch.routed, byPane);
  }
  state.upTo = lastOffset;
  const outputs: Output[] = batch.dead.map((record) => ({ type: 'dead', record }));
  if (joinsById(spec, stream)) {
    const origin = { topic: state.topic, partition: state.partition };
    for (const record of eventsOf(spec, stream, origin, batch, scored, { late, knownMs }))
      outputs.push({ type: 'event', record });
  }
  return outputs;
}

function feedsFor(spec: ServiceSpec, stream: StreamName, batch: Batch, scored: Scored): Feed[] {
  if (stream === 'requests') return requestFeeds(spec, batch, scored);
  if (stream === 'predictions') return predictionFeeds(spec, batch);
  return [rowsFeed(feedKey('rows', '', stream), 'rows')];
}
