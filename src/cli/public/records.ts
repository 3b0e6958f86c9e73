/** Records of the public topics as commands read them, from topics or from files. */

import { createReadStream, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TelltaleConfig } from '../../config/types.ts';
import { messageOf, TelltaleError } from '../../errors.ts';
import { deliveryOf } from '../../flow/deliveries.ts';
import { readThrough } from '../../flow/read-through.ts';
import { type TopicNames, topicNames } from '../../flow/runtime.ts';
import type { Log } from '../../log/port.ts';
import type { Alert, Incident, LogRecord, Result, Retrain, RolloutRecord } from '../../records.ts';
import { progress, type TerminalStream } from '../progress.ts';

export type Told =
  | { type: 'result'; record: Result }
  | { type: 'alert'; record: Alert }
  | { type: 'incident'; record: Incident }
  | { type: 'retrain'; record: Retrain }
  | { type: 'rollout'; record: RolloutRecord };
export type PublicType = Told['type'];
export const PUBLIC_TYPES: readonly PublicType[] = ['result', 'alert', 'incident', 'retrain', 'rollout'];

export const topicOfType = (topics: TopicNames, type: PublicType): string =>
  ({
    result: topics.results,
    alert: topics.alerts,
    incident: topics.incidents,
    retrain: topics.retrain,
    rollout: topics.rollout,
  })[type];

/** Null for a tombstone, and for what is not ours: anybody may write to a topic. */
export function toldOf(topics: TopicNames, record: LogRecord): Told | null {
  try {
    // None of ours begins with 0 without the Confluent header: it begins with the length of its id.
    const delivery = deliveryOf(topics, record, record.value?.[0] === 0);
    for (const [type, found] of Object.entries(delivery ?? {})) return { type, record: found } as Told;
    return null;
  } catch {
    return null;
  }
}

export interface PublicSource {
  /** In words, for messages. */
  name: string;
  /** All there is of these types, those of a service in their order. */
  read(types: readonly PublicType[], take: (told: Told) => void): Promise<void>;
}

/** The topics as they are now. @throws TelltaleError topic_missing */
export function publicTopics(config: TelltaleConfig, log: Log, stderr: TerminalStream): PublicSource {
  const topics = topicNames(config.topics.prefix);
  return {
    name: `the topics ${config.topics.prefix}*`,
    async read(types, take) {
      for (const type of types) {
        const topic = topicOfType(topics, type);
        const partitions = (await log.partitions([topic])).get(topic);
        if (partitions === undefined)
          throw new TelltaleError('topic_missing', `topic ${topic} does not exist`);
        const bar = progress(null, `read ${topic}`, stderr, 'records');
        let count = 0;
        try {
          for (let partition = 0; partition < partitions; partition++)
            await readThrough(
              log,
              { topic, partition, from: 0 },
              async () => bar.update(count, count),
              (record) => {
                count++;
                const told = toldOf(topics, record);
                if (told !== null) take(told);
              },
            );
        } finally {
          bar.stop();
        }
      }
    },
  };
}

const PROGRESS_LINES = 5_000;

/** NDJSON of the file sink or of `replay --out`: a file, or all in a folder. */
export function publicFiles(path: string, stderr: TerminalStream): PublicSource {
  return {
    name: path,
    async read(types, take) {
      const files = filesOf(path);
      const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0);
      const bar = progress(bytes, `read ${path}`, stderr, 'lines');
      const read = { bytes: 0, lines: 0 };
      for (const file of files) {
        const input = createReadStream(file, 'utf8');
        try {
          for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
            read.bytes += line.length + 1;
            if (++read.lines % PROGRESS_LINES === 0) bar.update(read.bytes, read.lines);
            const told = toldOfLine(line);
            if (told !== null && types.includes(told.type)) take(told);
          }
        } catch (cause) {
          throw new TelltaleError('file_unreadable', messageOf(cause), { cause });
        } finally {
          input.destroy();
        }
      }
      bar.stop();
    },
  };
}

function filesOf(path: string): string[] {
  try {
    if (statSync(path).isFile()) return [path];
    const names = readdirSync(path).filter((name) => name.endsWith('.ndjson'));
    if (names.length > 0) return names.sort().map((name) => join(path, name));
  } catch (cause) {
    throw new TelltaleError('file_unreadable', messageOf(cause), { cause });
  }
  throw new TelltaleError('file_unreadable', `no files *.ndjson in ${path}`);
}

/** A line that a crash tore, and one of somebody else, is left out. */
function toldOfLine(line: string): Told | null {
  try {
    const { type, ...record } = JSON.parse(line) as { type?: unknown; service?: unknown };
    const isOurs = PUBLIC_TYPES.some((known) => known === type) && typeof record.service === 'string';
    return isOurs ? ({ type, record } as unknown as Told) : null;
  } catch {
    return null;
  }
}
