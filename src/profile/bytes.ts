/** Compact bytes of profiles: varints, doubles and strings, little endian. */

import { assert } from '../errors.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class ByteWriter {
  private bytes = new Uint8Array(1024);
  private view = new DataView(this.bytes.buffer);
  private length = 0;

  private reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.length + count));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }

  /** An integer in 0..2^53-1. */
  uint(value: number): void {
    assert(Number.isSafeInteger(value) && value >= 0, `unsigned integer, found ${value}`);
    this.reserve(8);
    while (value >= 128) {
      this.bytes[this.length++] = (value % 128) | 128;
      value = Math.floor(value / 128);
    }
    this.bytes[this.length++] = value;
  }

  /** An integer of either sign, up to 2^52 - 1. */
  int(value: number): void {
    this.uint(value < 0 ? -2 * value - 1 : 2 * value);
  }

  /** So many bytes as they are. */
  raw(value: Uint8Array): void {
    this.reserve(value.length);
    this.bytes.set(value, this.length);
    this.length += value.length;
  }

  double(value: number): void {
    this.reserve(8);
    this.view.setFloat64(this.length, value, true);
    this.length += 8;
  }

  text(value: string): void {
    const bytes = encoder.encode(value);
    this.uint(bytes.length);
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  take(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }
}

export class ByteReader {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  uint(): number {
    let value = 0;
    let unit = 1;
    for (;;) {
      const byte = this.bytes[this.at++];
      assert(byte !== undefined && unit <= 2 ** 49, 'profile bytes are whole');
      value += (byte & 127) * unit;
      unit *= 128;
      if (byte >= 128) continue;
      assert(Number.isSafeInteger(value), 'profile numbers are whole');
      return value;
    }
  }

  int(): number {
    const value = this.uint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  /** The next `length` bytes; a view. */
  raw(length: number): Uint8Array {
    assert(length <= this.rest, 'profile bytes are whole');
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  /** How many items follow of at least so many bytes each: never more than the rest can hold. */
  count(bytesEach: number): number {
    const count = this.uint();
    assert(count * bytesEach <= this.rest, 'profile bytes are whole');
    return count;
  }

  double(): number {
    const value = this.view.getFloat64(this.at, true);
    this.at += 8;
    return value;
  }

  text(): string {
    const length = this.uint();
    assert(this.at + length <= this.bytes.length, 'profile bytes are whole');
    this.at += length;
    return decoder.decode(this.bytes.subarray(this.at - length, this.at));
  }

  /** Bytes that are still to be read. */
  get rest(): number {
    return this.bytes.length - this.at;
  }

  get done(): boolean {
    return this.at >= this.bytes.length;
  }
}
