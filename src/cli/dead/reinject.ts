/** Puts the records of dead letters back into their topics, and notes it behind the letters. */

import { ADDED_HEADERS, REPLAY_OF, REPLAY_STATE, REPLAYED_FROM } from '../../flow/letters.ts';
import type { Privacy } from '../../flow/privacy.ts';
import { openedRecord } from '../../flow/sealed-letters.ts';
import type { Log } from '../../log/port.ts';
import type { Append, LogRecord } from '../../records.ts';
import type { LetterEntry } from './letters.ts';

const BATCH_RECORDS = 200;
const BATCH_BYTES = 4_000_000;
const READ_MAX = 500;
const WAIT_MS = 1_000;

/** The record as its producer wrote it, into the partition where it was, with where it lay since. */
export function originalOf(record: LogRecord, { letter }: LetterEntry, partitions: number): Append {
  const headers = { ...record.headers };
  for (const name of ADDED_HEADERS) delete headers[name];
  const { topic, partition, dead } = letter;
  return {
    topic,
    key: record.key,
    value: record.value,
    headers: { ...headers, [REPLAYED_FROM]: `dead/${dead.partition}@${dead.offset}` },
    // Whoever partitioned the topic may have done it in his own way. Topics do not lose partitions.
    ...(partition < partitions ? { partition } : {}),
  };
}

/** In the partition of the letter, so that it is read after it and is not forgotten before it. */
function noteOf(topic: string, { letter }: LetterEntry, state: 'begun' | 'done'): Append {
  return {
    topic,
    partition: letter.dead.partition,
    key: null,
    value: Buffer.alloc(0),
    headers: { [REPLAY_STATE]: state, [REPLAY_OF]: letter.id },
  };
}

/** The letters' records in batches; what retention has taken in the meantime is absent. */
async function* recordsOf(
  log: Log,
  topic: string,
  entries: readonly LetterEntry[],
): AsyncGenerator<{ record: LogRecord; entry: LetterEntry }[]> {
  let batch: { record: LogRecord; entry: LetterEntry }[] = [];
  let bytes = 0;
  for (const partition of new Set(entries.map(({ letter }) => letter.dead.partition))) {
    const wanted = new Map(
      entries
        .filter(({ letter }) => letter.dead.partition === partition)
        .map((entry) => [entry.letter.dead.offset, entry]),
    );
    const last = Math.max(...wanted.keys());
    for (let at = Math.min(...wanted.keys()); at <= last; ) {
      const records = await log.read(topic, partition, at, READ_MAX, WAIT_MS);
      if (records.length === 0) break;
      at = records.at(-1)!.offset + 1;
      for (const record of records) {
        const entry = wanted.get(record.offset);
        if (entry === undefined) continue;
        batch.push({ record, entry });
        bytes += record.value?.length ?? 0;
        if (batch.length < BATCH_RECORDS && bytes < BATCH_BYTES) continue;
        yield batch;
        batch = [];
        bytes = 0;
      }
    }
  }
  if (batch.length > 0) yield batch;
}

/**
 * Re-injects the letters and returns their origins. Around each batch stand two notes: after a crash in between,
 * nobody can know whether the records are in their topics, and the next replay says so instead of guessing.
 *
 * @param privacy opens letters that are sealed; null: there are none
 * @throws TelltaleError replay_refused where a letter was sealed with another key
 */
export async function reinject(
  log: Log,
  deadTopic: string,
  entries: readonly LetterEntry[],
  topics: ReadonlyMap<string, number>,
  privacy: Privacy | null,
): Promise<string[]> {
  const done: string[] = [];
  for await (const batch of recordsOf(log, deadTopic, entries)) {
    // Before the first note: what another key has sealed was never begun.
    const originals = batch.map(({ record, entry }) =>
      originalOf(
        entry.letter.isSealed ? openedRecord(privacy!, record) : record,
        entry,
        topics.get(entry.letter.topic)!,
      ),
    );
    await log.append(batch.map(({ entry }) => noteOf(deadTopic, entry, 'begun')));
    await log.append(originals);
    await log.append(batch.map(({ entry }) => noteOf(deadTopic, entry, 'done')));
    done.push(...batch.map(({ entry }) => entry.letter.id));
  }
  return done;
}
