/**
 * What must come out, computed from the produced records alone, slowly and by other means than the folds: an
 * undisturbed run that is wrong in the same way as a disturbed one would not be noticed otherwise.
 */

import type { Result, ServiceSpec, StreamName } from '../../../src/records.ts';
import type { Outcome } from './outcome.ts';
import type { Produced } from './traffic.ts';

interface Row {
  stream: StreamName;
  topic: string;
  partition: number;
  offset: number;
  id: string;
  timeMs: number;
  /** When it became known; see design: labels count by what their own partition knew. */
  knownMs: number;
  value: Record<string, number | string>;
}

interface Read {
  rows: Row[];
  late: Map<StreamName, number>;
  dead: string[];
}

/** Each partition in order, with the watermark of that partition alone. */
function readAll(spec: ServiceSpec, traffic: readonly Produced[]): Read {
  const read: Read = { rows: [], late: new Map(), dead: [] };
  const maxima = new Map<string, number>();
  const offsets = new Map<string, number>();
  const { hopMs, latenessMs, graceMs, maxFutureMs } = spec.windows;
  for (const { topic, partition, value, timestampMs } of traffic) {
    const { stream } = spec.streams.find((own) => own.topic === topic)!;
    const place = `${topic}/${partition}`;
    const offset = offsets.get(place) ?? 0;
    offsets.set(place, offset + 1);
    let record: Record<string, number | string>;
    try {
      record = JSON.parse(value!.toString());
    } catch {
      read.dead.push(`${place}@${offset}`);
      continue;
    }
    const timeMs = Number(record.time);
    if (timeMs > timestampMs + maxFutureMs) {
      read.dead.push(`${place}@${offset}`);
      continue;
    }
    const watermarkMs = (maxima.get(place) ?? Number.NEGATIVE_INFINITY) - latenessMs;
    const paneEndMs = Math.floor(timeMs / hopMs) * hopMs + hopMs;
    const isLate = paneEndMs + graceMs <= watermarkMs;
    if (isLate) read.late.set(stream, (read.late.get(stream) ?? 0) + 1);
    else maxima.set(place, Math.max(maxima.get(place) ?? Number.NEGATIVE_INFINITY, timeMs));
    const row = { stream, topic, partition, offset, id: String(record.id), timeMs, value: record };
    const isBase = stream === baseOf(spec);
    if (!isLate || !isBase) read.rows.push({ ...row, knownMs: Math.max(timeMs, watermarkMs) });
  }
  return read;
}

const baseOf = (spec: ServiceSpec): StreamName =>
  spec.streams.some(({ stream }) => stream === 'requests') ? 'requests' : 'predictions';

interface Match {
  baseMs: number;
  error: number;
  /** When both the answer and the truth were known. */
  knownMs: number;
}

/** Predictions matched with labels, id by id. */
function matchesOf(spec: ServiceSpec, rows: readonly Row[]): Match[] {
  const D = spec.maxDelayMs;
  const matches: Match[] = [];
  for (const id of new Set(rows.map((row) => row.id))) {
    const own = rows.filter((row) => row.id === id);
    const bases: Row[] = [];
    for (const row of own.filter(({ stream }) => stream === baseOf(spec))) {
      if (bases.every((before) => row.timeMs > before.timeMs + D)) bases.push(row);
    }
    const firstOf = (stream: StreamName): Map<Row, Row> => {
      const first = new Map<Row, Row>();
      for (const row of own.filter((one) => one.stream === stream)) {
        const base = bases.find(({ timeMs }) => Math.abs(row.knownMs - timeMs) <= D);
        if (base !== undefined && !first.has(base)) first.set(base, row);
      }
      return first;
    };
    const labels = firstOf('labels');
    const answers =
      baseOf(spec) === 'predictions' ? new Map(bases.map((b) => [b, b])) : firstOf('predictions');
    for (const base of bases) {
      const [label, answer] = [labels.get(base), answers.get(base)];
      if (label === undefined || answer === undefined) continue;
      const answerMs = answer === base ? base.timeMs : answer.knownMs;
      matches.push({
        baseMs: base.timeMs,
        error: Math.abs(Number(answer.value.price) - Number(label.value.price)),
        knownMs: Math.max(label.knownMs, answerMs),
      });
    }
  }
  return matches;
}

