/** What holds for every batch that a decoder gives, whatever the bytes were. */
import { NATIVE } from '../../../src/decode/native.ts';
import { DEAD_CODES } from '../../../src/errors.ts';
import {
  type Batch,
  CELL_OK,
  type Column,
  FEEDBACK_KINDS,
  type LogRecord,
  type OutputColumn,
  type ServiceSpec,
  type StreamSpec,
} from '../../../src/records.ts';
import { must } from './target.ts';

const CATEGORY_CHARS_MAX = 256;
const BOXES_MAX = 1_000;
const ID_CHARS_MAX = 1_024;
/** A dead letter's message becomes a header of a record. */
const MESSAGE_CHARS_MAX = 2_000;

/** Throws where a batch breaks what the stages behind the decoder rely on. */
export function checkBatch(
  spec: ServiceSpec,
  stream: StreamSpec,
  records: readonly LogRecord[],
  batch: Batch,
): void {
  checkRows(spec, records, batch);
  checkDead(records, batch);
  if (batch.telemetry !== null) {
    const { metrics, values } = batch.telemetry;
    must(metrics.length === batch.n && values.length === batch.n, 'a metric and a value for each point');
    must(values.every(Number.isFinite), 'finite values of points');
    for (const name of metrics) must(name !== '' && name.length <= 255, 'a name of a metric within bounds');
    return;
  }
  // A message of a model server has as many rows as it likes, and that of the other side none.
  if (NATIVE[stream.encoding] === undefined)
    must(batch.n + batch.dead.length === records.length, 'each record is a row or a dead letter');
  must(batch.ids.length === batch.n, 'an id for each row');
  for (const id of batch.ids) must(id !== '' && id.length <= ID_CHARS_MAX, 'an id within bounds');
  const isRequest = stream.stream === 'requests';
  const hasOutputs = stream.stream === 'predictions' || stream.stream === 'labels';
  must(batch.inputs.length === (isRequest ? spec.inputs.length : 0), 'a column for each input');
  must(batch.outputs.length === (hasOutputs ? spec.outputs.length : 0), 'a column for each output');
  for (const column of batch.inputs) checkInput(column, batch.n);
  for (const [at, column] of batch.outputs.entries()) {
    checkOutput(column, batch.n, spec.outputs[at]!.classes.length);
  }
  checkSingles(batch);
}

function checkRows(spec: ServiceSpec, records: readonly LogRecord[], batch: Batch): void {
  must(
    batch.offsets.length === batch.n && batch.times.length === batch.n,
    'an offset and a time for each row',
  );
  const byOffset = new Map(records.map((record) => [record.offset, record]));
  for (let row = 0; row < batch.n; row++) {
    const record = byOffset.get(batch.offsets[row]!);
    must(record !== undefined, 'an offset of a record');
    must(row === 0 || batch.offsets[row]! >= batch.offsets[row - 1]!, 'rows in order of their offsets');
    const time = batch.times[row]!;
    // Avro's zigzag doubles a long, and avsc refuses what a double cannot hold then.
    must(Number.isSafeInteger(time * 2), `a time that fits a long of the log, found ${time}`);
    must(time <= record.timestampMs + spec.windows.maxFutureMs, 'no time from the future');
  }
}

function checkDead(records: readonly LogRecord[], batch: Batch): void {
  let last = -1;
  for (const { offset, code, stage, message, record } of batch.dead) {
    must(offset > last && records.includes(record) && record.offset === offset, 'dead letters in order');
    must(Object.hasOwn(DEAD_CODES, code) && stage === 'decode', 'a dead letter with a code');
    must(message.length <= MESSAGE_CHARS_MAX, `a message of ${message.length} characters`);
    last = offset;
  }
}

function checkStates(state: Uint8Array, n: number): void {
  must(state.length === n && state.every((cell) => cell <= 2), 'a state for each row');
}

function checkInput(column: Column, n: number): void {
  checkStates(column.state, n);
  for (let row = 0; row < n; row++) {
    if (column.state[row] !== CELL_OK) continue;
    if (column.kind === 'numeric') must(Number.isFinite(column.values[row]), 'a finite number');
    else if (column.kind === 'text') must(typeof column.values[row] === 'string', 'a text');
    else if (column.kind === 'image') must(column.bytes[row]!.length > 0, 'bytes of an image');
    else if (column.kind === 'embedding') {
      const { places, dimensions, vectors, values } = column;
      const at = places[row]! * dimensions;
      must(places[row]! < vectors && values.length === vectors * dimensions, 'a vector that is there');
      must(values.subarray(at, at + dimensions).every(Number.isFinite), 'finite components');
    } else must(column.codes[row]! >= 0 && column.codes[row]! < column.dictionary.length, 'a known code');
  }
  if (column.kind !== 'categorical') return;
  must(new Set(column.dictionary).size === column.dictionary.length, 'each category once');
  for (const category of column.dictionary) {
    must(category.length <= CATEGORY_CHARS_MAX, `a category of ${category.length} characters`);
  }
}

function checkSet(
  { words, width }: Extract<OutputColumn, { kind: 'set' }>,
  row: number,
  classes: number,
): void {
  const last = words[width * (row + 1) - 1]!;
  must(classes % 32 === 0 || last >>> (classes % 32) === 0, 'classes of a set');
}

function checkOutput(column: OutputColumn, n: number, classes: number): void {
  checkStates(column.state, n);
  for (let row = 0; row < n; row++) {
    if (column.state[row] !== CELL_OK) continue;
    if (column.kind === 'class') must(column.codes[row]! >= 0 && column.codes[row]! < classes, 'a class');
    else if (column.kind === 'number') must(Number.isFinite(column.values[row]), 'a finite answer');
    else if (column.kind === 'text') must(column.values[row] !== '', 'a text that says something');
    else if (column.kind === 'set') checkSet(column, row, classes);
    else {
      const boxes = column.boxes[row]!;
      must(boxes.length <= BOXES_MAX, `${boxes.length} boxes, which are compared pair by pair`);
      for (const { label, ...numbers } of boxes) {
        must(label >= 0 && label < classes, 'a label of a box');
        must(Object.values(numbers).every(Number.isFinite), 'finite corners of a box');
      }
    }
  }
}

function checkSingles({ n, latencyMs, failed, feedback }: Batch): void {
  for (const values of [latencyMs, failed, feedback])
    must(values === null || values.length === n, 'a value for each row');
  must(latencyMs?.every((ms) => Number.isNaN(ms) || (ms >= 0 && ms < Infinity)) ?? true, 'latencies');
  must(failed?.every((flag) => flag <= 1) ?? true, 'flags of failures');
  must(feedback?.every((kind) => kind >= -1 && kind < FEEDBACK_KINDS.length) ?? true, 'kinds of feedback');
}
