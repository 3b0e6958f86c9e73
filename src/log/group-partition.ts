import { TelltaleError } from '../errors.ts';
import type { LogRecord } from '../records.ts';
import type { KafkaLogger } from './kafka-client.ts';
import type { Heartbeat, Log, PartitionHandler } from './port.ts';

/** The same offset fails this often in a row before the process ends. */
const FAILURES_MAX = 5;
/** Waiting for a partition's turn, a heartbeat keeps the membership. */
const WAIT_HEARTBEAT_MS = 1_000;

/** What one partition needs of its group. */
export interface PartitionContext {
  group: string;
  tickMs: number;
  deadAfterMs: number;
  reader: Pick<Log, 'ends' | 'committed'>;
  log: KafkaLogger;
  seek(topic: string, partition: number, offset: number): void;
  onFatal(error: Error): void;
}

/** What outlives the assignments of a partition: whose turn it is, and how often which offset failed. */
export class PartitionSlot {
  failures = 0;
  failedOffset = -1;
  #tail: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  get busy(): boolean {
    return this.#waiting > 0;
  }

  /** Resolves with the function that ends the turn, when all earlier turns have ended. */
  async enter(): Promise<() => void> {
    this.#waiting++;
    const before = this.#tail;
    let end!: () => void;
    this.#tail = new Promise<void>((resolve) => {
      end = resolve;
    });
    await before;
    return () => {
      this.#waiting--;
      end();
    };
  }
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

/** One assignment of one partition: runs its handler, one call at a time. */
export class GroupPartition {
  readonly topic: string;
  readonly partition: number;
  readonly #context: PartitionContext;
  readonly #slot: PartitionSlot;
  readonly #makeHandler: (isLost: () => boolean) => PartitionHandler;
  #handler: PartitionHandler;
  #isOpen = false;
  #isOver = false;
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
    makeHandler: (isLost: () => boolean) => PartitionHandler,
  ) {
    this.topic = topic;
    this.partition = partition;
    this.#context = context;
    this.#slot = slot;
    this.#makeHandler = makeHandler;
    this.#handler = makeHandler(() => this.#isOver);
    this.#checkedMs = Date.now();
  }

  /** The partition is another member's now, or this member's anew: no further calls. */
  lose(): void {
    this.#isOver = true;
  }

  /** Records that the client skipped by itself, because all of them were control records or aborted. */
  skip(lastOffset: number): void {
    if (this.#isOpen) this.#moveTo(lastOffset + 1);
  }

  async onBatch(batch: GroupBatch): Promise<void> {
    const leave = await this.#enter(batch.heartbeat);
    let heartbeatFailed: { error: unknown } | null = null;
    const heartbeat = async () => {
      this.#alive();
      try {
        if (this.#isOver) throw new Error(`${this.topic}/${this.partition} is not assigned any more`);
        await batch.heartbeat();
      } catch (error) {
        heartbeatFailed ??= { error };
        throw error;
      }
    };
    try {
      if (this.#isOver || batch.isStale()) return;
      await this.#handleBatch(batch, heartbeat);
    } catch (error) {
      // What the handler makes of a lost partition is no failure of its records.
      if (heartbeatFailed === null) throw this.#failed(error, batch.fetchedOffset);
    } finally {
      leave();
    }
    const failed = heartbeatFailed as { error: unknown } | null;
    if (failed !== null) throw failed.error;
  }

  /** Opens a silent partition, and ticks. Never rejects. */
  async tick(nowMs: number): Promise<void> {
    if (this.#isOver || this.#slot.busy) return;
    const leave = await this.#slot.enter();
    try {
      if (!this.#isOpen && !this.#isOver) await this.#open(async () => this.#assertOwned(), null);
      if (!this.#isOver) await this.#runTick(nowMs);
    } catch (error) {
      if (!this.#isOver) this.#failed(error, this.#position);
    } finally {
      leave();
    }
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

  async #handleBatch(batch: GroupBatch, heartbeat: Heartbeat): Promise<void> {
    this.#highWatermark = batch.highWatermark;
    if (!this.#isOpen && !(await this.#open(heartbeat, batch.fetchedOffset))) return;
    const records = batch.records.filter(({ offset }) => offset >= this.#position);
    if (records.length > 0) await this.#handler.handle(records, heartbeat);
    if (this.#isOver) return;
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

  /** Takes the partition's turn; a batch that waits for it keeps the membership alive. */
  async #enter(heartbeat: Heartbeat): Promise<() => void> {
    const turn = this.#slot.enter();
    for (;;) {
      let timer: NodeJS.Timeout | undefined;
      const waited = new Promise<null>((resolve) => {
        timer = setTimeout(resolve, WAIT_HEARTBEAT_MS, null);
      });
      const leave = await Promise.race([turn, waited]);
      clearTimeout(timer);
      if (leave !== null) return leave;
      try {
        await heartbeat();
      } catch (error) {
        void turn.then((end) => end());
        throw error;
      }
    }
  }

  /** Counts a failure and drops the handler: it may hold half a batch, and opening restores what was flushed. */
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
    if (!this.#isOver) {
      this.#handler = this.#makeHandler(() => this.#isOver);
      this.#isOpen = false;
    }
    return failure;
  }

  /** A client that has stopped in silence shows as a partition that is behind and does not move. */
  async #checkProgress(nowMs: number): Promise<void> {
    const { deadAfterMs, reader, onFatal } = this.#context;
    if (nowMs - this.#checkedMs < deadAfterMs / 5 || !this.#isOpen || this.#isOver) return;
    this.#checkedMs = nowMs;
    const { topic, partition } = this;
    const before = this.#position;
    const ends = await reader.ends(topic, partition).catch(() => null);
    // A broker that is away is waited for.
    if (ends === null || before !== this.#position || this.#isOver) return;
    this.#highWatermark = Math.max(this.#highWatermark, ends.next);
    if (ends.next <= this.#position) this.#behindSinceMs = null;
    else if (this.#behindSinceMs === null) this.#behindSinceMs = nowMs;
    else if (nowMs - this.#behindSinceMs >= deadAfterMs)
      onFatal(new Error(`${topic}/${partition} does not move: at offset ${this.#position} of ${ends.next}`));
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
