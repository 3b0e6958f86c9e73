/** Seeded traffic of one service on four streams, and what must be measured on it, computed apart from Telltale. */
import avsc from 'avsc';
import { seededNumbers } from '../score/support/onnx.ts';
import type { Compression, ForeignRecord } from './support/foreign.ts';
import { wireEncode } from './support/registry.ts';

export const WINDOW_MS = 60_000;
export const WINDOWS = 10;
/** In windows before it all labels agree with the external system; from it on most are turned round. */
export const TURNED_WINDOW = 6;
export const T0 = Date.parse('2026-03-01T12:00:00Z');
const PER_WINDOW = 240;
const PARTITIONS = 2;
export const MLP = { features: 2, hidden: 8, seed: 7 };

const time = { name: 'time', type: { type: 'long', logicalType: 'timestamp-millis' } } as const;
const id = { name: 'id', type: 'string' } as const;
const record = (name: string, fields: readonly unknown[]) => ({
  type: 'record',
  name,
  namespace: 'shop',
  fields: [id, time, ...fields],
});
const REQUEST_FIELDS = [
  { name: 'a', type: 'double' },
  { name: 'b', type: ['null', 'double'], default: null },
  { name: 'country', type: 'string' },
];
export const SCHEMAS = {
  requests: record('Request', REQUEST_FIELDS),
  /** As a later version of the producer writes it. */
  requestsLater: record('Request', [
    { name: 'note', type: 'string', default: '' },
    ...REQUEST_FIELDS,
    { name: 'retries', type: 'int', default: 0 },
  ]),
  predictions: record('Prediction', [
    { name: 'answer', type: { type: 'enum', name: 'Answer', symbols: ['no', 'yes'] } },
    { name: 'ms', type: 'float' },
  ]),
  labels: record('Label', [{ name: 'truth', type: 'string' }]),
  feedback: record('Feedback', [{ name: 'what', type: 'string' }]),
};
export type SchemaName = keyof typeof SCHEMAS;
export type Stream = Exclude<SchemaName, 'requestsLater'>;

export const COMPRESSION: Record<Stream, Compression> = {
  requests: 'gzip',
  predictions: 'snappy',
  labels: 'lz4',
  feedback: 'zstd',
};

const FEEDBACK = ['clicked', 'again', 'typed'] as const;

interface Row {
  id: string;
  timeMs: number;
  a: number;
  b: number;
  country: string;
  answer: boolean;
  truth: boolean | null;
  feedback: (typeof FEEDBACK)[number] | null;
}

/** The model of `mlp` once more, in double precision. @returns the logit of the positive class */
function logitOf(inputs: readonly number[]): number {
  const { features, hidden, seed } = MLP;
  const next = seededNumbers(seed);
  const draw = (count: number): number[] => Array.from({ length: count }, () => next());
  const [w1, b1, w2, b2] = [draw(features * hidden), draw(hidden), draw(hidden), draw(1)];
  let logit = b2[0]!;
  for (let h = 0; h < hidden; h++) {
    let sum = b1[h]!;
    inputs.forEach((value, i) => {
      sum += value * w1[i * hidden + h]!;
    });
    logit += Math.max(0, sum) * w2[h]!;
  }
  return logit;
}

function makeRows(): Row[] {
  const next = seededNumbers(42);
  const chance = (share: number): boolean => (next() + 1) / 2 < share;
  const rows: Row[] = [];
  for (let i = 0; i < WINDOWS * PER_WINDOW; i++) {
    const window = Math.floor(i / PER_WINDOW);
    let [a, b] = [0, 0];
    // Too near to the border single and double precision might differ.
    do [a, b] = [3 * next(), 3 * next()];
    while (Math.abs(logitOf([a, b])) < 1e-3);
    const answer = chance(0.9) === logitOf([a, b]) >= 0;
    rows.push({
      id: `r${i}`,
      timeMs: T0 + i * (WINDOW_MS / PER_WINDOW),
      a,
      b,
      country: chance(0.3) ? 'de' : 'fr',
      answer,
      truth: chance(0.7) ? (window < TURNED_WINDOW ? answer : answer !== chance(0.8)) : null,
      feedback: chance(0.4) ? FEEDBACK[Math.floor(((next() + 1) / 2) * 3)]! : null,
    });
  }
  return rows;
}

