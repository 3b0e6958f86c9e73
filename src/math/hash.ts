/**
 * Hashes of the log: they place segments and categories at a bound and make ids, so they MUST never
 * change. Not cryptographic; ids are not secrets.
 */

const encoder = new TextEncoder();

const rotl = (x: number, r: number): number => (x << r) | (x >>> (32 - r));

function fmix(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** MurmurHash3 x86 32 bits (A. Appleby, public domain) of the UTF-8 bytes; 0..2^32-1. */
export function hash32(text: string, seed = 0): number {
  return hashBytes(bytesOf(text), seed);
}

const room = new Uint8Array(4096);

/** UTF-8 bytes of a text, good until the next call. */
function bytesOf(text: string): Uint8Array {
  // A UTF-16 unit takes up to three bytes.
  if (text.length * 3 > room.length) return encoder.encode(text);
  return room.subarray(0, encoder.encodeInto(text, room).written);
}

/** 64 bits of a text in `out`, from two differently seeded 32-bit hashes of its UTF-8 bytes. */
export function hash64(text: string, out: Uint32Array): void {
  const bytes = bytesOf(text);
  for (let i = 0; i < 2; i++) out[i] = hashBytes(bytes, Math.imul(i + 1, 0x9e3779b1));
}

function hashBytes(bytes: Uint8Array, seed: number): number {
  const blocks = bytes.length & ~3;
  let h = seed;
  for (let i = 0; i < blocks; i += 4) {
    const k = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    h = Math.imul(rotl(h ^ Math.imul(rotl(Math.imul(k, 0xcc9e2d51), 15), 0x1b873593), 13), 5) + 0xe6546b64;
  }
  let tail = 0;
  for (let i = bytes.length - 1; i >= blocks; i--) tail = (tail << 8) | bytes[i]!;
  if (bytes.length !== blocks) h ^= Math.imul(rotl(Math.imul(tail, 0xcc9e2d51), 15), 0x1b873593);
  return fmix(h ^ bytes.length);
}

/** 128 bits of a text in `out`, from four differently seeded 32-bit hashes of its UTF-8 bytes. */
export function hash128(text: string, out: Uint32Array): void {
  const bytes = encoder.encode(text);
  for (let i = 0; i < 4; i++) out[i] = hashBytes(bytes, Math.imul(i + 1, 0x9e3779b1));
}

/**
 * Rule R11: the id of an output is a hash of what it is about. 128 bits as 32 hex digits, from four
 * differently seeded 32-bit hashes of the parts; parts are length-prefixed so that ('a','bc') and
 * ('ab','c') differ.
 */
export function idOf(...parts: (string | number)[]): string {
  let text = '';
  for (const part of parts) {
    const s = String(part);
    text += `${s.length}:${s};`;
  }
  const bytes = encoder.encode(text);
  let id = '';
  for (let seed = 1; seed <= 4; seed++) {
    id += hashBytes(bytes, Math.imul(seed, 0x9e3779b1)).toString(16).padStart(8, '0');
  }
  return id;
}
