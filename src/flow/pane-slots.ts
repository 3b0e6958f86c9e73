/** Panes to slots, and back. */

import { hash32 } from '../math/hash.ts';
import { packTracks, type Tracks, unpackTracks } from '../profile/registry.ts';
import type { ServiceSpec } from '../records.ts';
import { type Cell, cellAt, closedPanes, createPane, type Pane, type Panes, WHOLE } from '../window/panes.ts';
import { segmentKey } from '../window/segments.ts';
import type { Output, Slot, SourceGroup } from './messages.ts';

export interface SourceId {
  service: string;
  group: SourceGroup;
  topic: string;
  partition: number;
  /** Rule R6: new for every assignment. */
  writer: string;
}

/** Slots of the cells that changed since the last flush; they are clean afterwards. */
export function takeDirtySlots(
  panes: Panes<Tracks>,
  source: SourceId,
  upTo: number,
  slotsEnd: number,
): Output[] {
  const outputs: Output[] = [];
  for (const pane of panes.open.values()) {
    for (const cell of pane.cells.values()) {
      if (!cell.dirty) continue;
      if (pane.slotsFrom < 0) pane.slotsFrom = slotsEnd;
      // A restored cell may know more than has been read again.
      cell.upTo = Math.max(cell.upTo, upTo);
      outputs.push({ type: 'slot', record: slotOf(pane, cell, source) });
      cell.dirty = false;
    }
  }
  return outputs;
}

function slotOf(pane: Pane<Tracks>, cell: Cell<Tracks>, source: SourceId): Slot {
  const { segmentation, segment, part, maturity, upTo } = cell;
  const told = segmentation === WHOLE && part === 0 && maturity === 0;
  const seen = pane.segments.get(segmentKey(segmentation, segment));
  return {
    ...source,
    paneStartMs: pane.startMs,
    segmentation,
    segment,
    part,
    maturity,
    upTo,
    seenFrom: seen?.firstOffset ?? -1,
    evictedFrom: seen?.evictedFrom ?? -1,
    rows: told ? pane.rows : 0,
    firstOffset: told ? pane.firstOffset : -1,
    lastOffset: told ? pane.lastOffset : -1,
    tracks: packTracks(cell.tracks, [...cell.tracks.keys()].sort()),
  };
}

/** Forgets the panes that are closed; call it after their slots are on the log. */
export function dropClosed(panes: Panes<Tracks>, spec: ServiceSpec): void {
  for (const startMs of closedPanes(panes, spec.windows)) panes.open.delete(startMs);
}

/** Puts a slot back where it came from; `offset` is where it stands on the log. */
export function adopt(panes: Panes<Tracks>, slot: Slot, offset: number): void {
  const { segmentation, segment, part, maturity, seenFrom, evictedFrom } = slot;
  let pane = panes.open.get(slot.paneStartMs);
  if (pane === undefined) {
    pane = createPane(slot.paneStartMs);
    panes.open.set(slot.paneStartMs, pane);
  }
  pane.slotsFrom = pane.slotsFrom < 0 ? offset : Math.min(pane.slotsFrom, offset);
  const cell = cellAt(pane, segmentation, segment, part, maturity, () => unpackTracks(slot.tracks));
  cell.upTo = slot.upTo;
  if (seenFrom >= 0) {
    const key = segmentKey(segmentation, segment);
    const known = pane.segments.get(key);
    if (known === undefined)
      pane.segments.set(key, {
        segmentation,
        segment,
        hash: hash32(segment),
        firstOffset: seenFrom,
        evictedFrom,
      });
    else if (known.evictedFrom < 0) known.evictedFrom = evictedFrom;
  }
  if (slot.firstOffset < 0) return;
  pane.rows = slot.rows;
  pane.firstOffset = slot.firstOffset;
  pane.lastOffset = slot.lastOffset;
}
