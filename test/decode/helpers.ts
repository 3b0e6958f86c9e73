import avsc from 'avsc';
import { createDecoder, type DecoderSources } from '../../src/decode/decoder.ts';
import type { Batch, InputSpec, LogRecord, OutputSpec, ServiceSpec, StreamSpec } from '../../src/records.ts';

/** Log time stamp of all test records. */
export const NOW = Date.UTC(2026, 0, 15);
const DAY_MS = 86_400_000;

export function input(name: string, type: InputSpec['type'], from = name): InputSpec {
  return { name, type, from, range: null, categories: null };
}

export function output(name: string, type: OutputSpec['type'], classes: string[] = []): OutputSpec {
  return {
    name,
    type,
    classes,
    positive: classes.length === 2 ? classes[1]! : null,
    threshold: 0.5,
    tolerance: 0,
    confidenceMin: 0,
    iouMin: 0.5,
  };
}

export function service(part: Partial<ServiceSpec> = {}): ServiceSpec {
  return {
    service: 'test',
    description: '',
    streams: [],
    inputs: [],
    outputs: [],
    models: [],
    segments: [],
    windows: {
      sizeMs: 60_000,
      hopMs: 60_000,
      latenessMs: 0,
      graceMs: 0,
      idleAfterMs: 60_000,
      maxFutureMs: DAY_MS,
      maxPastMs: null,
    },
    maxDelayMs: 0,
    revisionsMs: [60_000],
    limits: {
      segmentsMax: 10,
      categoriesMax: 10,
      openWindowsMax: 10,
      pendingJoinsMax: 10,
      messageBytesMax: 1_000_000,
    },
    baseline: null,
    rules: [],
    retrain: null,
    digest: '',
    ...part,
  };
}

export function stream(part: Partial<StreamSpec> = {}): StreamSpec {
  return {
    stream: 'requests',
    topic: 'topic',
    encoding: 'json',
    schemaFile: null,
    id: 'id',
    time: 'time',
    fields: {},
    score: null,
    latencyMs: null,
    error: null,
    kind: null,
    kinds: {},
    ...part,
  };
}

export function record(value: Buffer | null, offset = 0, key: string | null = null): LogRecord {
  const bytes = key === null ? null : Buffer.from(key);
  return { topic: 'topic', partition: 0, offset, timestampMs: NOW, key: bytes, value, headers: {} };
}

/** JSON records with an id and a time, unless they say otherwise. */
export function json(...values: unknown[]): LogRecord[] {
  return values.map((value, offset) => record(Buffer.from(JSON.stringify(value)), offset));
}

export function confluent(id: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt32BE(id, 1);
  return Buffer.concat([header, payload]);
}

export function avroRecord(fields: unknown[], extra: Record<string, unknown> = {}): string {
  return JSON.stringify({ type: 'record', name: 'Request', fields, ...extra });
}

const types = new Map<string, avsc.Type>();

export function encode(schema: string, value: unknown): Buffer {
  let type = types.get(schema);
  if (type === undefined) {
    type = avsc.Type.forSchema(JSON.parse(schema) as avsc.Schema, { wrapUnions: 'never' });
    types.set(schema, type);
  }
  return type.toBuffer(value);
}

/** A registry that holds these schemas by id. */
export function schemasOf(schemas: Record<number, string>): DecoderSources['schemas'] {
  return { get: async (id) => schemas[id] ?? null };
}

export async function decode(
  spec: ServiceSpec,
  streamSpec: StreamSpec,
  records: readonly LogRecord[],
  sources: Partial<DecoderSources> = {},
): Promise<Batch> {
  const decoder = createDecoder(spec, streamSpec, { schemas: null, schemaFile: null, ...sources });
  await decoder.prepare(records);
  return decoder.decode(records);
}

/** Cells of a batch's inputs in words, to compare what different readers made of the same bytes. */
export function cells(batch: Batch): unknown[][] {
  return batch.inputs.map((column) =>
    Array.from(column.state, (state, row) => {
      if (state !== 0) return `state ${state}`;
      if (column.kind === 'categorical') return column.dictionary[column.codes[row]!];
      if (column.kind === 'embedding') {
        const at = column.places[row]! * column.dimensions;
        return [...column.values.subarray(at, at + column.dimensions)];
      }
      if (column.kind === 'image') return Buffer.from(column.bytes[row]!).toString('hex');
      return column.values[row];
    }),
  );
}

export function codes(batch: Batch): string[] {
  return batch.dead.map((letter) => letter.code);
}

/** The outputs of a batch with plain arrays. */
export function answers(batch: Batch): unknown[] {
  return batch.outputs.map((column) =>
    Object.fromEntries(
      Object.entries(column).map(([key, value]) => [
        key,
        ArrayBuffer.isView(value) ? [...(value as Uint8Array)] : value,
      ]),
    ),
  );
}
