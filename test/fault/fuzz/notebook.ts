/** The input at hand, in a file: it outlives a process that crashes or is killed because it hangs. */
import { openSync, readFileSync, writevSync } from 'node:fs';
import type { Case } from './target.ts';

const HEADER_BYTES = 6;

/** Notes cases one over the other; `target` is its index in a list that writer and reader share. */
export function openNotebook(file: string): (target: number, one: Case) => void {
  const descriptor = openSync(file, 'w');
  const header = Buffer.alloc(HEADER_BYTES);
  return (target, { variant, bytes }) => {
    header[0] = target;
    header[1] = variant;
    header.writeUInt32LE(bytes.length, 2);
    writevSync(descriptor, [header, bytes], 0);
  };
}

/** The last case noted; null: none. */
export function readNotebook(file: string): { target: number; case: Case } | null {
  const content = readFileSync(file);
  if (content.length < HEADER_BYTES) return null;
  const bytes = content.subarray(HEADER_BYTES, HEADER_BYTES + content.readUInt32LE(2));
  return { target: content[0]!, case: { variant: content[1]!, bytes } };
}
