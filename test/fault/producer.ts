/** Writes the traffic at an even pace, in order, and remembers what was acknowledged. */
import { setTimeout as delay } from 'node:timers/promises';
import { testClient } from '../stack/support/topics.ts';
import { topicOf } from './services.ts';
import type { Planned, Traffic } from './traffic.ts';

/** Slices of a window: so many requests to the brokers a window. */
const SLICES = 6;
/** Brokers may be away for so long. */
const PATIENCE_MS = 120_000;

export interface Producer {
  /** Values that were written at least once, by topic and partition. */
  readonly sent: ReadonlyMap<string, readonly string[]>;
  /** Slices that had to be written again, perhaps twice, since a broker went away. */
  readonly repeats: number;
  /** Writes so many windows more, one every `windowMs`. */
  windows(count: number, windowMs: number): Promise<void>;
  /** Writes what is left, and the closing records. */
  finish(): Promise<void>;
  close(): Promise<void>;
}

export async function createProducer(brokers: string, prefix: string, traffic: Traffic): Promise<Producer> {
  // Left to try again by itself, kafkajs forgets the records of a partition whose new leader has already taken those of
  // another one, and says that all were taken (tulios/kafkajs#1303, #1798).
  const producer = testClient(brokers).producer({ allowAutoTopicCreation: false, retry: { retries: 0 } });
  await producer.connect();
  const sent = new Map<string, string[]>();
  let window = 0;
  let repeats = 0;

  const write = async (slice: readonly Planned[]): Promise<void> => {
    const byTopic = new Map<string, { key: string; value: string; partition: number }[]>();
    for (const planned of slice) {
      const topic = topicOf(prefix, planned);
      const { key, value, partition } = planned;
      const messages = byTopic.get(topic) ?? [];
      byTopic.set(topic, messages);
      messages.push({ key, value, partition });
    }
    const topicMessages = [...byTopic].map(([topic, messages]) => ({ topic, messages }));
    const endMs = Date.now() + PATIENCE_MS;
    for (;;) {
      try {
        await producer.sendBatch({ acks: -1, topicMessages });
        break;
      } catch (error) {
        if (Date.now() > endMs) throw error;
        repeats++;
        await delay(500);
      }
    }
    for (const planned of slice) {
      const name = `${topicOf(prefix, planned)}/${planned.partition}`;
      const values = sent.get(name) ?? [];
      sent.set(name, values);
      values.push(planned.value);
    }
  };

  const writeEvenly = async (planned: readonly Planned[], forMs: number): Promise<void> => {
    const size = Math.max(1, Math.ceil(planned.length / SLICES));
    for (let at = 0; at < planned.length; at += size) {
      const startedMs = Date.now();
      await write(planned.slice(at, at + size));
      await delay(Math.max(0, forMs / SLICES - (Date.now() - startedMs)));
    }
  };

  return {
    sent,
    get repeats() {
      return repeats;
    },
    async windows(count, windowMs) {
      for (let i = 0; i < count; i++) await writeEvenly(traffic.next(window++), windowMs);
    },
    finish: () => writeEvenly(traffic.finish(window), 0),
    close: () => producer.disconnect(),
  };
}
