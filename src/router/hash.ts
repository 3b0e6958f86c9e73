/**
 * Where a key stands in the split of a service. It must NEVER change, and be the same in every language: FNV-1a 32 (G. Fowler, L. C. Noll,
 * P. Vo) of UTF-8 bytes, twice, as in the hash of version 2 of GrowthBook's SDKs.
 */

/** The split is this fine: a share is a whole number of ten-thousandths. */
export const BUCKETS = 10_000;

const OFFSET_BASIS = 0x811c9dc5;
const PRIME = 0x01000193;
const encoder = new TextEncoder();

function fnv1a32(text: string): number {
  let hash = OFFSET_BASIS;
  for (const byte of encoder.encode(text)) hash = Math.imul(hash ^ byte, PRIME);
  return hash >>> 0;
}

/** 0..9999: FNV-1a 32 of the decimal FNV-1a 32 of seed and key, modulo 10,000. */
export const bucketOf = (seed: string, key: string): number => fnv1a32(String(fnv1a32(seed + key))) % BUCKETS;

/** 0..0.9999, evenly spread over keys; the same key has another place under another seed. */
export const hashShare = (seed: string, key: string): number => bucketOf(seed, key) / BUCKETS;
