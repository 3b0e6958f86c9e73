/**
 * Requests and responses of model servers as rows: the Open Inference Protocol (V2) in JSON and Protobuf, and V1 in JSON.
 * https://kserve.github.io/website/docs/concepts/architecture/data-plane
 */

import { messageOf } from '../errors.ts';
import { readProto } from './inference-proto.ts';
import type { NativeMessage, Refusal, Side } from './native-message.ts';
import { readRaw, textOrBytes, whole } from './raw-tensors.ts';

/** Rows of one message at most. */
export const ROWS_PER_MESSAGE_MAX = 4_096;
/** Lists in JSON tensors are at most so deep. */
const DEPTH_MAX = 8;

interface Tensor {
  name: string;
  shape: number[];
  /** Row-major. */
  data: readonly unknown[];
}

/** A detail becomes a header of a record. */
const shown = (name: string): string => `'${name.slice(0, 100)}'`;

const refuse = (detail: string): Refusal => ({ code: 'tensors', detail });

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The rows of a body in JSON, V2 or V1. */
export function readJsonBody(text: string, side: Side): Omit<NativeMessage, 'timeMs'> | Refusal {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (error) {
    return { code: 'json', detail: messageOf(error) };
  }
  return rowsOfBody(body, side);
}

/** The same of a body that was parsed. */
export function rowsOfBody(body: unknown, side: Side): Omit<NativeMessage, 'timeMs'> | Refusal {
  if (!isRecord(body)) return { code: 'json', detail: 'not an object' };
  const [v2, v1] = side === 'request' ? ['inputs', 'instances'] : ['outputs', 'predictions'];
  const id = typeof body.id === 'string' && body.id !== '' ? { id: body.id } : {};
  if (Array.isArray(body[v2])) {
    const tensors: Tensor[] = [];
    for (const given of body[v2] as unknown[]) {
      const tensor = jsonTensor(given);
      if ('code' in tensor) return tensor;
      tensors.push(tensor);
    }
    const rows = rowsOfTensors(tensors);
    return 'code' in rows ? rows : { ...id, rows: rows.rows };
  }
  const items: unknown = body[v1];
  if (!Array.isArray(items)) return refuse(`neither '${v2}' nor '${v1}' is a list`);
  if (items.length > ROWS_PER_MESSAGE_MAX) return refuse(`${items.length} rows`);
  // A value that stands alone is the first and only one of its row.
  return { ...id, rows: items.map((item) => (typeof item === 'object' && item !== null ? item : [item])) };
}

/** The rows of a message in Protobuf. */
export function readProtoBody(bytes: Uint8Array, side: Side): Omit<NativeMessage, 'timeMs'> | Refusal {
  let message: ReturnType<typeof readProto>;
  try {
    message = readProto(bytes, side);
  } catch (error) {
    return { code: 'protobuf', detail: messageOf(error) };
  }
  const { tensors, raw, id } = message;
  if (raw.length > 0 && raw.length !== tensors.length)
    return refuse(`${tensors.length} tensors, and raw contents of ${raw.length}`);
  const found: Tensor[] = [];
  for (const [i, { name = '', datatype = '', shape = [], contents = {} }] of tensors.entries()) {
    const data = raw.length > 0 ? readRaw(datatype, raw[i]!) : contentsOf(contents);
    if (data === null) return refuse(`the bytes of ${shown(name)} are not ${shown(datatype)}`);
    found.push({ name, shape: shape.map(Number), data });
  }
  const rows = rowsOfTensors(found);
  if ('code' in rows) return rows;
  return { ...(id === undefined || id === '' ? {} : { id }), rows: rows.rows };
}

/** The one list of contents that holds something. */
function contentsOf(contents: Record<string, unknown[]>): readonly unknown[] {
  const [name, data] = Object.entries(contents).find(([, list]) => list.length > 0) ?? ['', []];
  if (name === 'bytesContents') return (data as Uint8Array[]).map(textOrBytes);
  if (name === 'int64Contents' || name === 'uint64Contents')
    return (data as string[]).map((text) => whole(BigInt(text)));
  return data;
}

function jsonTensor(given: unknown): Tensor | Refusal {
  if (!isRecord(given) || typeof given.name !== 'string' || !Array.isArray(given.data))
    return refuse('a tensor without name or data');
  const data: unknown[] = given.data;
  const shape = Array.isArray(given.shape) ? given.shape.map(Number) : [data.length];
  return { name: given.name, shape, data: Array.isArray(data[0]) ? data.flat(DEPTH_MAX) : data };
}

/**
 * The first dimension counts the rows. A tensor gives each row its value, or a list of values where it has several
 * a row, under the name of the tensor.
 */
function rowsOfTensors(tensors: readonly Tensor[]): { rows: object[] } | Refusal {
  if (tensors.length === 0) return refuse('no tensors');
  const count = tensors[0]!.shape[0] ?? 1;
  if (!Number.isInteger(count) || count < 0 || count > ROWS_PER_MESSAGE_MAX) return refuse(`${count} rows`);
  const rows = Array.from({ length: count }, (): Record<string, unknown> => Object.create(null));
  for (const { name, shape, data } of tensors) {
    if ((shape[0] ?? 1) !== count) return refuse(`${shown(name)} has ${shape[0]} rows, others have ${count}`);
    const width = shape.slice(1).reduce((product, size) => product * size, 1);
    // So that a shape alone, without data, makes no rows.
    if (!(width >= 1) || width * count !== data.length)
      return refuse(`${shown(name)} has ${data.length} values, its shape is [${shape.slice(0, DEPTH_MAX)}]`);
    for (let row = 0; row < count; row++)
      rows[row]![name] = width === 1 ? data[row] : data.slice(row * width, (row + 1) * width);
  }
  return { rows };
}
