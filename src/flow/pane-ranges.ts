/** Which offsets the closed panes of a service were read from: the data of a request for retraining. */

import type { OffsetRange, StreamName } from '../records.ts';
import type { GroupSlots } from './merge-window.ts';

/** Offsets of one source in one closed pane, for the data of a retrain event. */
export interface PaneRange {
  stream: StreamName;
  topic: string;
  partition: number;
  paneStartMs: number;
  fromOffset: number;
  toOffset: number;
}

/** So many pane ranges are remembered for each service; older ones are forgotten first. */
const RANGES_MAX = 20_000;

/** Takes the sources of the panes that end in (from, to]. */
export function keepRanges(
  ranges: PaneRange[],
  panes: GroupSlots,
  from: number,
  to: number,
  hopMs: number,
): void {
  for (const [startMs, cells] of panes) {
    if (startMs + hopMs <= from || startMs + hopMs > to) continue;
    for (const { slot } of cells.values()) {
      if (slot.firstOffset < 0 || slot.group === 'events') continue;
      ranges.push({
        stream: slot.group,
        topic: slot.topic,
        partition: slot.partition,
        paneStartMs: startMs,
        fromOffset: slot.firstOffset,
        toOffset: slot.lastOffset,
      });
    }
  }
  if (ranges.length > RANGES_MAX) ranges.splice(0, ranges.length - RANGES_MAX);
}

/** Offset ranges of the panes that overlap [fromMs, toMs), one for each partition, in a fixed order. */
export function rangesOf(
  ranges: readonly PaneRange[],
  hopMs: number,
  fromMs: number,
  toMs: number,
): OffsetRange[] {
  const bySource = new Map<string, OffsetRange>();
  for (const range of ranges) {
    if (range.paneStartMs >= toMs || range.paneStartMs + hopMs <= fromMs) continue;
    const key = `${range.topic}/${String(range.partition).padStart(6, '0')}`;
    const known = bySource.get(key);
    if (known === undefined) {
      const { stream, topic, partition, fromOffset, toOffset } = range;
      bySource.set(key, { stream, topic, partition, fromOffset, toOffset });
    } else {
      known.fromOffset = Math.min(known.fromOffset, range.fromOffset);
      known.toOffset = Math.max(known.toOffset, range.toOffset);
    }
  }
  return [...bySource.keys()].sort().map((key) => bySource.get(key)!);
}
