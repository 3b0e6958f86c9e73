import { setTimeout as delay } from 'node:timers/promises';
import kafkajs, { type Kafka, type Message, type RecordMetadata } from 'kafkajs';
import { messageOf, TelltaleError } from '../errors.ts';
import type { Append } from '../records.ts';
import { type Compression, compressionType } from './codecs.ts';
import { METADATA_MAX_AGE_MS } from './kafka-connections.ts';

/** Below the broker's default limit of a record batch (1,048,588 bytes), with room for the framing. */
export const REQUEST_BYTES_MAX = 900_000;
/** kafkajs groups the messages of a request by partition in time that grows with the square of their number. */
export const REQUEST_RECORDS_MAX = 500;
/** Framing of one record: lengths, time stamp and offset deltas, all varints. */
const RECORD_OVERHEAD_BYTES = 32;

export interface KafkaWriter {
  append(batch: readonly Append[]): Promise<void>;
  close(): Promise<void>;
}

/** About half a minute in all: a broker that restarts, or a partition that changes its leader, is waited for. */
const ATTEMPTS = 11;
const WAIT_MS_MIN = 200;
const WAIT_MS_MAX = 5_000;

/**
 * One producer that is not idempotent: what is written is keyed or stamped, so that a repetition does no harm.
 *
 * kafkajs must not repeat a request by itself: it keeps one answer a broker over its attempts, so that a partition whose
 * new leader has answered for another one is never sent again, and says that all were taken (tulios/kafkajs#1303).
 */
export async function createWriter(kafka: Kafka, compression: Compression): Promise<KafkaWriter> {
  const producer = kafka.producer({
    allowAutoTopicCreation: false,
    idempotent: false,
    metadataMaxAge: METADATA_MAX_AGE_MS,
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    retry: { retries: 0 },
  });
  await producer.connect();
  return {
    append: async (batch) => {
      for (const part of requestsOf(batch)) {
        const request = {
          acks: -1,
          compression: compressionType(compression),
          topicMessages: byTopic(part),
        };
        await repeated(async () => assertTaken(part, await producer.sendBatch(request))).catch(
          (error: unknown) => {
            const topics = [...new Set(part.map(({ topic }) => topic))].join(', ');
            const message = `writing to ${topics}: ${messageOf(error)}`;
            throw new TelltaleError('log_failed', message, { cause: error });
          },
        );
      }
    },
    close: () => producer.disconnect(),
  };
}

/** Repeats a whole request until all of it is acknowledged. */
async function repeated(send: () => Promise<void>): Promise<void> {
  let waitMs = WAIT_MS_MIN;
  for (let attempt = 1; ; attempt++) {
    try {
      await send();
      return;
    } catch (error) {
      const { name, retriable } = error as { name: string; retriable?: boolean };
      const isFinal = retriable === false && name !== 'KafkaJSNumberOfRetriesExceeded';
      if (isFinal || attempt === ATTEMPTS) throw error;
      await delay(waitMs);
      waitMs = Math.min(2 * waitMs, WAIT_MS_MAX);
    }
  }
}

/** kafkajs leaves out a partition that its metadata does not show for the moment, and says nothing. */
function assertTaken(part: readonly Append[], answers: readonly RecordMetadata[]): void {
  const taken = new Set(answers.map(({ topicName, partition }) => `${topicName}/${partition}`));
  const topics = new Set(answers.map(({ topicName }) => topicName));
  for (const { topic, partition } of part) {
    if (partition === undefined ? topics.has(topic) : taken.has(`${topic}/${partition}`)) continue;
    throw new Error(`${topic}/${partition ?? '?'}: not sent, the partition is not known at present`);
  }
}

/** The batch in order, in parts of at most `REQUEST_BYTES_MAX` and `REQUEST_RECORDS_MAX`; a larger record is a part of its own. */
export function requestsOf<T extends Append>(batch: readonly T[]): T[][] {
  const parts: T[][] = [];
  let room = 0;
  for (const record of batch) {
    const bytes = bytesOf(record);
    if (bytes > room || parts.length === 0 || parts.at(-1)!.length >= REQUEST_RECORDS_MAX) {
      parts.push([]);
      room = REQUEST_BYTES_MAX;
    }
    parts.at(-1)!.push(record);
    room -= bytes;
  }
  return parts;
}

function bytesOf({ key, value, headers }: Append): number {
  let bytes = RECORD_OVERHEAD_BYTES + (value?.length ?? 0) + (key === null ? 0 : Buffer.byteLength(key));
  for (const [name, content] of Object.entries(headers ?? {})) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(content) + 4;
  }
  return bytes;
}

function byTopic(records: readonly Append[]): { topic: string; messages: Message[] }[] {
  const topics = new Map<string, Message[]>();
  for (const { topic, partition, key, value, headers } of records) {
    const messages = topics.get(topic) ?? [];
    topics.set(topic, messages);
    messages.push({ key, value, headers, ...(partition === undefined ? {} : { partition }) });
  }
  return [...topics].map(([topic, messages]) => ({ topic, messages }));
}
