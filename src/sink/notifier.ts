/** Receivers that are told of one alert after the other: which of them concern it, and each once. */

import { type Alert, isAtLeast, type Level } from '../records.ts';
import type { HttpReceiver } from './http.ts';
import type { Refusal, Sink, SinkPart } from './sink.ts';

/** What an alert means to a receiver of its level and above. `eases`: it fires on, but below that level. */
export type Change = 'fires' | 'eases' | 'resolves';

/** Ids and open alarms that are kept in mind of a partition; the oldest are forgotten first. */
const REMEMBERED_MAX = 10_000;

export interface Told {
  /** Null: the receiver is not concerned, or knows it. */
  changeOf(alert: Alert): Change | null;
  /** The receiver has it, or is not concerned. */
  note(alert: Alert): void;
}

function remember(set: Set<string>, text: string): void {
  set.delete(text);
  set.add(text);
  const [oldest] = set;
  if (set.size > REMEMBERED_MAX) set.delete(oldest!);
}

/** @param min the lowest level that the receiver hears of */
export function createTold(min: Level): Told {
  /** The judge writes alerts once more after a crash, with the same ids. */
  const ids = new Set<string>();
  /** Fingerprints of what fires at the level or above. */
  const open = new Set<string>();
  const concerns = ({ level }: Alert): boolean => isAtLeast(level, min);
  return {
    changeOf(alert) {
      const { id, fingerprint, state } = alert;
      if (ids.has(id)) return null;
      if (state === 'firing' && concerns(alert)) return 'fires';
      // An end has the level that fired last. One that the receiver has open is over for it in any case.
      if (state === 'resolved') return concerns(alert) || open.has(fingerprint) ? 'resolves' : null;
      return open.has(fingerprint) ? 'eases' : null;
    },
    note(alert) {
      remember(ids, alert.id);
      if (alert.state === 'firing' && concerns(alert)) remember(open, alert.fingerprint);
      else open.delete(alert.fingerprint);
    },
  };
}

export interface NotifierOptions {
  /** With its kind: `slack.oncall`. */
  name: string;
  level: Level;
  receiver: HttpReceiver;
  /** What is posted, as JSON. */
  bodyOf(alert: Alert, change: Change): object;
}

/** A sink of one POST for each alert that concerns its receiver. */
export function createNotifier({ name, level, receiver, bodyOf }: NotifierOptions): Sink {
  const part = (): SinkPart => {
    const told = createTold(level);
    return {
      restore: (alert) => told.note(alert),
      async write(batch) {
        const refusals: Refusal[] = [];
        for (const delivery of batch) {
          const { alert } = delivery;
          if (alert === undefined) continue;
          const change = told.changeOf(alert);
          const reason = change && (await receiver.post(JSON.stringify(bodyOf(alert, change))));
          if (reason !== null) refusals.push({ delivery, reason });
          else told.note(alert);
        }
        return refusals;
      },
    };
  };
  // After each record its progress can be committed: what follows may have to wait for hours.
  return { name, batchMax: 1, write: part().write, part, async close() {} };
}
