/** Cases that once broke something, or would break a careless reader, one file each: `corpus/TARGET/VARIANT.WHAT.bin`, or `.bin.gz` where bytes repeat. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Case, Target } from './target.ts';

const FOLDER = new URL('./corpus/', import.meta.url);
/** Shorter ones are kept as they are. */
const PLAIN_BYTES_MAX = 4_096;

const folderOf = (target: string): URL => new URL(`${target}/`, FOLDER);

/** The cases of a target by file name. Throws where a file names no variant. */
export function readCorpus(name: string, target: Target): { file: string; case: Case }[] {
  let files: string[];
  try {
    files = readdirSync(folderOf(name)).sort();
  } catch {
    return [];
  }
  return files.map((file) => {
    const variant = target.variants.indexOf(file.slice(0, file.indexOf('.')));
    if (variant < 0) throw new Error(`corpus/${name}/${file} names no variant of ${name}`);
    const content = readFileSync(new URL(file, folderOf(name)));
    return { file, case: { variant, bytes: file.endsWith('.gz') ? gunzipSync(content) : content } };
  });
}

/** Keeps a case; gives its path from this folder. */
export function keepCase(name: string, variant: string, what: string, bytes: Uint8Array): string {
  mkdirSync(folderOf(name), { recursive: true });
  const packed = bytes.length > PLAIN_BYTES_MAX;
  const file = `${variant}.${what}.bin${packed ? '.gz' : ''}`;
  writeFileSync(new URL(file, folderOf(name)), packed ? gzipSync(bytes, { level: 9 }) : bytes);
  return `corpus/${name}/${file}`;
}
