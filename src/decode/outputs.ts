import { addMember, wordsOf } from '../math/bits.ts';
import {
  type Box,
  CELL_MISSING,
  CELL_OK,
  type OutputColumn,
  type OutputSpec,
  SET_CLASSES_MAX,
} from '../records.ts';

/** One output of predictions or labels while a batch is built. */
export interface OutputBuilder {
  spec: OutputSpec;
  classOf: Map<string, number>;
  column: OutputColumn;
}

/** A builder without rows; `beginOutput` gives it a batch. */
export function createOutput(spec: OutputSpec): OutputBuilder {
  const classOf = new Map(spec.classes.map((name, index) => [name, index] as const));
  return { spec, classOf, column: emptyOutput(spec, 0) };
}

/** A fresh column for up to `capacity` rows, all missing. */
export function beginOutput(builder: OutputBuilder, capacity: number): void {
  builder.column = emptyOutput(builder.spec, capacity);
}

function emptyOutput(spec: OutputSpec, capacity: number): OutputColumn {
  const state = new Uint8Array(capacity).fill(CELL_MISSING);
  if (spec.type === 'classifier') {
    const scores = new Float64Array(capacity).fill(Number.NaN);
    return { kind: 'class', codes: new Int32Array(capacity), scores, state };
  }
  if (spec.type === 'multilabel') {
    const width = wordsOf(spec.classes.length);
    return { kind: 'set', words: new Int32Array(width * capacity), width, state };
  }
  if (spec.type === 'regressor') return { kind: 'number', values: new Float64Array(capacity), state };
  if (spec.type === 'text') return { kind: 'text', values: new Array<string>(capacity).fill(''), state };
  return { kind: 'boxes', boxes: Array.from({ length: capacity }, () => []), state };
}

/** Cuts an output to its good rows. */
export function finishOutput(column: OutputColumn, rows: number): OutputColumn {
  const state = column.state.subarray(0, rows);
  if (column.kind === 'class') {
    const scores = column.scores.subarray(0, rows);
    return { kind: 'class', codes: column.codes.subarray(0, rows), scores, state };
  }
  if (column.kind === 'set') {
    const { width } = column;
    return { kind: 'set', words: column.words.subarray(0, width * rows), width, state };
  }
  if (column.kind === 'number') return { kind: 'number', values: column.values.subarray(0, rows), state };
  if (column.kind === 'text') return { kind: 'text', values: column.values.slice(0, rows), state };
  return { kind: 'boxes', boxes: column.boxes.slice(0, rows), state };
}

/** Marks a row as one without an answer. */
export function clearAnswer(builder: OutputBuilder, row: number): void {
  const { column } = builder;
  column.state[row] = CELL_MISSING;
  if (column.kind === 'class') column.scores[row] = Number.NaN;
  else if (column.kind === 'set') column.words.fill(0, column.width * row, column.width * (row + 1));
  else if (column.kind === 'boxes') column.boxes[row] = [];
  else if (column.kind === 'text') column.values[row] = '';
}

/**
 * Sets the answer of a row. `score` belongs to classifiers; when it comes without a class and the output is
 * binary with a positive class, the class follows from the threshold. Returns false where the value has the
 * wrong type or names an unknown class; null, undefined (and '' for text) leave the row without an answer.
 */
export function setAnswer(builder: OutputBuilder, row: number, value: unknown, score: number): boolean {
  clearAnswer(builder, row);
  const { column, spec } = builder;
  if (column.kind === 'class') {
    let code = -1;
    if (value !== undefined && value !== null && value !== '') {
      code = classIndex(builder, value);
      if (code < 0) return false;
    } else if (!Number.isNaN(score)) {
      code = classFromScore(spec, score);
    }
    column.scores[row] = score;
    if (code >= 0) {
      column.codes[row] = code;
      column.state[row] = CELL_OK;
    }
    return true;
  }
  if (value === undefined || value === null) return true;
  if (column.kind === 'number') {
    const number = finiteNumber(value);
    if (number === null) return false;
    column.values[row] = number;
  } else if (column.kind === 'text') {
    if (typeof value !== 'string') return false;
    if (value === '') return true;
    column.values[row] = value;
  } else if (column.kind === 'set') {
    if (!readSet(builder, column, row, value)) return false;
  } else {
    const boxes = readBoxes(builder, value);
    if (boxes === null) return false;
    column.boxes[row] = boxes;
  }
  column.state[row] = CELL_OK;
  return true;
}

/** A class by name, by number, or by true and false; -1: unknown. A name goes before an index. */
function classIndex(builder: OutputBuilder, value: unknown): number {
  const { classOf, spec } = builder;
  if (typeof value === 'string') return classOf.get(value) ?? -1;
  if (typeof value === 'number' || typeof value === 'bigint') {
    const named = classOf.get(String(value));
    if (named !== undefined) return named;
    const index = Number(value);
    return Number.isInteger(index) && index >= 0 && index < spec.classes.length ? index : -1;
  }
  if (typeof value !== 'boolean') return -1;
  const named = classOf.get(String(value));
  return named ?? classFromScore({ ...spec, threshold: 0.5 }, value ? 1 : 0);
}

/** A list of classes, also an empty one; a class that is named twice is in it once. */
function readSet(
  builder: OutputBuilder,
  { words, width }: Extract<OutputColumn, { kind: 'set' }>,
  row: number,
  value: unknown,
): boolean {
  if (!Array.isArray(value) || value.length > SET_CLASSES_MAX) return false;
  for (const item of value as unknown[]) {
    const code = classIndex(builder, item);
    if (code < 0) {
      clearAnswer(builder, row);
      return false;
    }
    addMember(words, width * row, code);
  }
  return true;
}

/** The class that a score means for a binary output with a positive class, otherwise -1. */
function classFromScore(spec: OutputSpec, score: number): number {
  if (spec.positive === null || spec.classes.length !== 2) return -1;
  const positive = spec.classes.indexOf(spec.positive);
  if (positive < 0) return -1;
  return score >= spec.threshold ? positive : 1 - positive;
}

/** Boxes are matched pair by pair: a message may not ask for more than a million comparisons. */
const BOXES_MAX = 1_000;

function readBoxes(builder: OutputBuilder, value: unknown): Box[] | null {
  if (!Array.isArray(value) || value.length > BOXES_MAX) return null;
  const boxes: Box[] = [];
  for (const item of value as unknown[]) {
    if (typeof item !== 'object' || item === null) return null;
    const fields = item as Record<string, unknown>;
    const corners = Array.isArray(fields.box)
      ? (fields.box as unknown[])
      : [fields.x1, fields.y1, fields.x2, fields.y2];
    if (corners.length !== 4) return null;
    const [x1, y1, x2, y2] = corners.map(finiteNumber);
    const label = classIndex(builder, fields.label);
    // A truth has no confidence: it is certain.
    const confidence = fields.confidence === undefined ? 1 : finiteNumber(fields.confidence ?? 1);
    if (x1 == null || y1 == null || x2 == null || y2 == null || confidence === null || label < 0) return null;
    boxes.push({ x1, y1, x2, y2, label, confidence });
  }
  return boxes;
}

function finiteNumber(value: unknown): number | null {
  if (typeof value === 'bigint') return Number(value);
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
