import { assert } from '../errors.ts';
import { addMember, wordsOf } from '../math/bits.ts';
import {
  type Box,
  CELL_INVALID,
  CELL_MISSING,
  CELL_OK,
  type OutputBinding,
  type OutputColumn,
  type OutputSpec,
} from '../records.ts';
import type { Piece, TensorData } from './messages.ts';

/** A column of n answers, all of them CELL_MISSING so far. */
export function newOutputColumn(spec: OutputSpec, n: number): OutputColumn {
  const state = new Uint8Array(n).fill(CELL_MISSING);
  const nan = (): Float64Array => new Float64Array(n).fill(Number.NaN);
  switch (spec.type) {
    case 'classifier':
      return { kind: 'class', codes: new Int32Array(n).fill(-1), scores: nan(), state };
    case 'multilabel': {
      const width = wordsOf(spec.classes.length);
      return { kind: 'set', words: new Int32Array(width * n), width, state };
    }
    case 'regressor':
      return { kind: 'number', values: nan(), state };
    case 'detector':
      return { kind: 'boxes', boxes: Array.from({ length: n }, (): Box[] => []), state };
    case 'text':
      return { kind: 'text', values: new Array<string>(n).fill(''), state };
  }
}

/**
 * Reads what one run said of one output into its column. `rows[i]` is the batch's row of row i of the job.
 * A score, value or coordinate that is NaN or infinite makes its row CELL_INVALID. Throws where the tensor
 * has a shape that cannot be this output (free dimensions are known only after the run).
 */
export function readOutput(
  spec: OutputSpec,
  binding: OutputBinding,
  piece: Piece,
  rows: Int32Array,
  column: OutputColumn,
): void {
  if (column.kind === 'class') readClasses(spec, tensorOf(piece, binding.probabilities), piece, rows, column);
  else if (column.kind === 'set') readSets(spec, tensorOf(piece, binding.probabilities), piece, rows, column);
  else if (column.kind === 'number') readNumbers(tensorOf(piece, binding.value), piece, rows, column);
  else if (column.kind === 'boxes') readBoxes(spec, binding, piece, rows, column);
}

/** Names of the tensors that a binding reads. */
export function boundTensors(binding: OutputBinding): string[] {
  const { probabilities, value, boxes, labels, confidences } = binding;
  return [probabilities, value, boxes, labels, confidences].filter((name) => name !== null);
}

function tensorOf(piece: Piece, name: string | null): TensorData {
  const tensor = name === null ? undefined : piece.tensors[name];
  assert(tensor !== undefined, `tensor ${name} was fetched`);
  return tensor;
}

/** Elements of a row, or a refusal. */
function widthOf(tensor: TensorData, piece: Piece, allowed: number[], what: string): number {
  const width = tensor.data.length / piece.rows;
  if (allowed.includes(width)) return width;
  throw new Error(`${what} has shape [${tensor.dims.join(', ')}], not ${allowed.join(' or ')} values a row`);
}

function readClasses(
  spec: OutputSpec,
  tensor: TensorData,
  piece: Piece,
  rows: Int32Array,
  column: Extract<OutputColumn, { kind: 'class' }>,
): void {
  const classes = spec.classes.length;
  const width = widthOf(tensor, piece, classes === 2 ? [2, 1] : [classes], `output ${spec.name}`);
  const positive = spec.positive === null ? 1 : spec.classes.indexOf(spec.positive);
  const isByThreshold = classes === 2 && (spec.positive !== null || width === 1);
  const { data } = tensor;
  for (let i = 0; i < piece.rows; i++) {
    const row = rows[piece.from + i]!;
    let best = 0;
    let bestScore = Number(data[i * width]);
    let sum = bestScore;
    for (let code = 1; code < width; code++) {
      const score = Number(data[i * width + code]);
      sum += score;
      if (score > bestScore) {
        best = code;
        bestScore = score;
      }
    }
    if (!Number.isFinite(sum)) {
      column.state[row] = CELL_INVALID;
      continue;
    }
    if (isByThreshold) {
      bestScore = width === 1 ? bestScore : Number(data[i * width + positive]);
      best = bestScore >= spec.threshold ? positive : 1 - positive;
      // Without a positive class the score is that of the chosen one.
      if (spec.positive === null && best !== positive) bestScore = 1 - bestScore;
    }
    column.codes[row] = best;
    column.scores[row] = bestScore;
    column.state[row] = CELL_OK;
  }
}

