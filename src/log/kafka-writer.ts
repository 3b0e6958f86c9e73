import kafkajs, { type Kafka, type Message } from 'kafkajs';
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

/** One producer that is not idempotent: what is written is keyed or stamped, so that a repetition does no harm. */
export async function createWriter(kafka: Kafka, compression: Compression): Promise<KafkaWriter> {
  const producer = kafka.producer({
    allowAutoTopicCreation: false,
    idempotent: false,
    metadataMaxAge: METADATA_MAX_AGE_MS,
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  return {
    append: async (batch) => {
      for (const part of requestsOf(batch)) {
        try {
          await producer.sendBatch({
            acks: -1,
            compression: compressionType(compression),
            topicMessages: byTopic(part),
          });
        } catch (error) {
          const topics = [...new Set(part.map(({ topic }) => topic))].join(', ');
          throw new TelltaleError('log_failed', `writing to ${topics}: ${messageOf(error)}`, {
            cause: error,
          });
        }
      }
    },
    close: () => producer.disconnect(),
  };
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
