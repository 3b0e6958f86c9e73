/** PNG and JPEG bytes in which the headers, the chunks or the pixels are not what they should be. */
import { deflateSync } from 'node:zlib';
import type { Choices } from '../choices.ts';
import { repeat } from '../mutate.ts';

const SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');
const SIDES = [0, 1, 7, 300, 8_000, 8_001, 65_535, 0x7fff_ffff, 0xffff_ffff];

const CRC = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

function crcOf(bytes: Buffer): number {
  let crc = -1;
  for (const byte of bytes) crc = CRC[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** A chunk with a right check sum, whose length may lie. */
function chunk(type: string, data: Buffer, length = data.length): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(length);
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const tail = Buffer.alloc(4);
  tail.writeUInt32BE(crcOf(body));
  return Buffer.concat([head, body, tail]);
}

/** Compressed zeros, which are pixels as well as any others. */
const ZEROS = [0, 100, 100_000, 4_000_000].map((length) => deflateSync(Buffer.alloc(length), { level: 9 }));
const TEXT_BOMB = Buffer.concat([Buffer.from('k\0\0'), deflateSync(Buffer.alloc(30_000_000), { level: 9 })]);
const PROFILE_BOMB = Buffer.concat([Buffer.from('p\0\0'), ZEROS[3]!]);

function header(width: number, height: number, rest: readonly number[]): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32BE(width);
  bytes.writeUInt32BE(height, 4);
  return chunk('IHDR', Buffer.concat([bytes, Buffer.from(rest)]));
}

const side = (choices: Choices): number => (choices.once(3) ? choices.of(SIDES) : 1 + choices.pick(40));

/** A PNG of its own chunks. Sides beyond what is allowed cost nothing to write. */
export function buildPng(choices: Choices): Buffer {
  const rest = [
    choices.of([8, 1, 2, 4, 16, 0, 255]),
    choices.of([2, 0, 3, 4, 6, 5]),
    choices.once(8) ? 1 : 0,
    choices.once(8) ? 1 : 0,
    choices.of([0, 1, 2]),
  ];
  const extras = [
    chunk('PLTE', choices.bytes(3 * choices.pick(300))),
    chunk('tRNS', choices.bytes(choices.pick(300))),
    chunk('zTXt', TEXT_BOMB),
    chunk('iCCP', PROFILE_BOMB),
    chunk('acTL', choices.bytes(8)),
    chunk('tEXt', Buffer.from('k\0v'), choices.of([0, 3, 0x7fff_ffff, 0xffff_ffff])),
    chunk('eXIf', choices.bytes(60)),
    header(side(choices), side(choices), rest),
  ];
  const parts = [SIGNATURE, header(side(choices), side(choices), rest)];
  for (let left = choices.pick(3); left > 0; left--) parts.push(choices.of(extras));
  const data = choices.once(4) ? choices.bytes(50) : choices.of(ZEROS);
  parts.push(chunk('IDAT', data));
  if (!choices.once(5)) parts.push(chunk('IEND', Buffer.alloc(0)));
  return Buffer.concat(parts);
}

/** Sides of a JPEG's frame header, or its scans, again and again. */
export function bendJpeg(choices: Choices, jpeg: Buffer): Buffer {
  const bytes = Buffer.from(jpeg);
  const frame = markerAt(bytes, [0xc0, 0xc2]);
  if (frame > 0 && choices.once(2)) {
    bytes.writeUInt16BE(side(choices) & 0xffff, frame + 5);
    bytes.writeUInt16BE(side(choices) & 0xffff, frame + 7);
  }
  const scan = markerAt(bytes, [0xda]);
  if (scan < 0 || choices.once(2)) return bytes;
  const end = bytes.length - 2;
  const scans = repeat(bytes.subarray(scan, end), choices.of([2, 50, 1_000]));
  return Buffer.concat([bytes.subarray(0, end), scans, bytes.subarray(end)]);
}

function markerAt(bytes: Buffer, markers: readonly number[]): number {
  for (let at = 2; at + 9 < bytes.length; at += 2 + bytes.readUInt16BE(at + 2)) {
    if (bytes[at] !== 0xff) return -1;
    if (markers.includes(bytes[at + 1]!)) return at;
  }
  return -1;
}
