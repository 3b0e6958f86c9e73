/** Rows of files to the values that the stream of a service would carry. */

import { parsePath, valueAt } from '../../decode/paths.ts';
import { readTime } from '../../decode/scalars.ts';
import { vectorOfText } from '../../decode/vectors.ts';
import type { InputType, OutputType, ServiceSpec, StreamSpec } from '../../records.ts';
import type { Format, Row } from '../baseline/rows.ts';

/** Times that rows get by their place, where the file carries none. */
export interface TimeSteps {
  startMs: number;
  stepMs: number;
}

export interface Shaped {
  /** Event time; NaN where the row has none that can be read. */
  timeMs: number;
  /** JSON as on the topic. */
  value: Buffer;
}

/** Where a stream without a path for the time gets one in its JSON, so that the times of files reach the folds. */
export const TIME_PATH = 'telltale_time';

type Kind = 'number' | 'text' | 'flag' | 'time' | 'list' | 'vector';

const KIND_OF_INPUT: Partial<Record<InputType, Kind>> = { numeric: 'number', embedding: 'vector' };

const KIND_OF_OUTPUT: Partial<Record<OutputType, Kind>> = { regressor: 'number', multilabel: 'list' };

/** The paths that a stream reads, and what a text there means. */
function readersOf(spec: ServiceSpec, stream: StreamSpec): { path: string; name: string; kind: Kind }[] {
  const found: { path: string; name: string; kind: Kind }[] = [];
  const add = (path: string | null, kind: Kind, name = ''): void => {
    if (path !== null && path !== '') found.push({ path, name, kind });
  };
  add(stream.id, 'text');
  add(stream.time, 'time');
  if (stream.stream === 'requests') {
    for (const { from, name, type } of spec.inputs) add(from, KIND_OF_INPUT[type] ?? 'text', name);
  }
  for (const { name, type } of spec.outputs) {
    add(stream.fields[name] ?? null, KIND_OF_OUTPUT[type] ?? 'text');
  }
  add(stream.score, 'number');
  add(stream.latencyMs, 'number');
  add(stream.error, 'flag');
  if (stream.stream === 'feedback') add(stream.kind, 'text');
  return found;
}

/** Cells of CSV are text, a list has | between its entries and `[]` is an empty one; what is no number stays text, which counts as invalid, as it would on the topic. */
function typed(text: unknown, kind: Kind): unknown {
  if (typeof text !== 'string') return text;
  if (text === '') return undefined;
  if (kind === 'flag') return !['0', 'false', 'no'].includes(text.toLowerCase());
  if (kind === 'text') return text;
  if (kind === 'vector') return vectorOfText(text);
  if (kind === 'list') return text === '[]' ? [] : text.split('|').map((part) => part.trim());
  const number = Number(text);
  return Number.isFinite(number) ? number : text;
}

function setAt(target: Row, path: readonly string[], value: unknown): void {
  let at = target;
  for (const part of path.slice(0, -1)) {
    if (typeof at[part] !== 'object' || at[part] === null) at[part] = {};
    at = at[part] as Row;
  }
  at[path.at(-1)!] = value;
}

/** What JSON has no words for: bytes as base64, long integers as numbers, NaN as text, which counts as invalid. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

/** Milliseconds lie below it until the year 5138; Avro's timestamp-micros lie above it since 1973. */
const MICROS_FROM = 1e14;

function timeOf(value: unknown, format: Format): number {
  const inMicros = format === 'avro' && typeof value === 'number' && value >= MICROS_FROM;
  return readTime(value, inMicros ? 1000 : 0);
}

const POINT_TIME = /"timeUnixNano"\s*:\s*"?(\d+)/;

/** Makes the records of one file. `row` counts from 0. */
export function createShaper(spec: ServiceSpec, stream: StreamSpec, format: Format, steps: TimeSteps | null) {
  const readers = readersOf(spec, stream).map((reader) => ({ ...reader, parts: parsePath(reader.path) }));
  const timePath = parsePath(stream.time === '' ? TIME_PATH : stream.time);
  return (row: Row, index: number): Shaped => {
    if (stream.encoding === 'otlp_json') {
      const text = JSON.stringify(row);
      return { timeMs: Number(POINT_TIME.exec(text)?.[1] ?? Number.NaN) / 1e6, value: Buffer.from(text) };
    }
    let record = plain(row) as Row;
    if (format === 'csv') {
      record = {};
      for (const { path, name, kind, parts } of readers) {
        const cell = Object.hasOwn(row, path) ? row[path] : name === '' ? undefined : row[name];
        const value = typed(cell, kind);
        if (value !== undefined) setAt(record, parts, value);
      }
    }
    const timeMs =
      steps === null ? timeOf(valueAt(record, timePath), format) : steps.startMs + index * steps.stepMs;
    if (!Number.isNaN(timeMs)) setAt(record, timePath, new Date(timeMs).toISOString());
    return { timeMs, value: Buffer.from(JSON.stringify(record)) };
  };
}
