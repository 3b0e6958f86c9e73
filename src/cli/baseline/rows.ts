import { createReadStream, type ReadStream } from 'node:fs';
import { extname } from 'node:path';
import { pipeline } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { inflateRaw } from 'node:zlib';
import avro from 'avsc';
import { parse } from 'csv-parse';
import snappy from 'snappy';
import { messageOf, TelltaleError } from '../../errors.ts';

export const FORMATS = ['csv', 'ndjson', 'avro'] as const;
export type Format = (typeof FORMATS)[number];
export type Row = Record<string, unknown>;

const EXTENSIONS: Record<string, Format> = {
  '.csv': 'csv',
  '.ndjson': 'ndjson',
  '.jsonl': 'ndjson',
  '.avro': 'avro',
};

/** The format that the name of a file tells; an error of usage where it tells none. */
export function formatOf(file: string): Format {
  const format = EXTENSIONS[extname(file).toLowerCase()];
  if (format !== undefined) return format;
  throw new TelltaleError('usage', `cannot tell the format of ${file}; give --format ${FORMATS.join('|')}`);
}

/**
 * The rows of a file, one at a time: CSV with a header line (every cell is text), a JSON object a line, or an
 * Avro object container file (codecs null, deflate, snappy).
 *
 * @param onBytes is told how many bytes were read since the last call
 * @throws TelltaleError file_unreadable, or input_unreadable with the place of the fault
 */
export async function* readRows(
  file: string,
  format: Format,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Row> {
  const bytes = createReadStream(file);
  bytes.on('data', (chunk) => onBytes(chunk.length));
  try {
    if (format === 'csv') yield* csvRows(bytes);
    else if (format === 'ndjson') yield* jsonRows(bytes);
    else yield* avroRows(bytes);
  } catch (cause) {
    const code = isSystemError(cause) ? 'file_unreadable' : 'input_unreadable';
    throw new TelltaleError(code, `${file}: ${messageOf(cause)}`, { cause });
  } finally {
    bytes.destroy();
  }
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}

async function* csvRows(bytes: ReadStream): AsyncGenerator<Row> {
  const parser = parse({ bom: true, columns: true, skip_empty_lines: true, trim: true });
  // A failed read ends the parser with the same error, so the loop below throws it.
  pipeline(bytes, parser, () => {});
  for await (const row of parser) yield row as Row;
}

async function* jsonRows(bytes: ReadStream): AsyncGenerator<Row> {
  const decoder = new StringDecoder('utf8');
  let line = 0;
  let rest = '';
  const parseLine = (text: string): Row | null => {
    line++;
    if (text.trim() === '') return null;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      // The parser's own message quotes the line, which may hold what is sensitive.
      throw new Error(`line ${line}: not JSON`);
    }
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Row;
    throw new Error(`line ${line}: not a JSON object`);
  };
  for await (const chunk of bytes) {
    const lines = (rest + decoder.write(chunk as Buffer)).split('\n');
    rest = lines.pop() ?? '';
    for (const text of lines) {
      const row = parseLine(text);
      if (row !== null) yield row;
    }
  }
  const row = parseLine(rest + decoder.end());
  if (row !== null) yield row;
}

type CodecCallback = (error: Error | null, data?: Buffer) => void;

const CODECS = {
  null: (data: Buffer, done: CodecCallback) => done(null, data),
  deflate: (data: Buffer, done: CodecCallback) => inflateRaw(data, done),
  // Avro puts a checksum of four bytes behind every snappy block.
  snappy: (data: Buffer, done: CodecCallback) => {
    snappy.uncompress(data.subarray(0, -4)).then(
      (out) => done(null, out as Buffer),
      (error: unknown) => done(new Error(messageOf(error))),
    );
  },
};

async function* avroRows(bytes: ReadStream): AsyncGenerator<Row> {
  const decoder = new avro.streams.BlockDecoder({ codecs: CODECS } as object);
  pipeline(bytes, decoder, () => {});
  for await (const row of decoder) yield row as Row;
}
