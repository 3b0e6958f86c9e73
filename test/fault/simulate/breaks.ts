/**
 * The rules of the log, broken one at a time, where the daemon touches the log: the simulator must notice each.
 */

import { decodeSlots, encodeMark, encodeSlot, markKey } from '../../../src/flow/wire.ts';
import type { Append, LogRecord } from '../../../src/records.ts';

export const RULES = {
  R3: 'commits before what was written is acknowledged',
  R4: 'the last slot in the log holds, not the one that has read furthest',
  R5: 'a restored slot does not say how far it has read',
  R6: 'all writers share the keys of their slots',
  R7: 'the judge decides by its own clock that a source is idle',
  R9: 'the commit does not say how far event time has come',
} as const;

export type Rule = keyof typeof RULES;

/**
 * A seed that notices each: it is tried before all others, since some rules take hundreds. Where the code has moved on and it notices no more, the others
 * are searched, and the one that is found belongs here.
 */
export const NOTICED_BY: Readonly<Record<Rule, number>> = { R3: 0, R4: 18, R5: 2, R6: 949, R7: 2, R9: 6 };
export const RULE_NAMES = Object.keys(RULES) as Rule[];

const withSlot = (record: LogRecord, change: (upTo: number) => number): LogRecord => {
  const found = decodeSlots(record);
  if (found?.type !== 'slot') return record;
  return { ...record, value: encodeSlot({ ...found.slot, upTo: change(found.slot.upTo) }) };
};

/** Slots as the judge sees them. */
export function seenByJudge(rule: Rule | null, records: LogRecord[]): LogRecord[] {
  if (rule === 'R4') return records.map((record) => withSlot(record, () => record.offset));
  return records;
}

/** Slots as a restore sees them. */
export function seenByRestore(rule: Rule | null, records: LogRecord[]): LogRecord[] {
  if (rule === 'R5') return records.map((record) => withSlot(record, () => -1));
  if (rule === 'R4') return records;
  return records;
}

/** R7: marks of the judge's own making for the sources of which it has heard nothing for `silentMs`. */
export function createIdleGuesser(silentMs: number): (records: LogRecord[], nowMs: number) => LogRecord[] {
  const last = new Map<string, { heardMs: number; record: LogRecord }>();
  return (records, nowMs) => {
    for (const record of records) {
      const found = decodeSlots(record);
      if (found?.type !== 'mark') continue;
      const { service, group, topic, partition } = found.mark;
      last.set(`${service}|${group}|${topic}/${partition}`, { heardMs: nowMs, record });
    }
    const guessed = [...last.values()]
      .filter(({ heardMs }) => nowMs - heardMs >= silentMs)
      .map(({ record }) => {
        const found = decodeSlots(record);
        if (found?.type !== 'mark') return record;
        const mark = { ...found.mark, idle: true };
        return {
          ...record,
          offset: records.at(-1)!.offset,
          key: Buffer.from(markKey(mark)),
          value: encodeMark(mark),
        };
      });
    return [...records, ...guessed];
  };
}

/** R3: records that were told to be written and are not yet. */
export interface Unwritten {
  batches: (readonly Append[])[];
}
