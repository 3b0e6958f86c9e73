/** What a test expects against what its run gave. */

import type { Alert, Incident } from '../../records.ts';
import type { Test } from './file.ts';
import { run } from './run.ts';

/** An alarm, alert or incident by the keys of a test file; times are from the start of the first window on. */
export type Entry = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** One alarm or record that is not as expected. */
export interface Difference {
  kind: 'alarms' | 'incidents' | 'records' | 'notifications';
  /** Of the test file: the expectation, or what it stands in where nothing is expected. */
  line: number;
  /** Of the look; null: a record, which says its own time. */
  atMs: number | null;
  /** Null: nothing of the kind is expected. */
  expected: Entry | null;
  /** Null: there is nothing of the kind. */
  found: Entry | null;
}

export interface Verdict {
  test: Test;
  differences: Difference[];
}

interface Expected {
  expected: Entry;
  line: number;
}

/** Runs a test and says in what it failed. */
export function judge(test: Test): Verdict {
  const outcome = run(test.plan);
  const { startMs } = test.plan;
  const differences: Difference[] = [];
  const note = (
    kind: Difference['kind'],
    atMs: number | null,
    line: number,
    pairs: readonly Pair[],
  ): void => {
    for (const pair of unlike(pairs)) differences.push({ kind, atMs, ...differenceOf(pair, line) });
  };
  for (const { atMs, line, alarms, incidents } of test.looks) {
    const look = outcome.seen.get(atMs)!;
    if (alarms !== null)
      note(
        'alarms',
        atMs,
        line,
        matched(
          alarms,
          look.alarms.map((seen): Entry => ({ ...seen })),
        ),
      );
    if (incidents === null) continue;
    const found = look.incidents.map((incident) => entryOfIncident(incident, startMs));
    note('incidents', atMs, line, matched(incidents, found));
  }
  const { records, notifications } = test;
  if (records !== null) {
    const found = outcome.alerts.map((alert) => entryOfAlert(alert, startMs));
    note('records', null, records.line, aligned(records.expected, found));
  }
  if (notifications !== null) {
    const told = outcome.incidents.filter(({ notify }) => notify !== '');
    const found = told.map((incident) => entryOfNotification(incident, startMs));
    note('notifications', null, notifications.line, aligned(notifications.expected, found));
  }
  return { test, differences };
}

function entryOfAlert(alert: Alert, startMs: number): Entry {
  const { rule, metric, subject, model, segment, state, level, value, threshold, n, reason } = alert;
  const [at, since] = [alert.windowEndMs - startMs, alert.sinceMs - startMs];
  return { at, rule, metric, subject, model, segment, state, level, value, threshold, n, since, reason };
}

function entryOfIncident(incident: Incident, startMs: number): Entry {
  const { level, firing, muted, mutedAlarms, isStorm, onsetMs, openedMs, summary } = incident;
  const [rules, inputs, segments] = [incident.rules, incident.inputs, incident.segments].map(namesText);
  return {
    ...{ level, firing, muted, muted_alarms: mutedAlarms, storm: isStorm },
    ...{ onset: onsetMs - startMs, opened: openedMs - startMs, rules, inputs, segments, summary },
  };
}

function entryOfNotification(incident: Incident, startMs: number): Entry {
  const { atMs, notify, state } = incident;
  return { at: atMs - startMs, notify, state, ...entryOfIncident(incident, startMs) };
}

/** In no order, as a file may write them in any. */
export const namesText = (names: readonly string[]): string => [...names].sort().join(', ');

/** Whether it is as expected; of why something is muted the beginning is enough. */
export function isAsWritten(key: string, expected: Entry[string], found: Entry[string]): boolean {
  if (expected === undefined || expected === found) return true;
  if (key !== 'muted' || typeof expected !== 'string' || typeof found !== 'string') return false;
  return expected !== '' && found.startsWith(expected);
}

interface Pair {
  expected: Expected | null;
  found: Entry | null;
}

const unlike = (pairs: readonly Pair[]): Pair[] =>
  pairs.filter(({ expected, found }) => expected === null || found === null || !isAs(expected, found));

