import {
  type CategoricalColumn,
  CELL_INVALID,
  CELL_MISSING,
  CELL_OK,
  type Column,
  type InputType,
} from '../records.ts';
import { beginBatch, createInterner, type Interner } from './interner.ts';
import { dropVector, emptyVectors, finishVectors, setVector } from './vectors.ts';

/** A category is cut to this many characters. */
const CATEGORY_CHARS_MAX = 256;
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;
const DATA_URL = /^data:[^,]{0,256};base64,/;

/** One input of the requests while a batch is built. */
export interface InputBuilder {
  type: InputType;
  /** Embeddings only. */
  dimensions: number;
  column: Column;
  /** Categorical only. */
  codes: Map<string, number>;
  interner: Interner | null;
  codeOfString: (text: string) => number;
}

/** A builder without rows; `beginInput` gives it a batch. */
export function createInput(type: InputType, dimensions = 0): InputBuilder {
  const builder: InputBuilder = {
    type,
    dimensions,
    column: emptyColumn(type, 0, dimensions),
    codes: new Map(),
    interner: type === 'categorical' ? createInterner() : null,
    codeOfString: (text) => {
      const category = cutCategory(text);
      let code = builder.codes.get(category);
      if (code === undefined) {
        const { dictionary } = builder.column as CategoricalColumn;
        code = dictionary.length;
        dictionary.push(category);
        builder.codes.set(category, code);
      }
      return code;
    },
  };
  return builder;
}

/** A fresh column for up to `capacity` rows, all missing. */
export function beginInput(builder: InputBuilder, capacity: number): void {
  builder.column = emptyColumn(builder.type, capacity, builder.dimensions);
  if (builder.interner !== null) {
    builder.codes = new Map();
    beginBatch(builder.interner);
  }
}

function emptyColumn(type: InputType, capacity: number, dimensions: number): Column {
  if (type === 'embedding') return emptyVectors(dimensions, capacity);
  const state = new Uint8Array(capacity).fill(CELL_MISSING);
  if (type === 'numeric') return { kind: 'numeric', values: new Float64Array(capacity), state };
  if (type === 'categorical') {
    return { kind: 'categorical', codes: new Int32Array(capacity), dictionary: [], state };
  }
  if (type === 'text') return { kind: 'text', values: new Array<string>(capacity).fill(''), state };
  return { kind: 'image', bytes: new Array<Uint8Array | null>(capacity).fill(null), state };
}

/** Cuts a column to its good rows. A dictionary loses the categories that only dead rows had. */
export function finishColumn(column: Column, rows: number, anyDead: boolean): Column {
  const state = column.state.subarray(0, rows);
  if (column.kind === 'numeric') return { ...column, values: column.values.subarray(0, rows), state };
  if (column.kind === 'text') return { ...column, values: column.values.slice(0, rows), state };
  if (column.kind === 'image') return { ...column, bytes: column.bytes.slice(0, rows), state };
  if (column.kind === 'embedding') return finishVectors(column, rows);
  const codes = column.codes.subarray(0, rows);
  if (!anyDead) return { ...column, codes, state };
  const renamed = new Map<number, number>();
  const dictionary: string[] = [];
  for (let row = 0; row < rows; row++) {
    if (state[row] !== CELL_OK) continue;
    const old = codes[row]!;
    let code = renamed.get(old);
    if (code === undefined) {
      code = dictionary.length;
      renamed.set(old, code);
      dictionary.push(column.dictionary[old]!);
    }
    codes[row] = code;
  }
  return { kind: 'categorical', codes, dictionary, state };
}

/** Sets one cell from a value of any type. Null and undefined are missing; the wrong type is invalid. */
export function setCell(builder: InputBuilder, row: number, value: unknown): void {
  const { column } = builder;
  if (value === undefined || value === null) {
    column.state[row] = CELL_MISSING;
    return;
  }
  if (column.kind === 'numeric') {
    const number = typeof value === 'number' ? value : typeof value === 'bigint' ? Number(value) : Number.NaN;
    setNumber(column.values, column.state, row, number);
  } else if (column.kind === 'categorical') {
    const category = categoryOf(value);
    column.state[row] = category === null ? CELL_INVALID : CELL_OK;
    if (category !== null) column.codes[row] = builder.codeOfString(category);
  } else if (column.kind === 'text') {
    column.state[row] = typeof value === 'string' ? CELL_OK : CELL_INVALID;
    column.values[row] = typeof value === 'string' ? value : '';
  } else if (column.kind === 'embedding') {
    setVector(column, row, value);
  } else {
    const image = imageBytes(value);
    column.bytes[row] = image !== null && image.length > 0 ? image : null;
    column.state[row] = image === null ? CELL_INVALID : image.length > 0 ? CELL_OK : CELL_MISSING;
  }
}

/** Sets a numeric cell; NaN and the infinities are invalid. */
export function setNumber(values: Float64Array, state: Uint8Array, row: number, number: number): void {
  // The difference is NaN exactly for NaN and the infinities; it costs less than Number.isFinite here.
  const good = number - number === 0;
  values[row] = good ? number : 0;
  state[row] = good ? CELL_OK : CELL_INVALID;
}

/** Makes a cell missing, and lets go of what a dead row has left in it. */
export function clearCell(builder: InputBuilder, row: number): void {
  const { column } = builder;
  if (column.kind === 'embedding') dropVector(column, row);
  column.state[row] = CELL_MISSING;
  if (column.kind === 'text') column.values[row] = '';
  else if (column.kind === 'image') column.bytes[row] = null;
}

function categoryOf(value: unknown): string | null {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (typeof value === 'bigint') return String(value);
  // BigInt writes 1e21 as a decimal number, which String does not.
  if (typeof value === 'number' && Number.isInteger(value)) return String(BigInt(value));
  return null;
}

function cutCategory(text: string): string {
  if (text.length <= CATEGORY_CHARS_MAX) return text;
  const last = text.charCodeAt(CATEGORY_CHARS_MAX - 1);
  const splitsPair = last >= 0xd800 && last <= 0xdbff;
  return text.slice(0, splitsPair ? CATEGORY_CHARS_MAX - 1 : CATEGORY_CHARS_MAX);
}

/** Bytes of an image, or null where they are neither bytes nor base64. */
function imageBytes(value: unknown): Uint8Array | null {
  if (value instanceof Uint8Array) return value;
  if (typeof value !== 'string') return null;
  const text = value.replace(DATA_URL, '').trim();
  const digits = text.replace(/[\r\n]/g, '');
  if (!BASE64.test(digits) || digits.replace(/=+$/, '').length % 4 === 1) return null;
  return Buffer.from(digits, 'base64');
}
