import type { StreamDecoder } from '../../../src/decode/decoder.ts';
import type { Batch, LogRecord, ServiceSpec, StreamSpec } from '../../../src/records.ts';
import { answers, cells, record } from '../../decode/helpers.ts';
import { checkBatch } from './batches.ts';
import { must } from './target.ts';

/** One decoder of a stream, with a good record to stand before and behind the broken one. */
export interface Reader {
  spec: ServiceSpec;
  stream: StreamSpec;
  decoder: StreamDecoder;
  good: Buffer;
}

/** What a batch says of one record, in plain values; null where there is no row of it. */
function rowOf(batch: Batch, offset: number): unknown {
  const row = batch.offsets.indexOf(offset);
  if (row < 0) return null;
  return {
    time: batch.times[row],
    id: batch.ids[row],
    inputs: cells(batch).map((column) => column[row]),
    outputs: answers(batch).map((column) =>
      Object.values(column as Record<string, unknown[]>).map((values) =>
        Array.isArray(values) ? values[row] : values,
      ),
    ),
    singles: [batch.latencyMs, batch.failed, batch.feedback].map((values) => values?.[row]),
  };
}

export const textOf = (batch: Batch, offset: number): string => JSON.stringify(rowOf(batch, offset)) ?? '';

/**
 * Decodes bytes between two good records and checks the batch, and that the neighbours came out as they do alone.
 * `key` is the record's Kafka key.
 */
export function decodeBetween(reader: Reader, bytes: Buffer, key: string | null): Batch {
  const { decoder, spec, stream, good } = reader;
  const records: LogRecord[] = [record(good, 10), record(bytes, 11, key), record(good, 12)];
  const batch = decoder.decode(records);
  checkBatch(spec, stream, records, batch);
  for (const offset of [10, 12]) must(batch.offsets.includes(offset), 'good records stay rows');
  must(textOf(batch, 10) === textOf(batch, 12), 'a broken record changes no other');
  return batch;
}
