import type { IHeaders, KafkaMessage } from 'kafkajs';
import { TelltaleError } from '../errors.ts';
import type { LogRecord } from '../records.ts';
import type { Connections } from './kafka-connections.ts';
import { Batch, type Cluster, type KafkajsError, READ_COMMITTED } from './kafkajs-internals.ts';
import type { Log } from './port.ts';

const FETCH_BYTES_MAX = 4 * 1024 * 1024;
const FETCH_BYTES_MIN = 64 * 1024;
/** A guess that bounds how much more than `recordsMax` small records are fetched. */
const RECORD_BYTES_GUESS = 1_024;

/** Reading below groups: metadata, offsets and records of single partitions. */
export type KafkaReader = Pick<Log, 'partitions' | 'ends' | 'read'> & { ping(): Promise<void> };

export function createReader({ use }: Connections): KafkaReader {
  return {
    partitions: (topics) =>
      use(async (cluster) => {
        await cluster.refreshMetadata();
        const broker = await cluster.findControllerBroker();
        // Asking for all: kafkajs refuses the whole answer when one of the named topics does not exist.
        const { topicMetadata } = await broker.metadata([]);
        const wanted = new Set(topics);
        return new Map(
          topicMetadata
            .filter(({ topic }) => wanted.has(topic))
            .map(({ topic, partitionMetadata }) => [topic, partitionMetadata.length]),
        );
      }),
    ends: (topic, partition) =>
      use(async (cluster) => {
        await leaderOf(cluster, topic, partition);
        const at = async (fromBeginning: boolean) => {
          const request = { topic, fromBeginning, partitions: [{ partition }] };
          return Number((await cluster.fetchTopicsOffset([request]))[0]!.partitions[0]!.offset);
        };
        return { first: await at(true), next: await at(false) };
      }),
    read: (topic, partition, from, recordsMax, waitMs) =>
      use((cluster) => read(cluster, topic, partition, from, recordsMax, waitMs)),
    ping: () => use(async (cluster) => void (await cluster.refreshMetadata())),
  };
}

async function leaderOf(cluster: Cluster, topic: string, partition: number): Promise<string> {
  await cluster.addMultipleTargetTopics([topic]);
  await cluster.refreshMetadataIfNecessary();
  const known = Object.keys(cluster.findLeaderForPartitions(topic, [partition]));
  if (known.length > 0) return known[0]!;
  // The partition may have been added since.
  await cluster.refreshMetadata();
  const nodeId = Object.keys(cluster.findLeaderForPartitions(topic, [partition]))[0];
  if (nodeId === undefined)
    throw new TelltaleError('topic_missing', `topic ${topic}, partition ${partition}`);
  return nodeId;
}

async function read(
  cluster: Cluster,
  topic: string,
  partition: number,
  from: number,
  recordsMax: number,
  waitMs: number,
): Promise<LogRecord[]> {
  const nodeId = await leaderOf(cluster, topic, partition);
  const broker = await cluster.findBroker({ nodeId });
  const maxBytes = Math.min(FETCH_BYTES_MAX, Math.max(FETCH_BYTES_MIN, recordsMax * RECORD_BYTES_GUESS));
  for (let offset = from; ; ) {
    let answer: Awaited<ReturnType<typeof broker.fetch>>;
    try {
      answer = await broker.fetch({
        isolationLevel: READ_COMMITTED,
        maxWaitTime: waitMs,
        minBytes: 1,
        maxBytes,
        topics: [{ topic, partitions: [{ partition, fetchOffset: String(offset), maxBytes }] }],
      });
    } catch (error) {
      if ((error as KafkajsError).type !== 'OFFSET_OUT_OF_RANGE') throw error;
      const first = await firstOffset(cluster, topic, partition);
      // Beyond the end: there are none yet.
      if (first <= offset) return [];
      offset = first;
      continue;
    }
    const data = answer.responses[0]?.partitions[0];
    if (!data) return [];
    const batch = new Batch(topic, String(offset), data);
    if (batch.messages.length > 0)
      return batch.messages.map((message) => logRecord(topic, partition, message));
    // Only control records, or aborted ones: what follows them is what was asked for.
    if (!batch.isEmptyDueToFiltering()) return [];
    offset = Number(batch.lastOffset()) + 1;
  }
}

async function firstOffset(cluster: Cluster, topic: string, partition: number): Promise<number> {
  const request = { topic, fromBeginning: true, partitions: [{ partition }] };
  return Number((await cluster.fetchTopicsOffset([request]))[0]!.partitions[0]!.offset);
}

/** A record as the rest of Telltale sees it. */
export function logRecord(topic: string, partition: number, message: KafkaMessage): LogRecord {
  return {
    topic,
    partition,
    offset: Number(message.offset),
    timestampMs: Number(message.timestamp),
    key: message.key,
    value: message.value,
    headers: headersOf(message.headers),
  };
}

/** A name that occurs more than once counts as in Java's `lastHeader`. */
function headersOf(headers: IHeaders | undefined): Record<string, Buffer> {
  const result: Record<string, Buffer> = {};
  for (const [name, value] of Object.entries(headers ?? {})) {
    const last = Array.isArray(value) ? value.at(-1) : value;
    result[name] = typeof last === 'string' ? Buffer.from(last) : (last ?? Buffer.alloc(0));
  }
  return result;
}
