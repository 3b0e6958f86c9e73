/**
 * Quantiles of a stream: counts per bucket of the number line, where a bucket is one of 64 equal parts
 * between two powers of two. This is DDSketch (C. Masson, J. E. Rim, H. K. Lee, VLDB 2019) with the
 * linearly interpolated index mapping: the index is the leading 18 bits of the double, so finding it is a
 * shift. A quantile's relative error is at most 1/128 (0.8 %). Merging adds counts, so any split of a
 * stream gives the same sketch. Bounded: magnitudes below 2^-40 are zero, above 2^63 they are 2^63.
 */

import { assert } from '../errors.ts';
import type { ByteReader, ByteWriter } from './bytes.ts';

const PARTS = 64;
const EXPONENT_MIN = 1023 - 40;
const EXPONENT_MAX = 1023 + 63;
/** Page of values that count as zero; no clamped double has it. */
const ZERO_PAGE = 0;
/** Sign bit of a page number. */
const NEGATIVE = 0x800;
const BUCKETS = 2 * NEGATIVE * PARTS;

/** Page (sign and exponent) -> counts of its 64 parts. */
export interface Sketch {
  pages: Map<number, Float64Array>;
}

const NO_COUNTS = new Float64Array(PARTS);

const view = new Float64Array(1);
const words = new Uint32Array(view.buffer);

export const createSketch = (): Sketch => ({ pages: new Map() });

/** Bucket index 0..2^18-1 of a finite double. */
export function bucketOf(value: number): number {
  view[0] = value;
  return bucketOfWord(words[1]!);
}

/** The same of the upper 32 bits of the double. */
function bucketOfWord(word: number): number {
  const exponent = (word >>> 20) & 0x7ff;
  if (exponent < EXPONENT_MIN) return ZERO_PAGE * PARTS;
  if (exponent > EXPONENT_MAX) return ((((word >>> 31) << 11) | EXPONENT_MAX) * PARTS) | (PARTS - 1);
  return word >>> 14;
}

/** Lower border of the bucket's magnitudes with its sign: the border nearer to zero. */
export function borderOf(bucket: number): number {
  const page = Math.floor(bucket / PARTS);
  if (page === ZERO_PAGE) return 0;
  const exponent = (page & 0x7ff) - 1023;
  const magnitude = 2 ** exponent * (1 + (bucket % PARTS) / PARTS);
  return page & NEGATIVE ? -magnitude : magnitude;
}

/** Border of the bucket's magnitudes that is further from zero, with its sign. */
export function farBorderOf(bucket: number): number {
  const page = Math.floor(bucket / PARTS);
  if (page === ZERO_PAGE) return 0;
  const exponent = (page & 0x7ff) - 1023;
  const magnitude = 2 ** exponent * (1 + ((bucket % PARTS) + 1) / PARTS);
  return page & NEGATIVE ? -magnitude : magnitude;
}

/** Middle of the bucket. */
export function middleOf(bucket: number): number {
  const page = Math.floor(bucket / PARTS);
  if (page === ZERO_PAGE) return 0;
  const exponent = (page & 0x7ff) - 1023;
  const magnitude = 2 ** exponent * (1 + ((bucket % PARTS) + 0.5) / PARTS);
  return page & NEGATIVE ? -magnitude : magnitude;
}

function pageOf(sketch: Sketch, page: number): Float64Array {
  let counts = sketch.pages.get(page);
  if (counts === undefined) {
    counts = new Float64Array(PARTS);
    sketch.pages.set(page, counts);
  }
  return counts;
}

/** Counts the first `n` finite doubles of a block, given as 32-bit words. */
export function addValues(sketch: Sketch, blockWords: Uint32Array, n: number): void {
  let page = -1;
  let counts: Float64Array = NO_COUNTS;
  for (let i = 0; i < n; i++) {
    const bucket = bucketOfWord(blockWords[2 * i + 1]!);
    if (bucket >>> 6 !== page) {
      page = bucket >>> 6;
      counts = pageOf(sketch, page);
    }
    counts[bucket & 63]!++;
  }
}

export function addBucket(sketch: Sketch, bucket: number, count: number): void {
  pageOf(sketch, bucket >>> 6)[bucket & 63]! += count;
}

export function mergeSketch(into: Sketch, from: Sketch): void {
  for (const [page, counts] of from.pages) {
    const own = into.pages.get(page);
    if (own === undefined) into.pages.set(page, counts.slice());
    else for (let i = 0; i < PARTS; i++) own[i]! += counts[i]!;
  }
}

/** Pages in rising order of value: the negative ones by falling magnitude, zero, the positive ones. */
const orderOf = (page: number): number => (page & NEGATIVE ? -(page & 0x7ff) : page);

/** [bucket, count] of the non-empty buckets, in rising order of value. Only pages are sorted: windows have many buckets. */
export function bucketsOf(sketch: Sketch): [number, number][] {
  const found: [number, number][] = [];
  for (const page of [...sketch.pages.keys()].sort((a, b) => orderOf(a) - orderOf(b))) {
    const counts = sketch.pages.get(page)!;
    const flip = page & NEGATIVE ? PARTS - 1 : 0;
    for (let i = 0; i < PARTS; i++) {
      const part = i ^ flip;
      if (counts[part] !== 0) found.push([page * PARTS + part, counts[part]!]);
    }
  }
  return found;
}

/**
 * Nearest-rank quantile, q in 0..1, to a relative error of 1/128; undefined when nothing was added.
 */
export function quantileOf(sketch: Sketch, q: number): number | undefined {
  const buckets = bucketsOf(sketch);
  let n = 0;
  for (const [, count] of buckets) n += count;
  if (n === 0) return undefined;
  const rank = Math.max(1, Math.ceil(q * n));
  let seen = 0;
  for (const [bucket, count] of buckets) {
    seen += count;
    if (seen >= rank) return middleOf(bucket);
  }
  return middleOf(buckets.at(-1)![0]);
}

/** Rising bucket numbers as steps: a step within a page takes one byte. */
export function packSketch(sketch: Sketch, out: ByteWriter): void {
  const buckets = bucketsOf(sketch).sort(([a], [b]) => a - b);
  out.uint(buckets.length);
  let last = 0;
  for (const [bucket, count] of buckets) {
    out.uint(bucket - last);
    out.uint(count);
    last = bucket;
  }
}

export function unpackSketch(from: ByteReader): Sketch {
  const sketch = createSketch();
  let bucket = 0;
  for (let left = from.count(2); left > 0; left--) {
    bucket += from.uint();
    assert(bucket < BUCKETS, 'a bucket of the sketch');
    addBucket(sketch, bucket, from.uint());
  }
  return sketch;
}
