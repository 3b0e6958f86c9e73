import { expect, test } from 'vitest';
import { hash32, idOf } from '../../src/math/hash.ts';

// From the author's implementation of MurmurHash3_x86_32 (smhasher), as many ports publish them.
const VECTORS: [string, number, number][] = [
  ['', 0, 0],
  ['', 1, 0x514e28b7],
  ['', 0xffffffff, 0x81f16f39],
  ['test', 0, 0xba6bd213],
  ['test', 0x9747b28c, 0x704b81dc],
  ['Hello, world!', 0, 0xc0363e43],
  ['Hello, world!', 0x9747b28c, 0x24884cba],
  ['The quick brown fox jumps over the lazy dog', 0, 0x2e4ff723],
  ['The quick brown fox jumps over the lazy dog', 0x9747b28c, 0x2fa826cd],
  ['a', 0x9747b28c, 0x7fa09ea6],
  ['aa', 0x9747b28c, 0x5d211726],
  ['aaa', 0x9747b28c, 0x283e0130],
  ['aaaa', 0x9747b28c, 0x5a97808a],
  ['ππππππππ', 0x9747b28c, 0xd58063c1],
];

test.each(VECTORS)('hash32(%j, %i) is the published value', (text, seed, hash) => {
  expect(hash32(text, seed)).toBe(hash);
});

test('ids are 32 hex digits and tell parts apart', () => {
  expect(idOf('a', 'bc')).toMatch(/^[0-9a-f]{32}$/);
  expect(idOf('a', 'bc')).toBe(idOf('a', 'bc'));
  const ids = [idOf('a', 'bc'), idOf('ab', 'c'), idOf('abc'), idOf('a', 'b', 'c'), idOf('bc', 'a'), idOf()];
  expect(new Set(ids).size).toBe(ids.length);
});
