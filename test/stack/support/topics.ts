import { randomBytes } from 'node:crypto';
import { Kafka, type KafkaMessage, logLevel } from 'kafkajs';

export interface TopicSpec {
  readonly topic: string;
  /** 1 when absent. */
  readonly partitions?: number;
  /** Kafka's own keys, e.g. `cleanup.policy`. */
  readonly config?: Readonly<Record<string, string>>;
}

/** A prefix for topics, groups, subjects or databases that no other test and no earlier run has used. */
export function uniquePrefix(name: string): string {
  return `test-${name}-${randomBytes(4).toString('hex')}`;
}

/** A kafkajs client that is silent and gives up soon; codecs are the business of whoever registers them. */
export function testClient(brokers: string): Kafka {
  return new Kafka({
    clientId: 'telltale-test',
    brokers: brokers.split(','),
    logLevel: logLevel.NOTHING,
    retry: { retries: 5 },
  });
}

/** Creates topics and waits until every partition has a leader. */
export async function createTopics(brokers: string, specs: readonly TopicSpec[]): Promise<void> {
  const admin = testClient(brokers).admin();
  await admin.connect();
  try {
    await admin.createTopics({
      waitForLeaders: true,
      topics: specs.map(({ topic, partitions = 1, config = {} }) => ({
        topic,
        numPartitions: partitions,
        replicationFactor: 1,
        configEntries: Object.entries(config).map(([name, value]) => ({ name, value })),
      })),
    });
  } finally {
    await admin.disconnect();
  }
}

/** Gives a topic more partitions, `count` in all. */
export async function addPartitions(brokers: string, topic: string, count: number): Promise<void> {
  const admin = testClient(brokers).admin();
  await admin.connect();
  try {
    await admin.createPartitions({ topicPartitions: [{ topic, count }] });
  } finally {
    await admin.disconnect();
  }
}

/** Deletes every topic that starts with `prefix`. */
export async function deleteTopics(brokers: string, prefix: string): Promise<void> {
  const admin = testClient(brokers).admin();
  await admin.connect();
  try {
    const topics = (await admin.listTopics()).filter((topic) => topic.startsWith(prefix));
    if (topics.length > 0) await admin.deleteTopics({ topics });
  } finally {
    await admin.disconnect();
  }
}

export interface Read {
  partition: number;
  offset: number;
  key: Buffer | null;
  value: Buffer | null;
}

/** Reads `count` uncompressed records with kafkajs in a group of its own, ordered by partition and offset. */
export async function readWithKafkajs(
  brokers: string,
  groupId: string,
  topic: string,
  count: number,
): Promise<Read[]> {
  const consumer = testClient(brokers).consumer({ groupId, maxBytesPerPartition: 8_000_000 });
  const records: Read[] = [];
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await new Promise<void>((settle, fail) => {
    const eachMessage = async ({ partition, message }: { partition: number; message: KafkaMessage }) => {
      const { offset, key, value } = message;
      records.push({ partition, offset: Number(offset), key, value });
      if (records.length === count) settle();
    };
    consumer.run({ autoCommit: false, eachMessage }).catch(fail);
  });
  await consumer.disconnect();
  return records.sort((a, b) => a.partition - b.partition || a.offset - b.offset);
}
