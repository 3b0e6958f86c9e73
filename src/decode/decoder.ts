import { assert, DEAD_CODES, type DeadCode, messageOf, TelltaleError } from '../errors.ts';
import type { Batch, DeadLetter, LogRecord, ServiceSpec, StreamSpec } from '../records.ts';
import { planReading, type Reading, readAvro } from './avro-reading.ts';
import { type ParsedSchema, parseSchema } from './avro-schema.ts';
import { createCursor } from './cursor.ts';
import { decodeNative, NATIVE } from './native.ts';
import { addPoints, type Points } from './otlp.ts';
import { planTargets } from './plan.ts';
import type { SchemaSource } from './registry.ts';
import { beginRows, clearRow, createRows, finishRow, putRecord, type Rows, toBatch } from './rows.ts';

/** Confluent wire format: a zero byte and a big-endian schema id before the Avro bytes. */
const WIRE_HEADER_BYTES = 5;
/** Schemas that are asked for at the same time. */
const FETCHES_MAX = 8;

export interface StreamDecoder {
  /**
   * Fetches the schemas of these records that are not known yet; null where there is nothing to fetch. It must be
   * awaited before `decode` of the same records. It waits as long as the registry is away and rejects only when
   * the source is aborted.
   */
  prepare(records: readonly LogRecord[]): Promise<void> | null;
  /** Decodes a run of records of one partition, in offset order. Bad records become dead letters, never exceptions. */
  decode(records: readonly LogRecord[]): Batch;
}

export interface DecoderSources {
  /** Needed for encoding `avro`. */
  schemas: SchemaSource | null;
  /** Content of `StreamSpec.schemaFile`: the schema of `avro_file`, the reader's schema of `avro`. */
  schemaFile: string | null;
  /** False reads all Avro through avsc objects, for comparison. */
  columns?: boolean;
}

/** Why a record is dead, with a detail for people. */
interface Death {
  code: DeadCode;
  detail: string;
}

/**
 * The decoder of one stream of a service. Throws `schema_invalid` where the schema file cannot be parsed, and
 * `config_invalid` where the encoding needs a registry or a schema file that is not given.
 */
export function createDecoder(spec: ServiceSpec, stream: StreamSpec, sources: DecoderSources): StreamDecoder {
  if (stream.encoding === 'otlp_json') {
    return { prepare: () => null, decode: (records) => decodeOtlp(spec, records) };
  }
  const rows = createRows(spec, stream, planTargets(spec, stream));
  const native = NATIVE[stream.encoding];
  if (native !== undefined) {
    return {
      prepare: () => null,
      decode: (records) => decodeNative(rows, records, native, sizeProblem),
    };
  }
  if (stream.encoding === 'json') {
    return {
      prepare: () => null,
      decode: (records) => decodeRows(rows, records, (value) => readJson(rows, value)),
    };
  }
  const schemaFile = sources.schemaFile === null ? null : parseSchemaFile(stream, sources.schemaFile);
  const plan = (json: string, reader: ParsedSchema | null) =>
    planReading(json, reader, rows.targets, rows.inputs, sources.columns ?? true);
  const cursor = createCursor();
  const read = (reading: Reading, value: Buffer, start: number): Death | null => {
    if (reading.kind === 'incompatible') return { code: 'schema_incompatible', detail: reading.message };
    try {
      if (readAvro(reading, cursor, value, start, rows)) return null;
    } catch (error) {
      return { code: 'avro', detail: messageOf(error) };
    }
    return { code: 'avro', detail: '' };
  };
  if (stream.encoding === 'avro_file') {
    if (sources.schemaFile === null) throw missing(stream, 'a schema file');
    const reading = plan(sources.schemaFile, null);
    if (reading.kind === 'incompatible') {
      throw new TelltaleError(
        'schema_invalid',
        `${stream.schemaFile}: ${DEAD_CODES.schema_incompatible}: ${reading.message}`,
      );
    }
    return {
      prepare: () => null,
      decode: (records) => decodeRows(rows, records, (value) => read(reading, value, 0)),
    };
  }
  if (sources.schemas === null) throw missing(stream, 'a schema registry');
  return withRegistry(rows, sources.schemas, (json) => plan(json, schemaFile), read);
}

