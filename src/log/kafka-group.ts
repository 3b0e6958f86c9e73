import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs';
import { messageOf, TelltaleError } from '../errors.ts';
import { GroupPartition, type PartitionContext, type Tenure } from './group-partition.ts';
import { GroupSession } from './group-session.ts';
import type { GroupTimes, KafkaLogger } from './kafka-client.ts';
import { isFenced, type KafkaCoordinator, type MemberIdentity } from './kafka-coordinator.ts';
import { type KafkaReader, logRecord } from './kafka-reader.ts';
import type { FetchedBatch, KafkajsError } from './kafkajs-internals.ts';
import { PartitionSlot } from './partition-slot.ts';
import type { Group, GroupOptions, Membership } from './port.ts';

/** How long a partition that was added to a topic may stay unread. */
const METADATA_MAX_AGE_MS = 10_000;
/** A group that one cannot say goodbye to goes on when the session has timed out. */
const GOODBYE_MS_MAX = 3_000;

export interface GroupSurroundings {
  /** Of this member alone: members that share a kafkajs client also share, and clear, their committed offsets. */
  kafka: Kafka;
  reader: Pick<KafkaReader, 'ends' | 'ping'>;
  coordinator: KafkaCoordinator;
  log: KafkaLogger;
  times: GroupTimes;
  instanceId: string | null;
}

