/**
 * KServe's payload logger: a CloudEvent for each request and response, whose id is the same for both; in Kafka's binary mode
 * (attributes are headers) or structured. The content type of a response is that of its request, so it is not looked at.
 * https://github.com/kserve/kserve/blob/master/pkg/logger/worker.go
 */

import { messageOf } from '../errors.ts';
import type { LogRecord } from '../records.ts';
import { readJsonBody, rowsOfBody } from './inference.ts';
import type { NativeMessage, NativeReader, Refusal, Side } from './native-message.ts';

const TYPES: Readonly<Record<Side, string>> = {
  request: 'org.kubeflow.serving.inference.request',
  response: 'org.kubeflow.serving.inference.response',
};

/** Of a message in binary mode; bridges from HTTP write a dash. */
const attribute = ({ headers }: LogRecord, name: string): string | undefined =>
  (headers[`ce_${name}`] ?? headers[`ce-${name}`])?.toString('utf8');

export const kserve: NativeReader = (record, side) => {
  const text = record.value!.toString('utf8');
  const type = attribute(record, 'type');
  if (type === undefined) return readStructured(text, side);
  const isOther = checkType(type, side);
  if (isOther !== false) return isOther;
  return withEvent(readJsonBody(text, side), attribute(record, 'id'), attribute(record, 'time'));
};

/** False: the event is of this side. Null: of the other one. */
function checkType(type: unknown, side: Side): Refusal | null | false {
  if (type === TYPES[side]) return false;
  const isKnown = type === TYPES.request || type === TYPES.response;
  const detail = typeof type === 'string' ? `'${type.slice(0, 100)}'` : 'no type';
  return isKnown ? null : { code: 'event_type', detail };
}

function readStructured(text: string, side: Side): NativeMessage | Refusal | null {
  let event: unknown;
  try {
    event = JSON.parse(text);
  } catch (error) {
    return { code: 'json', detail: messageOf(error) };
  }
  if (typeof event !== 'object' || event === null) return { code: 'json', detail: 'not an object' };
  const { type, id, time, data, data_base64: base64 } = event as Record<string, unknown>;
  const isOther = checkType(type, side);
  if (isOther !== false) return isOther;
  const inText =
    typeof base64 === 'string'
      ? Buffer.from(base64, 'base64').toString('utf8')
      : typeof data === 'string'
        ? data
        : null;
  const body = inText === null ? rowsOfBody(data, side) : readJsonBody(inText, side);
  return withEvent(body, typeof id === 'string' ? id : undefined, time);
}

function withEvent(
  body: Omit<NativeMessage, 'timeMs'> | Refusal,
  id: string | undefined,
  time: unknown,
): NativeMessage | Refusal {
  if ('code' in body) return body;
  return { ...body, ...(id === undefined ? {} : { id }), ...(time === undefined ? {} : { timeMs: time }) };
}
