/** A log in memory for files of the past. */

import { createMemoryLog, type MemoryLog } from '../../log/memory.ts';

/**
 * The log's time stamp of each record is the next of `stamps`, which its caller fills with event times: so rule R10 has nothing to say
 * about files of the past.
 */
export function createEventTimeLog(): { log: MemoryLog; stamps: number[] } {
  const stamps: number[] = [];
  let lastMs = 0;
  const log = createMemoryLog({
    now: () => {
      lastMs = stamps.shift() ?? lastMs;
      return lastMs;
    },
  });
  return { log, stamps };
}
