/** Dead letters of services with sensitive inputs: whatever is wrong with a record, any part of it may hold such a value. */

import { DEAD_CODES, type DeadCode } from '../errors.ts';
import type { DeadLetter, LogRecord } from '../records.ts';
import { REPLAYED_FROM, SEALED } from './letters.ts';
import type { Privacy } from './privacy.ts';

/** What is sealed, as JSON; bytes in base64. */
interface Content {
  key: string | null;
  value: string | null;
  headers: Record<string, string>;
}

const base64 = (bytes: Buffer): string => bytes.toString('base64');
const FORM = Buffer.from('aes-256-gcm');

/** With the key as a hash, so that letters of one key stay together. */
export function sealedLetter(privacy: Privacy, letter: DeadLetter): DeadLetter {
  const { key, value, headers } = letter.record;
  const content: Content = {
    key: key === null ? null : base64(key),
    value: value === null ? null : base64(value),
    headers: Object.fromEntries(
      Object.entries(headers).flatMap(([name, header]) =>
        header === undefined ? [] : [[name, base64(Buffer.from(header))]],
      ),
    ),
  };
  const from = headers[REPLAYED_FROM];
  const record: LogRecord = {
    ...letter.record,
    key: key === null ? null : Buffer.from(privacy.hash(base64(key))),
    value: privacy.seal(Buffer.from(JSON.stringify(content))),
    headers: { ...(from === undefined ? {} : { [REPLAYED_FROM]: from }), [SEALED]: FORM },
  };
  // A parser quotes what it cannot read.
  return { ...letter, message: DEAD_CODES[letter.code as DeadCode], record };
}

/** The record of a letter as it came. Throws a TelltaleError with another key. */
export function openedRecord(privacy: Privacy, record: LogRecord): LogRecord {
  const content = JSON.parse(privacy.open(record.value ?? Buffer.alloc(0)).toString()) as Content;
  const bytes = (text: string | null): Buffer | null => (text === null ? null : Buffer.from(text, 'base64'));
  const headers = Object.entries(content.headers).map(([name, text]) => [name, bytes(text)!]);
  return {
    ...record,
    key: bytes(content.key),
    value: bytes(content.value),
    headers: Object.fromEntries(headers),
  };
}
