/** What a sink that remembers knows of a partition before its first record, and where it begins there. */

import type { Heartbeat } from '../log/port.ts';
import type { LogRecord } from '../records.ts';
import type { Delivery, SinkPart } from '../sink/sink.ts';
import { deliveryOf } from './deliveries.ts';
import { readThrough } from './read-through.ts';
import type { Runtime } from './runtime.ts';

/** Stands in the metadata of commits below `historyEnd`, so that a restart knows of it too. */
interface CommitState {
  historyEnd: number;
}

export interface Recalled {
  /** Offset to read from; 'stay': the committed one. */
  from: number | 'stay';
  /** Records below it are older than the sink: only those in `news` are for it. */
  historyEnd: number;
  news: ReadonlySet<number>;
}

export const commitMetadata = (historyEnd: number, next: number): string =>
  next < historyEnd ? JSON.stringify({ historyEnd } satisfies CommitState) : '';

function historyEndOf(metadata: string, committed: number): number {
  try {
    const state = JSON.parse(metadata) as Partial<CommitState> | null;
    return typeof state?.historyEnd === 'number' ? state.historyEnd : committed;
  } catch {
    // Empty, or set by whoever has moved the offsets of the group.
    return committed;
  }
}

/**
 * Restores what was told up to the committed offset. A sink that has never read the partition begins with the alarms that
 * fire now, or with the incidents that are open and told: nobody wants to be woken, one after the other, by all those that the topic still holds.
 */
export async function recall(
  runtime: Runtime,
  where: { group: string; topic: string; partition: number },
  part: SinkPart,
  heartbeat: Heartbeat,
): Promise<Recalled> {
  const { log, topics } = runtime;
  const { group, topic, partition } = where;
  if (topic !== topics.alerts && topic !== topics.incidents)
    return { from: 'stay', historyEnd: 0, news: new Set() };
  const { first, next } = await log.ends(topic, partition);
  const committed = await log.committed(group, topic, partition);
  const { metadata } = committed;
  // Beyond the end: of a topic that was there before this one.
  const offset = committed.offset !== null && committed.offset <= next ? committed.offset : null;
  const historyEnd = offset === null ? next : Math.min(next, historyEndOf(metadata, offset));
  const told = offset ?? first;
  const open = new Map<string, number>();
  await readThrough(log, { topic, partition, from: first, to: historyEnd - 1 }, heartbeat, (record) => {
    const delivery = readable(runtime, record);
    const meaning = delivery && part.meaningOf(delivery);
    if (delivery === null || meaning === null) return;
    const { key, is } = meaning;
    if (record.offset >= told && is !== 'over') {
      if (is === 'open') open.set(key, record.offset);
      return;
    }
    // An end in history also ends what was told before.
    open.delete(key);
    part.restore(delivery, record.timestampMs);
  });
  const news = new Set(open.values());
  return { from: offset === null ? Math.min(historyEnd, ...news) : 'stay', historyEnd, news };
}

/** Null for a tombstone, and for bytes that are no record: whoever read them first has put them aside. */
function readable({ topics, publicIds }: Runtime, record: LogRecord): Delivery | null {
  try {
    return deliveryOf(topics, record, publicIds !== null);
  } catch {
    return null;
  }
}
