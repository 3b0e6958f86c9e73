import type { DeadCode } from '../errors.ts';
import {
  type Batch,
  CELL_OK,
  FEEDBACK_KINDS,
  type LogRecord,
  type ServiceSpec,
  type StreamSpec,
} from '../records.ts';
import { beginInput, clearCell, createInput, finishColumn, type InputBuilder, setCell } from './cells.ts';
import {
  beginOutput,
  clearAnswer,
  createOutput,
  finishOutput,
  type OutputBuilder,
  setAnswer,
} from './outputs.ts';
import { valueAt } from './paths.ts';
import {
  SLOT_ERROR,
  SLOT_ID,
  SLOT_KIND,
  SLOT_LATENCY,
  SLOT_OUTPUTS,
  SLOT_SCORE,
  SLOT_TIME,
  type Target,
} from './plan.ts';
import { readFailed, readId, readLatency, readTime } from './scalars.ts';

/**
 * A batch while it is built. A reader fills the inputs' cells of row `n` and the scratch; `finishRow` judges the
 * scratch and either keeps the row or leaves `n` where it is.
 */
export interface Rows {
  spec: ServiceSpec;
  stream: StreamSpec;
  targets: readonly Target[];
  inputs: InputBuilder[];
  outputs: OutputBuilder[];
  /** Index of the classifier that `score` speaks of; -1: none. */
  scored: number;
  kinds: Map<string, number>;
  n: number;
  anyDead: boolean;
  scratch: unknown[];
  /** Units of the current record's logical time stamp in one millisecond; 0: it has no logical type. */
  timePerMs: number;
  offsets: Float64Array;
  times: Float64Array;
  ids: string[];
  latencyMs: Float64Array | null;
  failed: Uint8Array | null;
  feedback: Int8Array | null;
}

/** What one stream's batches are built in; `beginRows` starts each. */
export function createRows(spec: ServiceSpec, stream: StreamSpec, targets: readonly Target[]): Rows {
  const hasOutputs = stream.stream === 'predictions' || stream.stream === 'labels';
  return {
    spec,
    stream,
    targets,
    inputs:
      stream.stream === 'requests'
        ? spec.inputs.map(({ type, dimensions }) => createInput(type, dimensions))
        : [],
    outputs: hasOutputs ? spec.outputs.map(createOutput) : [],
    scored: stream.score === null ? -1 : spec.outputs.findIndex((output) => output.type === 'classifier'),
    kinds: new Map(
      Object.entries(stream.kinds).map(([theirs, ours]) => [theirs, FEEDBACK_KINDS.indexOf(ours)]),
    ),
    n: 0,
    anyDead: false,
    scratch: [],
    timePerMs: 0,
    offsets: new Float64Array(0),
    times: new Float64Array(0),
    ids: [],
    latencyMs: null,
    failed: null,
    feedback: null,
  };
}

/** Starts a batch of up to `capacity` rows. */
export function beginRows(rows: Rows, capacity: number): void {
  const { stream } = rows.stream;
  rows.n = 0;
  rows.anyDead = false;
  rows.offsets = new Float64Array(capacity);
  rows.times = new Float64Array(capacity);
  rows.ids = [];
  rows.latencyMs = stream === 'predictions' ? new Float64Array(capacity) : null;
  rows.failed = stream === 'predictions' ? new Uint8Array(capacity) : null;
  rows.feedback = stream === 'feedback' ? new Int8Array(capacity) : null;
  rows.scratch = new Array<unknown>(SLOT_OUTPUTS + rows.outputs.length).fill(undefined);
  for (const input of rows.inputs) beginInput(input, capacity);
  for (const output of rows.outputs) beginOutput(output, capacity);
}

/** Forgets what a dead record has written into row `n`. */
export function clearRow(rows: Rows): void {
  rows.anyDead = true;
  rows.scratch.fill(undefined);
  for (const input of rows.inputs) clearCell(input, rows.n);
  for (const output of rows.outputs) clearAnswer(output, rows.n);
}

/** Puts one value of any type where a target sends it. */
export function put(rows: Rows, to: number, value: unknown): void {
  if (to >= 0) setCell(rows.inputs[to]!, rows.n, value);
  else rows.scratch[-1 - to] = value;
}