/** The classes whose probability reaches the threshold. */
function readSets(
  spec: OutputSpec,
  tensor: TensorData,
  piece: Piece,
  rows: Int32Array,
  column: Extract<OutputColumn, { kind: 'set' }>,
): void {
  const classes = spec.classes.length;
  widthOf(tensor, piece, [classes], `output ${spec.name}`);
  for (let i = 0; i < piece.rows; i++) {
    const row = rows[piece.from + i]!;
    let sum = 0;
    for (let code = 0; code < classes; code++) {
      const probability = Number(tensor.data[i * classes + code]);
      sum += probability;
      if (probability >= spec.threshold) addMember(column.words, column.width * row, code);
    }
    const isGood = Number.isFinite(sum);
    if (!isGood) column.words.fill(0, column.width * row, column.width * (row + 1));
    column.state[row] = isGood ? CELL_OK : CELL_INVALID;
  }
}

function readNumbers(
  tensor: TensorData,
  piece: Piece,
  rows: Int32Array,
  column: Extract<OutputColumn, { kind: 'number' }>,
): void {
  widthOf(tensor, piece, [1], 'a value');
  for (let i = 0; i < piece.rows; i++) {
    const row = rows[piece.from + i]!;
    const value = Number(tensor.data[i]);
    const isGood = Number.isFinite(value);
    column.values[row] = isGood ? value : Number.NaN;
    column.state[row] = isGood ? CELL_OK : CELL_INVALID;
  }
}

function clip(value: number): number {
  return Math.min(1, Math.max(0, value));
}

function readBoxes(
  spec: OutputSpec,
  binding: OutputBinding,
  piece: Piece,
  rows: Int32Array,
  column: Extract<OutputColumn, { kind: 'boxes' }>,
): void {
  const corners = tensorOf(piece, binding.boxes);
  const perRow = corners.dims[1] ?? 0;
  widthOf(corners, piece, [perRow * 4], 'boxes');
  const labels = binding.labels === null ? null : tensorOf(piece, binding.labels);
  const confidences = binding.confidences === null ? null : tensorOf(piece, binding.confidences);
  if (labels) widthOf(labels, piece, [perRow], 'labels');
  if (confidences) widthOf(confidences, piece, [perRow], 'confidences');
  for (let i = 0; i < piece.rows; i++) {
    const boxes: Box[] = [];
    let sum = 0;
    for (let at = i * perRow; at < (i + 1) * perRow; at++) {
      const confidence = confidences ? Number(confidences.data[at]) : 1;
      if (confidence < spec.confidenceMin) continue;
      const label = labels ? Number(labels.data[at]) : 0;
      const x1 = Number(corners.data[at * 4]);
      const y1 = Number(corners.data[at * 4 + 1]);
      const x2 = Number(corners.data[at * 4 + 2]);
      const y2 = Number(corners.data[at * 4 + 3]);
      sum += x1 + y1 + x2 + y2 + label + confidence;
      boxes.push({ x1: clip(x1), y1: clip(y1), x2: clip(x2), y2: clip(y2), label, confidence });
    }
    const row = rows[piece.from + i]!;
    const isGood = Number.isFinite(sum);
    column.boxes[row] = isGood ? boxes : [];
    column.state[row] = isGood ? CELL_OK : CELL_INVALID;
  }
}
