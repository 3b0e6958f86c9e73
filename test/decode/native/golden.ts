/** The messages of `make.py`. */
import { readFileSync } from 'node:fs';
import type { LogRecord } from '../../../src/records.ts';
import { record } from '../helpers.ts';

interface Golden {
  key: string | null;
  value: string;
  headers: Record<string, string>;
}

const file = JSON.parse(readFileSync(new URL('messages.json', import.meta.url), 'utf8')) as {
  truth: Record<string, string[]>;
} & Record<'seldon' | 'kserve', Record<string, Golden>>;

export const TRUTH = file.truth;
/** By `server/name`. */
export const MESSAGES: Readonly<Record<string, Golden>> = Object.fromEntries(
  (['seldon', 'kserve'] as const).flatMap((server) =>
    Object.entries(file[server]).map(([name, one]) => [`${server}/${name}`, one]),
  ),
);

export function goldenRecord(name: string, offset: number): LogRecord {
  const { key, value, headers } = MESSAGES[name]!;
  const bytes = (text: string) => Buffer.from(text, 'base64');
  return {
    ...record(bytes(value), offset, key),
    headers: Object.fromEntries(Object.entries(headers).map(([header, text]) => [header, bytes(text)])),
  };
}
