/** Slots of a source that stand on the log, for a take-over. */

import type { Heartbeat } from '../log/port.ts';
import type { Tracks } from '../profile/registry.ts';
import type { LogRecord, ServiceSpec } from '../records.ts';
import { isLate, type Panes } from '../window/panes.ts';
import { settleSegments } from '../window/segments.ts';
import type { Slot } from './messages.ts';
import { adopt, type SourceId } from './pane-slots.ts';
import { readThrough } from './read-through.ts';
import { partitionsOf, type Runtime, slotsPartitionOf } from './runtime.ts';
import { slotKeyPrefix } from './slot-keys.ts';
import { decodeSlots } from './wire.ts';

/** The end of the partition of `slots` that a service's slots go to. */
export async function slotsEndOf(runtime: Runtime, service: string): Promise<number> {
  const topic = runtime.topics.slots;
  return (await runtime.log.ends(topic, slotsPartitionOf(service, partitionsOf(runtime, topic)))).next;
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
