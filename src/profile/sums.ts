/** Exact sums as bytes: a sign and the run of chunks between the lowest and the highest that are not empty. */

import { assert } from '../errors.ts';
import { CHUNKS, carry, createExactSum, type ExactSum } from '../math/exact-sum.ts';
import type { ByteReader, ByteWriter } from './bytes.ts';

export function packSum(sum: ExactSum, out: ByteWriter): void {
  carry(sum);
  // A negative sum borrows from every chunk up to the top one; its magnitude has as few as that of a positive one.
  const isNegative = sum.chunks[CHUNKS - 1]! < 0;
  const magnitude = isNegative ? negated(sum) : sum;
  const { chunks } = magnitude;
  let first = 0;
  while (first < CHUNKS && chunks[first] === 0) first++;
  let end = CHUNKS;
  while (end > first && chunks[end - 1] === 0) end--;
  out.uint(2 * (end - first) + (isNegative ? 1 : 0));
  if (end === first) return;
  out.uint(first);
  for (let c = first; c < end; c++) out.uint(chunks[c]!);
}

export function unpackSum(from: ByteReader): ExactSum {
  const sum = createExactSum();
  const head = from.uint();
  const count = Math.floor(head / 2);
  if (count === 0) return sum;
  const first = from.uint();
  assert(first + count <= CHUNKS, 'chunks of the sum');
  for (let c = first; c < first + count; c++) sum.chunks[c] = from.uint();
  if (head % 2 === 1) return negated(sum);
  carry(sum);
  return sum;
}

function negated(sum: ExactSum): ExactSum {
  const flipped: ExactSum = { chunks: new Float64Array(CHUNKS), pending: 0 };
  for (let c = 0; c < CHUNKS; c++) flipped.chunks[c] = 0 - sum.chunks[c]!;
  carry(flipped);
  return flipped;
}
