/** Messages of model servers, read as these write them. An adapter is one file and one line of the registry below. */

import { DEAD_CODES, type DeadCode } from '../errors.ts';
import type { Batch, DeadLetter, Encoding, LogRecord } from '../records.ts';
import { kserve } from './kserve.ts';
import type { NativeMessage, NativeReader, Refusal } from './native-message.ts';
import { SLOT_ID, SLOT_TIME } from './plan.ts';
import { beginRows, clearRow, finishRow, putRecord, type Rows, toBatch } from './rows.ts';
import { seldon } from './seldon.ts';

export const NATIVE: Readonly<Partial<Record<Encoding, NativeReader>>> = { kserve, seldon };

/** Decodes a run of records. A message is taken as a whole or not at all. */
export function decodeNative(
  rows: Rows,
  records: readonly LogRecord[],
  read: NativeReader,
  sizeProblem: (value: Buffer | null, bytesMax: number) => DeadCode | null,
): Batch {
  const dead: DeadLetter[] = [];
  const side = rows.stream.stream === 'requests' ? 'request' : 'response';
  const bytesMax = rows.spec.limits.messageBytesMax;
  const refuse = (record: LogRecord, { code, detail }: Refusal): void => {
    const message = detail === '' ? DEAD_CODES[code] : `${DEAD_CODES[code]}: ${detail}`;
    dead.push({ offset: record.offset, code, stage: 'decode', message, record });
  };
  const messages = records.map((record) => {
    const code = sizeProblem(record.value, bytesMax);
    return code === null ? read(record, side) : { code, detail: '' };
  });
  const capacity = messages.reduce(
    (sum, one) => sum + (one !== null && 'rows' in one ? one.rows.length : 0),
    0,
  );
  beginRows(rows, capacity);
  messages.forEach((message, i) => {
    const refusal = message === null || 'code' in message ? message : putMessage(rows, records[i]!, message);
    if (refusal !== null) refuse(records[i]!, refusal);
  });
  return { ...toBatch(rows), dead };
}

function putMessage(rows: Rows, record: LogRecord, message: NativeMessage): Refusal | null {
  const { stream, scratch } = rows;
  const first = rows.n;
  const several = message.rows.length > 1;
  for (const [i, row] of message.rows.entries()) {
    rows.timePerMs = 0;
    putRecord(rows, row);
    if (stream.id === '') {
      const id = message.id ?? record.key?.toString('utf8') ?? '';
      scratch[SLOT_ID] = several && id !== '' ? `${id}#${i}` : id;
    }
    if (stream.time === '') scratch[SLOT_TIME] = message.timeMs;
    const code = finishRow(rows, record);
    if (code === null) continue;
    for (; rows.n > first; rows.n--) clearRow(rows);
    clearRow(rows);
    rows.ids.length = first;
    return { code, detail: several ? `row ${i} of ${message.rows.length}` : '' };
  }
  return null;
}
