/**
 * What waits to be joined, as columns: a row is 128 bits of its id's hash, a small tag, an expiry and `stride`
 * numbers, about 60 to 120 bytes, where an object with its strings and arrays takes five times that. Ids
 * are known by their hash alone; two of ten million ids share one with a probability of 1e-25.
 */

import { assert } from '../errors.ts';

export interface Table {
  /** Numbers of each row. */
  readonly stride: number;
  /** Rows in use. */
  size: number;
  keys: Uint32Array;
  tags: Int32Array;
  expires: Float64Array;
  numbers: Float64Array;
  /** Rows that are free again; those from `used` on have never been used. */
  free: number[];
  used: number;
  /** Open addressing with linear probing: row + 1, 0 is empty. Its length is a power of two. */
  index: Int32Array;
  /** Expiry rounded up to `bucketMs` -> rows; a row that was removed or used again may still be listed. */
  buckets: Map<number, number[]>;
  readonly bucketMs: number;
}

/** 128 bits: four words. */
export type Key = Uint32Array;

const ROWS_MIN = 64;

export function createTable(stride: number, bucketMs: number, rows = ROWS_MIN): Table {
  let slots = 4;
  while (slots < 2 * rows) slots *= 2;
  return {
    stride,
    size: 0,
    keys: new Uint32Array(4 * rows),
    tags: new Int32Array(rows),
    expires: new Float64Array(rows),
    numbers: new Float64Array(stride * rows),
    free: [],
    used: 0,
    index: new Int32Array(slots),
    buckets: new Map(),
    bucketMs,
  };
}

function isKey(table: Table, row: number, key: Key): boolean {
  const { keys } = table;
  const at = 4 * row;
  return keys[at] === key[0] && keys[at + 1] === key[1] && keys[at + 2] === key[2] && keys[at + 3] === key[3];
}

/** The row of a key; -1: there is none. */
export function findRow(table: Table, key: Key): number {
  const { index } = table;
  const mask = index.length - 1;
  for (let slot = key[1]! & mask; ; slot = (slot + 1) & mask) {
    const row = index[slot]! - 1;
    if (row < 0) return -1;
    if (isKey(table, row, key)) return row;
  }
}

function place(table: Table, row: number): void {
  const { index, keys } = table;
  const mask = index.length - 1;
  let slot = keys[4 * row + 1]! & mask;
  while (index[slot] !== 0) slot = (slot + 1) & mask;
  index[slot] = row + 1;
}

function grow(table: Table): void {
  const rows = 2 * table.tags.length;
  const copied = <T extends Uint32Array | Int32Array | Float64Array>(into: T, from: T): T => {
    into.set(from);
    return into;
  };
  table.keys = copied(new Uint32Array(4 * rows), table.keys);
  table.tags = copied(new Int32Array(rows), table.tags);
  table.expires = copied(new Float64Array(rows), table.expires);
  table.numbers = copied(new Float64Array(table.stride * rows), table.numbers);
  // Growing happens with all rows in use.
  table.index = new Int32Array(2 * table.index.length);
  for (let row = 0; row < table.used; row++) place(table, row);
}

/** Adds a row with all numbers NaN. The key MUST NOT be there yet. */
export function addRow(table: Table, key: Key, tag: number, expiresMs: number): number {
  const recycled = table.free.pop();
  if (recycled === undefined && table.used === table.tags.length) grow(table);
  const row = recycled ?? table.used++;
  table.keys.set(key, 4 * row);
  table.tags[row] = tag;
  table.expires[row] = expiresMs;
  table.numbers.fill(Number.NaN, table.stride * row, table.stride * (row + 1));
  table.size++;
  place(table, row);
  const bucket = bucketOf(table, expiresMs);
  const rows = table.buckets.get(bucket);
  if (rows === undefined) table.buckets.set(bucket, [row]);
  else rows.push(row);
  return row;
}

const bucketOf = (table: Table, expiresMs: number): number =>
  Math.ceil(expiresMs / table.bucketMs) * table.bucketMs;

