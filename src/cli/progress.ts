import type { Writable } from 'node:stream';
import { SingleBar } from 'cli-progress';

/** A stream that may be a terminal. */
export type TerminalStream = Writable & { isTTY?: boolean };

export interface Progress {
  /** @param done so far, in the unit of the total; @param count rows or records so far, for the rate */
  update(done: number, count: number): void;
  /** Leaves the last state standing and ends the line. */
  stop(): void;
}

const SILENT: Progress = { update: () => {}, stop: () => {} };

/**
 * A bar with count and rate on a terminal, and nothing at all elsewhere, so that logs stay clean.
 *
 * @param total of what `update` reports as done, such as bytes; null where it is not known
 * @param unit what is counted: rows, records
 */
export function progress(
  total: number | null,
  label: string,
  stream: TerminalStream,
  unit = 'rows',
): Progress {
  if (stream.isTTY !== true) return SILENT;
  const bar = total === null ? '' : '[{bar}] {percentage}% | ';
  const single = new SingleBar({
    format: `${label} ${bar}{count} ${unit} | {rate} ${unit}/s`,
    stream: stream as NodeJS.WritableStream,
    hideCursor: true,
    etaBuffer: 1,
  });
  const startedMs = performance.now();
  // A total of 0 (an empty file) would make the bar divide by it.
  single.start(Math.max(1, total ?? 1), 0, { count: 0, rate: 0 });
  return {
    update: (done, count) => {
      const seconds = (performance.now() - startedMs) / 1000;
      const rate = seconds > 0 ? Math.round(count / seconds) : 0;
      single.update(total === null ? 0 : Math.min(done, total), { count, rate });
    },
    stop: () => single.stop(),
  };
}
