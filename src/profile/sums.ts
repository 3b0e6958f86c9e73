/** Exact sums as bytes: the chunks that are not empty. */

import { assert } from '../errors.ts';
import { CHUNKS, carry, createExactSum, type ExactSum } from '../math/exact-sum.ts';
import type { ByteReader, ByteWriter } from './bytes.ts';

export function packSum(sum: ExactSum, out: ByteWriter): void {
  carry(sum);
  let used = 0;
  for (let c = 0; c < CHUNKS; c++) if (sum.chunks[c] !== 0) used++;
  out.uint(used);
  for (let c = 0; c < CHUNKS; c++) {
    if (sum.chunks[c] === 0) continue;
    out.uint(c);
    out.double(sum.chunks[c]!);
  }
}

export function unpackSum(from: ByteReader): ExactSum {
  const sum = createExactSum();
  for (let left = from.count(9); left > 0; left--) {
    const chunk = from.uint();
    assert(chunk < CHUNKS, 'a chunk of the sum');
    sum.chunks[chunk] = from.double();
  }
  return sum;
}
