/** The tracks of one window, by segment, merged over sources, panes and parts. */

import { mergeSlotTracks, type Tracks, unpackTracks } from '../profile/registry.ts';
import type { ServiceSpec } from '../records.ts';
import { OTHER_SEGMENT, WHOLE } from '../window/panes.ts';
import { segmentsToDrop } from '../window/segments.ts';
import type { Slot } from './messages.ts';

export interface StoredSlot {
  slot: Slot;
  /** Where it stands in the log. */
  offset: number;
}

/** Slots of one source group: pane -> slot key -> the slot with the highest upTo. */
export type GroupSlots = Map<number, Map<string, StoredSlot>>;

/** Whether something of the window became known since the revision before. */
export function isNews(
  spec: ServiceSpec,
  panes: ReadonlyMap<number, ReadonlyMap<string, StoredSlot>>,
  endMs: number,
  revision: number,
): boolean {
  for (const [startMs, cells] of panes) {
    if (startMs >= endMs || startMs < endMs - spec.windows.sizeMs) continue;
    for (const { slot } of cells.values()) if (slot.maturity === revision) return true;
  }
  return false;
}

/**
 * Segment -> tracks of the window that ends at `endMs`, of what had become known by the revision
 * `maturityMax`; '*' first, then the segments in order. '*' is the
 * merge of the first segmentation's segments, since each splits the whole traffic. Rule R4: sources are merged in
 * sorted order.
 *
 * @param partsMax parts of the slots from this one on are left out
 */
export function mergeWindow(
  spec: ServiceSpec,
  panes: ReadonlyMap<number, ReadonlyMap<string, StoredSlot>>,
  endMs: number,
  maturityMax: number,
  partsMax = Number.POSITIVE_INFINITY,
): Map<string, Tracks> {
  const bySegmentation = new Map<number, Map<string, Tracks>>();
  const starts = [...panes.keys()].filter((start) => start < endMs && start >= endMs - spec.windows.sizeMs);
  for (const start of starts.sort((a, b) => a - b)) {
    const cells = panes.get(start)!;
    for (const key of [...cells.keys()].sort()) {
      const { slot } = cells.get(key)!;
      if (slot.maturity > maturityMax || slot.part >= partsMax) continue;
      let segments = bySegmentation.get(slot.segmentation);
      if (segments === undefined) {
        segments = new Map();
        bySegmentation.set(slot.segmentation, segments);
      }
      // Rule R13: what gave way counts there as a whole.
      into(segments, slot.evictedFrom < 0 ? slot.segment : OTHER_SEGMENT, unpackTracks(slot.tracks));
    }
  }
  const merged = new Map<string, Tracks>([['*', new Map()]]);
  for (const segmentation of [...bySegmentation.keys()].sort((a, b) => a - b)) {
    const segments = bySegmentation.get(segmentation)!;
    if (segmentation === WHOLE) {
      for (const tracks of segments.values()) mergeSlotTracks(merged.get('*')!, tracks);
      continue;
    }
    // Rule R13 again: sources may together know more segments than each alone.
    for (const segment of segmentsToDrop(segments.keys(), spec.limits.segmentsMax)) {
      into(segments, OTHER_SEGMENT, segments.get(segment)!);
      segments.delete(segment);
    }
    for (const segment of [...segments.keys()].sort()) {
      if (segmentation === 0) mergeSlotTracks(merged.get('*')!, segments.get(segment)!);
      const name =
        segment === OTHER_SEGMENT ? `${spec.segments[segmentation]!.join(',')}=${segment}` : segment;
      into(merged, name, segments.get(segment)!);
    }
  }
  return merged;
}

function into(segments: Map<string, Tracks>, segment: string, tracks: Tracks): void {
  const own = segments.get(segment);
  if (own === undefined) segments.set(segment, tracks);
  else mergeSlotTracks(own, tracks);
}
