/** Entries after which the table starts anew: bounds memory against a stream of ever new categories. */
const ENTRIES_MAX = 16_384;
const ARENA_BYTES = 1 << 20;
/** Longer byte strings are decoded each time: they are rare and would fill the arena. */
const LENGTH_BYTES_MAX = 256;
const SLOTS = ENTRIES_MAX * 4;

/**
 * Bytes of a UTF-8 string -> its code in the current batch's dictionary. It keeps the bytes that it has seen
 * over batches, so that a category that comes again costs a hash and a comparison and no JavaScript string.
 * One interner belongs to one column of one stream decoder.
 */
export interface Interner {
  slots: Int32Array;
  starts: Int32Array;
  lengths: Int32Array;
  strings: string[];
  /** Code of an entry in the batch that `batchOf` names. */
  codeOf: Int32Array;
  batchOf: Int32Array;
  /** The bytes of all entries, each from a multiple of four on; `starts` counts words. */
  arena: Uint8Array;
  words: Int32Array;
  used: number;
  batch: number;
}

/** An empty interner. */
export function createInterner(): Interner {
  const arena = new Uint8Array(ARENA_BYTES);
  return {
    slots: new Int32Array(SLOTS),
    starts: new Int32Array(ENTRIES_MAX),
    lengths: new Int32Array(ENTRIES_MAX),
    strings: [],
    codeOf: new Int32Array(ENTRIES_MAX),
    batchOf: new Int32Array(ENTRIES_MAX),
    arena,
    words: new Int32Array(arena.buffer),
    used: 0,
    batch: 0,
  };
}

/** Forgets the codes (not the strings) of the batch before. */
export function beginBatch(interner: Interner): void {
  interner.batch = (interner.batch + 1) | 0;
}

/**
 * The code of bytes[start, start + length) in the current batch; `view` shows the same bytes from `base` on.
 * `codeOfString` gives the code of a string that this batch has not met as bytes yet.
 */
export function intern(
  interner: Interner,
  bytes: Buffer,
  start: number,
  length: number,
  view: DataView,
  base: number,
  codeOfString: (text: string) => number,
): number {
  if (length > LENGTH_BYTES_MAX) return codeOfString(bytes.toString('utf8', start, start + length));
  const { slots, lengths, starts, batchOf, codeOf, words } = interner;
  const from = base + start;
  let slot = hashOf(view, from, length) & (SLOTS - 1);
  for (let entry = slots[slot]!; entry !== 0; entry = slots[slot]!) {
    const index = entry - 1;
    if (lengths[index] === length && sameBytes(words, starts[index]!, view, from, length)) {
      if (batchOf[index] !== interner.batch) {
        batchOf[index] = interner.batch;
        codeOf[index] = codeOfString(interner.strings[index]!);
      }
      return codeOf[index]!;
    }
    slot = (slot + 1) & (SLOTS - 1);
  }
  return add(interner, bytes.subarray(start, start + length), slot, hashOf(view, from, length), codeOfString);
}

function add(
  interner: Interner,
  bytes: Buffer,
  freeSlot: number,
  hash: number,
  codeOfString: (text: string) => number,
): number {
  let slot = freeSlot;
  if (interner.strings.length === ENTRIES_MAX || interner.used + bytes.length + 4 > ARENA_BYTES) {
    interner.slots.fill(0);
    interner.strings = [];
    interner.used = 0;
    slot = hash & (SLOTS - 1);
  }
  const text = bytes.toString('utf8');
  const index = interner.strings.length;
  interner.slots[slot] = index + 1;
  interner.starts[index] = interner.used >> 2;
  interner.lengths[index] = bytes.length;
  interner.arena.set(bytes, interner.used);
  interner.used = (interner.used + bytes.length + 3) & ~3;
  interner.strings.push(text);
  interner.batchOf[index] = interner.batch;
  interner.codeOf[index] = codeOfString(text);
  return interner.codeOf[index]!;
}

/** FNV-1a over words of four bytes, then over the rest, with a last mixing since words end alike. */
function hashOf(view: DataView, from: number, length: number): number {
  let hash = 0x811c9dc5 ^ length;
  const whole = from + (length & ~3);
  let at = from;
  for (; at < whole; at += 4) {
    hash = Math.imul(hash ^ view.getInt32(at, true), 0x01000193);
    hash ^= hash >>> 15;
  }
  for (; at < from + length; at++) hash = Math.imul(hash ^ view.getUint8(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return hash ^ (hash >>> 13);
}

/** The words compare as they are stored: little endian, as all machines are that run Telltale's native packages. */
function sameBytes(words: Int32Array, start: number, view: DataView, from: number, length: number): boolean {
  const whole = length >> 2;
  for (let i = 0; i < whole; i++) if (words[start + i] !== view.getInt32(from + i * 4, true)) return false;
  const word = words[start + whole]!;
  for (let i = whole * 4, shift = 0; i < length; i++, shift += 8) {
    if (((word >> shift) & 0xff) !== view.getUint8(from + i)) return false;
  }
  return true;
}
