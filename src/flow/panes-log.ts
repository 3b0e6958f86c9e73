/** Panes to slots at a flush, and back from the log at a take-over. */

import type { Heartbeat } from '../log/port.ts';
import { hash32 } from '../math/hash.ts';
import { packTracks, type Tracks, unpackTracks } from '../profile/registry.ts';
import type { LogRecord, ServiceSpec } from '../records.ts';
import {
  type Cell,
  cellAt,
  closedPanes,
  createPane,
  isLate,
  type Pane,
  type Panes,
  WHOLE,
} from '../window/panes.ts';
import { segmentKey, settleSegments } from '../window/segments.ts';
import type { Output, Slot, SourceGroup } from './messages.ts';
import { readThrough } from './read-through.ts';
import { partitionsOf, type Runtime, slotsPartitionOf } from './runtime.ts';
import { decodeSlots, slotKeyPrefix } from './wire.ts';

export interface SourceId {
  service: string;
  group: SourceGroup;
  topic: string;
  partition: number;
  /** Rule R6: new for every assignment. */
  writer: string;
}

/** The end of the partition of `slots` that a service's slots go to. */
export async function slotsEndOf(runtime: Runtime, service: string): Promise<number> {
  const topic = runtime.topics.slots;
  return (await runtime.log.ends(topic, slotsPartitionOf(service, partitionsOf(runtime, topic)))).next;
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

/** Where a cell of one source stands, whoever wrote it. */
export const cellKeyOf = (slot: Slot): string =>
  `${slot.paneStartMs}|${slot.segmentation}|${slot.part}|${slot.maturity}|${slot.segment}`;

/**
 * Reads the slots of this source's open panes back: the highest upTo by any writer holds (rules R4, R6). The watermark of
 * the panes MUST be restored before, it says which are open; `from` is what `slotsFromOf` said then.
 */
export async function restoreSource(
  runtime: Runtime,
  source: SourceId,
  spec: ServiceSpec,
  panes: Panes<Tracks>,
  from: number,
  heartbeat: Heartbeat,
): Promise<void> {
  const topic = runtime.topics.slots;
  const partition = slotsPartitionOf(source.service, partitionsOf(runtime, topic));
  const best = new Map<string, { slot: Slot; offset: number }>();
  await readThrough(runtime.log, { topic, partition, from }, heartbeat, (record) => {
    const slot = slotOfSource(record, source);
    if (slot === null || isLate(panes, spec.windows, slot.paneStartMs)) return;
    const key = cellKeyOf(slot);
    if (slot.upTo >= (best.get(key)?.slot.upTo ?? -1)) best.set(key, { slot, offset: record.offset });
  });
  for (const { slot, offset } of best.values()) adopt(panes, slot, offset);
  for (const pane of panes.open.values())
    for (let i = 0; i < spec.segments.length; i++) settleSegments(pane, i, spec.limits.segmentsMax);
}

/** A record of `slots` that is a slot of the source; one that cannot be read is the judge's to complain of. */
function slotOfSource(record: LogRecord, source: SourceId): Slot | null {
  // Slots of other services and sources are many: their keys are enough to pass over them.
  if (!record.key?.toString().startsWith(slotKeyPrefix(source))) return null;
  try {
    const found = decodeSlots(record);
    return found?.type === 'slot' ? found.slot : null;
  } catch {
    return null;
  }
}

function adopt(panes: Panes<Tracks>, slot: Slot, offset: number): void {
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
