/** The record that answers a command. */

import type { Log } from '../../log/port.ts';
import type { Command, RolloutRecord } from '../../records.ts';
import { partitionsOfTopic, rolloutOf } from './records.ts';

export const answers = (
  { service, id }: Pick<Command, 'service' | 'id'>,
  record: Pick<RolloutRecord, 'service' | 'commandId'>,
): boolean => record.service === service && record.commandId === id;

export interface Watch {
  /** The first record after the beginning that answers, or null when the time is over. */
  answer(command: Pick<Command, 'service' | 'id'>, waitMs: number): Promise<RolloutRecord | null>;
}

const READ_MAX = 1_000;
const POLL_MS = 500;

/** Notes the end of the topic, so that what is written afterwards is seen. @throws TelltaleError topic_missing */
export async function watchRollouts(log: Log, topic: string, now: () => number = Date.now): Promise<Watch> {
  const partitions = await partitionsOfTopic(log, topic);
  const ends = Array.from({ length: partitions }, (_, partition) => log.ends(topic, partition));
  const places = (await Promise.all(ends)).map(({ next }, partition) => ({ partition, at: next }));
  return {
    async answer(command, waitMs) {
      const untilMs = now() + waitMs;
      for (;;) {
        const leftMs = Math.max(0, untilMs - now());
        const reads = places.map(async (place) => {
          const records = await log.read(
            topic,
            place.partition,
            place.at,
            READ_MAX,
            Math.min(POLL_MS, leftMs),
          );
          place.at = (records.at(-1)?.offset ?? place.at - 1) + 1;
          return records;
        });
        for (const read of (await Promise.all(reads)).flat()) {
          const record = readable(() => rolloutOf(read));
          if (record !== null && answers(command, record)) return record;
        }
        if (leftMs === 0) return null;
      }
    },
  };
}

/** Anybody may write to a topic. */
function readable(read: () => RolloutRecord | null): RolloutRecord | null {
  try {
    return read();
  } catch {
    return null;
  }
}
