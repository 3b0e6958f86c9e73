/** A text in place of another one: as long, with as many letters, digits, signs and spaces at the same places, and nothing of its content. */

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
/** What is behind is not looked at, but for its length. */
const UNITS_MAX = 4_096;

/** One of each class for characters of two units, so that the length stays. */
const WIDE = { letter: '\u{1d41a}', digit: '\u{1d7ce}', sign: '\u{1d11e}', other: '\u{10ffff}' };

/** @param hash 32 bytes that stand for the text */
export function standInOf(text: string, hash: Uint8Array): string {
  let made = '';
  for (const char of text.slice(0, UNITS_MAX)) made += standIn(char, hash[made.length % hash.length]!);
  return made + 'x'.repeat(text.length - made.length);
}

function standIn(char: string, byte: number): string {
  const isWide = char.length > 1;
  if (/[\p{L}\p{M}]/u.test(char)) return isWide ? WIDE.letter : LETTERS[byte % LETTERS.length]!;
  if (/\p{N}/u.test(char)) return isWide ? WIDE.digit : String(byte % 10);
  if (/[\p{P}\p{S}]/u.test(char)) return isWide ? WIDE.sign : '.';
  if (/[\p{Z}\t-\r\u0085]/u.test(char)) return ' ';
  return isWide ? WIDE.other : '\u0000';
}
