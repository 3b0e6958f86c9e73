/**
 * A position in the bytes of one record. Reading past the end or a malformed number sets `bad` and gives 0, so
 * that the hot path needs one look at the end instead of an exception in every read.
 */
export interface Cursor {
  bytes: Buffer;
  view: DataView;
  /** byteOffset of `bytes` in `view`: one view serves all records of a fetch. */
  base: number;
  pos: number;
  end: number;
  bad: boolean;
  /** The exact value where the last long was beyond 2^53, otherwise null. */
  exact: bigint | null;
  /** Items without bytes that this record has had so far. */
  emptyItems: number;
}

/** A cursor over nothing; `aim` points it. */
export function createCursor(): Cursor {
  const bytes = Buffer.alloc(0);
  const view = new DataView(bytes.buffer);
  return { bytes, view, base: 0, pos: 0, end: 0, bad: false, exact: null, emptyItems: 0 };
}

/** Points the cursor at `bytes` from `start` on. */
export function aim(cursor: Cursor, bytes: Buffer, start: number): void {
  if (cursor.view.buffer !== bytes.buffer) cursor.view = new DataView(bytes.buffer);
  cursor.bytes = bytes;
  cursor.base = bytes.byteOffset;
  cursor.pos = start;
  cursor.end = bytes.length;
  cursor.bad = false;
  cursor.emptyItems = 0;
}

/** An Avro int or long (zigzag varint of at most 10 bytes), rounded to a double beyond 2^53. */
export function readLong(cursor: Cursor): number {
  const { bytes, end } = cursor;
  let pos = cursor.pos;
  let low = 0;
  for (let shift = 0; shift < 28; shift += 7) {
    if (pos >= end) return fail(cursor);
    const byte = bytes[pos++]!;
    low |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      cursor.pos = pos;
      return (low >>> 1) ^ -(low & 1);
    }
  }
  cursor.pos = pos;
  return readLongTail(cursor, low);
}

/** The rest of a long after its 28 lowest bits. */
function readLongTail(cursor: Cursor, low: number): number {
  const { bytes, end } = cursor;
  let middle = 0;
  let top = 0;
  for (let shift = 0; ; shift += 7) {
    if (cursor.pos >= end || shift > 35) return fail(cursor);
    const byte = bytes[cursor.pos++]!;
    if (shift < 28) middle |= (byte & 0x7f) << shift;
    else top |= (byte & 0x7f) << (shift - 28);
    if (byte < 0x80) break;
  }
  if (top > 0xff) return fail(cursor);
  if (top === 0 && middle < 1 << 26) {
    const half = (low >>> 1) + middle * 0x8000000;
    return (low & 1) === 0 ? half : -half - 1;
  }
  const bits = (BigInt(top) << 56n) | (BigInt(middle) << 28n) | BigInt(low);
  cursor.exact = BigInt.asIntN(64, (bits >> 1n) ^ -(bits & 1n));
  return Number(cursor.exact);
}

/** An Avro int. Beyond 32 bits it is malformed: readers differ in what they make of it. */
export function readInt(cursor: Cursor): number {
  const value = readLong(cursor);
  return value === (value | 0) ? value : fail(cursor);
}

/** A long as a number, or as a bigint where a double cannot hold it. */
export function readLongExact(cursor: Cursor): number | bigint {
  cursor.exact = null;
  const value = readLong(cursor);
  return cursor.exact !== null && !Number.isSafeInteger(value) ? cursor.exact : value;
}

/** The length of a string or of bytes that fits into the rest, otherwise `bad`. */
export function readLength(cursor: Cursor): number {
  const length = readLong(cursor);
  return length < 0 || length > cursor.end - cursor.pos ? fail(cursor) : length;
}

/** An IEEE 754 double, little endian. */
export function readDouble(cursor: Cursor): number {
  const { pos } = cursor;
  if (pos + 8 > cursor.end) return fail(cursor);
  cursor.pos = pos + 8;
  return cursor.view.getFloat64(cursor.base + pos, true);
}

/** An IEEE 754 single, little endian. */
export function readFloat(cursor: Cursor): number {
  const { pos } = cursor;
  if (pos + 4 > cursor.end) return fail(cursor);
  cursor.pos = pos + 4;
  return cursor.view.getFloat32(cursor.base + pos, true);
}

/** Passes over `length` bytes. */
export function skipBytes(cursor: Cursor, length: number): void {
  if (length > cursor.end - cursor.pos) fail(cursor);
  else cursor.pos += length;
}

/** Marks the record as malformed; nothing behind it is read. */
export function fail(cursor: Cursor): 0 {
  cursor.bad = true;
  cursor.pos = cursor.end;
  return 0;
}
