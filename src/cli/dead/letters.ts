/** The topic of dead letters as a person sees it: one entry for each origin, with what became of it since. */

import { durationMs } from '../../config/scalar-shapes.ts';
import { TelltaleError } from '../../errors.ts';
import { type Letter, letterOf, REPLAY_OF, REPLAY_STATE } from '../../flow/letters.ts';
import type { Log } from '../../log/port.ts';
import type { LogRecord } from '../../records.ts';
import { progress, type TerminalStream } from '../progress.ts';

/** A letter that was written again by a restart counts here and is shown once. */
export interface LetterEntry {
  /** The last one. */
  letter: Letter;
  count: number;
  /** `begun`: a replay was cut short, so the record may or may not be in its topic again. */
  replay: 'none' | 'begun' | 'done';
}

export interface LetterFilter {
  service?: string | undefined;
  code?: string | undefined;
  stage?: string | undefined;
  sinceMs?: number | undefined;
  /** Null: any origin. */
  ids: ReadonlySet<string> | null;
}

export interface Letters {
  /** By the time they were put aside, oldest first. */
  entries: LetterEntry[];
  /** Origins that match; more than there are entries when the oldest were left out to bound the memory. */
  matched: number;
  /** Records of the topic that are neither letters nor notes. */
  strangers: number;
}

const READ_MAX = 2_000;
const WAIT_MS = 1_000;
const ENTRIES_MAX = 100_000;

function matches(letter: Letter, { service, code, stage, sinceMs, ids }: LetterFilter): boolean {
  return (
    (service === undefined || letter.service === service) &&
    (code === undefined || letter.code === code) &&
    (stage === undefined || letter.stage === stage) &&
    (sinceMs === undefined || letter.timeMs >= sinceMs) &&
    (ids === null || ids.has(letter.id))
  );
}

const byTime = (a: LetterEntry, b: LetterEntry): number =>
  a.letter.timeMs - b.letter.timeMs || (a.letter.id < b.letter.id ? -1 : 1);

/** All records of a topic, as it is now. */
async function* recordsOf(log: Log, topic: string): AsyncGenerator<LogRecord[]> {
  const partitions = (await log.partitions([topic])).get(topic);
  if (partitions === undefined) throw new TelltaleError('topic_missing', `topic ${topic} does not exist`);
  for (let partition = 0; partition < partitions; partition++) {
    const { first, next } = await log.ends(topic, partition);
    for (let at = first; at < next; ) {
      const records = await log.read(topic, partition, at, READ_MAX, WAIT_MS);
      if (records.length === 0) break;
      at = records.at(-1)!.offset + 1;
      yield records.filter(({ offset }) => offset < next);
    }
  }
}

/** Reads the whole topic and keeps what matches, without its bytes. */
export async function readLetters(
  log: Log,
  topic: string,
  filter: LetterFilter,
  stderr: TerminalStream,
  entriesMax = ENTRIES_MAX,
): Promise<Letters> {
  const bar = progress(null, `read ${topic}`, stderr, 'records');
  try {
    let count = 0;
    return await lettersOf(recordsOf(log, topic), filter, entriesMax, (more) => {
      count += more;
      bar.update(count, count);
    });
  } finally {
    bar.stop();
  }
}

async function lettersOf(
  batches: AsyncIterable<LogRecord[]>,
  filter: LetterFilter,
  entriesMax: number,
  onRead: (records: number) => void,
): Promise<Letters> {
  let entries = new Map<string, LetterEntry>();
  let matched = 0;
  let strangers = 0;
  for await (const records of batches) {
    onRead(records.length);
    for (const record of records) {
      const state = record.headers[REPLAY_STATE]?.toString();
      if (state !== undefined) {
        // It lies behind its letter in the same partition, so the entry is known if it matches.
        const entry = entries.get(record.headers[REPLAY_OF]?.toString() ?? '');
        if (entry !== undefined) entry.replay = state === 'done' ? 'done' : 'begun';
        continue;
      }
      const letter = letterOf(record);
      if (letter === null) strangers++;
      if (letter === null || !matches(letter, filter)) continue;
      const known = entries.get(letter.id);
      if (known === undefined) {
        matched++;
        entries.set(letter.id, { letter, count: 1, replay: 'none' });
      } else {
        known.count++;
        if (letter.timeMs >= known.letter.timeMs) known.letter = letter;
      }
    }
    if (entries.size >= 2 * entriesMax) entries = newest(entries, entriesMax);
  }
  const kept = [...entries.values()].sort(byTime).slice(-entriesMax);
  return { entries: kept, matched, strangers };
}

function newest(entries: Map<string, LetterEntry>, count: number): Map<string, LetterEntry> {
  const kept = [...entries.values()].sort(byTime).slice(-count);
  return new Map(kept.map((entry) => [entry.letter.id, entry]));
}

/** A time before now (`2h`) or a point in time (`2026-03-01T08:00:00Z`), in ms. */
export function sinceMsOf(text: string, nowMs: number): number {
  const agoMs = durationMs(text);
  if (agoMs !== null) return nowMs - agoMs;
  const atMs = Date.parse(text);
  if (Number.isFinite(atMs)) return atMs;
  throw new TelltaleError(
    'usage',
    `--since: '${text}' is neither a duration such as 2h nor a time in ISO 8601`,
  );
}

/** A whole number of at least 1. */
export function limitOf(text: string): number {
  const limit = Number(text);
  if (Number.isSafeInteger(limit) && limit >= 1) return limit;
  throw new TelltaleError('usage', `--limit: '${text}' is not a whole number of at least 1`);
}

/** Escapes that could steer a terminal, and line breaks, come from the data of strangers: they are shown instead. */
export function oneLine(text: string, charsMax: number): string {
  const shown = text.replace(/[\p{Cc}\u2028\u2029]/gu, (char) => JSON.stringify(char).slice(1, -1));
  return shown.length <= charsMax ? shown : `${shown.slice(0, charsMax - 3)}...`;
}
