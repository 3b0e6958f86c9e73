/**
 * A broker that can do what Kafka can do to us: records of a batch land in some partitions and not in others, twice,
 * compaction takes superseded records out of the middle, and a commit is refused to whoever is not the owner.
 */

import { TelltaleError } from '../../../src/errors.ts';
import { partitionOf } from '../../../src/log/partition.ts';
import type { Position } from '../../../src/log/port.ts';
import type { Append, LogRecord } from '../../../src/records.ts';

interface Partition {
  records: LogRecord[];
  next: number;
}

export interface Owner {
  process: number;
  generation: number;
}

export interface Broker {
  createTopic(name: string, partitions: number): void;
  partitions(topic: string): number;
  append(batch: readonly Append[], timestampMs: number): void;
  next(topic: string, partition: number): number;
  read(topic: string, partition: number, from: number, recordsMax: number): LogRecord[];
  /** Keeps of the records up to `upTo` only the last of each key. */
  compact(topic: string, partition: number, upTo: number): void;
  commit(owner: Owner, topic: string, partition: number, position: Position): void;
  committed(topic: string, partition: number): Position;
  /** Who may commit, by topic/partition. */
  owners: Map<string, Owner>;
}

export function createBroker(): Broker {
  const topics = new Map<string, Partition[]>();
  const commits = new Map<string, Position>();
  const owners = new Map<string, Owner>();
  const at = (topic: string, partition: number): Partition => {
    const found = topics.get(topic)?.[partition];
    if (found === undefined) throw new TelltaleError('topic_missing', `${topic}/${partition}`);
    return found;
  };
  return {
    owners,
    createTopic: (name, partitions) => {
      topics.set(
        name,
        Array.from({ length: partitions }, () => ({ records: [], next: 0 })),
      );
    },
    partitions: (topic) => topics.get(topic)?.length ?? 0,
    append: (batch, timestampMs) => {
      for (const { topic, partition, key, value, headers } of batch) {
        const count = topics.get(topic)!.length;
        const index = partition ?? (key === null ? 0 : partitionOf(key, count));
        const target = at(topic, index);
        target.records.push({
          topic,
          partition: index,
          offset: target.next++,
          timestampMs,
          key: key === null ? null : Buffer.from(key),
          value,
          headers: Object.fromEntries(
            Object.entries(headers ?? {}).map(([name, content]) => [name, Buffer.from(content)]),
          ),
        });
      }
    },
    next: (topic, partition) => at(topic, partition).next,
    read: (topic, partition, from, recordsMax) => {
      const { records } = at(topic, partition);
      let [low, high] = [0, records.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (records[middle]!.offset < from) low = middle + 1;
        else high = middle;
      }
      return records.slice(low, low + recordsMax);
    },
    compact: (topic, partition, upTo) => {
      const target = at(topic, partition);
      const last = new Map<string, number>();
      for (const { key, offset } of target.records) if (offset <= upTo) last.set(String(key), offset);
      target.records = target.records.filter(
        ({ key, offset }) => offset > upTo || last.get(String(key)) === offset,
      );
    },
    commit: (owner, topic, partition, position) => {
      const now = owners.get(`${topic}/${partition}`);
      if (now?.process !== owner.process || now.generation !== owner.generation)
        throw new Error(`ILLEGAL_GENERATION ${topic}/${partition}`);
      commits.set(`${topic}/${partition}`, position);
    },
    committed: (topic, partition) => commits.get(`${topic}/${partition}`) ?? { offset: null, metadata: '' },
  };
}
