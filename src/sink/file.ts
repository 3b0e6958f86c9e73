import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { messageOf, TelltaleError } from '../errors.ts';
import { type Delivery, jsonOf, type Sink, type SinkContext, type SinkKind } from './sink.ts';

export interface FileOptions {
  path: string;
  /** Deliveries whose ids are among the last so many are not written again; default 100,000. */
  idsMax?: number;
  /** How much of the end of an existing file is read for its ids; default 64 MiB. */
  tailBytesMax?: number;
}

const NEWLINE = 0x0a;
const LINE_START = '{"type":"';

function idOf(line: string): string | null {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null || !('id' in value)) return null;
    return typeof value.id === 'string' ? value.id : null;
  } catch {
    return null;
  }
}

/** Ids in order of writing, the oldest forgotten first. */
function createIds(idsMax: number) {
  const ids = new Set<string>();
  return {
    has: (id: string) => ids.has(id),
    add(id: string): void {
      ids.add(id);
      if (ids.size <= idsMax) return;
      const oldest = ids.values().next();
      if (!oldest.done) ids.delete(oldest.value);
    },
  };
}

async function readTail(file: FileHandle, size: number, tailBytesMax: number): Promise<Buffer> {
  const from = Math.max(0, size - tailBytesMax);
  const tail = Buffer.alloc(size - from);
  let filled = 0;
  while (filled < tail.length) {
    const { bytesRead } = await file.read(tail, filled, tail.length - filled, from + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return tail.subarray(0, filled);
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    await mkdir(dirname(path), { recursive: true });
    // Not for appending: a torn line is written over at its own place. 'r+' fails where no file is.
    return await open(path, 'r+').catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      return open(path, 'wx+');
    });
  } catch (error) {
    throw new TelltaleError('file_unreadable', `file sink: ${path}: ${messageOf(error)}`, { cause: error });
  }
}

async function createFile(options: FileOptions, context: SinkContext): Promise<Sink> {
  const file = await openFile(options.path);
  const ids = createIds(options.idsMax ?? 100_000);
  const { size } = await file.stat();
  const tail = await readTail(file, size, options.tailBytesMax ?? 64 * 1024 * 1024);
  const whole = tail.lastIndexOf(NEWLINE) + 1;
  for (const line of tail.subarray(0, whole).toString('utf8').split('\n')) {
    const id = idOf(line);
    if (id !== null) ids.add(id);
  }
  // Bytes after the last line break are a line that a crash tore; its delivery comes again.
  let end = size - (tail.length - whole);
  if (end < size) {
    const torn = tail.subarray(whole).toString('utf8');
    if (!torn.startsWith(LINE_START) && !LINE_START.startsWith(torn)) {
      await file.close();
      throw new TelltaleError('file_unreadable', `file sink: ${options.path} was not written by this sink`);
    }
    context.log.warn({ sink: 'file', path: options.path, bytes: size - end }, 'torn last line is removed');
    await file.truncate(end);
  }

  async function writeLines(batch: readonly Delivery[]): Promise<void> {
    const fresh = new Map<string, string>();
    for (const delivery of batch) {
      const entry = jsonOf(delivery);
      if (entry && !ids.has(entry.id)) fresh.set(entry.id, `${entry.json}\n`);
    }
    if (fresh.size === 0) return;
    const bytes = Buffer.from([...fresh.values()].join(''));
    try {
      // Always at the end of the last good write, so that a write that failed half-way is overwritten.
      for (let sent = 0; sent < bytes.length; ) {
        const { bytesWritten } = await file.write(bytes, sent, bytes.length - sent, end + sent);
        sent += bytesWritten;
      }
      await file.datasync();
    } catch (error) {
      throw new TelltaleError('sink_unavailable', `file sink: ${options.path}: ${messageOf(error)}`, {
        cause: error,
      });
    }
    end += bytes.length;
    for (const id of fresh.keys()) ids.add(id);
  }

  /** Calls may overlap, and there is one end of the file. */
  let turn: Promise<unknown> = Promise.resolve();
  return {
    name: 'file',
    batchMax: 2_000,
    async write(batch) {
      const written = turn.then(() => writeLines(batch));
      turn = written.catch(() => undefined);
      await written;
      return [];
    },
    async close(): Promise<void> {
      await turn;
      await file.close();
    },
  };
}

/**
 * One JSON object a line, in the order of arrival, on disk when `write` resolves. The ids of the end of
 * the file are read back at start, so a batch that is delivered again after a crash is not written twice.
 */
export const fileSink: SinkKind<FileOptions, unknown> = {
  name: 'file',
  description: 'a file with one JSON object a line (NDJSON)',
  create: createFile,
  // For programs that embed the daemon: telltale.yaml has no key for it.
  wanted: () => [],
};
