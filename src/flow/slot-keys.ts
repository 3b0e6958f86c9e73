/** The keys of slots on their topic. */

import type { Slot } from './messages.ts';

/** Rule R6: the writer is part of the key, so that compaction never keeps a zombie's stale slot. */
export const slotKey = (slot: Slot): string =>
  slotKeyPrefix(slot) +
  [slot.paneStartMs, slot.segmentation, slot.segment, slot.part, slot.maturity, slot.writer].join('|');

/** How the keys of all slots of a source begin. */
export const slotKeyPrefix = (source: { service: string; topic: string; partition: number }): string =>
  `slot|${source.service}|${source.topic}/${source.partition}|`;
