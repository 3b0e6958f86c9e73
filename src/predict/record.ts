/** The record of a request: what a producer would have written to the service's topic. */

import { parsePath, valueAt } from '../decode/paths.ts';
import { readId } from '../decode/scalars.ts';
import type { InputSpec, ServiceSpec, StreamSpec } from '../records.ts';
import { Refusal } from './refusal.ts';

export type RequestRecord = Record<string, unknown>;

/** A file of an upload; `name` is that of its field, '' for a body that is the file itself. */
export interface Upload {
  name: string;
  bytes: Buffer;
}

/** Where a caller puts an input: its path in the record. */
export const fieldOf = (input: Pick<InputSpec, 'name' | 'from'>): string => input.from || input.name;

/** What an input takes, in words. */
export const EXPECTED: Record<InputSpec['type'], string> = {
  numeric: 'a number',
  categorical: 'a text, a whole number, true or false',
  text: 'a text',
  image: 'a JPEG or PNG, in JSON as base64',
  embedding: 'a list of numbers',
};

/** Each input that a service reads, with what it takes. */
export const describeInputs = (spec: Pick<ServiceSpec, 'inputs'>): string =>
  spec.inputs.map((input) => `${fieldOf(input)}: ${EXPECTED[input.type]}`).join('; ');

/** The record in a JSON body. It stays as it is: fields that the service does not read are logged too. */
export function recordOfJson(spec: ServiceSpec, body: Buffer): RequestRecord {
  const cure = `send an object with ${describeInputs(spec)}`;
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch {
    // The parser's own message quotes the body.
    throw new Refusal('bad_body', body.length === 0 ? 'the body is empty' : 'the body is not JSON', cure);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Refusal('bad_body', `the body is ${kindOf(value)}, not an object`, cure);
  return value as RequestRecord;
}

/** The record of an upload: files are images, texts become what their inputs take. Other fields are left out. */
export function recordOfForm(
  spec: ServiceSpec,
  stream: StreamSpec,
  fields: readonly (readonly [name: string, text: string])[],
  files: readonly Upload[],
): RequestRecord {
  const record: RequestRecord = {};
  for (const [name, text] of fields) {
    const input = spec.inputs.find((one) => one.name === name || fieldOf(one) === name);
    if (input !== undefined) setAt(record, fieldOf(input), valueOfText(input, text));
    else if (name !== '' && name === stream.id) setAt(record, name, text);
    else if (name !== '' && name === stream.time) setAt(record, name, numberOr(text));
  }
  const taken = new Set<string>();
  for (const file of files) {
    const { name, from } = imageInputOf(spec, file);
    if (taken.has(name))
      throw new Refusal('bad_input', `${name}: more than one file`, 'send one file for each image input');
    taken.add(name);
    setAt(record, from || name, file.bytes.toString('base64'));
  }
  return record;
}

/** The input of its field's name; where there is only one for images, that, whatever the field is called. */
function imageInputOf(spec: ServiceSpec, file: Upload): InputSpec {
  const images = spec.inputs.filter((input) => input.type === 'image');
  const named = images.find((input) => input.name === file.name || fieldOf(input) === file.name);
  const found = named ?? (images.length === 1 ? images[0] : undefined);
  if (found !== undefined) return found;
  if (images.length === 0)
    throw new Refusal(
      'unsupported_type',
      `${spec.service} takes no files`,
      `send JSON with ${describeInputs(spec)}`,
    );
  const names = images.map(({ name }) => name).join(', ');
  throw new Refusal('bad_input', 'a file without an input', `name the field of each file: ${names}`);
}

function valueOfText({ type }: InputSpec, text: string): unknown {
  if (type === 'numeric') return numberOr(text);
  if (type !== 'embedding') return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const numberOr = (text: string): unknown =>
  text.trim() === '' || Number.isNaN(Number(text)) ? text : Number(text);

/** Sets what is at a path of dots, making the objects on the way. */
function setAt(record: RequestRecord, path: string, value: unknown): void {
  const parts = parsePath(path);
  let at = record;
  for (const part of parts.slice(0, -1)) {
    if (!Object.hasOwn(at, part)) at[part] = {};
    const next = at[part];
    if (typeof next !== 'object' || next === null || Array.isArray(next))
      throw new Refusal('bad_input', `${part}: found ${kindOf(next)}`, `give an object, for ${path}`);
    at = next as RequestRecord;
  }
  at[parts.at(-1)!] = value;
}

/** The bytes of a record on the log. */
export interface Written {
  id: string;
  value: Buffer;
}

/**
 * Gives the record an id and a time where the stream reads them and it has none, and writes it as the stream's decoder reads it. Throws
 * `bad_input` and, above `limits.message_bytes_max`, `too_large`.
 */
export function writeRecord(
  spec: ServiceSpec,
  stream: StreamSpec,
  record: RequestRecord,
  fresh: { id: string; timeMs: number },
): Written {
  const given = stream.id === '' ? undefined : readId(valueAt(record, parsePath(stream.id)));
  if (given === null)
    throw new Refusal(
      'bad_input',
      `${stream.id}: this cannot be an id`,
      'a text of at most 1,024 characters, or leave it out',
    );
  const id = given ?? fresh.id;
  if (stream.id !== '' && given === undefined) setAt(record, stream.id, id);
  if (stream.time !== '' && (valueAt(record, parsePath(stream.time)) ?? null) === null)
    setAt(record, stream.time, fresh.timeMs);
  const value = Buffer.from(textOf(record));
  const bytesMax = spec.limits.messageBytesMax;
  if (value.length > bytesMax) throw tooLarge(value.length, bytesMax);
  return { id, value };
}

/** `bytes` null: they were not counted to the end. */
export function tooLarge(bytes: number | null, bytesMax: number): Refusal {
  const found = bytes === null ? 'the body has' : `as a record it has ${bytes} bytes,`;
  return new Refusal(
    'too_large',
    `${found} more than ${bytesMax}${bytes === null ? ' bytes' : ''}`,
    'send less (an image takes a third more as base64), or raise limits.message_bytes_max of the service',
  );
}

function textOf(record: RequestRecord): string {
  try {
    return JSON.stringify(record);
  } catch {
    throw new Refusal('bad_body', 'the body is nested too deeply', 'send a flat object');
  }
}

/** The kind of a value, without the value. */
export function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  const names: Record<string, string> = { string: 'a text', number: 'a number', boolean: 'true or false' };
  return names[typeof value] ?? 'an object';
}
