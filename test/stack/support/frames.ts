/** The binary frames that Foreign.java reads and prints; their layout is described there. */
import type { ForeignRecord, ReadRecord } from './foreign.ts';

function int32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function int64(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigInt64BE(BigInt(value));
  return bytes;
}

function bytesOf(value: string | Uint8Array | null | undefined): Buffer[] {
  if (value === null || value === undefined) return [int32(-1)];
  const bytes = Buffer.from(value as Uint8Array);
  return [int32(bytes.length), bytes];
}

export function frameOf(record: ForeignRecord): Buffer {
  const headers = Object.entries(record.headers ?? {});
  return Buffer.concat([
    int32(record.partition ?? -1),
    int64(record.timestampMs ?? -1),
    ...bytesOf(record.key),
    ...bytesOf(record.value),
    int32(headers.length),
    ...headers.flatMap(([name, value]) => [...bytesOf(name), ...bytesOf(value)]),
  ]);
}

export class FrameReader {
  private at = 0;
  private readonly bytes: Buffer;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  isAtEnd(): boolean {
    return this.at >= this.bytes.length;
  }

  read(): ReadRecord {
    const partition = this.int32();
    const offset = this.int64();
    const timestampMs = this.int64();
    const key = this.field();
    const value = this.field();
    const headers: Record<string, Buffer> = {};
    for (let left = this.int32(); left > 0; left--) {
      const name = this.field()?.toString() ?? '';
      headers[name] = this.field() ?? Buffer.alloc(0);
    }
    return { partition, offset, timestampMs, key, value, headers };
  }

  private int32(): number {
    this.at += 4;
    return this.bytes.readInt32BE(this.at - 4);
  }

  private int64(): number {
    this.at += 8;
    return Number(this.bytes.readBigInt64BE(this.at - 8));
  }

  private field(): Buffer | null {
    const length = this.int32();
    if (length < 0) return null;
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }
}