/** Forgets a row; closes the gap in the index so that what was placed after it is still found. */
export function removeRow(table: Table, row: number): void {
  const { index, keys } = table;
  const mask = index.length - 1;
  let gap = keys[4 * row + 1]! & mask;
  while (index[gap] !== row + 1) {
    assert(index[gap] !== 0, 'a row that is removed is in the index');
    gap = (gap + 1) & mask;
  }
  for (let slot = (gap + 1) & mask; index[slot] !== 0; slot = (slot + 1) & mask) {
    const home = keys[4 * (index[slot]! - 1) + 1]! & mask;
    // An entry may move back to the gap unless its home lies cyclically within (gap, slot].
    const stays = gap <= slot ? gap < home && home <= slot : gap < home || home <= slot;
    if (stays) continue;
    index[gap] = index[slot]!;
    gap = slot;
  }
  index[gap] = 0;
  // No time is before this one: a stale entry of a bucket never looks alive.
  table.expires[row] = Number.NEGATIVE_INFINITY;
  table.free.push(row);
  table.size--;
}

/** Calls `visit` with each row that expires before `watermarkMs`, and forgets it; in order of time and age. */
export function expireRows(table: Table, watermarkMs: number, visit: (row: number) => void): void {
  const due = [...table.buckets.keys()].filter((bucket) => bucket <= watermarkMs + table.bucketMs);
  for (const bucket of due.sort((a, b) => a - b)) {
    const left: number[] = [];
    for (const row of table.buckets.get(bucket)!) {
      const expiresMs = table.expires[row]!;
      if (expiresMs === Number.NEGATIVE_INFINITY || bucketOf(table, expiresMs) !== bucket) continue;
      if (expiresMs >= watermarkMs) {
        left.push(row);
        continue;
      }
      visit(row);
      removeRow(table, row);
    }
    if (left.length === 0) table.buckets.delete(bucket);
    else table.buckets.set(bucket, left);
  }
}

/** Rows in use, oldest place first. */
export function rowsOf(table: Table): number[] {
  const rows: number[] = [];
  for (let row = 0; row < table.used; row++)
    if (table.expires[row] !== Number.NEGATIVE_INFINITY) rows.push(row);
  return rows;
}

/** The rows with another number of numbers: the last ones are cut off, or NaN. */
export function withStride(table: Table, stride: number): Table {
  if (stride === table.stride) return table;
  const numbers = new Float64Array(stride * table.tags.length).fill(Number.NaN);
  const kept = Math.min(stride, table.stride);
  for (let row = 0; row < table.used; row++) {
    const from = row * table.stride;
    numbers.set(table.numbers.subarray(from, from + kept), row * stride);
  }
  return { ...table, stride, numbers };
}

/** Bytes of the rows that `unpackTable` makes a table of again; `stride` and `bucketMs` are known to the reader. */
export function packTable(table: Table): Uint8Array[] {
  const rows = rowsOf(table);
  const { stride } = table;
  const keys = new Uint32Array(4 * rows.length);
  const tags = new Int32Array(rows.length);
  const expires = new Float64Array(rows.length);
  const numbers = new Float64Array(stride * rows.length);
  rows.forEach((row, i) => {
    keys.set(table.keys.subarray(4 * row, 4 * row + 4), 4 * i);
    tags[i] = table.tags[row]!;
    expires[i] = table.expires[row]!;
    numbers.set(table.numbers.subarray(stride * row, stride * (row + 1)), stride * i);
  });
  return [keys, tags, expires, numbers].map(
    ({ buffer, byteLength }) => new Uint8Array(buffer, 0, byteLength),
  );
}

/** Bytes of one row of a packed table. */
export const rowBytes = (stride: number): number => 4 * 4 + 4 + 8 + 8 * stride;

/** A table of `size` packed rows; `bytes` are those of `packTable`, one after the other. */
export function unpackTable(bytes: Uint8Array, size: number, stride: number, bucketMs: number): Table {
  assert(bytes.length === size * rowBytes(stride), 'a packed table is whole');
  const table = createTable(stride, bucketMs, Math.max(ROWS_MIN, size));
  // A copy, since columns of 8 bytes must begin at a multiple of 8.
  const { buffer } = new Uint8Array(bytes);
  const keys = new Uint32Array(buffer, 0, 4 * size);
  const tags = new Int32Array(buffer, 16 * size, size);
  const rest = buffer.slice(20 * size);
  const expires = new Float64Array(rest, 0, size);
  const numbers = new Float64Array(rest, 8 * size, stride * size);
  for (let i = 0; i < size; i++) {
    const row = addRow(table, keys.subarray(4 * i, 4 * i + 4), tags[i]!, expires[i]!);
    table.numbers.set(numbers.subarray(stride * i, stride * (i + 1)), stride * row);
  }
  return table;
}
