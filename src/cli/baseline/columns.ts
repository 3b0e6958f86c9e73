import { beginInput, createInput, finishColumn, setCell } from '../../decode/cells.ts';
import { parsePath, valueAt } from '../../decode/paths.ts';
import { vectorOfText } from '../../decode/vectors.ts';
import type { Column, InputSpec } from '../../records.ts';
import type { Row } from './rows.ts';

/** Rows that are gathered before they become columns. */
export const CHUNK_ROWS = 1000;

export interface ColumnChunk {
  n: number;
  /** In the order of the service's inputs. */
  columns: Column[];
}

/**
 * Turns rows into columns as decoding of the live stream would. An input is looked up by its `from` as one
 * key, by `from` as a path, then by its name. Cells of CSV are text: an empty one is missing, and that of a
 * numeric input is read as a number.
 */
export function createChunker(inputs: readonly InputSpec[], fromText: boolean) {
  const builders = inputs.map(({ type, dimensions }) => createInput(type, dimensions));
  const readers = inputs.map(createReader);
  const seen = new Set<string>();
  let rows = 0;
  const begin = (): void => {
    rows = 0;
    for (const builder of builders) beginInput(builder, CHUNK_ROWS);
  };
  begin();
  return {
    /** Whether the chunk is full and must be taken before the next row. */
    add(row: Row): boolean {
      inputs.forEach((input, i) => {
        const raw = readers[i]!(row);
        const value = fromText ? typedCell(raw, input.type) : raw;
        if (value !== undefined && value !== null) seen.add(input.name);
        setCell(builders[i]!, rows, value);
      });
      return ++rows === CHUNK_ROWS;
    },
    take(): ColumnChunk {
      const columns = builders.map(({ column }) => finishColumn(column, rows, false));
      const chunk = { n: rows, columns };
      begin();
      return chunk;
    },
    /** Inputs that had no value in any row so far. */
    unseen: (): InputSpec[] => inputs.filter(({ name }) => !seen.has(name)),
  };
}

function createReader({ from, name }: InputSpec): (row: Row) => unknown {
  const path = parsePath(from);
  return (row) => {
    if (Object.hasOwn(row, from)) return row[from];
    const value = valueAt(row, path);
    if (value !== undefined) return value;
    return Object.hasOwn(row, name) ? row[name] : undefined;
  };
}

function typedCell(value: unknown, type: InputSpec['type']): unknown {
  if (typeof value !== 'string') return value;
  if (value === '') return undefined;
  if (type === 'embedding') return vectorOfText(value);
  // What is no number becomes NaN, which counts as invalid.
  return type === 'numeric' ? Number(value) : value;
}
