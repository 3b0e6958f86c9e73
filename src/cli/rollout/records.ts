/** The records of the topic `rollout`, which is small. */

import type { TelltaleConfig } from '../../config/types.ts';
import { TelltaleError } from '../../errors.ts';
import { readThrough } from '../../flow/read-through.ts';
import { topicNames } from '../../flow/runtime.ts';
import { decodePublic } from '../../flow/wire.ts';
import type { Log } from '../../log/port.ts';
import type { LogRecord, RolloutRecord } from '../../records.ts';

export interface Placed {
  record: RolloutRecord;
  /** For people: `TOPIC/PARTITION@OFFSET`, or `FILE:LINE`. */
  place: string;
}

export interface RolloutRecords {
  /** In the order of the log; those of a service are in one partition. */
  byService: Map<string, Placed[]>;
  /** Places of what cannot be read. */
  strangers: string[];
}

export const rolloutTopicOf = ({ topics }: TelltaleConfig): string => topicNames(topics.prefix).rollout;

/** Throws where the bytes are no record of a roll-out. Null: a tombstone. */
export function rolloutOf({ value }: LogRecord): RolloutRecord | null {
  // None of ours begins with 0 without the Confluent header: it begins with the length of its id.
  return value === null ? null : decodePublic<RolloutRecord>('rollout', value, value[0] === 0);
}

export function addRecord({ byService }: RolloutRecords, placed: Placed): void {
  const { service } = placed.record;
  const own = byService.get(service);
  if (own === undefined) byService.set(service, [placed]);
  else own.push(placed);
}

/** @throws TelltaleError topic_missing */
export async function partitionsOfTopic(log: Log, topic: string): Promise<number> {
  const partitions = (await log.partitions([topic])).get(topic);
  if (partitions === undefined) throw new TelltaleError('topic_missing', `topic ${topic} does not exist`);
  return partitions;
}

/** All there is now. */
export async function readRollouts(log: Log, topic: string): Promise<RolloutRecords> {
  const found: RolloutRecords = { byService: new Map(), strangers: [] };
  const partitions = await partitionsOfTopic(log, topic);
  for (let partition = 0; partition < partitions; partition++)
    await readThrough(
      log,
      { topic, partition, from: 0 },
      async () => undefined,
      (read) => {
        const place = `${topic}/${partition}@${read.offset}`;
        try {
          const record = rolloutOf(read);
          if (record !== null) addRecord(found, { record, place });
        } catch {
          // Anybody may write to a topic; what cannot be read is said.
          found.strangers.push(place);
        }
      },
    );
  return found;
}
