import { statSync } from 'node:fs';
import { messageOf, TelltaleError } from '../../errors.ts';
import type {
  Baseline,
  Batch,
  Column,
  ImageColumn,
  ImageMeasures,
  InputSpec,
  ServiceSpec,
} from '../../records.ts';
import { type Progress, progress, type TerminalStream } from '../progress.ts';
import { type ColumnChunk, createChunker } from './columns.ts';
import { type Format, formatOf, type Row, readRows } from './rows.ts';

/** Gathers reference data; `profile/` has the real one. */
export interface BaselineBuilder {
  /** @param inputs in the order of the service's inputs; @param images of its image inputs */
  add(inputs: Column[], n: number, images: ImageMeasures[]): void;
  finish(): Baseline;
}

export type MeasureImages = (input: string, column: ImageColumn) => Promise<ImageMeasures>;

export interface BuildParts {
  spec: ServiceSpec;
  builder: BaselineBuilder;
  measureImages: MeasureImages;
  stderr: TerminalStream;
}

export interface FileSource {
  files: readonly string[];
  /** Null: told by the names. */
  format: Format | null;
  /** Rows to leave out at the start of all files together, and to take after that at most. */
  skip: number;
  rows: number;
}

/**
 * The baseline of the rows of files, read in one pass with a bounded number of rows in memory.
 *
 * @throws TelltaleError file_unreadable, or input_unreadable where there are no rows or an input has no value in any
 */
export async function buildFromFiles(source: FileSource, parts: BuildParts): Promise<Baseline> {
  const { builder, spec } = parts;
  const formats = source.files.map((file) => source.format ?? formatOf(file));
  const bar = progress(sizeOf(source.files), `baseline ${spec.service}`, parts.stderr);
  const place = { bytes: 0, row: 0 };
  let taken = 0;
  try {
    for (const [i, file] of source.files.entries()) {
      const rows = readRows(file, formats[i]!, (bytes) => {
        place.bytes += bytes;
      });
      for await (const chunk of chunksOf(rows, file, formats[i]!, source, place, spec.inputs)) {
        builder.add(chunk.columns, chunk.n, await imagesOf(chunk.columns, parts));
        taken += chunk.n;
        bar.update(place.bytes, taken);
      }
    }
  } finally {
    bar.stop();
  }
  if (taken === 0) throw new TelltaleError('input_unreadable', `no rows in ${source.files.join(', ')}`);
  return builder.finish();
}

/** The chunks of one file within the wanted range of rows. */
async function* chunksOf(
  rows: AsyncIterable<Row>,
  file: string,
  format: Format,
  { skip, rows: rowsMax }: FileSource,
  place: { row: number },
  inputs: readonly InputSpec[],
): AsyncGenerator<ColumnChunk> {
  const chunker = createChunker(inputs, format === 'csv');
  let inFile = 0;
  let names: string[] = [];
  if (place.row >= skip + rowsMax) return;
  for await (const row of rows) {
    if (place.row++ < skip) continue;
    if (inFile++ === 0) names = Object.keys(row);
    if (chunker.add(row)) yield chunker.take();
    if (place.row >= skip + rowsMax) break;
  }
  if (inFile === 0) return;
  const rest = chunker.take();
  if (rest.n > 0) yield rest;
  const unseen = chunker.unseen();
  if (unseen.length === 0) return;
  const wanted = unseen.map(({ name, from }) => (from === name ? name : `${name} (or ${from})`)).join(', ');
  throw new TelltaleError(
    'input_unreadable',
    `${file}: no value in any row for ${wanted}; the first row has ${names.join(', ')}`,
  );
}

async function imagesOf(columns: Column[], { spec, measureImages }: BuildParts): Promise<ImageMeasures[]> {
  const measures: ImageMeasures[] = [];
  for (const [i, column] of columns.entries()) {
    if (column.kind === 'image') measures.push(await measureImages(spec.inputs[i]!.name, column));
  }
  return measures;
}

/** Bytes of all files; an error where one is not there. */
export function sizeOf(files: readonly string[]): number {
  let bytes = 0;
  for (const file of files) {
    try {
      bytes += statSync(file).size;
    } catch (cause) {
      throw new TelltaleError('file_unreadable', messageOf(cause), { cause });
    }
  }
  return bytes;
}

/**
 * The baseline of request batches that were read from a topic.
 *
 * @throws TelltaleError input_unreadable where no record could be read
 */
export async function buildFromBatches(
  batches: AsyncIterable<Batch>,
  topic: string,
  parts: BuildParts,
): Promise<{ baseline: Baseline; dead: number }> {
  const bar: Progress = progress(null, `baseline ${parts.spec.service}`, parts.stderr, 'records');
  let taken = 0;
  let dead = 0;
  try {
    for await (const batch of batches) {
      parts.builder.add(batch.inputs, batch.n, await imagesOf(batch.inputs, parts));
      taken += batch.n;
      dead += batch.dead.length;
      bar.update(0, taken);
    }
  } finally {
    bar.stop();
  }
  if (taken === 0) {
    throw new TelltaleError(
      'input_unreadable',
      `no readable record in the range of ${topic} (${dead} unreadable)`,
    );
  }
  return { baseline: parts.builder.finish(), dead };
}
