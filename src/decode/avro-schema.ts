import type { Schema, Type } from 'avsc';
import avsc from 'avsc';
import { type Cursor, fail, readInt, readLength, readLong, skipBytes } from './cursor.ts';
import type { Path } from './paths.ts';

/** Deeper nesting (only a recursive schema has it) is malformed. */
const DEPTH_MAX = 64;
/**
 * Items without bytes (null, an empty record) in one record: their number is not bounded by its length. Counted over
 * all arrays, since an array of arrays may name as many again with every four bytes.
 */
const EMPTY_ITEMS_MAX = 65_536;

/** What a value of a schema looks like in bytes; a record refers to itself where the schema does. */
export type Shape =
  | { kind: 'null' }
  | { kind: 'boolean' | 'int' | 'float' | 'double' | 'string' | 'bytes' }
  /** `perMs`: units per millisecond of a logical time stamp, otherwise 0. */
  | { kind: 'long'; perMs: number }
  | { kind: 'fixed'; sizeBytes: number }
  | { kind: 'enum'; symbols: string[] }
  | { kind: 'record'; fields: { name: string; shape: Shape }[] }
  | { kind: 'union'; branches: Shape[] }
  | { kind: 'array'; items: Shape }
  | { kind: 'map'; items: Shape };

export interface ParsedSchema {
  type: Type;
  shape: Shape;
}

/** A long that keeps what a double cannot hold as a bigint, instead of throwing as avsc does on its own. */
function longType(): Type {
  return avsc.types.LongType.__with({
    fromBuffer: (bytes: Buffer) => {
      const exact = bytes.readBigInt64LE();
      const number = Number(exact);
      return Number.isSafeInteger(number) ? number : exact;
    },
    toBuffer: (value: number | bigint) => {
      const bytes = Buffer.alloc(8);
      bytes.writeBigInt64LE(BigInt(value));
      return bytes;
    },
    fromJSON: (value: number | string) => (typeof value === 'string' ? BigInt(value) : value),
    toJSON: (value: number | bigint) => (typeof value === 'bigint' ? String(value) : value),
    isValid: (value: unknown) => typeof value === 'bigint' || Number.isSafeInteger(value),
    compare: (a: number | bigint, b: number | bigint) => (a === b ? 0 : a < b ? -1 : 1),
  });
}

const LONG = longType();
const TIMESTAMPS = {
  'timestamp-millis': { type: longType(), perMs: 1 },
  'timestamp-micros': { type: longType(), perMs: 1000 },
  'timestamp-nanos': { type: longType(), perMs: 1_000_000 },
} as const;

/**
 * Parses Avro schema JSON. Logical types other than time stamps are read as their base type.
 * Throws where the text is not JSON or not a schema.
 */
export function parseSchema(json: string): ParsedSchema {
  const type = avsc.Type.forSchema(JSON.parse(json) as Schema, {
    wrapUnions: 'never',
    typeHook: (schema) => {
      if (schema === 'long') return LONG;
      if (typeof schema !== 'object' || schema === null || !('type' in schema) || schema.type !== 'long')
        return;
      const logical = 'logicalType' in schema ? String(schema.logicalType) : '';
      return Object.hasOwn(TIMESTAMPS, logical) ? TIMESTAMPS[logical as keyof typeof TIMESTAMPS].type : LONG;
    },
  });
  return { type, shape: shapeOf(type, new Map()) };
}

