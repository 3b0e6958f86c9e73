import type { Kafka } from 'kafkajs';
import { messageOf, TelltaleError } from '../errors.ts';

/** A topic as it shall be created. */
export interface KafkaTopic {
  name: string;
  partitions: number;
  replication: number;
  config: Record<string, string>;
}

export interface KafkaTopicAdmin {
  /** Names of all topics. */
  list(): Promise<string[]>;
  /** Creates those that do not exist and returns their names; the others stay as they are. */
  create(topics: KafkaTopic[]): Promise<string[]>;
  close(): Promise<void>;
}

/** Listing and creating topics. Connects with the first call; rejects with `broker_unavailable`. */
export function createTopicAdmin(kafka: Kafka): KafkaTopicAdmin {
  const admin = kafka.admin();
  const connected = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      await admin.connect();
      return await work();
    } catch (error) {
      throw new TelltaleError('broker_unavailable', messageOf(error), { cause: error });
    }
  };
  return {
    list: () => connected(() => admin.listTopics()),
    create: (topics) =>
      connected(async () => {
        const created: string[] = [];
        // One by one: kafkajs says of a whole request only that some topic existed.
        for (const { name, partitions, replication, config } of topics) {
          const configEntries = Object.entries(config).map(([key, value]) => ({ name: key, value }));
          const isNew = await admin.createTopics({
            waitForLeaders: true,
            topics: [
              { topic: name, numPartitions: partitions, replicationFactor: replication, configEntries },
            ],
          });
          if (isNew) created.push(name);
        }
        return created;
      }),
    close: () => admin.disconnect(),
  };
}
