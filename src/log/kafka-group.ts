import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs';
import { messageOf, TelltaleError } from '../errors.ts';
import { GroupPartition, type PartitionContext, PartitionSlot } from './group-partition.ts';
import type { KafkaLogger } from './kafka-client.ts';
import { logRecord, METADATA_MAX_AGE_MS } from './kafka-reader.ts';
import type { FetchedBatch, KafkajsError } from './kafkajs-internals.ts';
import type { Group, GroupOptions, Log, Membership } from './port.ts';

export interface GroupSurroundings {
  /** Of this member alone: members that share a kafkajs client also share, and clear, their committed offsets. */
  kafka: Kafka;
  reader: Pick<Log, 'ends' | 'committed'>;
  log: KafkaLogger;
  deadAfterMs: number;
}

/** Joins a group; resolves when the client runs. Rejects with `topic_missing` or `broker_unavailable`. */
export async function joinGroup(options: GroupOptions, surroundings: GroupSurroundings): Promise<Group> {
  const member = new GroupMember(options, surroundings);
  await member.start();
  return member;
}

function nameOf(topic: string, partition: number): string {
  return `${topic}/${partition}`;
}

class GroupMember implements Group {
  readonly #options: GroupOptions;
  readonly #log: KafkaLogger;
  readonly #consumer: Consumer;
  readonly #context: PartitionContext;
  readonly #slots = new Map<string, PartitionSlot>();
  #parts = new Map<string, GroupPartition>();
  #timer: NodeJS.Timeout | undefined;
  #left: Promise<void> | null = null;
  #hasFailed = false;