function withRegistry(
  rows: Rows,
  schemas: SchemaSource,
  plan: (json: string) => Reading,
  read: (reading: Reading, value: Buffer, start: number) => Death | null,
): StreamDecoder {
  const readings = new Map<number, Reading>();
  // Ids that the registry did not know when it was asked for the records at hand.
  let unknown = new Set<number>();
  let lastId = -1;
  let last: Reading | undefined;
  const fetchOne = (id: number) =>
    schemas.get(id).then((json) => {
      if (json === null) unknown.add(id);
      else readings.set(id, plan(json));
    });
  const fetchAll = (ids: number[], from: number): Promise<void> =>
    Promise.all(ids.slice(from, from + FETCHES_MAX).map(fetchOne)).then(() =>
      from + FETCHES_MAX < ids.length ? fetchAll(ids, from + FETCHES_MAX) : undefined,
    );
  return {
    prepare: (records) => {
      unknown = new Set();
      const wanted = new Set<number>();
      for (const { value } of records) {
        if (value === null || !hasHeader(value) || value.length > rows.spec.limits.messageBytesMax) continue;
        const id = value.readUInt32BE(1);
        if (id !== lastId && !readings.has(id)) wanted.add(id);
      }
      return wanted.size === 0 ? null : fetchAll([...wanted], 0);
    },
    decode: (records) =>
      decodeRows(rows, records, (value) => {
        if (!hasHeader(value)) return { code: 'wire_format', detail: '' };
        const id = value.readUInt32BE(1);
        if (id !== lastId || last === undefined) {
          last = readings.get(id);
          lastId = last === undefined ? -1 : id;
        }
        if (last === undefined) {
          assert(unknown.has(id), `schema ${id} was not prepared`);
          return { code: 'schema_unknown', detail: `id ${id}` };
        }
        return read(last, value, WIRE_HEADER_BYTES);
      }),
  };
}

function hasHeader(value: Buffer): boolean {
  return value.length >= WIRE_HEADER_BYTES && value[0] === 0;
}

function missing(stream: StreamSpec, what: string): TelltaleError {
  return new TelltaleError(
    'config_invalid',
    `stream ${stream.stream} with encoding ${stream.encoding} needs ${what}`,
  );
}

function parseSchemaFile(stream: StreamSpec, content: string): ParsedSchema {
  try {
    return parseSchema(content);
  } catch (error) {
    throw new TelltaleError('schema_invalid', `${stream.schemaFile}: ${messageOf(error)}`, { cause: error });
  }
}

function decodeRows(rows: Rows, records: readonly LogRecord[], read: (value: Buffer) => Death | null): Batch {
  beginRows(rows, records.length);
  const dead: DeadLetter[] = [];
  const bytesMax = rows.spec.limits.messageBytesMax;
  for (const record of records) {
    const { value } = record;
    const size = sizeProblem(value, bytesMax);
    if (size !== null || value === null) {
      dead.push(deadLetter(record, size ?? 'empty', ''));
      continue;
    }
    const death = read(value);
    const code = death === null ? finishRow(rows, record) : death.code;
    if (code === null) continue;
    clearRow(rows);
    dead.push(deadLetter(record, code, death?.detail ?? ''));
  }
  return { ...toBatch(rows), dead };
}

function sizeProblem(value: Buffer | null, bytesMax: number): DeadCode | null {
  if (value === null || value.length === 0) return 'empty';
  return value.length > bytesMax ? 'too_large' : null;
}

function deadLetter(record: LogRecord, code: DeadCode, detail: string): DeadLetter {
  const message = detail === '' ? DEAD_CODES[code] : `${DEAD_CODES[code]}: ${detail}`;
  return { offset: record.offset, code, stage: 'decode', message, record };
}

function readJson(rows: Rows, value: Buffer): Death | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(value.toString('utf8'));
  } catch (error) {
    return { code: 'json', detail: messageOf(error) };
  }
  if (typeof parsed !== 'object' || parsed === null) return { code: 'json', detail: 'not an object' };
  rows.timePerMs = 0;
  putRecord(rows, parsed);
  return null;
}

function decodeOtlp(spec: ServiceSpec, records: readonly LogRecord[]): Batch {
  const points: Points = { offsets: [], times: [], metrics: [], values: [] };
  const dead: DeadLetter[] = [];
  for (const record of records) {
    const code = sizeProblem(record.value, spec.limits.messageBytesMax);
    if (code !== null) {
      dead.push(deadLetter(record, code, ''));
      continue;
    }
    let request: unknown;
    try {
      request = JSON.parse(record.value!.toString('utf8'));
    } catch (error) {
      dead.push(deadLetter(record, 'json', messageOf(error)));
      continue;
    }
    const refused = addPoints(points, request, record, spec);
    if (refused !== null) dead.push(deadLetter(record, refused, ''));
  }
  return {
    n: points.offsets.length,
    offsets: Float64Array.from(points.offsets),
    times: Float64Array.from(points.times),
    ids: [],
    dead,
    inputs: [],
    outputs: [],
    latencyMs: null,
    failed: null,
    feedback: null,
    telemetry: { metrics: points.metrics, values: Float64Array.from(points.values) },
  };
}
