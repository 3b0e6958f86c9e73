/**
 * Framing of snappy-java's SnappyOutputStream ("xerial"), which Java's Kafka clients write: a magic of 8 bytes, two
 * int32 versions, then blocks, each an int32 length (big endian) and one raw snappy block.
 * Source: SnappyCodec.java and SnappyOutputStream.java of snappy-java.
 */
const MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const HEADER_BYTES = 16;
/** Size of an uncompressed block, as snappy-java chooses by default. */
const BLOCK_BYTES = 32 * 1024;

/** Whether the bytes begin as snappy-java's frames do. */
export function isXerial(data: Buffer): boolean {
  return data.length >= HEADER_BYTES && data.subarray(0, MAGIC.length).equals(MAGIC);
}

/** The raw snappy blocks of a frame. Throws where a length does not fit. */
export function xerialBlocks(data: Buffer): Buffer[] {
  const blocks: Buffer[] = [];
  for (let pos = HEADER_BYTES; pos < data.length; ) {
    // snappy-java's streams may be concatenated, each with its own header.
    if (isXerial(data.subarray(pos))) {
      pos += HEADER_BYTES;
      continue;
    }
    if (pos + 4 > data.length) throw new Error('snappy: the frame ends within a length');
    const length = data.readInt32BE(pos);
    pos += 4;
    if (length <= 0 || length > data.length - pos) throw new Error(`snappy: block of ${length} bytes`);
    blocks.push(data.subarray(pos, pos + length));
    pos += length;
  }
  return blocks;
}

/** The frame of what `compress` makes of each block. */
export function xerialFrame(data: Buffer, compress: (block: Buffer) => Buffer): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(header);
  header.writeInt32BE(1, 8);
  header.writeInt32BE(1, 12);
  const parts: Buffer[] = [header];
  for (let pos = 0; pos < data.length; pos += BLOCK_BYTES) {
    const block = compress(data.subarray(pos, pos + BLOCK_BYTES));
    const length = Buffer.alloc(4);
    length.writeInt32BE(block.length);
    parts.push(length, block);
  }
  return Buffer.concat(parts);
}

/** Uncompressed length that a raw snappy block claims (its first varint). Throws where there is none. */
export function snappyLength(block: Buffer): number {
  let length = 0;
  for (let i = 0; i < 5 && i < block.length; i++) {
    length += (block[i]! & 0x7f) * 2 ** (7 * i);
    if (block[i]! < 0x80) return length;
  }
  throw new Error('snappy: no length');
}
