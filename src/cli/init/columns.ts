/** What a sample of records says of each of their fields. */

import { readTime } from '../../decode/scalars.ts';
import type { Row } from '../baseline/rows.ts';

/** More different values are not kept: a field with so many is no list of categories. */
const DISTINCT_MAX = 10_000;
/** Levels of objects that are gone down into. */
const DEPTH_MAX = 4;

export interface ColumnFacts {
  /** Path into the record, dots between levels. */
  path: string;
  /** Rows that have a value. */
  n: number;
  numbers: number;
  texts: number;
  flags: number;
  /** Values that can be read as a time. */
  times: number;
  /** Of those: earliest and latest, in ms. */
  fromMs: number;
  toMs: number;
  /** Lists of numbers, and their length; null: they differ. */
  vectors: number;
  vectorLength: number | null;
  /** Texts that begin as JPEG or PNG in base64 do. */
  images: number;
  min: number;
  max: number;
  areWhole: boolean;
  /** Characters of all texts. */
  chars: number;
  /** How often each value occurs; incomplete where `isOverfull`. */
  values: Map<string, number>;
  isOverfull: boolean;
}

export interface Sample {
  rows: number;
  /** In the order in which they first occur. */
  columns: ColumnFacts[];
}

export function createSample(fromText: boolean) {
  const columns = new Map<string, ColumnFacts>();
  let rows = 0;
  const look = (value: unknown, path: string, depth: number): void => {
    if (value === null || value === undefined || value === '') {
      if (!columns.has(path)) columns.set(path, emptyFacts(path));
      return;
    }
    if (isObject(value) && depth < DEPTH_MAX) {
      for (const [key, inner] of Object.entries(value)) look(inner, `${path}.${key}`, depth + 1);
      return;
    }
    const facts = columns.get(path) ?? emptyFacts(path);
    columns.set(path, facts);
    note(facts, value, fromText);
  };
  return {
    add(row: Row): void {
      rows++;
      for (const [key, value] of Object.entries(row)) look(value, key, 1);
    },
    done: (): Sample => ({ rows, columns: [...columns.values()] }),
  };
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);

const emptyFacts = (path: string): ColumnFacts => ({
  ...{ path, n: 0, numbers: 0, texts: 0, flags: 0, times: 0, vectors: 0, vectorLength: 0, images: 0 },
  ...{ fromMs: Number.POSITIVE_INFINITY, toMs: Number.NEGATIVE_INFINITY },
  ...{ min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY, areWhole: true, chars: 0 },
  ...{ values: new Map<string, number>(), isOverfull: false },
});

function note(facts: ColumnFacts, value: unknown, fromText: boolean): void {
  facts.n++;
  if (Array.isArray(value)) {
    if (!value.every((one) => typeof one === 'number')) return;
    facts.vectorLength = facts.vectors === 0 || facts.vectorLength === value.length ? value.length : null;
    facts.vectors++;
    return;
  }
  const asNumber = numberOf(value, fromText);
  if (asNumber !== null) {
    facts.numbers++;
    facts.min = Math.min(facts.min, asNumber);
    facts.max = Math.max(facts.max, asNumber);
    facts.areWhole &&= Number.isInteger(asNumber);
  }
  if (typeof value === 'boolean') facts.flags++;
  // A cell of CSV is a text, whether it is a number or not: a list of codes may have both.
  if (typeof value === 'string') {
    facts.texts++;
    facts.chars += value.length;
    if (/^(\/9j\/|iVBORw0)/.test(value)) facts.images++;
  }
  const timeMs = readTime(asNumber ?? value, 0);
  if (!Number.isNaN(timeMs) && (typeof value === 'string' || asNumber !== null)) {
    facts.times++;
    facts.fromMs = Math.min(facts.fromMs, timeMs);
    facts.toMs = Math.max(facts.toMs, timeMs);
  }
  if (typeof value !== 'object') count(facts, String(value));
}

/** Cells of CSV are text, those of JSON and Avro have a type. */
function numberOf(value: unknown, fromText: boolean): number | null {
  if (typeof value === 'number' || typeof value === 'bigint') return Number(value);
  if (!fromText || typeof value !== 'string' || value.trim() === '') return null;
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
}

function count(facts: ColumnFacts, text: string): void {
  const before = facts.values.get(text);
  if (before === undefined && facts.values.size >= DISTINCT_MAX) facts.isOverfull = true;
  else facts.values.set(text, (before ?? 0) + 1);
}
