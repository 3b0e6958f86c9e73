import { assert, TelltaleError } from '../errors.ts';
import type { Append, LogRecord } from '../records.ts';
import { partitionOf } from './partition.ts';
import type { Log, Position } from './port.ts';

/** The embedded log: one process, nothing outlives it. */
export interface MemoryLog extends Log {
  /** Creates a topic of `partitions` >= 1; one that exists stays as it is. */
  createTopic(name: string, partitions: number): void;
  topics(): string[];
  commit(group: string, topic: string, partition: number, offset: number, metadata: string): void;
  /** Forgets the records below `beforeOffset`, so that a long run does not grow without bound. */
  trim(topic: string, partition: number, beforeOffset: number): void;
}

interface Partition {
  /** Offset of `records[0]`. */
  first: number;
  records: LogRecord[];
}

interface Topic {
  partitions: Partition[];
  /** Where the next record without a key goes. */
  turn: number;
}

/** An empty embedded log. `now` gives the log's time stamps in ms; the system clock when absent. */
export function createMemoryLog(options: { now?: () => number } = {}): MemoryLog {
  const now = options.now ?? Date.now;
  const topics = new Map<string, Topic>();
  const commits = new Map<string, Position>();

  const partitionAt = (topic: string, partition: number): Partition => {
    const found = topics.get(topic)?.partitions[partition];
    if (!found) throw new TelltaleError('topic_missing', `topic ${topic}, partition ${partition}`);
    return found;
  };
  const nextOf = ({ first, records }: Partition): number => first + records.length;

  const place = (record: Append): { partition: number; target: Partition } => {
    const topic = topics.get(record.topic);
    if (!topic) throw new TelltaleError('log_failed', `topic ${record.topic} does not exist`);
    const count = topic.partitions.length;
    const partition =
      record.partition ?? (record.key === null ? topic.turn++ % count : partitionOf(record.key, count));
    const target = topic.partitions[partition];
    if (!target) throw new TelltaleError('log_failed', `topic ${record.topic} has no partition ${partition}`);
    return { partition, target };
  };

  return {
    createTopic: (name, partitions) => {
      assert(Number.isInteger(partitions) && partitions >= 1, `${name}: ${partitions} partitions`);
      if (topics.has(name)) return;
      const empty = Array.from({ length: partitions }, (): Partition => ({ first: 0, records: [] }));
      topics.set(name, { partitions: empty, turn: 0 });
    },
    topics: () => [...topics.keys()],
    partitions: async (names) => {
      const known = names.filter((name) => topics.has(name));
      return new Map(known.map((name) => [name, topics.get(name)!.partitions.length]));
    },
    ends: async (topic, partition) => {
      const found = partitionAt(topic, partition);
      return { first: found.first, next: nextOf(found) };
    },
    append: async (batch) => {
      // All are placed before any is written: a batch that cannot be written leaves nothing behind.
      const placed = batch.map((record) => ({ record, ...place(record) }));
      for (const { record, partition, target } of placed) {
        target.records.push(recordOf(record, partition, nextOf(target), now()));
      }
    },
    read: async (topic, partition, from, recordsMax) => {
      const { first, records } = partitionAt(topic, partition);
      const start = Math.max(0, from - first);
      return records.slice(start, start + recordsMax);
    },
    committed: async (group, topic, partition) =>
      commits.get(commitKey(group, topic, partition)) ?? { offset: null, metadata: '' },
    commit: (group, topic, partition, offset, metadata) => {
      commits.set(commitKey(group, topic, partition), { offset, metadata });
    },
    trim: (topic, partition, beforeOffset) => {
      const found = partitionAt(topic, partition);
      const count = Math.min(found.records.length, Math.max(0, beforeOffset - found.first));
      found.records.splice(0, count);
      found.first += count;
    },
    close: async () => undefined,
  };
}

function commitKey(group: string, topic: string, partition: number): string {
  return JSON.stringify([group, topic, partition]);
}

/** Copies nothing that is a buffer already: who appends gives it away. */
function recordOf(append: Append, partition: number, offset: number, timestampMs: number): LogRecord {
  const headers: Record<string, Buffer> = {};
  for (const [name, value] of Object.entries(append.headers ?? {})) headers[name] = bytesOf(value);
  const key = append.key === null ? null : bytesOf(append.key);
  return { topic: append.topic, partition, offset, timestampMs, key, value: append.value, headers };
}

function bytesOf(value: string | Buffer): Buffer {
  return typeof value === 'string' ? Buffer.from(value) : value;
}
