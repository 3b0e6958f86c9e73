/** The key of `privacy.key`, and what stands for values that nobody is to see. */

import { createHmac, hkdfSync } from 'node:crypto';

/** Hex digits of a hash that stands for a category: of a million different ones two are the same once in 500 services. */
const HASH_LENGTH = 12;
const HASH = /^[0-9a-f]{12}$/;

/** A key of its own for each use, so that what one gives away says nothing of the others (RFC 5869). */
export const derivedKey = (secret: string, use: string): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, '', `telltale privacy ${use}`, 32));

/** The bytes of HMAC-SHA-256. */
export const keyedHash = (key: Buffer, data: string | Buffer): Buffer =>
  createHmac('sha256', key).update(data).digest();

/** What stands for a category: the same for the same text and key, and not to be undone without the key. */
export function categoryHasher(secret: string): (category: string) => string {
  const key = derivedKey(secret, 'categories');
  return (category) => keyedHash(key, category).toString('hex').slice(0, HASH_LENGTH);
}

export const isCategoryHash = (text: string): boolean => HASH.test(text);
