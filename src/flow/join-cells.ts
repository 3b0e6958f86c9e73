/** The cells of fold B: where what the join learns is counted. */

import { namesOf } from '../join/names.ts';
import type { Tracks } from '../profile/registry.ts';
import { asideStart, type Cell, cellAt, isLate, paneAt, paneStart, WHOLE } from '../window/panes.ts';
import { feedKey } from './feeds.ts';
import { increment } from './join-measures.ts';
import { BASE_MS, type JoinFold, PLACES } from './join-state.ts';

const newTracks = (): Tracks => new Map();

/** Counts something about the join itself in the pane of the given time, or in the first open one when that is closed. */
export function countAside(fold: JoinFold, name: string, timeMs: number): void {
  const { windows, limits } = fold.spec;
  const pane = paneAt(fold.panes, windows, limits, asideStart(fold.panes, windows, timeMs));
  if (pane === null) return;
  const cell = cellAt(pane, WHOLE, '*', 0, 0, newTracks);
  // Rule R5.
  if (fold.upTo > cell.upTo) increment(cell, feedKey('rows', '', 'events'), name);
}

/** Which revision of the pane is the first to hold what became known at this time. */
function maturityOf(fold: JoinFold, startMs: number, knownMs: number): number {
  const { windows, revisionsMs } = fold.spec;
  const afterMs = knownMs - (startMs + windows.hopMs);
  const found = revisionsMs.findIndex((revisionMs) => afterMs < revisionMs);
  return found < 0 ? revisionsMs.length - 1 : found;
}

/** The cells of a request for what became known at `knownMs`. Those that have seen the event are left out (rule R5). */
export function cellsOf(fold: JoinFold, row: number, knownMs: number, part = 0): Cell<Tracks>[] {
  const { panes, spec, requests, names } = fold;
  const baseMs = requests.numbers[row * requests.stride + BASE_MS]!;
  const startMs = paneStart(baseMs, spec.windows.hopMs);
  if (isLate(panes, spec.windows, startMs)) {
    // Once, not for every part.
    if (part === 0) countAside(fold, 'late', knownMs);
    return [];
  }
  const pane = paneAt(panes, spec.windows, spec.limits, startMs);
  if (pane === null) return [];
  const maturity = maturityOf(fold, startMs, knownMs);
  const places = namesOf(names, requests.numbers[row * requests.stride + PLACES]!);
  const cells =
    places.length === 0
      ? [cellAt(pane, WHOLE, '*', part, maturity, newTracks)]
      : places.map((place, segmentation) => cellAt(pane, segmentation, place, part, maturity, newTracks));
  return cells.filter((cell) => fold.upTo > cell.upTo);
}
