/**
 * The open panes of one source partition. A pane is one hop of the windows; hopping windows are put
 * together from panes by the judge. Each pane holds cells: the tracks of one segment and one part (`part`
 * splits a wide service so that no record of the log grows too large).
 */

import type { LimitSpec, WindowSpec } from '../records.ts';
import { TIME_MIN_MS } from './watermarks.ts';

/** Cells of the whole traffic that no segmentation splits. */
export const WHOLE = -1;
/** Segments beyond limits.segments_max are counted here. */
export const OTHER_SEGMENT = '(other)';

export interface Cell<Tracks> {
  /** Index into ServiceSpec.segments, or WHOLE. */
  segmentation: number;
  segment: string;
  part: number;
  /** Index into ServiceSpec.revisionsMs: how long after the pane's end it became known; 0 where nothing matures. */
  maturity: number;
  tracks: Tracks;
  /** Rule R5: the last offset folded in; records up to it are skipped. */
  upTo: number;
  dirty: boolean;
}

/** A segment that was seen in a pane, for rule R13. */
export interface SeenSegment {
  segmentation: number;
  segment: string;
  hash: number;
  /** Offset of its first record. */
  firstOffset: number;
  /** From this offset on its records count in OTHER_SEGMENT, and its cells do as a whole; -1: it is kept. */
  evictedFrom: number;
}

export interface Pane<Tracks> {
  startMs: number;
  cells: Map<string, Cell<Tracks>>;
  /** By segmentKey. */
  segments: Map<string, SeenSegment>;
  /** Rows folded in, and late ones counted here: what the pane accounts for. */
  rows: number;
  firstOffset: number;
  lastOffset: number;
  /** No slot of the pane stands before this offset of `slots`; -1: there is none yet. */
  slotsFrom: number;
}

export interface Panes<Tracks> {
  open: Map<number, Pane<Tracks>>;
  maxTimeMs: number;
  watermarkMs: number;
}

export const createPanes = <Tracks>(): Panes<Tracks> => ({
  open: new Map(),
  maxTimeMs: TIME_MIN_MS,
  watermarkMs: TIME_MIN_MS,
});

export const createPane = <Tracks>(startMs: number): Pane<Tracks> => ({
  startMs,
  cells: new Map(),
  segments: new Map(),
  rows: 0,
  firstOffset: -1,
  lastOffset: -1,
  slotsFrom: -1,
});

const cellKey = (segmentation: number, segment: string, part: number, maturity: number): string =>
  `${segmentation}|${part}|${maturity}|${segment}`;

export const paneStart = (timeMs: number, hopMs: number): number => Math.floor(timeMs / hopMs) * hopMs;

/** Rule R8: whether a row of this time comes too late for its pane. */
export const isLate = (panes: { watermarkMs: number }, spec: WindowSpec, startMs: number): boolean =>
  startMs + spec.hopMs + spec.graceMs <= panes.watermarkMs;

/**
 * Start of the pane that counts something of this time about the source itself. A pane that has closed was
 * dropped once its slots were written; opened anew it would supersede them, so the first pane still open takes over.
 */
export function asideStart(panes: { watermarkMs: number }, spec: WindowSpec, timeMs: number): number {
  const startMs = paneStart(timeMs, spec.hopMs);
  return isLate(panes, spec, startMs) ? paneStart(panes.watermarkMs - spec.graceMs, spec.hopMs) : startMs;
}

/** Takes an event time in; the watermark follows the maximum at the distance of the allowed disorder. */
export function advance<Tracks>(panes: Panes<Tracks>, spec: WindowSpec, timeMs: number): void {
  if (timeMs <= panes.maxTimeMs) return;
  panes.maxTimeMs = timeMs;
  panes.watermarkMs = Math.max(panes.watermarkMs, timeMs - spec.latenessMs);
}

/** The pane of this start; null when limits.open_windows_max is reached. */
export function paneAt<Tracks>(
  panes: Panes<Tracks>,
  windows: WindowSpec,
  limits: LimitSpec,
  startMs: number,
): Pane<Tracks> | null {
  let pane = panes.open.get(startMs);
  if (pane === undefined) {
    if (panes.open.size >= limits.openWindowsMax) {
      // Closed panes stay until they are flushed; when that happens must make no difference.
      const open = panes.open.size - closedPanes(panes, windows).length;
      if (open >= limits.openWindowsMax) return null;
    }
    pane = createPane(startMs);
    panes.open.set(startMs, pane);
  }
  return pane;
}

export function cellAt<Tracks>(
  pane: Pane<Tracks>,
  segmentation: number,
  segment: string,
  part: number,
  maturity: number,
  create: () => Tracks,
): Cell<Tracks> {
  const key = cellKey(segmentation, segment, part, maturity);
  let cell = pane.cells.get(key);
  if (cell === undefined) {
    cell = { segmentation, segment, part, maturity, tracks: create(), upTo: -1, dirty: false };
    pane.cells.set(key, cell);
  }
  return cell;
}

/** Panes whose last window has closed for this source; they may be forgotten once they are flushed. */
export function closedPanes<Tracks>(panes: Panes<Tracks>, spec: WindowSpec): number[] {
  const closed: number[] = [];
  for (const startMs of panes.open.keys()) if (isLate(panes, spec, startMs)) closed.push(startMs);
  return closed;
}

/**
 * From where on `slots` must be read to restore the panes that are open: a restart reads neither the hours before them
 * nor keeps them in memory. `slotsEnd` is the end of `slots` before the last flush.
 */
export function slotsFromOf<Tracks>(panes: Panes<Tracks>, slotsEnd: number): number {
  let from = slotsEnd;
  for (const pane of panes.open.values()) if (pane.slotsFrom >= 0) from = Math.min(from, pane.slotsFrom);
  return from;
}