const ROWS = makeRows();

const said = (answer: boolean): string => (answer ? 'yes' : 'no');

/** The value of a row on a stream; null where the row has none there. */
function contentOf(stream: Stream, row: Row): Record<string, unknown> | null {
  const base = { id: row.id, time: row.timeMs };
  if (stream === 'requests') return { ...base, a: row.a, b: row.b, country: row.country };
  if (stream === 'predictions') return { ...base, time: row.timeMs + 5, answer: said(row.answer), ms: 12 };
  if (stream === 'labels')
    return row.truth === null ? null : { ...base, time: row.timeMs + 20_000, truth: said(row.truth) };
  return row.feedback === null ? null : { ...base, time: row.timeMs + 3_000, what: row.feedback };
}

/** So far beyond the last window that its labels cannot come any more. */
const END_MS = T0 + WINDOWS * WINDOW_MS + 10 * WINDOW_MS;

/**
 * Half of a stream as a foreign producer sends it: in the order of event time, one more record a partition at
 * the very end so that every window closes by event time alone.
 */
export function* streamRecords(
  stream: Stream,
  half: 0 | 1,
  ids: Record<SchemaName, number>,
): Generator<ForeignRecord> {
  const later = stream === 'requests' && half === 1;
  const name = later ? 'requestsLater' : stream;
  const type = avsc.Type.forSchema(SCHEMAS[name] as avsc.Schema);
  const encode = (value: Record<string, unknown>): Buffer =>
    wireEncode(ids[name], type, later ? { note: 'new', retries: 1, ...value } : value);
  const middle = ROWS.length / 2;
  for (const row of half === 0 ? ROWS.slice(0, middle) : ROWS.slice(middle)) {
    const value = contentOf(stream, row);
    if (value !== null) yield { key: row.id, value: encode(value) };
  }
  for (let partition = 0; half === 1 && partition < PARTITIONS; partition++) {
    const row = { ...ROWS[0]!, id: `end${partition}`, timeMs: END_MS, truth: true, feedback: FEEDBACK[0] };
    yield { partition, key: row.id, value: encode(contentOf(stream, row)!) };
  }
}

export interface Expected {
  volume: number;
  volumeOfDe: number;
  labelled: number;
  right: number;
  rightExternal: number;
  feedback: Record<(typeof FEEDBACK)[number], number>;
}

/** What the windows hold, oldest first. */
export function expectedWindows(): Expected[] {
  return Array.from({ length: WINDOWS }, (_, window) => {
    const rows = ROWS.slice(window * PER_WINDOW, (window + 1) * PER_WINDOW);
    const labelled = rows.filter(({ truth }) => truth !== null);
    const count = (kind: string) => rows.filter(({ feedback }) => feedback === kind).length;
    return {
      volume: rows.length,
      volumeOfDe: rows.filter(({ country }) => country === 'de').length,
      labelled: labelled.length,
      right: labelled.filter(({ a, b, truth }) => logitOf([a, b]) >= 0 === truth).length,
      rightExternal: labelled.filter(({ answer, truth }) => answer === truth).length,
      feedback: { clicked: count('clicked'), again: count('again'), typed: count('typed') },
    };
  });
}

/** Event time of a record as the foreign consumer reads it: the second field of every schema, after the id. */
export function eventTimeOf(stream: Stream, value: Buffer, laterId: number): number {
  const name = stream === 'requests' && value.readInt32BE(1) === laterId ? 'requestsLater' : stream;
  const type = avsc.Type.forSchema(SCHEMAS[name] as avsc.Schema);
  return (type.fromBuffer(value.subarray(5)) as { time: number }).time;
}