const differenceOf = ({ expected, found }: Pair, line: number) => ({
  line: expected?.line ?? line,
  expected: expected?.expected ?? null,
  found,
});

/** What is not written is not compared. */
const isAs = ({ expected }: Expected, found: Entry): boolean => unequal(expected, found) === 0;

const unequal = (expected: Entry, found: Entry): number =>
  Object.entries(expected).filter(([key, value]) => !isAsWritten(key, value, found[key])).length;

/** Keys that say which alarm it is: pairs that differ in them are told apart, not compared. */
const ofOne = ({ expected }: Expected, found: Entry): boolean =>
  ['rule', 'metric', 'subject', 'model', 'segment'].every(
    (key) => expected[key] === undefined || expected[key] === found[key],
  );

/**
 * Alarms stand in no order, and one that says little may fit several: as many as possible are matched (augmenting paths, H. W. Kuhn
 * 1955), then what is left of the same alarm is set side by side.
 */
function matched(expected: readonly Expected[], found: readonly Entry[]): Pair[] {
  const ownerOf = new Map<number, number>();
  const assign = (e: number, tried: Set<number>): boolean =>
    found.some((entry, f) => {
      if (tried.has(f) || !isAs(expected[e]!, entry)) return false;
      tried.add(f);
      const owner = ownerOf.get(f);
      if (owner !== undefined && !assign(owner, tried)) return false;
      ownerOf.set(f, e);
      return true;
    });
  const open = expected.map((_, e) => e).filter((e) => !assign(e, new Set()));
  const left = new Set(found.map((_, f) => f).filter((f) => !ownerOf.has(f)));
  const pairs: Pair[] = [...ownerOf].map(([f, e]) => ({ expected: expected[e]!, found: found[f]! }));
  for (const e of open) {
    const f = [...left].find((one) => ofOne(expected[e]!, found[one]!));
    if (f !== undefined) left.delete(f);
    pairs.push({ expected: expected[e]!, found: f === undefined ? null : found[f]! });
  }
  return [...pairs, ...[...left].map((f) => ({ expected: null, found: found[f]! }))];
}

/** More is not worth aligning: whatever is wrong there, it is all of it. */
const ALIGNED_MAX = 250_000;
/** Of something that is missing, or too much; as one that differs in two keys. */
const GAP = 2;

/** Records stand in order: the alignment in which the fewest keys differ. */
function aligned(expected: readonly Expected[], found: readonly Entry[]): Pair[] {
  const [rows, columns] = [expected.length, found.length];
  if (rows * columns > ALIGNED_MAX)
    return Array.from({ length: Math.max(rows, columns) }, (_, i) => ({
      expected: expected[i] ?? null,
      found: found[i] ?? null,
    }));
  const cost = (i: number, j: number): number => {
    const differing = unequal(expected[i]!.expected, found[j]!);
    return ofOne(expected[i]!, found[j]!) ? Math.min(differing, 2 * GAP - 1) : 2 * GAP + differing;
  };
  // costs[i][j]: of what is left from expected[i] and found[j] on.
  const costs = Array.from({ length: rows + 1 }, () => new Float64Array(columns + 1));
  for (let i = rows; i >= 0; i--) {
    for (let j = columns; j >= 0; j--) {
      if (i === rows || j === columns) costs[i]![j] = GAP * (rows - i + columns - j);
      else {
        const gap = GAP + Math.min(costs[i + 1]![j]!, costs[i]![j + 1]!);
        costs[i]![j] = Math.min(gap, cost(i, j) + costs[i + 1]![j + 1]!);
      }
    }
  }
  const pairs: Pair[] = [];
  let [i, j] = [0, 0];
  while (i < rows || j < columns) {
    const here = costs[i]![j]!;
    if (i < rows && j < columns && here === cost(i, j) + costs[i + 1]![j + 1]!)
      pairs.push({ expected: expected[i++]!, found: found[j++]! });
    else if (i < rows && here === GAP + costs[i + 1]![j]!)
      pairs.push({ expected: expected[i++]!, found: null });
    else pairs.push({ expected: null, found: found[j++]! });
  }
  return pairs;
}
