import { expect, test } from 'vitest';
import { CHARS_TEXT_MAX, charColumns } from '../../src/profile/chars.ts';
import { CELL_INVALID, CELL_MISSING, CELL_OK, CHAR_CLASSES } from '../../src/records.ts';

const countsOf = (text: string): Record<string, number> =>
  Object.fromEntries(
    charColumns([text], Uint8Array.of(CELL_OK)).map(({ name, values }) => [name, values[0]!]),
  );

const only = (text: string): string[] => CHAR_CLASSES.filter((name) => countsOf(text)[name]! > 0);

test.each([
  ['letters', 'aZäß'],
  ['letters', '今日は天気'],
  ['letters', 'е\u0301\u0915\u094d'],
  ['letters', '\u{20000}\u{1d400}'],
  ['digits', '09٣४Ⅷ½'],
  ['punctuation', '.,!?-«»€+_#'],
  ['punctuation', '😀🦊'],
  ['spaces', ' \t\n\r\u00a0\u3000\u2028'],
  ['other', '\u0000\u001b\u200d\ue000\udc00\ud83d\u0378'],
])('%s: %j', (name, text) => {
  expect(only(text)).toEqual([name]);
});

test('counts of a text, its squares and words', () => {
  expect(countsOf('Play 3 songs,  please!')).toEqual({
    texts: 1,
    words: 4,
    words2: 16,
    chars: 22,
    chars2: 484,
    letters: 15,
    letters2: 225,
    letters_chars: 330,
    digits: 1,
    digits2: 1,
    digits_chars: 22,
    punctuation: 2,
    punctuation2: 4,
    punctuation_chars: 44,
    spaces: 4,
    spaces2: 16,
    spaces_chars: 88,
    other: 0,
    other2: 0,
    other_chars: 0,
  });
  expect(countsOf('')).toMatchObject({ texts: 1, words: 0, chars: 0 });
  expect(countsOf(' \n ')).toMatchObject({ words: 0, chars: 3 });
});

test('a character of two units is one; of a long text the first units count', () => {
  expect(countsOf('a🦊').chars).toBe(2);
  expect(countsOf(`${'a'.repeat(CHARS_TEXT_MAX)}123`)).toMatchObject({ chars: CHARS_TEXT_MAX, digits: 0 });
});

test('cells without a text count nothing', () => {
  const columns = charColumns(['a', 'b', 'c'], Uint8Array.of(CELL_MISSING, CELL_OK, CELL_INVALID));
  for (const { values } of columns.slice(0, 5)) expect([...values]).toEqual([0, 1, 0]);
});