/** Puts the values at all paths of a record into row `n`. */
export function putRecord(rows: Rows, record: unknown): void {
  for (const { path, to } of rows.targets) put(rows, to, valueAt(record, path));
}

/** Judges row `n`: null when it is kept, otherwise why its record is dead. */
export function finishRow(rows: Rows, record: LogRecord): DeadCode | null {
  const { scratch, stream, n } = rows;
  const inRecord = readId(scratch[SLOT_ID]);
  const id = inRecord === undefined ? readId(keyOf(record)) : inRecord;
  if (id === null || id === undefined) return 'id_missing';
  // Whole milliseconds: micro- and nanosecond clocks have fractions, and times become longs on the log.
  const ofLog = stream.time === '' && scratch[SLOT_TIME] === undefined;
  const time = Math.floor(ofLog ? record.timestampMs : readTime(scratch[SLOT_TIME], rows.timePerMs));
  const late = judgeTime(rows.spec, record, time);
  if (late !== null) return late;
  if (stream.stream === 'predictions' || stream.stream === 'labels') {
    if (!finishOutputs(rows)) return 'output_invalid';
  } else if (rows.feedback !== null) {
    const kind = scratch[SLOT_KIND];
    if (kind === undefined || kind === null || kind === '') return 'kind_missing';
    rows.feedback[n] = typeof kind === 'object' ? -1 : (rows.kinds.get(String(kind)) ?? -1);
  }
  rows.offsets[n] = record.offset;
  rows.times[n] = time;
  rows.ids.push(id);
  rows.n = n + 1;
  scratch.fill(undefined);
  return null;
}

/** Beyond 30,000 years from 1970 a number is no time; and much larger ones fit no long of the log. */
const TIME_ABS_MAX_MS = 1e15;

/** Why a time is not good, or null. Rule R10: the log's time stamp bounds the event time. */
export function judgeTime(spec: ServiceSpec, record: LogRecord, time: number): DeadCode | null {
  const { maxFutureMs, maxPastMs } = spec.windows;
  // Not a number fails the comparison too.
  if (!(Math.abs(time) <= TIME_ABS_MAX_MS)) return 'time_missing';
  if (time > record.timestampMs + maxFutureMs) return 'time_future';
  return maxPastMs !== null && time < record.timestampMs - maxPastMs ? 'time_past' : null;
}

/** The Kafka key stands in for an id that the record does not carry. */
function keyOf(record: LogRecord): string | null {
  return record.key === null || record.key.length === 0 ? null : record.key.toString('utf8');
}

function finishOutputs(rows: Rows): boolean {
  const { scratch, outputs, n } = rows;
  const isLabel = rows.stream.stream === 'labels';
  const failed = isLabel ? 0 : readFailed(scratch[SLOT_ERROR]);
  const score = scratch[SLOT_SCORE];
  let answers = 0;
  for (let index = 0; index < outputs.length; index++) {
    const output = outputs[index]!;
    const scoreHere = index === rows.scored && typeof score === 'number' ? score : Number.NaN;
    if (!setAnswer(output, n, scratch[SLOT_OUTPUTS + index], scoreHere)) {
      // What a failed service answered is not looked at: the failure itself must not be lost.
      if (failed === 0) return false;
      clearAnswer(output, n);
    }
    if (output.column.state[n] === CELL_OK) answers++;
  }
  if (isLabel) return answers > 0;
  rows.latencyMs![n] = readLatency(scratch[SLOT_LATENCY]);
  rows.failed![n] = failed;
  return true;
}

/** The finished batch, without its dead letters. */
export function toBatch(rows: Rows): Batch {
  const { n } = rows;
  return {
    n,
    offsets: rows.offsets.subarray(0, n),
    times: rows.times.subarray(0, n),
    ids: rows.ids,
    dead: [],
    inputs: rows.inputs.map((input) => finishColumn(input.column, n, rows.anyDead)),
    outputs: rows.outputs.map((output) => finishOutput(output.column, n)),
    latencyMs: rows.latencyMs?.subarray(0, n) ?? null,
    failed: rows.failed?.subarray(0, n) ?? null,
    feedback: rows.feedback?.subarray(0, n) ?? null,
    telemetry: null,
  };
}
