/** Follows a topic without a group: what the live page shows, and the routing tables. */

import type { Log } from '../log/port.ts';
import type { LogRecord } from '../records.ts';

const READ_MAX = 2_000;
const WAIT_MS = 1_000;

/** So many records before the end of each partition, or an offset for each. */
export type TailStart = { back: number } | { at: readonly number[] };

/** Reads each partition from the start on, until the signal is aborted. Errors are retried. */
export async function tailTopic(
  log: Log,
  topic: string,
  partitions: number,
  start: TailStart,
  signal: AbortSignal,
  onRecord: (record: LogRecord) => void,
  onError: (error: unknown) => void,
): Promise<void> {
  const follow = async (partition: number): Promise<void> => {
    let at: number | null = 'at' in start ? start.at[partition]! : null;
    while (!signal.aborted) {
      try {
        if (at === null) {
          const { first, next } = await log.ends(topic, partition);
          at = Math.max(first, next - ('back' in start ? start.back : 0));
        }
        for (const record of await log.read(topic, partition, at, READ_MAX, WAIT_MS)) {
          at = record.offset + 1;
          onRecord(record);
        }
      } catch (error) {
        if (signal.aborted) return;
        onError(error);
        await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
      }
    }
  };
  await Promise.all(Array.from({ length: partitions }, (_, partition) => follow(partition)));
}
