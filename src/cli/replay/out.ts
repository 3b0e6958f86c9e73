/** Where the records of a replay go: lines of JSON on standard output, or a file for each type. */

import { once } from 'node:events';
import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { messageOf, TelltaleError } from '../../errors.ts';

export const FILES = {
  result: 'results.ndjson',
  alert: 'alerts.ndjson',
  incident: 'incidents.ndjson',
  retrain: 'retrain.ndjson',
  rollout: 'rollout.ndjson',
  dead: 'dead.ndjson',
} as const;
export type OutType = keyof typeof FILES;

export interface Out {
  write(type: OutType, records: readonly object[]): Promise<void>;
  close(): Promise<void>;
}

async function writeLines(stream: Writable, type: OutType, records: readonly object[]): Promise<void> {
  if (records.length === 0) return;
  const text = records.map((record) => `${JSON.stringify({ type, ...record })}\n`).join('');
  // A full pipe holds the replay back instead of filling memory.
  if (!stream.write(text)) await once(stream, 'drain');
}

/**
 * @param dir null: standard output
 * @throws TelltaleError file_unreadable where the folder cannot be made or a file cannot be written
 */
export async function openOut(dir: string | null, stdout: Writable): Promise<Out> {
  if (dir === null) {
    return { write: (type, records) => writeLines(stdout, type, records), close: async () => {} };
  }
  const files = new Map<OutType, WriteStream>();
  const failed = (cause: unknown) =>
    new TelltaleError('file_unreadable', `cannot write to ${dir}: ${messageOf(cause)}`, { cause });
  try {
    mkdirSync(dir, { recursive: true });
    for (const [type, name] of Object.entries(FILES)) {
      const file = createWriteStream(join(dir, name));
      await once(file, 'open');
      files.set(type as OutType, file);
    }
  } catch (cause) {
    throw failed(cause);
  }
  return {
    write: (type, records) =>
      writeLines(files.get(type)!, type, records).catch((cause: unknown) => Promise.reject(failed(cause))),
    close: async () => {
      for (const file of files.values()) {
        file.end();
        await once(file, 'close');
      }
    },
  };
}
