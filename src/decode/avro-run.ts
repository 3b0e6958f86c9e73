import { type CategoricalColumn, CELL_OK, type EmbeddingColumn, type NumericColumn } from '../records.ts';
import * as op from './avro-program.ts';
import { skipValue } from './avro-schema.ts';
import { setNumber } from './cells.ts';
import {
  type Cursor,
  fail,
  readDouble,
  readFloat,
  readInt,
  readLength,
  readLong,
  readLongExact,
  skipBytes,
} from './cursor.ts';
import { intern } from './interner.ts';
import { put, type Rows } from './rows.ts';
import { readVector } from './vectors.ts';

/**
 * Reads one record from the cursor into row `n`. Afterwards `cursor.bad` tells whether the bytes were malformed, in
 * which case the row holds rubbish and must be cleared.
 */
export function runProgram(program: op.Program, cursor: Cursor, rows: Rows): void {
  const { code } = program;
  const { inputs, n } = rows;
  let saved = 0;
  let at = 0;
  for (;;) {
    const operation = code[at]!;
    if (operation === op.OP_END) return;
    const operand = code[at + 1]!;
    at += 2;
    switch (operation) {
      case op.OP_NUMBER_DOUBLE: {
        const column = inputs[operand]!.column as NumericColumn;
        setNumber(column.values, column.state, n, readDouble(cursor));
        break;
      }
      case op.OP_NUMBER_INT: {
        const column = inputs[operand]!.column as NumericColumn;
        setNumber(column.values, column.state, n, readInt(cursor));
        break;
      }
      case op.OP_NUMBER_LONG: {
        const column = inputs[operand]!.column as NumericColumn;
        setNumber(column.values, column.state, n, readLong(cursor));
        break;
      }
      case op.OP_NUMBER_FLOAT: {
        const column = inputs[operand]!.column as NumericColumn;
        setNumber(column.values, column.state, n, readFloat(cursor));
        break;
      }
      case op.OP_CATEGORY_STRING: {
        const input = inputs[operand]!;
        const column = input.column as CategoricalColumn;
        const length = readLength(cursor);
        if (cursor.bad) return;
        const { bytes, pos, view, base } = cursor;
        cursor.pos = pos + length;
        column.codes[n] = intern(input.interner!, bytes, pos, length, view, base, input.codeOfString);
        column.state[n] = CELL_OK;
        break;
      }
      case op.OP_VECTOR: {
        readVector(inputs[operand]!.column as EmbeddingColumn, n, cursor, code[at] === 1);
        at++;
        break;
      }
      case op.OP_UNION: {
        const branch = readLong(cursor);
        if (branch < 0 || branch >= operand) fail(cursor);
        if (cursor.bad) return;
        at = code[at + branch]!;
        break;
      }
      case op.OP_JUMP:
        at = operand;
        break;
      case op.OP_SKIP_BYTES:
        skipBytes(cursor, operand);
        break;
      case op.OP_SKIP_INT:
        readInt(cursor);
        at--;
        break;
      case op.OP_SKIP_LONG:
        readLong(cursor);
        at--;
        break;
      case op.OP_SKIP_PREFIXED:
        skipBytes(cursor, readLength(cursor));
        at--;
        break;
      case op.OP_SKIP_VALUE:
        skipValue(cursor, program.shapes[operand]!);
        break;
      case op.OP_SAVE:
        saved = cursor.pos;
        at--;
        break;
      case op.OP_RESTORE:
        if (cursor.bad) return;
        cursor.pos = saved;
        at--;
        break;
      case op.OP_TIME_UNIT:
        rows.timePerMs = operand;
        break;
      default:
        put(rows, operand, readGeneric(program, cursor, operation, code[at]!));
        if (operation === op.OP_FIXED || operation === op.OP_ENUM) at++;
    }
  }
}

/** A value as JavaScript has it, for the combinations that are not worth an operation of their own. */
function readGeneric(program: op.Program, cursor: Cursor, operation: number, extra: number): unknown {
  switch (operation) {
    case op.OP_INT:
      return readInt(cursor);
    case op.OP_LONG:
      return readLongExact(cursor);
    case op.OP_STRING: {
      const length = readLength(cursor);
      const start = cursor.pos;
      cursor.pos = start + length;
      return cursor.bytes.toString('utf8', start, cursor.pos);
    }
    case op.OP_DOUBLE:
      return readDouble(cursor);
    case op.OP_FLOAT:
      return readFloat(cursor);
    case op.OP_BOOLEAN: {
      const start = cursor.pos;
      skipBytes(cursor, 1);
      return cursor.bytes[start] !== 0;
    }
    case op.OP_ENUM: {
      const symbol = program.symbols[extra]![readLong(cursor)];
      if (symbol === undefined) fail(cursor);
      return symbol;
    }
    case op.OP_NULL:
      return null;
    default: {
      const length = operation === op.OP_FIXED ? extra : readLength(cursor);
      const start = cursor.pos;
      skipBytes(cursor, length);
      return cursor.bytes.subarray(start, cursor.pos);
    }
  }
}
