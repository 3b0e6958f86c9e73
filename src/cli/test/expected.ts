/** What a test expects: at the times of its looks, and of all that goes out. */

import type { Report } from '../../config/document.ts';
import type { Path } from '../../config/types.ts';
import { type Entry, namesText } from './compare.ts';
import type { AlarmShape, IncidentShape, NotificationShape, RecordShape, TestShape } from './shape.ts';

export interface Expected<T> {
  expected: T;
  /** Of the test file. */
  line: number;
}

/** All that goes out of a kind, in order. */
export interface Listed<T> {
  line: number;
  expected: Expected<T>[];
}

/** Null: it is not compared. */
export interface Expectations {
  looks: {
    atMs: number;
    line: number;
    alarms: Expected<AlarmShape>[] | null;
    incidents: Expected<Entry>[] | null;
  }[];
  records: Listed<RecordShape> | null;
  notifications: Listed<Entry> | null;
}

export interface ExpectedReading {
  /** Of a path of the test. */
  lineOf: (path: Path) => number;
  report: Report;
  /** Reports a time that lies after all windows. */
  checkTime: (path: Path, timeMs: number) => void;
  /** Names of rules that are under test at some time. */
  rules: readonly string[];
}

export function expectationsOf(test: TestShape, reading: ExpectedReading): Expectations {
  const { lineOf, report, checkTime } = reading;
  if (test.expect.length === 0 && test.records === undefined && test.notifications === undefined)
    report([], { message: 'nothing is expected; give expect, records or notifications' });
  const listOf = <S, T>(
    at: Path,
    entries: readonly S[] | undefined,
    read: (entry: S, path: Path) => T,
  ): Expected<T>[] | null =>
    entries?.map((entry, k) => ({ expected: read(entry, [...at, k]), line: lineOf([...at, k]) })) ?? null;
  const ofRule = <S extends { rule: string }>(entry: S, path: Path): S => {
    checkRule([...path, 'rule'], entry.rule, reading);
    return entry;
  };
  const ofIncident = (entry: IncidentShape | NotificationShape, path: Path): Entry => {
    entry.rules?.forEach((rule, j) => {
      checkRule([...path, 'rules', j], rule, reading);
    });
    return withNames(entry);
  };
  for (const key of ['records', 'notifications'] as const)
    test[key]?.forEach(({ at }, k) => {
      checkTime([key, k, 'at'], at);
    });
  const looks = test.expect.map((look, k) => {
    const path = ['expect', k];
    checkTime([...path, 'at'], look.at);
    if (look.alarms === undefined && look.incidents === undefined)
      report(path, { message: 'nothing is expected at this time; give alarms or incidents' });
    const alarms = listOf([...path, 'alarms'], look.alarms, ofRule);
    const incidents = listOf([...path, 'incidents'], look.incidents, ofIncident);
    return { atMs: look.at, line: lineOf(path), alarms, incidents };
  });
  const listed = <T>(key: string, expected: Expected<T>[] | null): Listed<T> | null =>
    expected === null ? null : { line: lineOf([key]), expected };
  return {
    looks,
    records: listed('records', listOf(['records'], test.records, ofRule)),
    notifications: listed('notifications', listOf(['notifications'], test.notifications, ofIncident)),
  };
}

function checkRule(path: Path, rule: string, { rules, report }: ExpectedReading): void {
  if (rules.includes(rule)) return;
  const allowed = rules.length > 0 ? rules : ['rules of the service, which has none'];
  report(path, { found: `the rule '${rule}'`, word: rule, allowed });
}

/** Lists of names as one text each, as those that are found. */
function withNames({ rules, inputs, segments, ...rest }: IncidentShape | NotificationShape): Entry {
  const textOf = (names: readonly string[] | undefined): string | undefined => names && namesText(names);
  return { ...rest, rules: textOf(rules), inputs: textOf(inputs), segments: textOf(segments) };
}
