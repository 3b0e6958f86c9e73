import { TelltaleError } from '../errors.ts';
import type { LogRecord } from '../records.ts';
import type { GroupTimes, KafkaLogger } from './kafka-client.ts';
import { isRebalance, type MemberIdentity } from './kafka-coordinator.ts';
import { keepAlive } from './keep-alive.ts';
import type { PartitionSlot } from './partition-slot.ts';
import type { Heartbeat, Log, PartitionHandler } from './port.ts';

/** The same offset fails this often in a row before the process ends. */
const FAILURES_MAX = 5;
/** The part of the rebalance timeout in which a handler may end its batch when the group assigns anew. */
const REBALANCE_GRACE = 1 / 12;

/** What one partition needs of its group. */
export interface PartitionContext {
  group: string;
  tickMs: number;
  times: Pick<GroupTimes, 'heartbeatIntervalMs' | 'rebalanceTimeoutMs' | 'stalledAfterMs'>;
  reader: Pick<Log, 'ends' | 'committed'>;
  log: KafkaLogger;
  seek(topic: string, partition: number, offset: number): void;
  onFatal(error: Error): void;
}

/** One fetch of one partition, as far as it concerns the handler. */
export interface GroupBatch {
  fetchedOffset: number;
  lastOffset: number;
  highWatermark: number;
  records: readonly LogRecord[];
  heartbeat: Heartbeat;
  /** A seek came after the fetch. */
  isStale(): boolean;
  /** The next fetch begins after `lastOffset`. */
  resolve(): void;
}

/** What a handler's access to its group needs of its partition. */
export interface Tenure {
  isLost(): boolean;
  identity(): MemberIdentity;
  /** The coordinator refused a request: the member or its generation is not the group's any more. */
  refused(error: unknown): void;
}

/** A partition for as long as it is this member's without a break: runs its handler, one call at a time. */
export class GroupPartition {
  readonly topic: string;
  readonly partition: number;
  readonly #context: PartitionContext;
  readonly #slot: PartitionSlot;
  readonly #makeHandler: () => PartitionHandler;
  #identity: MemberIdentity;
  #handler: PartitionHandler;
  #isOpen = false;
  #isOver = false;
  /** Why the client has to look after its membership before anything else is handled. */
  #interruption: { error: unknown } | null = null;
  /** Next offset to handle; -1 until it is open. */
  #position = -1;
  #highWatermark = -1;
  #lastTickMs = 0;
  #checkedMs: number;
  #behindSinceMs: number | null = null;

  constructor(
    topic: string,
    partition: number,
    context: PartitionContext,
    slot: PartitionSlot,
    identity: MemberIdentity,
    makeHandler: (tenure: Tenure) => PartitionHandler,
  ) {
    this.topic = topic;
    this.partition = partition;
    this.#context = context;
    this.#slot = slot;
    this.#identity = identity;
    const tenure: Tenure = {
      isLost: () => this.#isOver,
      identity: () => this.#identity,
      refused: (error) => this.#interrupt(error),
    };
    this.#makeHandler = () => makeHandler(tenure);
    this.#handler = this.#makeHandler();
    this.#checkedMs = Date.now();
  }

