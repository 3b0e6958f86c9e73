/** What the topic of dead letters says of a record that was put aside. */

import type { LetterView } from '../console/source.ts';
import type { Log } from '../log/port.ts';
import type { LogRecord } from '../records.ts';

/** What putting a record aside adds to its headers; everything else is the record's own. */
export const ADDED_HEADERS = [
  'x-error-code',
  'x-error-message',
  'x-stage',
  'x-service',
  'x-topic',
  'x-partition',
  'x-offset',
  'x-cut-from-bytes',
  'x-sealed',
] as const;

/** On a letter whose key, headers and bytes are sealed with `privacy.key`. */
export const SEALED = 'x-sealed';
/** On a record that was re-injected: where its letter lies, as `dead/PARTITION@OFFSET`. */
export const REPLAYED_FROM = 'x-replayed-from';
/** On a note of the topic of dead letters: `begun` or `done`. A note has no bytes and no error code. */
export const REPLAY_STATE = 'x-replay-state';
/** On a note: the origin of the letter that it is about, as `TOPIC/PARTITION@OFFSET`. */
export const REPLAY_OF = 'x-replay-of';

export interface Letter {
  /** Where the record came from, as `TOPIC/PARTITION@OFFSET`. */
  id: string;
  topic: string;
  partition: number;
  offset: number;
  /** When it was put aside. */
  timeMs: number;
  code: string;
  stage: string;
  service: string;
  message: string;
  /** Where it lies on the topic of dead letters. */
  dead: { partition: number; offset: number };
  /** Its key, headers and bytes are sealed. */
  isSealed: boolean;
  /** Its length before it was cut; null: it is whole. */
  cutFromBytes: number | null;
  /** Where the letter lies that this record was once replayed from; '' for a record of its producer. */
  replayedFrom: string;
}

/** The letter that a record of the topic is; null for a note of a replay and for a record of somebody else. */
export function letterOf({ partition, offset, timestampMs, headers }: LogRecord): Letter | null {
  const text = (name: string): string => headers[name]?.toString() ?? '';
  const origin = { topic: text('x-topic'), partition: text('x-partition'), offset: text('x-offset') };
  if (origin.topic === '' || !/^\d+$/.test(origin.partition) || !/^\d+$/.test(origin.offset)) return null;
  const cut = text('x-cut-from-bytes');
  return {
    id: `${origin.topic}/${origin.partition}@${origin.offset}`,
    topic: origin.topic,
    partition: Number(origin.partition),
    offset: Number(origin.offset),
    timeMs: timestampMs,
    code: text('x-error-code'),
    stage: text('x-stage'),
    service: text('x-service'),
    message: text('x-error-message'),
    dead: { partition, offset },
    isSealed: headers[SEALED] !== undefined,
    cutFromBytes: cut === '' ? null : Number(cut),
    replayedFrom: text(REPLAYED_FROM),
  };
}

const READ_MAX = 500;
const WAIT_MS = 250;

/** The last letters of the topic, newest first, without their bytes; a note of a replay changes its letter. */
export async function lastLetters(
  log: Log,
  topic: string,
  partitions: number,
  max: number,
): Promise<LetterView[]> {
  const found = new Map<string, LetterView>();
  for (let partition = 0; partition < partitions; partition++) {
    const { first, next } = await log.ends(topic, partition);
    for (let at = Math.max(first, next - max); at < next; ) {
      const records = await log.read(topic, partition, at, READ_MAX, WAIT_MS);
      if (records.length === 0) break;
      at = records.at(-1)!.offset + 1;
      for (const record of records) noteLetter(found, record);
    }
  }
  return [...found.values()].sort((a, b) => b.timeMs - a.timeMs || (a.id < b.id ? -1 : 1)).slice(0, max);
}

function noteLetter(found: Map<string, LetterView>, record: LogRecord): void {
  const state = record.headers[REPLAY_STATE]?.toString();
  if (state !== undefined) {
    const known = found.get(record.headers[REPLAY_OF]?.toString() ?? '');
    if (known !== undefined) known.replay = state === 'done' ? 'done' : 'begun';
    return;
  }
  const letter = letterOf(record);
  if (letter === null) return;
  const { id, timeMs, code, stage, service, message } = letter;
  const count = (found.get(id)?.count ?? 0) + 1;
  found.set(id, { id, timeMs, code, stage, service, message, count, replay: 'none' });
}