/**
 * Joins a group; resolves when the client runs, which is before it has partitions: the group may wait for a member that
 * has died. Rejects with `topic_missing` or `broker_unavailable`.
 */
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
  readonly #times: GroupTimes;
  readonly #reader: GroupSurroundings['reader'];
  readonly #coordinator: KafkaCoordinator;
  readonly #session: GroupSession;
  readonly #consumer: Consumer;
  readonly #context: PartitionContext;
  readonly #slots = new Map<string, PartitionSlot>();
  #parts = new Map<string, GroupPartition>();
  /** Of the assignment that `#parts` are; null when there is none. */
  #identity: MemberIdentity | null = null;
  #timer: NodeJS.Timeout | undefined;
  /** When the coordinator last answered this member. */
  #contactMs = Date.now();
  #left: Promise<void> | null = null;
  #hasFailed = false;

  constructor(options: GroupOptions, surroundings: GroupSurroundings) {
    const { kafka, reader, coordinator, log, times, instanceId } = surroundings;
    this.#options = options;
    this.#log = log;
    this.#times = times;
    this.#reader = reader;
    this.#coordinator = coordinator;
    this.#session = new GroupSession(options, instanceId, coordinator);
    this.#consumer = kafka.consumer({
      groupId: options.group,
      allowAutoTopicCreation: false,
      partitionAssigners: [this.#session.partitionAssigner],
      sessionTimeout: times.sessionTimeoutMs,
      heartbeatInterval: times.heartbeatIntervalMs,
      rebalanceTimeout: times.rebalanceTimeoutMs,
      maxWaitTimeInMs: 200,
      maxBytesPerPartition: 2 * 1024 * 1024,
      metadataMaxAge: METADATA_MAX_AGE_MS,
      retry: { retries: 5, restartOnFailure: async () => this.#left === null },
    });
    this.#context = {
      group: options.group,
      tickMs: options.tickMs,
      times,
      reader: { ends: reader.ends, committed: coordinator.committed },
      log,
      seek: (topic, partition, offset) => this.#consumer.seek({ topic, partition, offset: String(offset) }),
      onFatal: (error) => this.#fatal(error),
    };
  }

  async start(): Promise<void> {
    const { GROUP_JOIN, HEARTBEAT, CRASH, END_BATCH_PROCESS } = this.#consumer.events;
    this.#consumer.on(GROUP_JOIN, ({ payload: { memberAssignment } }) => {
      this.#contactMs = Date.now();
      this.#assign(memberAssignment, this.#session.joined(memberAssignment));
    });
    this.#consumer.on(HEARTBEAT, () => {
      this.#contactMs = Date.now();
    });
    this.#consumer.on(CRASH, ({ payload }) => {
      this.#loseAll();
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
    const running = this.#consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: this.#options.partitionsConcurrentMax,
      eachBatch: (payload) => this.#onBatch(payload),
    });
    running.catch((error: Error) => this.#fatal(error));
    this.#timer = setInterval(() => this.#tick(Date.now()), this.#options.tickMs);
  }

  isMember(): boolean {
    return this.#identity !== null;
  }

  assigned(): { topic: string; partition: number }[] {
    return [...this.#parts.values()].map(({ topic, partition }) => ({ topic, partition }));
  }

  leave(): Promise<void> {
    this.#left ??= this.#leave();
    return this.#left;
  }

  #tick(nowMs: number): void {
    for (const part of this.#parts.values()) void part.tick(nowMs);
    void this.#checkContact(nowMs);
  }

  /** A client that hangs, or that never gets into its group, has no partitions that could show it. */
  async #checkContact(nowMs: number): Promise<void> {
    const silentMs = nowMs - this.#contactMs;
    if (silentMs < this.#times.stalledAfterMs) return;
    // Asked once in the time, and a broker that is away is waited for.
    this.#contactMs = nowMs;
    const isAnswered = await this.#reader.ping().then(
      () => true,
      () => false,
    );
    if (isAnswered)
      this.#fatal(
        new Error(`no word between group ${this.#options.group} and its member for ${silentMs} ms`),
      );
  }

  async #leave(): Promise<void> {
    clearInterval(this.#timer);
    const parts = [...this.#parts.values()];
    // Paused, the client goes on with heartbeats only.
    if (parts.length > 0)
      this.#consumer.pause(parts.map(({ topic, partition }) => ({ topic, partitions: [partition] })));
    const flushed = Promise.allSettled(parts.map((part) => part.close()));
    this.#session.end(flushed);
    for (const result of await flushed) {
      if (result.status === 'rejected')
        this.#log.warn({ err: result.reason }, 'a partition could not be flushed; the next owner repeats it');
    }
    await this.#goodbyeInTime();
    this.#loseAll();
  }

  async #goodbyeInTime(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        this.#log.warn({ group: this.#options.group }, 'the client could not leave its group in time');
        resolve();
      }, GOODBYE_MS_MAX);
    });
    await Promise.race([this.#goodbye(), late]);
    clearTimeout(timer);
  }

  /** Never rejects. */
  async #goodbye(): Promise<void> {
    const stopped = this.#consumer.disconnect();
    const results = await Promise.allSettled([stopped, this.#session.withdraw()]);
    for (const result of results) {
      if (result.status === 'rejected')
        this.#log.warn({ err: result.reason }, 'the client could not leave its group');
    }
  }

  #loseAll(): void {
    for (const part of this.#parts.values()) part.lose();
    this.#parts = new Map();
    this.#identity = null;
  }

  /**
   * A partition that stays goes on where it is when nobody can have had it in between, that is from one generation to
   * the next; all others have new handlers.
   */
  #assign(assignment: Record<string, number[]>, identity: MemberIdentity): void {
    const before = this.#parts;
    const step = identity.generation - (this.#identity?.generation ?? -1);
    const isNext = identity.memberId === this.#identity?.memberId && (step === 0 || step === 1);
    this.#parts = new Map();
    this.#identity = identity;
    for (const [topic, partitions] of Object.entries(this.#left === null ? assignment : {})) {
      for (const partition of partitions) {
        const name = nameOf(topic, partition);
        const part = isNext ? before.get(name) : undefined;
        if (part !== undefined) {
          before.delete(name);
          part.stay(identity);
        }
        this.#parts.set(name, part ?? this.#take(topic, partition, identity));
      }
    }
    for (const part of before.values()) part.lose();
  }

  #take(topic: string, partition: number, identity: MemberIdentity): GroupPartition {
    const name = nameOf(topic, partition);
    const slot = this.#slots.get(name) ?? new PartitionSlot();
    this.#slots.set(name, slot);
    const { handlerFor } = this.#options;
    return new GroupPartition(topic, partition, this.#context, slot, identity, (tenure) =>
      handlerFor(topic, partition, { commit: (...position) => this.#commit(tenure, position) }),
    );
  }

  async #commit(tenure: Tenure, position: Parameters<Membership['commit']>): Promise<void> {
    for (;;) {
      if (tenure.isLost()) throw new Error(`${nameOf(position[0], position[1])} is not assigned any more`);
      const identity = tenure.identity();
      try {
        await this.#coordinator.commit(identity, ...position);
        return;
      } catch (error) {
        // Refused in the name of a generation that the partition has since outlived with this member.
        if (isFenced(error) && identity !== tenure.identity()) continue;
        if (isFenced(error)) tenure.refused(error);
        throw error;
      }
    }
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
    const message = `group ${this.#options.group}: ${messageOf(error)}`;
    this.#options.onFatal(
      error instanceof TelltaleError ? error : new TelltaleError('group_failed', message, { cause: error }),
    );
  }
}
