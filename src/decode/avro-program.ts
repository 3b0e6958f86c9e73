import { type Shape, shapesAt } from './avro-schema.ts';
import type { InputBuilder } from './cells.ts';
import { SLOT_TIME, type Target, toSlot } from './plan.ts';

/**
 * Operations of the column reader. A program is a flat list of them with their operands, compiled from a writer's
 * schema and the paths that a stream reads; it runs over the bytes once and writes straight into the columns.
 */
export const OP_END = 0;
/** bytes */
export const OP_SKIP_BYTES = 1;
/** no operands */
export const OP_SKIP_LONG = 2;
/** no operands: string or bytes */
export const OP_SKIP_PREFIXED = 3;
/** index into shapes */
export const OP_SKIP_VALUE = 4;
/** number of branches, then the address of each */
export const OP_UNION = 5;
/** address */
export const OP_JUMP = 6;
/** no operands: remember and return to a position, for a field that two paths name */
export const OP_SAVE = 7;
export const OP_RESTORE = 8;
/** input */
export const OP_NUMBER_LONG = 9;
export const OP_NUMBER_FLOAT = 10;
export const OP_NUMBER_DOUBLE = 11;
export const OP_CATEGORY_STRING = 12;
/** units per millisecond; the time's place in scratch */
export const OP_TIME_UNIT = 13;
/** target: a value of any kind of input or scratch, through its JavaScript value */
export const OP_BOOLEAN = 14;
export const OP_LONG = 15;
export const OP_FLOAT = 16;
export const OP_DOUBLE = 17;
export const OP_STRING = 18;
export const OP_BYTES = 19;
/** target, bytes */
export const OP_FIXED = 20;
/** target, index into symbols */
export const OP_ENUM = 21;
/** target */
export const OP_NULL = 22;
/** As those of a long, within 32 bits. */
export const OP_SKIP_INT = 23;
export const OP_NUMBER_INT = 24;
export const OP_INT = 25;
/** input, whether the items are doubles */
export const OP_VECTOR = 26;

export interface Program {
  code: Int32Array;
  shapes: Shape[];
  symbols: string[][];
}

class NotFlat extends Error {}

interface Compiler {
  code: number[];
  shapes: Shape[];
  symbols: string[][];
  inputs: readonly InputBuilder[];
}

/**
 * Compiles a schema for a stream's targets, or gives null where a path leads into a map, or to a record, an array or a
 * map as such: those are read as objects.
 */
export function compileProgram(
  shape: Shape,
  targets: readonly Target[],
  inputs: readonly InputBuilder[],
): Program | null {
  const compiler: Compiler = { code: [], shapes: [], symbols: [], inputs };
  try {
    emitValue(compiler, shape, targets, 0);
  } catch (error) {
    if (error instanceof NotFlat) return null;
    throw error;
  }
  compiler.code.push(OP_END);
  return { code: Int32Array.from(compiler.code), shapes: compiler.shapes, symbols: compiler.symbols };
}

function emitValue(compiler: Compiler, shape: Shape, targets: readonly Target[], depth: number): void {
  const wanted: Wanted = {
    here: targets.filter((target) => target.path.length === depth),
    below: targets.filter(({ path }) => path.length > depth && shapesAt(shape, path.slice(depth)).length > 0),
  };
  if (wanted.here.length === 0 && wanted.below.length === 0) {
    emitSkip(compiler, shape);
  } else if (wanted.here.length > 1) {
    compiler.code.push(OP_SAVE);
    emitValue(compiler, shape, wanted.here.slice(0, 1), depth);
    compiler.code.push(OP_RESTORE);
    emitValue(compiler, shape, [...wanted.here.slice(1), ...wanted.below], depth);
  } else if (shape.kind === 'union') {
    emitUnion(compiler, shape.branches, targets, depth);
  } else if (shape.kind === 'record') {
    if (wanted.here.length > 0) throw new NotFlat();
    for (const field of shape.fields) {
      const inside = wanted.below.filter((target) => target.path[depth] === field.name);
      emitValue(compiler, field.shape, inside, depth + 1);
    }
  } else if (shape.kind === 'array' || shape.kind === 'map') {
    emitVector(compiler, shape, wanted);
  } else {
    emitRead(compiler, shape, wanted.here[0]!.to);
  }
}

