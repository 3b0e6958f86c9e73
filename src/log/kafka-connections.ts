import { setTimeout as delay } from 'node:timers/promises';
import type { Kafka } from 'kafkajs';
import { messageOf, TelltaleError } from '../errors.ts';
import { type Cluster, createCluster, type KafkajsError } from './kafkajs-internals.ts';

/** How long a partition that was added to a topic may stay unseen. */
export const METADATA_MAX_AGE_MS = 60_000;
const ATTEMPTS = 6;
/** Doubled with each attempt: about 6 s in all, in which a broker that has just started loads its groups. */
const STALE_PAUSE_MS = 200;
const STALE = new Set([
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_FOR_PARTITION',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'NOT_COORDINATOR_FOR_GROUP',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'GROUP_LOAD_IN_PROGRESS',
]);

export interface Connections {
  /** Runs work on connections that nothing else uses meanwhile. Rejects with `topic_missing` or `broker_unavailable`. */
  use<T>(work: (cluster: Cluster) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/**
 * A broker answers the requests of a connection one after the other, so one that waits (for records, for the members of
 * a group) would hold up all others. Each running piece of work therefore has connections of its own, which later work
 * uses again.
 */
export function createConnections(kafka: Kafka): Connections {
  const idle: Cluster[] = [];
  const all = new Set<Cluster>();
  return {
    use: async (work) => {
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
    },
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
      const isStale = STALE.has(type ?? '');
      const worthIt = isStale || name.startsWith('KafkaJSConnection');
      if (!worthIt || attempt === ATTEMPTS) throw wrapped(error);
      // Between attempts to reach a broker kafkajs waits by itself.
      if (isStale) await delay(STALE_PAUSE_MS * 2 ** (attempt - 1));
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
