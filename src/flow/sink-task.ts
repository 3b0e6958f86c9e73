/** Carries one partition of a public topic to a sink; the offsets of the sink's own group are its progress. */

import type { Membership, PartitionHandler } from '../log/port.ts';
import type { Alert, LogRecord, Result, Retrain } from '../records.ts';
import { withBackoff } from '../sink/retry.ts';
import type { Delivery, Sink } from '../sink/sink.ts';
import type { TopicNames } from './runtime.ts';
import { decodePublic } from './wire.ts';

/** While the receiver is away the group must still hear from us well within its session. */
const RETRY_MS_MAX = 5_000;
const BATCH_MAX = 2_000;

export interface SinkTaskOptions {
  sink: Sink;
  topics: TopicNames;
  framed: boolean;
  signal: AbortSignal;
  onError(error: unknown, waitMs: number): void;
  onWritten(count: number): void;
}

/** The delivery of a record of `results`, `alerts` or `retrain`; null for a tombstone. */
export function deliveryOf(topics: TopicNames, record: LogRecord, framed: boolean): Delivery | null {
  if (record.value === null) return null;
  if (record.topic === topics.results)
    return { result: decodePublic<Result>('result', record.value, framed) };
  if (record.topic === topics.alerts) return { alert: decodePublic<Alert>('alert', record.value, framed) };
  return { retrain: decodePublic<Retrain>('retrain', record.value, framed) };
}

export function createSinkTask(
  topic: string,
  partition: number,
  membership: Membership,
  options: SinkTaskOptions,
): PartitionHandler {
  const { sink, topics, framed, onError, onWritten } = options;
  return {
    open: async () => 'stay',
    async handle(records, heartbeat) {
      for (let at = 0; at < records.length; at += BATCH_MAX) {
        const batch = records.slice(at, at + BATCH_MAX);
        const deliveries = batch
          .map((record) => deliveryOf(topics, record, framed))
          .filter((d) => d !== null);
        const lost = new AbortController();
        const written = await withBackoff(
          async () => {
            await heartbeat().catch((error: unknown) => {
              lost.abort(error);
              throw error;
            });
            await sink.write(deliveries);
            return true;
          },
          {
            firstMs: 200,
            maxMs: RETRY_MS_MAX,
            signal: AbortSignal.any([options.signal, lost.signal]),
            onError: (error, _attempt, waitMs) => onError(error, waitMs),
          },
        ).catch((error: unknown) => {
          // A wished end while the receiver is away: nothing was written, nothing is committed.
          if (options.signal.aborted) return false;
          throw error;
        });
        if (!written) return;
        onWritten(deliveries.length);
        await membership.commit(topic, partition, batch.at(-1)!.offset + 1, '');
      }
    },
    tick: async () => {},
    close: async () => {},
  };
}
