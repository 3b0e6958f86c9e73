/** The stories as files, one for each stream of a service: what `telltale replay` and `backtest` read. */

import { once } from 'node:events';
import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { messageOf, TelltaleError } from '../errors.ts';
import type { Story } from './stories/story.ts';

export interface WrittenFile {
  path: string;
  records: number;
}

/** Writes `DIR/SERVICE/STREAM.ndjson`, records as they arrive. @throws TelltaleError file_unreadable */
export async function writeStory(dir: string, story: Story, seed: number): Promise<WrittenFile[]> {
  const folder = join(dir, story.service);
  const files = new Map<string, WrittenFile & { stream: WriteStream; isDone: Promise<void> }>();
  const open = (name: string) => {
    const path = join(folder, `${name}.ndjson`);
    const stream = createWriteStream(path);
    const file = { path, records: 0, stream, isDone: finished(stream) };
    // Whoever waits for it below hears of a fault; until then it must not end the process.
    file.isDone.catch(() => {});
    files.set(name, file);
    return file;
  };
  try {
    mkdirSync(folder, { recursive: true });
    for await (const { stream: name, value } of story.records(seed)) {
      const file = files.get(name) ?? open(name);
      file.records += 1;
      if (!file.stream.write(`${value}\n`)) await Promise.race([once(file.stream, 'drain'), file.isDone]);
    }
    for (const { stream } of files.values()) stream.end();
    await Promise.all([...files.values()].map(({ isDone }) => isDone));
  } catch (error) {
    throw new TelltaleError('file_unreadable', `${folder} cannot be written: ${messageOf(error)}`, {
      cause: error,
    });
  }
  return [...files.values()].map(({ path, records }) => ({ path, records }));
}
