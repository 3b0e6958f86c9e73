/** What a check allocates. Needs `--expose-gc`, and a young generation that holds what one check may allocate. */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import v8 from 'node:v8';

/** Collected before a check when more than this is in use since the last collection. */
const ROOM_BYTES = 24 * 1024 * 1024;

const collect = globalThis.gc!;
let emptyBytes = 0;
let collections = 0;

/** Bytes in use: objects, and buffers outside of the heap. */
export function usedBytes(): number {
  const { used_heap_size: heap, external_memory: external } = v8.getHeapStatistics();
  return heap + external;
}

function collectNow(): void {
  collect();
  collections++;
  emptyBytes = usedBytes();
}

/** Makes room, so that nothing is collected during the check, and gives the bytes in use. */
export function beforeCheck(alone: boolean): number {
  const used = usedBytes();
  if (!alone && used - emptyBytes < ROOM_BYTES && used >= emptyBytes) return used;
  collectNow();
  return usedBytes();
}

/**
 * Runs `work` and says whether the engine collected garbage on its own meanwhile: then more was allocated than the
 * difference of two looks at the bytes in use shows.
 */
export async function watchCollections<T>(work: () => T | Promise<T>): Promise<{ result: T; own: boolean }> {
  const profiler = new v8.GCProfiler();
  profiler.start();
  const before = collections;
  const result = await work();
  const found = profiler.stop() as { statistics: unknown[] };
  return { result, own: found.statistics.length !== collections - before };
}

/** Resets the peak of the resident set; only Linux has it. Gives the present size, or null. */
export function resetPeak(): number | null {
  if (process.platform !== 'linux') return null;
  const file = openSync('/proc/self/clear_refs', 'w');
  writeSync(file, '5');
  closeSync(file);
  return statusBytes('VmRSS');
}

/** The largest resident set since the last reset. */
export const peakBytes = (): number => statusBytes('VmHWM');

function statusBytes(name: string): number {
  const status = readFileSync('/proc/self/status', 'utf8');
  const at = status.indexOf(`${name}:`);
  return Number.parseInt(status.slice(at + name.length + 1), 10) * 1024;
}
