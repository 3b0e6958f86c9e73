/** Reads a partition from an offset to its present end: for restores. */

import { TelltaleError } from '../errors.ts';
import type { Heartbeat, Log } from '../log/port.ts';
import type { LogRecord } from '../records.ts';

const READ_MAX = 5_000;
const WAIT_MS = 500;
/** A broker that has just become leader may hold records back for a moment; a restore without them would be wrong. */
const EMPTY_READS_MAX = 60;

/** Up to the end as it is when the reading begins, or through offset `to`; heartbeats between the reads. */
export async function readThrough(
  log: Log,
  where: { topic: string; partition: number; from: number; to?: number },
  heartbeat: Heartbeat,
  onRecord: (record: LogRecord) => void,
): Promise<void> {
  const { topic, partition } = where;
  const { first, next } = await log.ends(topic, partition);
  const end = where.to === undefined ? next : Math.min(next, where.to + 1);
  let emptyReads = 0;
  for (let at = Math.max(first, where.from); at < end; ) {
    const records = await log.read(topic, partition, at, READ_MAX, WAIT_MS);
    emptyReads = records.length === 0 ? emptyReads + 1 : 0;
    if (emptyReads > EMPTY_READS_MAX)
      throw new TelltaleError('log_failed', `${topic}/${partition}: nothing at offset ${at} of ${end}`);
    for (const record of records) {
      at = record.offset + 1;
      if (record.offset < end) onRecord(record);
    }
    await heartbeat();
  }
}
