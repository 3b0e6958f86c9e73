/** Cells that hold a vector of a known length. */

import { CELL_INVALID, CELL_MISSING, CELL_OK, EMBEDDING_REACH, type EmbeddingColumn } from '../records.ts';
import { type Cursor, fail, readDouble, readFloat, readLong, skipBytes } from './cursor.ts';

/** Vectors that a column has room for at first; it grows with those that come, not with its rows. */
const ROOM = 16;

export const emptyVectors = (dimensions: number, capacity: number): EmbeddingColumn => ({
  kind: 'embedding',
  dimensions,
  places: new Int32Array(capacity),
  vectors: 0,
  values: new Float32Array(0),
  state: new Uint8Array(capacity).fill(CELL_MISSING),
});

/** Where the next vector begins; there is room for it. */
function nextPlace(column: EmbeddingColumn): number {
  const at = column.vectors * column.dimensions;
  if (at + column.dimensions > column.values.length) {
    const grown = new Float32Array(Math.max(ROOM * column.dimensions, 2 * column.values.length));
    grown.set(column.values);
    column.values = grown;
  }
  return at;
}

function keep(column: EmbeddingColumn, row: number, isGood: boolean): void {
  column.state[row] = isGood ? CELL_OK : CELL_INVALID;
  if (isGood) column.places[row] = column.vectors++;
}

/** Takes back what a dead row has set, which was the last one. */
export function dropVector(column: EmbeddingColumn, row: number): void {
  if (column.state[row] === CELL_OK) column.vectors--;
  column.places[row] = 0;
}

/** The column cut to its good rows and to the vectors that it has. */
export const finishVectors = (column: EmbeddingColumn, rows: number): EmbeddingColumn => ({
  ...column,
  places: column.places.subarray(0, rows),
  values: column.values.subarray(0, column.vectors * column.dimensions),
  state: column.state.subarray(0, rows),
});

/** Rounded to single precision, which is all that models give; NaN, infinities and what is out of reach are no component. */
const isComponent = (value: number): boolean => Math.abs(value) <= EMBEDDING_REACH;

/** Sets a cell from a list of numbers; of any other length or with anything else in it, it is invalid. */
export function setVector(column: EmbeddingColumn, row: number, value: unknown): void {
  const { dimensions } = column;
  if (!Array.isArray(value) || value.length !== dimensions) {
    column.state[row] = CELL_INVALID;
    return;
  }
  const at = nextPlace(column);
  let isGood = true;
  for (let d = 0; d < dimensions && isGood; d++) {
    const item: unknown = value[d];
    const number = typeof item === 'number' ? item : typeof item === 'bigint' ? Number(item) : Number.NaN;
    column.values[at + d] = number;
    isGood = isComponent(number);
  }
  keep(column, row, isGood);
}

/** The same from the blocks of an Avro array of floats or doubles. */
export function readVector(column: EmbeddingColumn, row: number, cursor: Cursor, isDouble: boolean): void {
  const { dimensions } = column;
  const at = nextPlace(column);
  const { values } = column;
  const width = isDouble ? 8 : 4;
  let [length, isGood] = [0, true];
  for (;;) {
    let count = readLong(cursor);
    if (count === 0 || cursor.bad) break;
    let sizeBytes = -1;
    if (count < 0) {
      count = -count;
      sizeBytes = readLong(cursor);
    }
    if (count * width > cursor.end - cursor.pos || (sizeBytes !== -1 && sizeBytes !== count * width)) {
      fail(cursor);
      break;
    }
    if (length + count > dimensions) {
      skipBytes(cursor, count * width);
      length = Number.POSITIVE_INFINITY;
      continue;
    }
    for (const end = length + count; length < end; length++) {
      const number = isDouble ? readDouble(cursor) : readFloat(cursor);
      values[at + length] = number;
      isGood = isGood && isComponent(number);
    }
  }
  keep(column, row, isGood && length === dimensions && !cursor.bad);
}

/** A vector as text, as cells of CSV have it: a JSON array, or numbers with | between them. What is none stays text. */
export function vectorOfText(text: string): unknown {
  if (!text.startsWith('[')) return text.split('|').map((part) => (part.trim() === '' ? null : Number(part)));
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