function shapeOf(type: Type, known: Map<Type, Shape>): Shape {
  const before = known.get(type);
  if (before !== undefined) return before;
  switch (type.typeName as string) {
    case 'null':
      return { kind: 'null' };
    case 'abstract:long':
      return {
        kind: 'long',
        perMs: Object.values(TIMESTAMPS).find((stamp) => stamp.type === type)?.perMs ?? 0,
      };
    case 'boolean':
    case 'int':
    case 'float':
    case 'double':
    case 'string':
    case 'bytes':
      return { kind: type.typeName as 'boolean' | 'int' | 'float' | 'double' | 'string' | 'bytes' };
    case 'fixed':
      return { kind: 'fixed', sizeBytes: (type as avsc.types.FixedType).size };
    case 'enum':
      return { kind: 'enum', symbols: (type as avsc.types.EnumType).symbols };
    case 'union:unwrapped': {
      const { types } = type as unknown as { types: Type[] };
      return { kind: 'union', branches: types.map((branch) => shapeOf(branch, known)) };
    }
    case 'array':
      return { kind: 'array', items: shapeOf((type as avsc.types.ArrayType).itemsType, known) };
    case 'map':
      return { kind: 'map', items: shapeOf((type as avsc.types.MapType).valuesType as Type, known) };
    case 'record':
    case 'error': {
      const shape: Shape = { kind: 'record', fields: [] };
      // Known before its fields are, because they may refer to it.
      known.set(type, shape);
      for (const field of (type as avsc.types.RecordType).fields) {
        shape.fields.push({ name: field.name, shape: shapeOf(field.type, known) });
      }
      return shape;
    }
    default:
      throw new Error(`unknown Avro type ${String(type.typeName)}`);
  }
}

/** The shapes that a path may meet, through records and unions. Empty: the schema has no such field. */
export function shapesAt(shape: Shape, path: Path, depth = 0): Shape[] {
  if (shape.kind === 'union') return shape.branches.flatMap((branch) => shapesAt(branch, path, depth));
  if (depth === path.length) return [shape];
  if (shape.kind === 'map' || shape.kind === 'array') return shapesAt(shape.items, path, depth + 1);
  if (shape.kind !== 'record') return [];
  const field = shape.fields.find(({ name }) => name === path[depth]);
  return field === undefined ? [] : shapesAt(field.shape, path, depth + 1);
}

/**
 * Passes over one value and checks it: lengths and counts that the rest of the message cannot hold, unknown
 * branches and symbols, and byte sizes of blocks that lie all set `bad`. avsc itself trusts counts, so a message of
 * ten bytes could make it loop for minutes; what passed here, avsc can read in time proportional to its length.
 */
export function skipValue(cursor: Cursor, shape: Shape, depth = 0): void {
  if (depth > DEPTH_MAX) {
    fail(cursor);
    return;
  }
  switch (shape.kind) {
    case 'null':
      return;
    case 'boolean':
      skipBytes(cursor, 1);
      return;
    case 'int':
      readInt(cursor);
      return;
    case 'long':
      readLong(cursor);
      return;
    case 'float':
      skipBytes(cursor, 4);
      return;
    case 'double':
      skipBytes(cursor, 8);
      return;
    case 'string':
    case 'bytes':
      skipBytes(cursor, readLength(cursor));
      return;
    case 'fixed':
      skipBytes(cursor, shape.sizeBytes);
      return;
    case 'enum': {
      const index = readLong(cursor);
      if (index < 0 || index >= shape.symbols.length) fail(cursor);
      return;
    }
    case 'union': {
      const branch = shape.branches[readLong(cursor)];
      if (branch === undefined) fail(cursor);
      else skipValue(cursor, branch, depth + 1);
      return;
    }
    case 'record':
      for (const field of shape.fields) {
        if (cursor.bad) return;
        skipValue(cursor, field.shape, depth + 1);
      }
      return;
    default:
      skipBlocks(cursor, shape.kind === 'map', shape.items, depth);
  }
}

function skipBlocks(cursor: Cursor, isMap: boolean, items: Shape, depth: number): void {
  while (!cursor.bad) {
    let count = readLong(cursor);
    if (count === 0) return;
    let sizeBytes = -1;
    if (count < 0) {
      count = -count;
      sizeBytes = readLong(cursor);
    }
    const start = cursor.pos;
    for (let i = 0; i < count && !cursor.bad; i++) {
      const before = cursor.pos;
      if (isMap) skipBytes(cursor, readLength(cursor));
      skipValue(cursor, items, depth + 1);
      if (cursor.pos === before && ++cursor.emptyItems > EMPTY_ITEMS_MAX) fail(cursor);
    }
    if (sizeBytes !== -1 && cursor.pos - start !== sizeBytes) fail(cursor);
  }
}
