import type { IHeaders, Kafka, KafkaMessage } from 'kafkajs';
import { messageOf, TelltaleError } from '../errors.ts';
import type { LogRecord } from '../records.ts';
import {
  Batch,
  type Cluster,
  createCluster,
  type KafkajsError,
  READ_COMMITTED,
} from './kafkajs-internals.ts';
import type { Log } from './port.ts';

/** How long a partition that was added to a topic may stay unseen. */
export const METADATA_MAX_AGE_MS = 60_000;
const FETCH_BYTES_MAX = 4 * 1024 * 1024;
const FETCH_BYTES_MIN = 64 * 1024;
/** A guess that bounds how much more than `recordsMax` small records are fetched. */
const RECORD_BYTES_GUESS = 1_024;
const ATTEMPTS = 6;
const STALE = new Set([
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_FOR_PARTITION',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'NOT_COORDINATOR_FOR_GROUP',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'GROUP_LOAD_IN_PROGRESS',
]);

/** Reading below groups: metadata, offsets and records of single partitions. */
export type KafkaReader = Pick<Log, 'partitions' | 'ends' | 'read' | 'committed' | 'close'> & {
  ping(): Promise<void>;
};

/**
 * A broker answers the requests of a connection one after the other, so a read that waits for records would hold up
 * all others. Each running read therefore has connections of its own, which later reads use again.
 */
export function createReader(kafka: Kafka): KafkaReader {
  const idle: Cluster[] = [];
  const all = new Set<Cluster>();

  const withCluster = async <T>(work: (cluster: Cluster) => Promise<T>): Promise<T> => {
    const cluster = idle.pop() ?? createCluster(kafka, METADATA_MAX_AGE_MS);
    all.add(cluster);
    try {
      const result = await retried(cluster, work);
      idle.push(cluster);
      return result;
    } catch (error) {
      // Its cached metadata may be what is wrong; the next one starts afresh.
      all.delete(cluster);
      await cluster.disconnect().catch(() => undefined);
      throw error;
    }
  };

  return {
    partitions: (topics) =>
      withCluster(async (cluster) => {
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
      withCluster(async (cluster) => {
        await leaderOf(cluster, topic, partition);
        const at = async (fromBeginning: boolean) => {
          const request = { topic, fromBeginning, partitions: [{ partition }] };
          return Number((await cluster.fetchTopicsOffset([request]))[0]!.partitions[0]!.offset);
        };
        return { first: await at(true), next: await at(false) };
      }),
    read: (topic, partition, from, recordsMax, waitMs) =>
      withCluster((cluster) => read(cluster, topic, partition, from, recordsMax, waitMs)),
    committed: (group, topic, partition) =>
      withCluster(async (cluster) => {
        const coordinator = await cluster.findGroupCoordinator({ groupId: group });
        const { responses } = await coordinator.offsetFetch({
          groupId: group,
          topics: [{ topic, partitions: [{ partition }] }],
        });
        const found = responses[0]!.partitions[0]!;
        const offset = Number(found.offset);
        // -1: nothing; -2: kafkajs found its offset out of range and committed "from the beginning".
        return { offset: offset < 0 ? null : offset, metadata: found.metadata ?? '' };
      }),
    ping: () => withCluster(async (cluster) => void (await cluster.refreshMetadata())),
    close: async () => {
      await Promise.all([...all].map((cluster) => cluster.disconnect()));
      all.clear();
      idle.length = 0;
    },
  };
}

async function retried<T>(cluster: Cluster, work: (cluster: Cluster) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      if (!cluster.isConnected()) await cluster.connect();
      return await work(cluster);
    } catch (error) {
      if (error instanceof TelltaleError) throw error;
      const { type, name } = error as KafkajsError;
      const worthIt = STALE.has(type ?? '') || name.startsWith('KafkaJSConnection');
      if (!worthIt || attempt === ATTEMPTS) throw wrapped(error);
      // kafkajs waits between its own attempts to reach a broker, so this does not spin.
      await cluster.refreshMetadata().catch(() => undefined);
    }
  }
}

function wrapped(error: unknown): TelltaleError {
  const missing = (error as KafkajsError).type === 'UNKNOWN_TOPIC_OR_PARTITION';
  return new TelltaleError(missing ? 'topic_missing' : 'broker_unavailable', messageOf(error), {
    cause: error,
  });
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