  /** The partition is this member's in the next generation too. Its client, though, begins at the last commit. */
  stay(identity: MemberIdentity): void {
    this.#identity = identity;
    if (this.#isOpen) this.#context.seek(this.topic, this.partition, this.#position);
  }

  /** The partition is another member's now, or was meanwhile: no further calls. */
  lose(): void {
    this.#isOver = true;
  }

  /** Records that the client skipped by itself, because all of them were control records or aborted. */
  skip(lastOffset: number): void {
    if (this.#isOpen) this.#moveTo(lastOffset + 1);
  }

  async onBatch(batch: GroupBatch): Promise<void> {
    const leave = await this.#slot.enterWith(batch.heartbeat);
    const alive = keepAlive(batch.heartbeat, this.#context.times);
    const graceEndMs = Date.now() + this.#context.times.rebalanceTimeoutMs * REBALANCE_GRACE;
    const heartbeat = async () => {
      alive.touch();
      try {
        this.#assertOwned();
        await batch.heartbeat();
      } catch (error) {
        // Until the client joins again the partition is this member's, and what is whole need not be restored.
        if (this.#isOpen && isRebalance(error) && Date.now() < graceEndMs) return;
        this.#interrupt(error);
        throw error;
      }
    };
    try {
      const isWanted = !this.#isOver && this.#interruption === null && !batch.isStale();
      if (isWanted) await this.#handleBatch(batch, heartbeat);
    } catch (error) {
      // What the handler makes of a lost partition is no failure of its records.
      if (this.#interruption === null) throw this.#failed(error, batch.fetchedOffset);
    } finally {
      alive.end();
      leave();
    }
    this.#throwInterruption();
  }

  /** Opens a silent partition, and ticks. Never rejects. */
  async tick(nowMs: number): Promise<void> {
    if (this.#isOver) return;
    if (!this.#slot.busy && this.#interruption === null) await this.#tickInTurn(nowMs);
    await this.#checkProgress(nowMs);
  }

  /** Flushes and commits, while still a member. */
  async close(): Promise<void> {
    const leave = await this.#slot.enter();
    try {
      if (this.#isOver) return;
      if (this.#isOpen) await this.#handler.close();
    } finally {
      this.#isOver = true;
      leave();
    }
  }

  async #tickInTurn(nowMs: number): Promise<void> {
    const leave = await this.#slot.enter();
    try {
      if (!this.#isOpen && !this.#isOver) await this.#open(async () => this.#assertOwned(), null);
      if (!this.#isOver) await this.#runTick(nowMs);
    } catch (error) {
      if (!this.#isOver && this.#interruption === null) this.#failed(error, this.#position);
    } finally {
      leave();
    }
  }

  async #handleBatch(batch: GroupBatch, heartbeat: Heartbeat): Promise<void> {
    this.#highWatermark = batch.highWatermark;
    if (!this.#isOpen && !(await this.#open(heartbeat, batch.fetchedOffset))) return;
    const records = batch.records.filter(({ offset }) => offset >= this.#position);
    if (records.length > 0) await this.#handler.handle(records, heartbeat);
    if (this.#isOver || this.#interruption !== null) return;
    this.#moveTo(batch.lastOffset + 1);
    batch.resolve();
    this.#slot.failures = 0;
    // Under load there is no other turn for it.
    const nowMs = Date.now();
    if (nowMs - this.#lastTickMs >= this.#context.tickMs) await this.#runTick(nowMs);
  }

  /** Whether the records fetched from `fetchedOffset` are those to begin with; else a seek is under way. */
  async #open(heartbeat: Heartbeat, fetchedOffset: number | null): Promise<boolean> {
    const { reader, group, seek, log } = this.#context;
    const { topic, partition } = this;
    const asked = await this.#handler.open(heartbeat);
    const { first, next } = await reader.ends(topic, partition);
    const wanted = asked === 'stay' ? (await reader.committed(group, topic, partition)).offset : asked;
    const target = wanted === null || wanted < first || wanted > next ? first : wanted;
    if (wanted !== null && wanted !== target)
      log.warn(
        { topic, partition, wanted, first, next },
        'the offset to continue at is not in the log any more',
      );
    this.#highWatermark = Math.max(this.#highWatermark, next);
    this.#moveTo(target);
    this.#isOpen = true;
    if (fetchedOffset === target) return true;
    // Also for a partition that stays: a seek of an earlier assignment may still be pending in the client.
    if (!this.#isOver) seek(topic, partition, target);
    return false;
  }

  async #runTick(nowMs: number): Promise<void> {
    this.#lastTickMs = nowMs;
    await this.#handler.tick(nowMs, Math.max(0, this.#highWatermark - this.#position));
  }

  /** Counts a failure and drops the handler. */
  #failed(error: unknown, offset: number): Error {
    const { log, onFatal } = this.#context;
    const { topic, partition } = this;
    this.#slot.failures = this.#slot.failedOffset === offset ? this.#slot.failures + 1 : 1;
    this.#slot.failedOffset = offset;
    log.error({ err: error, topic, partition, offset, failures: this.#slot.failures }, 'a partition failed');
    // A plain error: kafkajs gives up at once on a TypeError and the like.
    const failure = new Error(`${topic}/${partition} failed at offset ${offset}`, { cause: error });
    if (error instanceof TelltaleError && error.code === 'log_failed') onFatal(error);
    else if (this.#slot.failures >= FAILURES_MAX) onFatal(failure);
    this.#renew();
    return failure;
  }

  /** Takes a new handler: the old one may hold half a batch, and opening restores what was flushed. */
  #renew(): void {
    if (this.#isOver) return;
    this.#handler = this.#makeHandler();
    this.#isOpen = false;
  }

  #interrupt(error: unknown): void {
    this.#interruption ??= { error };
  }

  /** Thrown out of the batch, the client's own error makes the client join again, or try again. */
  #throwInterruption(): void {
    if (this.#interruption === null) return;
    const { error } = this.#interruption;
    this.#interruption = null;
    this.#renew();
    throw error;
  }

  /**
   * A client that has stopped in silence shows as a partition that is behind and does not move; a handler that hangs,
   * as one that sends no heartbeat either.
   */
  async #checkProgress(nowMs: number): Promise<void> {
    const { reader, onFatal } = this.#context;
    const { stalledAfterMs } = this.#context.times;
    if (nowMs - this.#checkedMs < stalledAfterMs / 5 || this.#isOver) return;
    this.#checkedMs = nowMs;
    const { topic, partition } = this;
    const before = this.#position;
    const ends = await reader.ends(topic, partition).catch(() => null);
    // A broker that is away is waited for.
    if (ends === null) this.#behindSinceMs = null;
    if (ends === null || before !== this.#position || this.#isOver) return;
    this.#highWatermark = Math.max(this.#highWatermark, ends.next);
    if (this.#isOpen && ends.next <= this.#position) this.#behindSinceMs = null;
    else if (this.#behindSinceMs === null) this.#behindSinceMs = nowMs;
    else if (nowMs - this.#behindSinceMs >= stalledAfterMs) {
      const where = this.#isOpen
        ? `at offset ${this.#position} of ${ends.next}`
        : 'its handler does not open';
      onFatal(new Error(`${topic}/${partition} does not move: ${where}`));
    }
  }

  #moveTo(position: number): void {
    this.#position = position;
    this.#alive();
  }

  #alive(): void {
    this.#checkedMs = Date.now();
    this.#behindSinceMs = null;
  }

  #assertOwned(): void {
    this.#alive();
    if (this.#isOver) throw new Error(`${this.topic}/${this.partition} is not assigned any more`);
  }
}
