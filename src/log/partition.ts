/**
 * The partition of a key as Java producers choose it, so that the embedded log and Kafka place records alike.
 * Source: Apache Kafka, `org.apache.kafka.common.utils.Utils.murmur2` and `toPositive` (MurmurHash 2 by A. Appleby,
 * public domain, with the seed 0x9747b28c).
 */
const SEED = 0x9747b28c;
const MIX = 0x5bd1e995;

/** MurmurHash 2 of the bytes as a signed 32 bit integer. */
export function murmur2(data: Uint8Array): number {
  const wholeBytes = data.length & ~3;
  let hash = SEED ^ data.length;
  for (let i = 0; i < wholeBytes; i += 4) {
    let word = data[i]! | (data[i + 1]! << 8) | (data[i + 2]! << 16) | (data[i + 3]! << 24);
    word = Math.imul(word, MIX);
    word ^= word >>> 24;
    hash = Math.imul(hash, MIX) ^ Math.imul(word, MIX);
  }
  const restBytes = data.length - wholeBytes;
  if (restBytes > 2) hash ^= data[wholeBytes + 2]! << 16;
  if (restBytes > 1) hash ^= data[wholeBytes + 1]! << 8;
  if (restBytes > 0) hash = Math.imul(hash ^ data[wholeBytes]!, MIX);
  hash = Math.imul(hash ^ (hash >>> 13), MIX);
  return hash ^ (hash >>> 15);
}

/** The partition of a key, 0 to `partitions` - 1. */
export function partitionOf(key: string | Buffer, partitions: number): number {
  return (murmur2(typeof key === 'string' ? Buffer.from(key) : key) & 0x7fffffff) % partitions;
}