interface Wanted {
  here: readonly Target[];
  below: readonly Target[];
}

function emitVector({ code, inputs }: Compiler, shape: Shape, { here, below }: Wanted): void {
  const items = shape.kind === 'array' ? shape.items.kind : null;
  const to = here[0]?.to ?? -1;
  if ((items !== 'float' && items !== 'double') || below.length > 0 || inputs[to]?.type !== 'embedding')
    throw new NotFlat();
  code.push(OP_VECTOR, to, items === 'double' ? 1 : 0);
}

function emitUnion(
  compiler: Compiler,
  branches: readonly Shape[],
  targets: readonly Target[],
  depth: number,
): void {
  const { code } = compiler;
  code.push(OP_UNION, branches.length);
  const table = code.length;
  for (let i = 0; i < branches.length; i++) code.push(0);
  const jumps: number[] = [];
  for (const [index, branch] of branches.entries()) {
    code[table + index] = code.length;
    emitValue(compiler, branch, targets, depth);
    code.push(OP_JUMP, 0);
    jumps.push(code.length - 1);
  }
  for (const at of jumps) code[at] = code.length;
}

const SIZE_BYTES = { boolean: 1, float: 4, double: 8 } as const;

function emitSkip(compiler: Compiler, shape: Shape): void {
  const { code } = compiler;
  switch (shape.kind) {
    case 'null':
      return;
    case 'boolean':
    case 'float':
    case 'double':
    case 'fixed':
      code.push(OP_SKIP_BYTES, shape.kind === 'fixed' ? shape.sizeBytes : SIZE_BYTES[shape.kind]);
      return;
    case 'int':
      code.push(OP_SKIP_INT);
      return;
    case 'long':
      code.push(OP_SKIP_LONG);
      return;
    case 'string':
    case 'bytes':
      code.push(OP_SKIP_PREFIXED);
      return;
    default:
      code.push(OP_SKIP_VALUE, compiler.shapes.push(shape) - 1);
  }
}

type Leaf = Exclude<Shape, { kind: 'record' | 'union' | 'array' | 'map' }>;

const GENERIC = {
  boolean: OP_BOOLEAN,
  int: OP_INT,
  long: OP_LONG,
  float: OP_FLOAT,
  double: OP_DOUBLE,
  string: OP_STRING,
  bytes: OP_BYTES,
  null: OP_NULL,
} as const;

function emitRead(compiler: Compiler, shape: Leaf, to: number): void {
  const { code } = compiler;
  const type = to >= 0 ? compiler.inputs[to]!.type : null;
  if (shape.kind === 'fixed') code.push(OP_FIXED, to, shape.sizeBytes);
  else if (shape.kind === 'enum') code.push(OP_ENUM, to, compiler.symbols.push(shape.symbols) - 1);
  else if (type === 'numeric' && shape.kind === 'int') code.push(OP_NUMBER_INT, to);
  else if (type === 'numeric' && shape.kind === 'long') code.push(OP_NUMBER_LONG, to);
  else if (type === 'numeric' && shape.kind === 'float') code.push(OP_NUMBER_FLOAT, to);
  else if (type === 'numeric' && shape.kind === 'double') code.push(OP_NUMBER_DOUBLE, to);
  else if (type === 'categorical' && shape.kind === 'string') code.push(OP_CATEGORY_STRING, to);
  else {
    if (shape.kind === 'long' && to === toSlot(SLOT_TIME)) code.push(OP_TIME_UNIT, shape.perMs);
    code.push(GENERIC[shape.kind], to);
  }
}
