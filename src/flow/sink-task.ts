/** Carries one partition of a public topic to a sink; the offsets of the sink's own group are its progress. */

import { type DeadCode, messageOf, TelltaleError } from '../errors.ts';
import type { Heartbeat, Membership, PartitionHandler } from '../log/port.ts';
import type { DeadLetter, LogRecord } from '../records.ts';
import { AskedToWait, withBackoff } from '../sink/retry.ts';
import type { Delivery, Sink, SinkPart } from '../sink/sink.ts';
import { deliveryOf } from './deliveries.ts';
import { appendsOf } from './outbox.ts';
import type { Runtime } from './runtime.ts';
import { commitMetadata, type Recalled, recall } from './sink-recall.ts';

const RETRY = { firstMs: 200, maxMs: 5_000 };
/** While a write or a wait takes its time, the group must hear from us well within its session of 30 s. */
const BEAT_MS = 1_000;
/** A crash repeats what was written since the last commit; a commit for each record would cost more than the record. */
const COMMIT_EVERY_MS = 1_000;

export interface SinkTaskOptions {
  sink: Sink;
  /** Its consumer group. */
  group: string;
  /** Where its dead letters go, and how the public records are framed. */
  runtime: Runtime;
  /** The daemon stops. */
  signal: AbortSignal;
  onError(error: unknown, waitMs: number): void;
  onWritten(count: number): void;
  /** What the sink has to say again is with the receiver again. */
  onBack(): void;
  /** A record was put aside: it cannot be decoded, the receiver refuses it, or the sink throws on it. */
  onDead(letter: DeadLetter, service: string): void;
}

interface Item {
  record: LogRecord;
  delivery: Delivery;
}

interface Aside {
  letter: DeadLetter;
  service: string;
}

function asideOf(record: LogRecord, delivery: Delivery | null, code: DeadCode, message: string): Aside {
  const { result, alert, incident, retrain, rollout } = delivery ?? {};
  const service = (result ?? alert ?? incident ?? retrain ?? rollout)?.service ?? '';
  return { letter: { offset: record.offset, code, stage: 'sink', message, record }, service };
}

/** Waits for work and keeps the membership alive meanwhile; rejects when that is lost, and when the daemon stops. */
async function beating<T>(work: Promise<T>, beat: Heartbeat, signal: AbortSignal): Promise<T> {
  // Then nobody waits for the work any more.
  work.catch(() => undefined);
  for (;;) {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<false>((resolve) => {
      timer = setTimeout(resolve, BEAT_MS, false);
    });
    try {
      if (await Promise.race([work.then(() => true), late])) return await work;
    } finally {
      clearTimeout(timer);
    }
    signal.throwIfAborted();
    await beat();
  }
}

/** The sink threw, and not because its receiver is away: a retry would throw again. */
class Undeliverable extends Error {}

const isAway = (error: unknown): boolean =>
  error instanceof TelltaleError && error.code === 'sink_unavailable';

class SinkTask implements PartitionHandler {
  readonly #topic: string;
  readonly #partition: number;
  readonly #membership: Membership;
  readonly #options: SinkTaskOptions;
  /** Null: the sink does not remember. */
  readonly #part: SinkPart | null;
  #recalled: Recalled = { from: 'stay', historyEnd: 0, news: new Set() };
  /** When the sink may say again what it has to; after a failure later. */
  #repeatAfterMs = 0;
  /** Next offset to hand over, as far as everything before it is with the receiver or put aside. */
  #next = -1;
  #committed = -1;
  #committedMs: number;

  constructor(topic: string, partition: number, membership: Membership, options: SinkTaskOptions) {
    this.#topic = topic;
    this.#partition = partition;
    this.#membership = membership;
    this.#options = options;
    this.#part = options.sink.part?.() ?? null;
    this.#committedMs = options.runtime.nowMs();
  }

