/** What the daemons must have written, from the input topics alone. */
import type { ReadRecord } from '../stack/support/foreign.ts';
import {
  type ExpectedAlert,
  type ExpectedRetrain,
  expectedAlerts,
  expectedRetrains,
} from './oracle-alarms.ts';
import { type Joined, type JoinOutcome, joinService } from './oracle-join.ts';
import {
  categoricalFigures,
  classifierFigures,
  coverageFigure,
  errorFigures,
  type Figure,
  feedbackFigures,
  numericFigures,
  regressorFigures,
  rightFigures,
  streamFigures,
} from './oracle-metrics.ts';
import { paneOf, type Row, readStream, type StreamLog } from './oracle-rows.ts';
import { LATENESS_MS, SERVICES, type ServicePlan, STREAMS, type StreamName, topicOf } from './services.ts';

export interface ExpectedResult {
  service: string;
  segment: string;
  startMs: number;
  endMs: number;
  figure: Figure;
}

export interface Expected {
  results: ExpectedResult[];
  alerts: ExpectedAlert[];
  retrains: ExpectedRetrain[];
  /** `topic partition/offset` of every record that nobody can read. */
  dead: Set<string>;
  /** Totals over all windows, by `service stream`. */
  late: Record<string, number>;
  /** What the joins set aside, over all windows, by service. */
  joins: Record<string, Pick<JoinOutcome, 'duplicates' | 'unmatched'>>;
}

type Add = (segment: string, endMs: number, figures: readonly Figure[]) => void;

/** Ends of the windows that a pane belongs to. */
function endsOf(plan: ServicePlan, pane: number): number[] {
  const ends: number[] = [];
  for (let end = pane + plan.hopMs; end <= pane + plan.sizeMs; end += plan.hopMs) ends.push(end);
  return ends;
}

/** Items by the end of each window that they belong to. */
function byWindow<T>(plan: ServicePlan, items: readonly T[], timeOf: (item: T) => number): Map<number, T[]> {
  const windows = new Map<number, T[]>();
  for (const item of items) {
    for (const end of endsOf(plan, paneOf(timeOf(item), plan.hopMs))) {
      const own = windows.get(end) ?? [];
      windows.set(end, own);
      own.push(item);
    }
  }
  return windows;
}

function bySegment<T>(items: readonly T[], segmentOf: (item: T) => string): Map<string, T[]> {
  const segments = new Map<string, T[]>();
  for (const item of items) {
    const own = segments.get(segmentOf(item)) ?? [];
    segments.set(segmentOf(item), own);
    own.push(item);
  }
  return segments;
}

const countryOf = (row: Row): string =>
  `country=${typeof row.fields.country === 'string' ? row.fields.country : '(missing)'}`;

/** How far a stream is in event time: as far as its slowest partition. */
function reachedMs(log: StreamLog): number {
  const furthest = new Map<number, number>();
  for (const { partition, timeMs, late } of log.rows) {
    if (!late) furthest.set(partition, Math.max(furthest.get(partition) ?? timeMs, timeMs));
  }
  return Math.min(...furthest.values()) - LATENESS_MS;
}

function figuresOfRows(plan: ServicePlan, stream: StreamName, rows: readonly Row[]): Figure[] {
  if (rows.length === 0) return [];
  if (stream === 'requests')
    return [
      ...numericFigures('x', rows),
      ...numericFigures('y', rows),
      ...categoricalFigures('country', rows),
    ];
  if (stream !== 'predictions') return [];
  const { name, classes } = plan.output;
  return classes === null ? regressorFigures(name, rows) : classifierFigures(name, classes, rows);
}

/** Inputs, answers, late and dead records: what is counted where a stream is read. */
function addStream(plan: ServicePlan, log: StreamLog, add: Add): void {
  const { stream } = log;
  const onTime = log.rows.filter(({ late }) => !late);
  const windows = byWindow(plan, onTime, ({ timeMs }) => timeMs);
  const isMain = stream === plan.base;
  const sumOf = (counts: ReadonlyMap<number, number>, end: number): number =>
    [...counts].reduce((sum, [pane, n]) => (endsOf(plan, pane).includes(end) ? sum + n : sum), 0);
  const panes = [
    ...onTime.map(({ timeMs }) => paneOf(timeMs, plan.hopMs)),
    ...log.late.keys(),
    ...log.dead.keys(),
  ];
  const reached = reachedMs(log);
  for (const end of new Set(panes.flatMap((pane) => endsOf(plan, pane)))) {
    if (end > reached) continue;
    const rows = windows.get(end) ?? [];
    const counts = { rows: rows.length, late: sumOf(log.late, end), dead: sumOf(log.dead, end) };
    add('*', end, streamFigures(stream, isMain, plan.sizeMs, counts));
    add('*', end, figuresOfRows(plan, stream, rows));
    if (stream !== 'requests') continue;
    for (const [segment, own] of bySegment(rows, countryOf)) {
      add(segment, end, streamFigures(stream, isMain, plan.sizeMs, { rows: own.length, late: 0, dead: 0 }));
      add(segment, end, figuresOfRows(plan, stream, own));
    }
  }
}

/** What follows from matching by id. */
function addJoin(plan: ServicePlan, entries: readonly Joined[], reached: number, add: Add): void {
  const { name, classes } = plan.output;
  const figuresOf = (own: readonly Joined[]): Figure[] =>
    classes === null
      ? [coverageFigure(own), ...errorFigures(name, own)]
      : [coverageFigure(own), ...rightFigures(name, classes.at(-1)!, own), ...feedbackFigures(own)];
  for (const [end, own] of byWindow(plan, entries, ({ base }) => base.timeMs)) {
    if (end > reached) continue;
    add('*', end, figuresOf(own));
    if (plan.base !== 'requests') continue;
    for (const [segment, part] of bySegment(own, ({ base }) => countryOf(base))) {
      add(segment, end, figuresOf(part));
    }
  }
}

const total = (counts: ReadonlyMap<number, number>): number =>
  [...counts.values()].reduce((sum, n) => sum + n, 0);

/** @param read the records of an input topic, ordered by partition and offset */
export function expectedOf(prefix: string, read: (topic: string) => readonly ReadRecord[]): Expected {
  const expected: Expected = { results: [], alerts: [], retrains: [], dead: new Set(), late: {}, joins: {} };
  for (const plan of SERVICES) {
    const { service } = plan;
    const logs = new Map<StreamName, StreamLog>();
    const add: Add = (segment, endMs, figures) => {
      for (const figure of figures)
        expected.results.push({ service, segment, startMs: endMs - plan.sizeMs, endMs, figure });
    };
    for (const own of STREAMS.filter((stream) => stream.service === service)) {
      const topic = topicOf(prefix, own);
      const log = readStream(plan, own.stream, topic, read(topic));
      logs.set(own.stream, log);
      addStream(plan, log, add);
      for (const at of log.deadAt) expected.dead.add(`${topic} ${at}`);
      expected.late[`${service} ${own.stream}`] = total(log.late);
    }
    const reached = Math.min(...[...logs.values()].map(reachedMs)) - plan.maxDelayMs;
    const { joined, duplicates, unmatched } = joinService(plan, logs, reached);
    addJoin(plan, joined, reached, add);
    expected.joins[service] = { duplicates, unmatched };
    const alerts = expectedAlerts(plan, expected.results);
    expected.alerts.push(...alerts);
    expected.retrains.push(...expectedRetrains(plan, alerts, [...logs.values()]));
  }
  return expected;
}