  constructor(options: GroupOptions, { kafka, reader, log, deadAfterMs }: GroupSurroundings) {
    this.#options = options;
    this.#log = log;
    this.#consumer = kafka.consumer({
      groupId: options.group,
      allowAutoTopicCreation: false,
      sessionTimeout: 30_000,
      heartbeatInterval: 3_000,
      rebalanceTimeout: 60_000,
      maxWaitTimeInMs: 200,
      maxBytesPerPartition: 2 * 1024 * 1024,
      metadataMaxAge: METADATA_MAX_AGE_MS,
      retry: { retries: 5, restartOnFailure: async () => this.#left === null },
    });
    this.#context = {
      group: options.group,
      tickMs: options.tickMs,
      deadAfterMs,
      reader,
      log,
      seek: (topic, partition, offset) => this.#consumer.seek({ topic, partition, offset: String(offset) }),
      onFatal: (error) => this.#fatal(error),
    };
  }

  async start(): Promise<void> {
    const { GROUP_JOIN, CRASH, END_BATCH_PROCESS } = this.#consumer.events;
    this.#consumer.on(GROUP_JOIN, ({ payload }) => this.#assign(payload.memberAssignment));
    this.#consumer.on(CRASH, ({ payload }) => {
      this.#assign({});
      if (!payload.restart) this.#fatal(payload.error);
    });
    this.#consumer.on(END_BATCH_PROCESS, ({ payload: { topic, partition, batchSize, lastOffset } }) => {
      if (batchSize === 0) this.#parts.get(nameOf(topic, partition))?.skip(Number(lastOffset));
    });
    try {
      await this.#consumer.connect();
      await this.#consumer.subscribe({ topics: [...this.#options.topics], fromBeginning: true });
    } catch (error) {
      await this.#consumer.disconnect().catch(() => undefined);
      const missing = (error as KafkajsError).type === 'UNKNOWN_TOPIC_OR_PARTITION';
      const message = `group ${this.#options.group}: ${messageOf(error)}`;
      throw new TelltaleError(missing ? 'topic_missing' : 'broker_unavailable', message, { cause: error });
    }
    await this.#consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: this.#options.partitionsConcurrentMax,
      eachBatch: (payload) => this.#onBatch(payload),
    });
    this.#timer = setInterval(() => {
      const nowMs = Date.now();
      for (const part of this.#parts.values()) void part.tick(nowMs);
    }, this.#options.tickMs);
  }

  assigned(): { topic: string; partition: number }[] {
    return [...this.#parts.values()].map(({ topic, partition }) => ({ topic, partition }));
  }

  leave(): Promise<void> {
    this.#left ??= this.#leave();
    return this.#left;
  }

  async #leave(): Promise<void> {
    clearInterval(this.#timer);
    const parts = [...this.#parts.values()];
    // Paused, the client goes on with heartbeats only.
    if (parts.length > 0)
      this.#consumer.pause(parts.map(({ topic, partition }) => ({ topic, partitions: [partition] })));
    const results = await Promise.allSettled(parts.map((part) => part.close()));
    for (const result of results) {
      if (result.status === 'rejected')
        this.#log.warn({ err: result.reason }, 'a partition could not be flushed; the next owner repeats it');
    }
    // Without a goodbye the group goes on when the session has timed out.
    await this.#consumer.disconnect().catch((error: unknown) => {
      this.#log.warn({ err: error }, 'the client could not leave its group');
    });
    this.#assign({});
  }

  /** Each assignment has new handlers, also for partitions that stay: opening is cheap, and one way is enough. */
  #assign(assignment: Record<string, number[]>): void {
    for (const part of this.#parts.values()) part.lose();
    this.#parts = new Map();
    if (this.#left !== null) return;
    for (const [topic, partitions] of Object.entries(assignment)) {
      for (const partition of partitions) this.#take(topic, partition);
    }
  }

  #take(topic: string, partition: number): void {
    const name = nameOf(topic, partition);
    const slot = this.#slots.get(name) ?? new PartitionSlot();
    this.#slots.set(name, slot);
    const { handlerFor } = this.#options;
    const part = new GroupPartition(topic, partition, this.#context, slot, (isLost) =>
      handlerFor(topic, partition, this.#membership(isLost)),
    );
    this.#parts.set(name, part);
  }

  #membership(isLost: () => boolean): Membership {
    return {
      commit: async (topic, partition, offset, metadata) => {
        if (isLost()) throw new Error(`${nameOf(topic, partition)} is not assigned any more`);
        let accepted = false;
        const remove = this.#consumer.on(this.#consumer.events.COMMIT_OFFSETS, ({ payload }) => {
          const same = payload.topics.some(
            (entry) =>
              entry.topic === topic &&
              entry.partitions.some(
                (one) => one.partition === partition && String(one.offset) === String(offset),
              ),
          );
          if (same) accepted = true;
        });
        try {
          await this.#consumer.commitOffsets([{ topic, partition, offset: String(offset), metadata }]);
        } finally {
          remove();
        }
        // A client that is not running leaves the commit out and says nothing.
        if (!accepted) throw new Error(`${nameOf(topic, partition)}: the client is not running`);
      },
    };
  }

  async #onBatch({ batch, resolveOffset, heartbeat, isStale }: EachBatchPayload): Promise<void> {
    const { topic, partition } = batch;
    const part = this.#parts.get(nameOf(topic, partition));
    if (!part) return;
    const lastMessage = batch.messages.at(-1);
    if (!lastMessage) return;
    await part.onBatch({
      fetchedOffset: Number((batch as unknown as FetchedBatch).fetchedOffset),
      lastOffset: Number(batch.lastOffset()),
      highWatermark: Number(batch.highWatermark),
      records: batch.messages.map((message) => logRecord(topic, partition, message)),
      heartbeat,
      isStale,
      // kafkajs steps over trailing control records when the last message of the batch is resolved.
      resolve: () => resolveOffset(lastMessage.offset),
    });
  }

  #fatal(error: Error): void {
    if (this.#hasFailed || this.#left !== null) return;
    this.#hasFailed = true;
    this.#options.onFatal(error);
  }
}
