/** Records of our own topics to bytes and back, by the schemas in `schemas/`. */

import { readFileSync } from 'node:fs';
import avsc from 'avsc';
import { createAvroCheck } from '../decode/avro-check.ts';
import { assert } from '../errors.ts';
import type { Alert, Command, Incident, LogRecord, Result, Retrain, RolloutRecord } from '../records.ts';
import {
  type ConfigRecord,
  EVENT_KINDS,
  type JoinEvent,
  type Mark,
  type Slot,
  type SlotsRecord,
} from './messages.ts';

const NAMES = [
  'result',
  'alert',
  'incident',
  'retrain',
  'rollout',
  'slot',
  'mark',
  'config',
  'command',
  'event',
] as const;
export type SchemaName = (typeof NAMES)[number];
export type PublicName = 'result' | 'alert' | 'incident' | 'retrain' | 'rollout';
export type PublicRecord = Result | Alert | Incident | Retrain | RolloutRecord;

/** The text of a committed schema. */
export const schemaText = (name: SchemaName): string =>
  readFileSync(new URL(`../../schemas/${name}.avsc`, import.meta.url), 'utf8');

const types = Object.fromEntries(
  NAMES.map((name) => [name, avsc.Type.forSchema(JSON.parse(schemaText(name)))]),
) as Record<SchemaName, avsc.Type>;
const checks = Object.fromEntries(NAMES.map((name) => [name, createAvroCheck(schemaText(name))])) as Record<
  SchemaName,
  (bytes: Buffer) => boolean
>;

/** Throws where the bytes are no record of the schema: anybody may write to our topics. */
function read<T>(name: SchemaName, bytes: Buffer): T {
  if (!checks[name](bytes)) throw new Error(`broken bytes of a record of ${name}`);
  return types[name].fromBuffer(bytes) as T;
}

/** Ids under which the registry knows the public schemas; null: bare Avro without a header. */
export type PublicIds = Record<PublicName, number> | null;

export function encodePublic(name: PublicName, record: PublicRecord, ids: PublicIds): Buffer {
  const body = types[name].toBuffer(record);
  if (ids === null) return body;
  const header = Buffer.alloc(5);
  header.writeUInt32BE(ids[name], 1);
  return Buffer.concat([header, body]);
}

/** Whether bytes begin with the Confluent header is known by who wrote them: `framed`. */
export function decodePublic<T extends PublicRecord>(name: PublicName, bytes: Buffer, framed: boolean): T {
  return read<T>(name, framed ? bytes.subarray(5) : bytes);
}

export const encodeEvent = (event: JoinEvent): Buffer =>
  types.event.toBuffer({ ...event, kind: EVENT_KINDS.indexOf(event.kind) });

export function decodeEvent(bytes: Buffer): JoinEvent {
  const found = read<Omit<JoinEvent, 'kind'> & { kind: number }>('event', bytes);
  const kind = EVENT_KINDS[found.kind];
  assert(kind !== undefined, 'the kind of an event is known');
  return { ...found, kind };
}

export const markKey = (mark: Mark): string =>
  ['mark', mark.service, mark.group, `${mark.topic}/${mark.partition}`, mark.writer].join('|');

export const encodeSlot = (slot: Slot): Buffer =>
  types.slot.toBuffer({
    ...slot,
    tracks: Buffer.from(slot.tracks.buffer, slot.tracks.byteOffset, slot.tracks.byteLength),
  });
export const encodeMark = (mark: Mark): Buffer => types.mark.toBuffer(mark);
export const encodeConfig = (config: ConfigRecord): Buffer => types.config.toBuffer(config);
export const encodeCommand = (command: Command): Buffer => types.command.toBuffer(command);

/** A record of `slots`; the first part of its key says what it is. Null: a tombstone or a foreign record. */
export function decodeSlots(record: LogRecord): SlotsRecord | null {
  if (record.key === null || record.value === null) return null;
  const key = record.key.toString();
  const type = key.slice(0, key.indexOf('|'));
  switch (type) {
    case 'slot':
      return { type, slot: read<Slot>('slot', record.value) };
    case 'mark':
      return { type, mark: read<Mark>('mark', record.value) };
    case 'config':
      return { type, config: read<ConfigRecord>('config', record.value) };
    case 'command':
      return { type, command: read<Command>('command', record.value) };
    default:
      return null;
  }
}