  async open(heartbeat: Heartbeat): Promise<number | 'stay'> {
    const { runtime, group } = this.#options;
    if (this.#part === null) return 'stay';
    const where = { group, topic: this.#topic, partition: this.#partition };
    this.#recalled = await recall(runtime, where, this.#part, heartbeat);
    return this.#recalled.from;
  }

  async handle(records: readonly LogRecord[], heartbeat: Heartbeat): Promise<void> {
    const { sink, signal, runtime } = this.#options;
    for (let at = 0; at < records.length; at += sink.batchMax) {
      // A wished end: what was not handed over is not committed.
      if (signal.aborted) return;
      const batch = records.slice(at, at + sink.batchMax);
      if (!(await this.#handOver(batch, heartbeat))) return;
      this.#next = batch.at(-1)!.offset + 1;
      await heartbeat();
      if (runtime.nowMs() - this.#committedMs >= COMMIT_EVERY_MS) await this.#commit();
    }
    await this.#commit();
  }

  async tick(nowMs: number): Promise<void> {
    const { signal, onError, onBack } = this.#options;
    if (this.#part?.repeat === undefined || nowMs < this.#repeatAfterMs || signal.aborted) return;
    try {
      await this.#part.repeat(nowMs);
      if (this.#repeatAfterMs > 0) onBack();
      this.#repeatAfterMs = 0;
    } catch (error) {
      // Whatever it is: records go on, and what fires is said again with the next try.
      if (signal.aborted) return;
      const waitMs = Math.max(RETRY.maxMs, error instanceof AskedToWait ? error.waitMs : 0);
      this.#repeatAfterMs = nowMs + waitMs;
      onError(error, waitMs);
    }
  }

  close(): Promise<void> {
    return this.#commit();
  }

  async #commit(): Promise<void> {
    if (this.#next <= this.#committed) return;
    const next = this.#next;
    const metadata = commitMetadata(this.#recalled.historyEnd, next);
    await this.#membership.commit(this.#topic, this.#partition, next, metadata);
    this.#committed = next;
    this.#committedMs = this.#options.runtime.nowMs();
  }

  #isHistory({ offset }: LogRecord): boolean {
    return offset < this.#recalled.historyEnd && !this.#recalled.news.has(offset);
  }

  /** Whether all of it is with the receiver or on the topic of dead letters; false: the daemon stops. */
  async #handOver(batch: readonly LogRecord[], heartbeat: Heartbeat): Promise<boolean> {
    const { runtime, onWritten, onDead } = this.#options;
    const items: Item[] = [];
    const aside: Aside[] = [];
    for (const record of batch) {
      if (this.#isHistory(record)) continue;
      try {
        const delivery = deliveryOf(runtime.topics, record, runtime.publicIds !== null);
        if (delivery !== null) items.push({ record, delivery });
      } catch (cause) {
        aside.push(asideOf(record, null, 'avro', messageOf(cause)));
      }
    }
    const refused = await this.#write(items, heartbeat);
    if (refused === null) return false;
    aside.push(...refused);
    if (aside.length > 0) {
      await runtime.log.append(
        aside.flatMap(({ letter, service }) => appendsOf(runtime, { type: 'dead', record: letter }, service)),
      );
    }
    onWritten(items.length - refused.length);
    for (const { letter, service } of aside) onDead(letter, service);
    return true;
  }

  /** Writes for as long as it takes and returns what no retry can deliver; null: the daemon stops. */
  async #write(items: readonly Item[], heartbeat: Heartbeat): Promise<Aside[] | null> {
    if (items.length === 0) return [];
    const { sink, signal } = this.#options;
    try {
      const refusals = await this.#patiently(items, heartbeat);
      return refusals.map(({ delivery, reason }) => {
        const { record } = items.find((item) => item.delivery === delivery)!;
        return asideOf(record, delivery, 'refused', `sink ${sink.name}: ${reason}`);
      });
    } catch (cause) {
      if (signal.aborted) return null;
      // A lost partition, or a commit that fails, is not the record's fault.
      if (!(cause instanceof Undeliverable)) throw cause;
      // Halves, until the record that is to blame stands alone.
      if (items.length > 1) {
        const half = items.length >> 1;
        const first = await this.#write(items.slice(0, half), heartbeat);
        const second = first && (await this.#write(items.slice(half), heartbeat));
        return first && second && [...first, ...second];
      }
      const { record, delivery } = items[0]!;
      return [asideOf(record, delivery, 'failed', `sink ${sink.name}: ${messageOf(cause)}`)];
    }
  }

  #patiently(items: readonly Item[], heartbeat: Heartbeat): ReturnType<Sink['write']> {
    const { sink, signal, onError } = this.#options;
    const deliveries = items.map(({ delivery }) => delivery);
    const write = async (): ReturnType<Sink['write']> => {
      await heartbeat();
      const writing = (this.#part ?? sink).write(deliveries).catch((cause: unknown) => {
        throw isAway(cause) ? cause : new Undeliverable(messageOf(cause), { cause });
      });
      return beating(writing, heartbeat, signal);
    };
    return withBackoff(write, {
      ...RETRY,
      signal,
      onError: (error, _attempt, waitMs) => onError(error, waitMs),
      isFinal: (error) => !isAway(error),
      pause: async (waitMs) => {
        // Who knows how long the receiver is away: what it has already, it should not get again after a crash.
        await this.#commit();
        await beating(this.#wait(waitMs), heartbeat, signal);
      },
    });
  }

  #wait(waitMs: number): Promise<void> {
    const { signal } = this.#options;
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, waitMs);
      signal.addEventListener('abort', done);
    });
  }
}

export const createSinkTask = (
  topic: string,
  partition: number,
  membership: Membership,
  options: SinkTaskOptions,
): PartitionHandler => new SinkTask(topic, partition, membership, options);
