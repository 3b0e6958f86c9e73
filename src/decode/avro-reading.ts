import type { Type } from 'avsc';
import { messageOf } from '../errors.ts';
import { compileProgram, type Program } from './avro-program.ts';
import { runProgram } from './avro-run.ts';
import { type ParsedSchema, parseSchema, type Shape, shapesAt, skipValue } from './avro-schema.ts';
import type { InputBuilder } from './cells.ts';
import { aim, type Cursor } from './cursor.ts';
import { SLOT_TIME, type Target, toSlot } from './plan.ts';
import { putRecord, type Rows } from './rows.ts';

/** How the records of one writer's schema are read. */
export type Reading =
  | { kind: 'columns'; program: Program }
  | {
      kind: 'objects';
      type: Type;
      resolver: ReturnType<Type['createResolver']> | undefined;
      shape: Shape;
      timePerMs: number;
    }
  | { kind: 'incompatible'; message: string };

/**
 * Decides how a writer's schema is read: straight into columns where the schema allows it, otherwise as avsc objects.
 * With a reader's schema that differs, the records are resolved to it by name, with its aliases, defaults and
 * promotions. `columns: false` asks for objects always, for tests and benchmarks.
 */
export function planReading(
  writerJson: string,
  reader: ParsedSchema | null,
  targets: readonly Target[],
  inputs: readonly InputBuilder[],
  columns = true,
): Reading {
  let writer: ParsedSchema;
  let resolver: ReturnType<Type['createResolver']> | undefined;
  try {
    writer = parseSchema(writerJson);
    if (reader !== null && JSON.stringify(reader.type.schema()) !== JSON.stringify(writer.type.schema())) {
      resolver = reader.type.createResolver(writer.type, { ignoreNamespaces: true });
    }
  } catch (error) {
    return { kind: 'incompatible', message: messageOf(error) };
  }
  const seen = resolver === undefined ? writer.shape : reader!.shape;
  if (targets.length > 0 && !targets.some(({ path }) => shapesAt(seen, path).length > 0)) {
    return {
      kind: 'incompatible',
      message: `none of ${targets.map(({ path }) => path.join('.')).join(', ')}`,
    };
  }
  if (resolver === undefined && columns) {
    const program = compileProgram(writer.shape, targets, inputs);
    if (program !== null) return { kind: 'columns', program };
  }
  return {
    kind: 'objects',
    type: resolver === undefined ? writer.type : reader!.type,
    resolver,
    shape: writer.shape,
    timePerMs: timeUnit(writer.shape, targets) || timeUnit(seen, targets),
  };
}

function timeUnit(shape: Shape, targets: readonly Target[]): number {
  const time = targets.find(({ to }) => to === toSlot(SLOT_TIME));
  const shapes = time === undefined ? [] : shapesAt(shape, time.path);
  return shapes.reduce((perMs, found) => (found.kind === 'long' ? found.perMs : perMs), 0);
}

/** Reads the Avro bytes from `start` on into row `n`. False: they are malformed, and the row must be cleared. */
export function readAvro(
  reading: Exclude<Reading, { kind: 'incompatible' }>,
  cursor: Cursor,
  bytes: Buffer,
  start: number,
  rows: Rows,
): boolean {
  aim(cursor, bytes, start);
  if (reading.kind === 'columns') {
    rows.timePerMs = 0;
    runProgram(reading.program, cursor, rows);
    return !cursor.bad && cursor.pos === cursor.end;
  }
  skipValue(cursor, reading.shape);
  if (cursor.bad || cursor.pos !== cursor.end) return false;
  rows.timePerMs = reading.timePerMs;
  putRecord(rows, reading.type.fromBuffer(bytes.subarray(start), reading.resolver));
  return true;
}
