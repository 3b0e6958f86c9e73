/** Where a partition has the first record that was written at a time or later. */

import type { Log } from '../../log/port.ts';

/**
 * By halving, since the log's time stamps rise but for the clocks of several writers.
 * @returns the offset; that of the end where all are older
 */
export async function offsetSince(
  log: Log,
  topic: string,
  partition: number,
  sinceMs: number,
): Promise<number> {
  let { first: low, next: high } = await log.ends(topic, partition);
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const [record] = await log.read(topic, partition, middle, 1, 0);
    if (record === undefined || record.timestampMs >= sinceMs) high = middle;
    // Compaction leaves gaps: what was read may be further on.
    else low = Math.max(middle, record.offset) + 1;
  }
  return low;
}
