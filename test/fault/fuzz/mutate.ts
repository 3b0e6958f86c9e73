import type { Choices } from './choices.ts';

/** Longer inputs are made only by the targets that need them. */
export const BYTES_MAX = 64 * 1024;

const BYTES = [0x00, 0x01, 0x7f, 0x80, 0xff, 0x02, 0x22, 0x5b, 0x7b, 0xc0];

/** Numbers at the edges of what lengths, counts and branches can be. */
const EDGES = [
  0n,
  -1n,
  1n,
  2n,
  -2n,
  63n,
  64n,
  -64n,
  65_536n,
  2n ** 31n - 1n,
  2n ** 31n,
  -(2n ** 31n),
  2n ** 32n,
  2n ** 53n - 1n,
  2n ** 53n,
  -(2n ** 53n),
  2n ** 62n,
  2n ** 63n - 1n,
  -(2n ** 63n),
];

/** A zigzag varint of Avro. `spare` adds as many bytes that say nothing. */
export function varint(value: bigint, spare = 0): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
  for (let i = 0; i < spare; i++) {
    bytes[bytes.length - 1]! |= 128;
    bytes.push(0);
  }
  return Buffer.from(bytes);
}

/** A varint of some number at the edge, at times longer than it needs to be or than it may be. */
export function edgeVarint(choices: Choices): Buffer {
  return varint(choices.of(EDGES), choices.once(8) ? choices.pick(12) : 0);
}

const splice = (bytes: Buffer, from: number, to: number, middle: Buffer): Buffer =>
  Buffer.concat([bytes.subarray(0, from), middle, bytes.subarray(to)]).subarray(0, BYTES_MAX);

type Mutation = (choices: Choices, bytes: Buffer, at: number, others: readonly Buffer[]) => Buffer;

const setByte = (bytes: Buffer, at: number, value: number): Buffer => {
  const changed = Buffer.from(bytes);
  if (at < changed.length) changed[at] = value;
  return changed;
};

const MUTATIONS: readonly Mutation[] = [
  (choices, bytes, at) => setByte(bytes, at, (bytes[at] ?? 0) ^ (1 << choices.pick(8))),
  (choices, bytes, at) => setByte(bytes, at, choices.of(BYTES)),
  (_, bytes, at) => bytes.subarray(0, at),
  (choices, bytes, at) => splice(bytes, at, at, choices.bytes(1 + choices.pick(32))),
  (choices, bytes, at) => splice(bytes, at, at + 1 + choices.pick(16), Buffer.alloc(0)),
  (choices, bytes, at) => splice(bytes, at, at + choices.pick(2), edgeVarint(choices)),
  (choices, bytes, at) => {
    // A few bytes again and again: what costs little in the message and much in memory shows itself.
    const part = bytes.subarray(at, at + 1 + choices.pick(8));
    return splice(bytes, at, at, repeat(part, choices.of([1, 2, 100, 2_000, 10_000])));
  },
  (choices, bytes, at, others) => {
    const other = choices.of(others);
    const from = choices.pick(other.length + 1);
    return splice(bytes, at, bytes.length, other.subarray(from));
  },
  (choices, bytes) => Buffer.concat([bytes, choices.bytes(choices.pick(64))]),
];

export const repeat = (part: Buffer, times: number): Buffer =>
  Buffer.alloc(Math.min(BYTES_MAX, part.length * times), part.length === 0 ? 0 : part);

/** Bytes with up to three things wrong with them; `others` are good ones to take parts from. */
export function mutate(choices: Choices, bytes: Buffer, others: readonly Buffer[]): Buffer {
  let changed = bytes;
  for (let left = choices.pick(4); left > 0; left--) {
    const at = choices.pick(changed.length + 1);
    changed = choices.of(MUTATIONS)(choices, changed, at, others);
  }
  return changed;
}
