/** Panes to slots at a flush, and back from the log at a take-over. */

import type { Heartbeat } from '../log/port.ts';
import { packTracks, type Tracks, unpackTracks } from '../profile/registry.ts';
import type { ServiceSpec } from '../records.ts';
import { cellAt, closedPanes, type Panes, WHOLE } from '../window/panes.ts';
import type { Mark, Output, Slot, SourceGroup } from './messages.ts';
import { partitionsOf, type Runtime, slotsPartitionOf } from './runtime.ts';
import { decodeSlots } from './wire.ts';

export interface SourceId {
  service: string;
  group: SourceGroup;
  topic: string;
  partition: number;
  /** Rule R6: new for every assignment. */
  writer: string;
}

/** Slots of the cells that changed since the last flush; they are clean afterwards. */
export function takeDirtySlots(panes: Panes<Tracks>, source: SourceId, upTo: number): Output[] {
  const outputs: Output[] = [];
  for (const pane of panes.open.values()) {
    for (const cell of pane.cells.values()) {
      if (!cell.dirty) continue;
      const told = cell.segmentation === WHOLE && cell.part === 0;
      outputs.push({
        type: 'slot',
        record: {
          ...source,
          paneStartMs: pane.startMs,
          segmentation: cell.segmentation,
          segment: cell.segment,
          part: cell.part,
          upTo,
          evicted: cell.evicted,
          firstOffset: told ? pane.firstOffset : -1,
          lastOffset: told ? pane.lastOffset : -1,
          tracks: packTracks(cell.tracks, [...cell.tracks.keys()].sort()),
        },
      });
      cell.dirty = false;
      cell.upTo = upTo;
    }
  }
  return outputs;
}

/** Forgets the panes that are closed; call it after their slots are on the log. */
export function dropClosed(panes: Panes<Tracks>, spec: ServiceSpec): void {
  for (const startMs of closedPanes(panes, spec.windows)) panes.open.delete(startMs);
}

const READ_MAX = 5_000;

/** Reads this source's slots and marks back: the highest upTo by any writer holds (rules R4, R6). */
export async function restoreSource(
  runtime: Runtime,
  source: SourceId,
  panes: Panes<Tracks>,
  heartbeat: Heartbeat,
): Promise<Mark | null> {
  const topic = runtime.topics.slots;
  const partition = slotsPartitionOf(source.service, partitionsOf(runtime, topic));
  const { first, next } = await runtime.log.ends(topic, partition);
  const best = new Map<string, Slot>();
  let mark: Mark | null = null;
  const isOwn = (found: { service: string; topic: string; partition: number }): boolean =>
    found.service === source.service && found.topic === source.topic && found.partition === source.partition;
  for (let at = first; at < next; ) {
    const records = await runtime.log.read(topic, partition, at, READ_MAX, 500);
    if (records.length === 0) break;
    for (const record of records) {
      at = record.offset + 1;
      const found = decodeSlots(record);
      if (found?.type === 'mark' && isOwn(found.mark) && found.mark.upTo >= (mark?.upTo ?? -1))
        mark = found.mark;
      if (found?.type !== 'slot' || !isOwn(found.slot)) continue;
      const { slot } = found;
      const key = `${slot.paneStartMs}|${slot.segmentation}|${slot.part}|${slot.segment}`;
      if (slot.upTo >= (best.get(key)?.upTo ?? -1)) best.set(key, slot);
    }
    await heartbeat();
  }
  for (const slot of best.values()) adopt(panes, slot);
  return mark;
}

function adopt(panes: Panes<Tracks>, slot: Slot): void {
  let pane = panes.open.get(slot.paneStartMs);
  if (pane === undefined) {
    pane = { startMs: slot.paneStartMs, cells: new Map(), firstOffset: -1, lastOffset: -1 };
    panes.open.set(slot.paneStartMs, pane);
  }
  const cell = cellAt(pane, slot.segmentation, slot.segment, slot.part, () => unpackTracks(slot.tracks));
  cell.upTo = slot.upTo;
  cell.evicted = slot.evicted;
  if (slot.firstOffset < 0) return;
  pane.firstOffset = pane.firstOffset < 0 ? slot.firstOffset : Math.min(pane.firstOffset, slot.firstOffset);
  pane.lastOffset = Math.max(pane.lastOffset, slot.lastOffset);
}
