/** A sample of a topic: its newest records, as JSON or as Avro of the schema registry. */

import avsc from 'avsc';
import type { TelltaleConfig } from '../../config/types.ts';
import { createRegistry } from '../../decode/registry.ts';
import { TelltaleError } from '../../errors.ts';
import type { Log } from '../../log/port.ts';
import type { LogRecord } from '../../records.ts';
import type { Row } from '../baseline/rows.ts';

const READ_MAX = 1_000;
const WAIT_MS = 500;
/** Byte 0 and the id of the schema: the Confluent wire format. */
const HEADER_BYTES = 5;

export interface TopicSample {
  encoding: 'json' | 'avro';
  rows: Row[];
  /** Records that could not be read. */
  strangers: number;
}

/** @throws TelltaleError topic_missing, or input_unreadable where it is empty or nothing of it can be read */
export async function sampleTopic(
  log: Log,
  config: TelltaleConfig,
  topic: string,
  rowsMax: number,
): Promise<TopicSample> {
  const partitions = (await log.partitions([topic])).get(topic);
  if (partitions === undefined) throw new TelltaleError('topic_missing', `topic ${topic} does not exist`);
  const records: LogRecord[] = [];
  const each = Math.ceil(rowsMax / partitions);
  for (let partition = 0; partition < partitions; partition++)
    records.push(...(await newest(log, topic, partition, each)));
  if (records.length === 0)
    throw new TelltaleError('input_unreadable', `topic ${topic} is empty; write some records, or give --csv`);
  const isAvro = records.filter(({ value }) => value?.[0] === 0).length > records.length / 2;
  const found = isAvro ? await avroRows(records, config, topic) : records.map(({ value }) => jsonRow(value));
  const rows = found.filter((row) => row !== null);
  if (rows.length === 0)
    throw new TelltaleError(
      'input_unreadable',
      `${topic}: none of ${records.length} records is a JSON object or Avro of the schema registry; give --csv`,
    );
  return { encoding: isAvro ? 'avro' : 'json', rows, strangers: found.length - rows.length };
}

async function newest(log: Log, topic: string, partition: number, count: number): Promise<LogRecord[]> {
  const { first, next } = await log.ends(topic, partition);
  const records: LogRecord[] = [];
  for (let at = Math.max(first, next - count); at < next; ) {
    const read = await log.read(topic, partition, at, READ_MAX, WAIT_MS);
    if (read.length === 0) break;
    at = read.at(-1)!.offset + 1;
    records.push(...read.filter(({ value, offset }) => value !== null && offset < next));
  }
  return records;
}

function jsonRow(value: Buffer | null): Row | null {
  try {
    const found: unknown = JSON.parse(value!.toString());
    return typeof found === 'object' && found !== null && !Array.isArray(found) ? (found as Row) : null;
  } catch {
    return null;
  }
}

async function avroRows(
  records: readonly LogRecord[],
  config: TelltaleConfig,
  topic: string,
): Promise<(Row | null)[]> {
  if (config.registry === null)
    throw new TelltaleError(
      'usage',
      `${topic} holds Avro; name the schema registry in telltale.yaml: registry.url`,
    );
  const registry = createRegistry({
    url: config.registry.url,
    now: Date.now,
    signal: AbortSignal.timeout(10_000),
  });
  const types = new Map<number, avsc.Type | null>();
  const rows: (Row | null)[] = [];
  for (const { value } of records) {
    if (value === null || value.length < HEADER_BYTES || value[0] !== 0) {
      rows.push(null);
      continue;
    }
    const id = value.readUInt32BE(1);
    if (!types.has(id)) {
      const schema = await registry.get(id);
      types.set(id, schema === null ? null : avsc.Type.forSchema(JSON.parse(schema), { wrapUnions: false }));
    }
    rows.push(avroRow(types.get(id) ?? null, value));
  }
  return rows;
}

function avroRow(type: avsc.Type | null, value: Buffer): Row | null {
  try {
    return (type?.fromBuffer(value.subarray(HEADER_BYTES)) as Row | undefined) ?? null;
  } catch {
    return null;
  }
}
