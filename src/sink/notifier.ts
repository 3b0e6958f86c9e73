/** Receivers that are told of one thing after the other, alarms or incidents: which of them concern it, and each once. */

import { isAtLeast, type Level } from '../records.ts';
import type { HttpReceiver } from './http.ts';
import type { Meaning, Refusal, Sink, SinkContext, SinkPart } from './sink.ts';
import type { Change, Subject, Tellable } from './subjects.ts';

/** Ids and open things that are kept in mind of a partition; the oldest are forgotten first. */
const REMEMBERED_MAX = 10_000;

export interface Told<R> {
  /** Null: the receiver is not concerned, or knows it. */
  changeOf(record: R): Change | null;
  is(record: R): Meaning['is'];
  /** The receiver has it, or is not concerned. */
  note(record: R): void;
  /** The last of what it was told of each that it has open. */
  open(): R[];
  /** It knows that this one is over. */
  forget(record: R): void;
}

function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > REMEMBERED_MAX) map.delete(map.keys().next().value!);
}

/** @param min the lowest level that the receiver hears of */
export function createTold<R extends Tellable>({ keyOf, says }: Subject<R>, min: Level): Told<R> {
  /** The judge writes records once more after a crash, with the same ids. */
  const ids = new Map<string, true>();
  /** What is open at the level or above, by key. */
  const open = new Map<string, R>();
  const concerns = ({ level }: R): boolean => isAtLeast(level, min);

  const is = (record: R): Meaning['is'] => {
    const said = says(record);
    if (said === 'muted') return 'unchanged';
    if (said === 'ends' || said === 'lapses' || !concerns(record)) return 'over';
    return said === 'fires' ? 'open' : 'unchanged';
  };

  return {
    is,
    changeOf(record) {
      if (ids.has(record.id)) return null;
      const isOpen = open.has(keyOf(record));
      switch (says(record)) {
        case 'fires':
          if (concerns(record)) return 'fires';
          return isOpen ? 'eases' : null;
        case 'unchanged':
          return isOpen && !concerns(record) ? 'eases' : null;
        case 'muted':
          return null;
        // One that the receiver has open is over for it in any case.
        case 'ends':
          return isOpen || concerns(record) ? 'resolves' : null;
        case 'lapses':
          return isOpen ? 'resolves' : null;
      }
    },
    note(record) {
      // Written once more it says how things stood then, and not how they stand.
      if (ids.has(record.id)) return;
      remember(ids, record.id, true);
      const key = keyOf(record);
      const now = is(record);
      if (now === 'open') remember(open, key, record);
      else if (now === 'over') open.delete(key);
    },
    open: () => [...open.values()],
    forget: (record) => open.delete(keyOf(record)),
  };
}

export interface NotifierOptions<R extends Tellable> {
  /** With its kind: `slack.oncall`. */
  name: string;
  level: Level;
  receiver: HttpReceiver;
  subject: Subject<R>;
  /** What is posted, as JSON. */
  bodyOf(record: R, change: Change): object;
  /** The receiver keeps a thing open until it hears of its end: it is told so too when there will never be one. */
  isKeeper: boolean;
  context: SinkContext;
}

/** A sink of one POST for each record that concerns its receiver. */
export function createNotifier<R extends Tellable>(options: NotifierOptions<R>): Sink {
  const { name, level, receiver, subject, bodyOf, context } = options;
  const isWatched = context.isWatched ?? (() => true);
  const post = (record: R, change: Change): Promise<string | null> =>
    receiver.post(JSON.stringify(bodyOf(record, change)));

  const part = (): SinkPart => {
    const told = createTold(subject, level);
    const drop = async (): Promise<void> => {
      for (const record of told.open()) {
        if (isWatched(record.service)) continue;
        const reason = await post(record, 'dropped');
        told.forget(record);
        if (reason !== null)
          context.log.warn({ sink: name, key: subject.keyOf(record), reason }, 'an end is refused');
      }
    };
    return {
      meaningOf(delivery) {
        const record = subject.recordOf(delivery);
        return record === undefined ? null : { key: subject.keyOf(record), is: told.is(record) };
      },
      restore(delivery) {
        const record = subject.recordOf(delivery);
        if (record !== undefined) told.note(record);
      },
      async write(batch) {
        const refusals: Refusal[] = [];
        for (const delivery of batch) {
          const record = subject.recordOf(delivery);
          if (record === undefined) continue;
          const change = told.changeOf(record);
          const reason = change && (await post(record, change));
          if (reason !== null) refusals.push({ delivery, reason });
          else told.note(record);
        }
        return refusals;
      },
      ...(options.isKeeper ? { repeat: drop } : {}),
    };
  };
  // After each record its progress can be committed: what follows may have to wait for hours.
  return { name, batchMax: 1, write: part().write, part, async close() {} };
}
