import type { TelltaleConfig } from '../../config/types.ts';
import { TelltaleError } from '../../errors.ts';
import { deliveryOf } from '../../flow/deliveries.ts';
import { readThrough } from '../../flow/read-through.ts';
import { type TopicNames, topicNames } from '../../flow/runtime.ts';
import type { Log } from '../../log/port.ts';
import type { LogRecord } from '../../records.ts';
import { progress, type TerminalStream } from '../progress.ts';
import type { Source, Taker } from './records.ts';

/**
 * The topics `results` and `alerts` as they are now. The whole of them is read: a window's end is event time, and says
 * nothing of when its result was written.
 */
export function topicSource(
  config: TelltaleConfig,
  openLog: (config: TelltaleConfig) => Promise<Log>,
  stderr: TerminalStream,
): Source {
  const topics = topicNames(config.topics.prefix);
  return {
    name: `topic ${topics.results}`,
    async read(taker) {
      const log = await openLog(config);
      try {
        await readTopics(log, topics, taker, stderr);
      } finally {
        await log.close();
      }
    },
  };
}

async function readTopics(log: Log, topics: TopicNames, taker: Taker, stderr: TerminalStream): Promise<void> {
  const names = [topics.results, topics.alerts];
  const partitions = await log.partitions(names);
  for (const topic of names) {
    if (!partitions.has(topic)) throw new TelltaleError('topic_missing', `topic ${topic} does not exist`);
  }
  const parts: { topic: string; partition: number; count: number }[] = [];
  for (const [topic, count] of partitions) {
    for (let partition = 0; partition < count; partition++) {
      const { first, next } = await log.ends(topic, partition);
      parts.push({ topic, partition, count: next - first });
    }
  }
  const total = parts.reduce((sum, { count }) => sum + count, 0);
  const bar = progress(total, `read ${topics.results}`, stderr, 'records');
  let done = 0;
  const beat = async (): Promise<void> => bar.update(done, done);
  try {
    for (const { topic, partition } of parts) {
      await readThrough(log, { topic, partition, from: 0 }, beat, (record) => {
        done++;
        take(topics, record, taker);
      });
    }
  } finally {
    bar.stop();
  }
}

function take(topics: TopicNames, record: LogRecord, taker: Taker): void {
  if (record.value === null) return;
  try {
    // No record of ours begins with 0 without the Confluent header: it begins with the length of its id. So a topic
    // that holds records from before and after the registry was configured can be read.
    const delivery = deliveryOf(topics, record, record.value[0] === 0);
    if (delivery?.result !== undefined) taker.result(delivery.result);
    if (delivery?.alert !== undefined) taker.alert(delivery.alert);
  } catch {
    // Anybody may write to a topic; what cannot be read is counted, and said at the end.
    taker.stranger();
  }
}
