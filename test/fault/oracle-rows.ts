/**
 * The oracle reads an input topic as it lies in the log, partition by partition, and says of every record what it is:
 * a row of a pane, a late row, or a dead one. Slow and obvious, and no code of Telltale's.
 */
import type { ReadRecord } from '../stack/support/foreign.ts';
import { LATENESS_MS, type ServicePlan, type StreamName } from './services.ts';

const MAX_FUTURE_MS = 10 * 60_000;

export interface Row {
  id: string;
  timeMs: number;
  partition: number;
  offset: number;
  fields: Readonly<Record<string, unknown>>;
  late: boolean;
  /** When the join may know of it: its own time, or the time that its partition had reached when it came. */
  knownMs: number;
}

export interface StreamLog {
  stream: StreamName;
  topic: string;
  /** In the order of the log within each partition. */
  rows: Row[];
  /** Late and dead records, by the start of the pane that they are counted in. */
  late: Map<number, number>;
  dead: Map<number, number>;
  /** `partition/offset` of dead records. */
  deadAt: Set<string>;
}

export const paneOf = (timeMs: number, hopMs: number): number => Math.floor(timeMs / hopMs) * hopMs;

const add = (counts: Map<number, number>, at: number, by: number): void => {
  counts.set(at, (counts.get(at) ?? 0) + by);
};

/** Whether labels and predictions say what their service can have answered. */
function isReadable(plan: ServicePlan, stream: StreamName, fields: Record<string, unknown>): boolean {
  if (stream === 'requests') return true;
  if (stream === 'feedback') return typeof fields.kind === 'string' && fields.kind !== '';
  const { classes, field } = plan.output;
  const answer = fields[field] ?? null;
  if (answer === null) return stream === 'predictions';
  return classes === null ? typeof answer === 'number' : classes.includes(answer as string);
}

function parse(plan: ServicePlan, stream: StreamName, record: ReadRecord): Record<string, unknown> | null {
  let fields: unknown;
  try {
    fields = JSON.parse(record.value!.toString());
  } catch {
    return null;
  }
  if (typeof fields !== 'object' || fields === null) return null;
  const { time } = fields as { time?: unknown };
  if (typeof time !== 'number' || time > record.timestampMs + MAX_FUTURE_MS) return null;
  return isReadable(plan, stream, fields as Record<string, unknown>)
    ? (fields as Record<string, unknown>)
    : null;
}

function readPartition(plan: ServicePlan, log: StreamLog, records: readonly ReadRecord[]): void {
  let maxMs: number | null = null;
  let deadBefore = 0;
  for (const record of records) {
    const { partition, offset } = record;
    const fields = parse(plan, log.stream, record);
    if (fields === null) {
      log.deadAt.add(`${partition}/${offset}`);
      // Counted where the partition stands in event time; before any time is known, with the first row.
      if (maxMs === null) deadBefore++;
      else add(log.dead, paneOf(maxMs, plan.hopMs), 1);
      continue;
    }
    const timeMs = fields.time as number;
    const reachedMs = maxMs === null ? Number.NEGATIVE_INFINITY : maxMs - LATENESS_MS;
    const late = paneOf(timeMs, plan.hopMs) + plan.hopMs <= reachedMs;
    if (late) add(log.late, paneOf(maxMs!, plan.hopMs), 1);
    else maxMs = Math.max(maxMs ?? timeMs, timeMs);
    if (!late && deadBefore > 0) {
      add(log.dead, paneOf(maxMs!, plan.hopMs), deadBefore);
      deadBefore = 0;
    }
    const knownMs = Math.max(timeMs, reachedMs);
    const id = typeof fields.id === 'string' ? fields.id : record.key!.toString();
    log.rows.push({ id, timeMs, partition, offset, fields, late, knownMs });
  }
}

/** @param records ordered by partition and offset */
export function readStream(
  plan: ServicePlan,
  stream: StreamName,
  topic: string,
  records: readonly ReadRecord[],
): StreamLog {
  const log: StreamLog = {
    stream,
    topic,
    rows: [],
    late: new Map(),
    dead: new Map(),
    deadAt: new Set(),
  };
  for (const partition of new Set(records.map((record) => record.partition))) {
    readPartition(
      plan,
      log,
      records.filter((record) => record.partition === partition),
    );
  }
  return log;
}
