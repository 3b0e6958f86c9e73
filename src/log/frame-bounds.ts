/**
 * Upper bounds on what an LZ4 or Zstandard frame decompresses to, from its headers alone. The codecs have no limit of
 * their own, and 1 MB of LZ4 can ask for 255 MB, of Zstandard for far more.
 */

const LZ4_MAGIC = 0x184d2204;
const ZSTD_MAGIC = 0xfd2fb528;
const ZSTD_BLOCK_BYTES = 128 * 1024;

/** Bound for one LZ4 frame (LZ4 frame format 1.6.x). Throws where the frame is truncated or not one. */
export function lz4Bound(data: Buffer): number {
  if (data.length < 11 || data.readUInt32LE(0) !== LZ4_MAGIC) throw new Error('lz4: not a frame');
  const flags = data[4]!;
  const code = (data[5]! >> 4) & 7;
  if (code < 4) throw new Error('lz4: block size');
  const blockBytesMax = 2 ** (8 + 2 * code);
  const checksumBytes = (flags & 0x10) === 0 ? 0 : 4;
  let pos = 7 + ((flags & 0x08) === 0 ? 0 : 8) + ((flags & 0x01) === 0 ? 0 : 4);
  let bound = 0;
  for (;;) {
    if (pos + 4 > data.length) throw new Error('lz4: truncated');
    const size = data.readUInt32LE(pos);
    pos += 4;
    if (size === 0) return bound;
    const length = size & 0x7fffffff;
    if (length > data.length - pos) throw new Error('lz4: truncated');
    // A block of n bytes holds at most 255 n bytes.
    bound += size >= 0x80000000 ? length : Math.min(blockBytesMax, length * 255);
    pos += length + checksumBytes;
  }
}

/** Frames of Zstandard data (RFC 8878), each with a bound; skippable frames are left out. Throws where they are torn. */
export function zstdFrames(data: Buffer): { frame: Buffer; bound: number }[] {
  const frames: { frame: Buffer; bound: number }[] = [];
  for (let start = 0; start < data.length; ) {
    if (data.length - start < 8) throw new Error('zstd: truncated');
    const magic = data.readUInt32LE(start);
    if ((magic & 0xfffffff0) >>> 0 === 0x184d2a50) {
      start += 8 + data.readUInt32LE(start + 4);
      if (start > data.length) throw new Error('zstd: truncated');
      continue;
    }
    if (magic !== ZSTD_MAGIC) throw new Error('zstd: not a frame');
    const { end, bound } = zstdFrame(data, start);
    frames.push({ frame: data.subarray(start, end), bound });
    start = end;
  }
  return frames;
}

function zstdFrame(data: Buffer, start: number): { end: number; bound: number } {
  const descriptor = data[start + 4]!;
  const singleSegment = (descriptor & 0x20) !== 0;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3]!;
  const sizeBytes = [singleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
  let pos = start + 5 + (singleSegment ? 0 : 1) + dictionaryBytes;
  let claimed = 0;
  if (pos + sizeBytes > data.length) throw new Error('zstd: truncated');
  for (let i = 0; i < sizeBytes; i++) claimed += data[pos + i]! * 2 ** (8 * i);
  if (sizeBytes === 2) claimed += 256;
  pos += sizeBytes;
  let bound = 0;
  for (;;) {
    if (pos + 3 > data.length) throw new Error('zstd: truncated');
    const header = data.readUIntLE(pos, 3);
    const type = (header >> 1) & 3;
    const size = header >> 3;
    // A block of type 1 repeats one byte `size` times; one of type 2 unpacks to 128 kB at most.
    pos += 3 + (type === 1 ? 1 : size);
    bound += type === 2 ? ZSTD_BLOCK_BYTES : size;
    if ((header & 1) === 1) break;
  }
  pos += (descriptor & 0x04) === 0 ? 0 : 4;
  if (pos > data.length) throw new Error('zstd: truncated');
  return { end: pos, bound: sizeBytes > 0 ? claimed : bound };
}
