import { createReadStream, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { messageOf, TelltaleError } from '../../errors.ts';
import { type Progress, progress, type TerminalStream } from '../progress.ts';
import { alertOf, resultOf, type Source, type Taker } from './records.ts';

/** Lines of JSON as the file sink and `telltale replay --out` write them: one file, or every *.ndjson of a folder. */
export function fileSource(path: string, stderr: TerminalStream): Source {
  return {
    name: path,
    async read(taker) {
      const files = filesOf(path);
      const bytes = files.reduce((sum, { size }) => sum + size, 0);
      const bar = progress(bytes, `read ${path}`, stderr, 'lines');
      const reading = { bar, bytes: 0, lines: 0 };
      try {
        for (const { file } of await inOrder(files)) await readFile(file, taker, reading);
      } finally {
        bar.stop();
      }
    },
  };
}

interface Found {
  file: string;
  size: number;
}

const unreadable = (cause: unknown): TelltaleError =>
  new TelltaleError('file_unreadable', messageOf(cause), { cause });

function filesOf(path: string): Found[] {
  try {
    if (statSync(path).isFile()) return [{ file: path, size: statSync(path).size }];
    const names = readdirSync(path).filter((name) => name.endsWith('.ndjson'));
    if (names.length === 0) throw new TelltaleError('file_unreadable', `no files *.ndjson in ${path}`);
    return names.sort().map((name) => ({ file: join(path, name), size: statSync(join(path, name)).size }));
  } catch (cause) {
    throw cause instanceof TelltaleError ? cause : unreadable(cause);
  }
}

/** Files of one stretch after the other, whatever their names: by the window of their first result or alert. */
async function inOrder(files: readonly Found[]): Promise<Found[]> {
  const starts = await Promise.all(files.map(async ({ file }) => firstEndMs(file)));
  const order = files.map((found, i) => ({ found, start: starts[i]! }));
  return order.sort((a, b) => a.start - b.start).map(({ found }) => found);
}

async function firstEndMs(file: string): Promise<number> {
  for await (const line of linesOf(file)) {
    const fields = parsed(line);
    if (typeof fields?.windowEndMs === 'number') return fields.windowEndMs;
  }
  return Number.POSITIVE_INFINITY;
}

async function* linesOf(file: string): AsyncGenerator<string> {
  const input = createReadStream(file, 'utf8');
  try {
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) yield line;
  } catch (cause) {
    throw unreadable(cause);
  } finally {
    input.destroy();
  }
}

function parsed(line: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

const PROGRESS_LINES = 5_000;

async function readFile(
  file: string,
  taker: Taker,
  reading: { bar: Progress; bytes: number; lines: number },
): Promise<void> {
  for await (const line of linesOf(file)) {
    reading.lines++;
    reading.bytes += line.length + 1;
    if (reading.lines % PROGRESS_LINES === 0) reading.bar.update(reading.bytes, reading.lines);
    if (line !== '') takeLine(line, taker);
  }
  reading.bar.update(reading.bytes, reading.lines);
}

/** Lines of ours that say nothing of results. */
const OTHERS: readonly unknown[] = ['incident', 'retrain', 'rollout', 'dead'];

/** A line that a crash tore, and one of somebody else, is counted and not an error. */
function takeLine(line: string, taker: Taker): void {
  const fields = parsed(line);
  if (OTHERS.includes(fields?.type)) return;
  const result = fields?.type === 'result' ? resultOf(fields) : null;
  const alert = fields?.type === 'alert' ? alertOf(fields) : null;
  if (result !== null) taker.result(result);
  else if (alert !== null) taker.alert(alert);
  else taker.stranger();
}
