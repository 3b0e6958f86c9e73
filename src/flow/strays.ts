/**
 * Rows of a source that came to the judge after their pane had closed: the source was silent or new when the
 * others closed it. For the source itself they are not late, so it does not count them; here they become `late`
 * of the next window, and no row is lost without a trace.
 */

import { assert } from '../errors.ts';
import { count as countUp } from '../profile/counters.ts';
import type { Tracks } from '../profile/registry.ts';
import type { ServiceSpec } from '../records.ts';
import { isLate } from '../window/panes.ts';
import { TIME_MIN_MS, type Watermarks } from '../window/watermarks.ts';
import { feedKey } from './feeds.ts';
import type { StoredSlot } from './merge-window.ts';
import { type Mark, type Slot, type SourceGroup, sourceText } from './messages.ts';

export interface Strays {
  /** Rows that wait to be counted, by group. */
  late: Partial<Record<SourceGroup, number>>;
  /** Rows that closed panes were given with, by source and start, while the source may still add to them. */
  given: Record<string, Record<number, number>>;
}

export const createStrays = (): Strays => ({ late: {}, given: {} });

interface Judging {
  marks: Partial<Record<SourceGroup, Watermarks>>;
  strays: Strays;
}

type Source = Pick<Slot, 'group' | 'topic' | 'partition'>;

const sourceKey = ({ group, topic, partition }: Source): string => `${group}|${sourceText(topic, partition)}`;

/** Whether the source itself has passed the pane: then it adds no more, and what comes is a repetition. */
function hasPassed(judge: Judging, spec: ServiceSpec, source: Source, startMs: number): boolean {
  const mark = judge.marks[source.group]?.[source.topic]?.marks[source.partition];
  return isLate({ watermarkMs: mark?.watermarkMs ?? TIME_MIN_MS }, spec.windows, startMs);
}

/** A pane closes: its rows were given. The join counts by itself what it matches too late. */
export function rememberRows(
  judge: Judging,
  spec: ServiceSpec,
  group: SourceGroup,
  startMs: number,
  cells: ReadonlyMap<string, StoredSlot>,
): void {
  if (group === 'events') return;
  for (const { slot } of cells.values()) {
    if (slot.rows === 0 || hasPassed(judge, spec, slot, startMs)) continue;
    judge.strays.given[sourceKey(slot)] ??= {};
    judge.strays.given[sourceKey(slot)]![startMs] = slot.rows;
  }
}

/** A slot of a pane that is closed. */
export function takeStray(judge: Judging, spec: ServiceSpec, slot: Slot): void {
  const { group, rows, paneStartMs } = slot;
  if (group === 'events' || rows === 0 || hasPassed(judge, spec, slot, paneStartMs)) return;
  const { late, given } = judge.strays;
  given[sourceKey(slot)] ??= {};
  const before = given[sourceKey(slot)]![paneStartMs] ?? 0;
  if (rows <= before) return;
  given[sourceKey(slot)]![paneStartMs] = rows;
  late[group] = (late[group] ?? 0) + rows - before;
}

/** What a source has passed need not be remembered. */
export function forgetRows(judge: Judging, spec: ServiceSpec, mark: Mark): void {
  const key = sourceKey(mark);
  const given = judge.strays.given[key];
  if (given === undefined) return;
  for (const startMs of Object.keys(given).map(Number))
    if (hasPassed(judge, spec, mark, startMs)) delete given[startMs];
  if (Object.keys(given).length === 0) delete judge.strays.given[key];
}

/** Adds what waits to the whole traffic of the next window. */
export function countStrays(judge: Judging, group: SourceGroup, whole: Tracks): void {
  const by = judge.strays.late[group];
  if (by === undefined) return;
  delete judge.strays.late[group];
  const key = feedKey('rows', '', group);
  const track = whole.get(key) ?? { kind: 'counters' as const, state: new Map<string, number>() };
  whole.set(key, track);
  assert(track.kind === 'counters', 'rows are counters');
  countUp(track.state, 'late', by);
}