const wholeOf = (results: readonly Result[], metric: string, subject = ''): Result[] =>
  results.filter((one) => one.metric === metric && one.segment === '*' && one.subject === subject);

const sumOf = (results: readonly Result[]): number =>
  results.reduce((sum, { value }) => sum + (value ?? 0), 0);

/** Numbers of an undisturbed run that are not what the records say. */
export function oracleFaults(spec: ServiceSpec, traffic: readonly Produced[], calm: Outcome): string[] {
  const faults: string[] = [];
  const expect = (what: string, found: unknown, expected: unknown): void => {
    if (found !== expected) faults.push(`oracle: ${what}: expected ${expected}, found ${found}`);
  };
  const { rows, dead } = readAll(spec, traffic);
  const final = calm.results.filter((one) => one.final);
  const base = rows.filter(({ stream }) => stream === baseOf(spec));
  for (const { windowStartMs, windowEndMs, value } of wholeOf(final, 'volume')) {
    const inside = base.filter(({ timeMs }) => timeMs >= windowStartMs && timeMs < windowEndMs);
    expect(`volume at ${windowStartMs}`, value, inside.length);
  }
  expect(
    'dead letters',
    [...calm.dead]
      .map((place) => place.split(' ')[0])
      .sort()
      .join(),
    dead.sort().join(),
  );
  if (!spec.streams.some(({ stream }) => stream === 'labels')) return faults;
  const matches = matchesOf(spec, rows);
  for (const result of wholeOf(calm.results, 'mae', 'price')) {
    const { windowStartMs, windowEndMs, revision, n, value } = result;
    const afterMs = spec.revisionsMs[revision]!;
    const known = matches.filter(({ baseMs, knownMs }) => {
      const paneEndMs = Math.floor(baseMs / spec.windows.hopMs) * spec.windows.hopMs + spec.windows.hopMs;
      return baseMs >= windowStartMs && baseMs < windowEndMs && knownMs < paneEndMs + afterMs;
    });
    expect(`n of mae at ${windowStartMs}, revision ${revision}`, n, known.length);
    const mean = known.reduce((sum, { error }) => sum + error, 0) / known.length;
    if (known.length > 0 && Math.abs((value ?? Number.NaN) - mean) > 1e-9)
      faults.push(`oracle: mae at ${windowStartMs}, revision ${revision}: expected ${mean}, found ${value}`);
  }
  const finalPanes = matches.filter(({ baseMs }) =>
    wholeOf(final, 'mae', 'price').some(
      ({ windowStartMs, windowEndMs }) => baseMs >= windowStartMs && baseMs < windowEndMs,
    ),
  );
  if (spec.windows.hopMs === spec.windows.sizeMs)
    expect(
      'labels in final results',
      wholeOf(final, 'mae', 'price').reduce((sum, { n }) => sum + n, 0),
      finalPanes.length,
    );
  return faults;
}

/** Every row that was produced is in a window, late, or a dead letter: whatever the clocks did. */
export function accountFaults(spec: ServiceSpec, traffic: readonly Produced[], found: Outcome): string[] {
  if (spec.windows.hopMs !== spec.windows.sizeMs) return [];
  const base = baseOf(spec);
  const { topic } = spec.streams.find(({ stream }) => stream === base)!;
  const produced = traffic.filter((record) => record.topic === topic);
  const final = found.results.filter((one) => one.final);
  // The records that close the windows may be in one that does not close, or stray and wait for one.
  const open = produced.filter(({ key }) => String(key).startsWith('end-')).length;
  const dead = [...found.dead].filter((place) => place.startsWith(`${topic}/`)).length;
  const counted = sumOf(wholeOf(final, 'volume')) + sumOf(wholeOf(final, 'late', base)) + dead;
  return counted >= produced.length - open && counted <= produced.length
    ? []
    : [`accounts: ${produced.length} records of ${base} were produced, ${counted} are counted`];
}
