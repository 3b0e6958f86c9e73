/** What texts are made of: characters by language-neutral class, and words. */

import { CELL_OK, CHAR_CLASSES } from '../records.ts';

/** UTF-16 units of a text that are looked at: a text costs so much at most, and sums of squares stay whole. */
export const CHARS_TEXT_MAX = 4096;

/** Spaces are separators and the white space among the control characters; other is what is not assigned or not shown. */
const PATTERNS: Record<(typeof CHAR_CLASSES)[number], RegExp> = {
  letters: /^[\p{L}\p{M}]$/u,
  digits: /^\p{N}$/u,
  punctuation: /^[\p{P}\p{S}]$/u,
  spaces: /^[\p{Z}\t-\r\u0085]$/u,
  other: /^[\s\S]$/u,
};
const SPACES = CHAR_CLASSES.indexOf('spaces');

/** Class of a code point by the general category of Unicode. */
function classify(point: number): number {
  const text = String.fromCodePoint(point);
  return CHAR_CLASSES.findIndex((name) => PATTERNS[name].test(text));
}

/** Class of each code point of the basic plane plus one; 0: not asked for yet. */
const classes = new Uint8Array(0x10000);

function classOf(point: number): number {
  if (point > 0xffff) return classify(point);
  if (classes[point] === 0) classes[point] = 1 + classify(point);
  return classes[point]! - 1;
}

export interface CharColumn {
  name: string;
  values: Uint32Array;
}

/**
 * Counts of each text, in columns for counters: `texts`, `words`, `chars` and each class, with what the spread of the shares
 * needs (`letters2`, `letters_chars`). A word is a run of characters without a space; of cells that are not CELL_OK all
 * is 0.
 */
export function charColumns(values: readonly string[], states: Uint8Array): CharColumn[] {
  const n = states.length;
  const column = (): Uint32Array => new Uint32Array(n);
  const [texts, words, chars] = [column(), column(), column()];
  const byClass = CHAR_CLASSES.map(column);
  for (let row = 0; row < n; row++) {
    if (states[row] !== CELL_OK) continue;
    texts[row] = 1;
    countChars(values[row]!, row, byClass, words);
    for (const counts of byClass) chars[row]! += counts[row]!;
  }
  const product = (a: Uint32Array, b: Uint32Array): Uint32Array => a.map((x, row) => x * b[row]!);
  return [
    { name: 'texts', values: texts },
    { name: 'words', values: words },
    { name: 'words2', values: product(words, words) },
    { name: 'chars', values: chars },
    { name: 'chars2', values: product(chars, chars) },
    ...CHAR_CLASSES.flatMap((name, k) => {
      const own = byClass[k]!;
      return [
        { name, values: own },
        { name: `${name}2`, values: product(own, own) },
        { name: `${name}_chars`, values: product(own, chars) },
      ];
    }),
  ];
}

function countChars(text: string, row: number, byClass: readonly Uint32Array[], words: Uint32Array): void {
  const end = Math.min(text.length, CHARS_TEXT_MAX);
  let isInWord = false;
  for (let i = 0; i < end; i++) {
    let point = text.charCodeAt(i);
    if (point >= 0xd800 && point < 0xdc00) {
      point = text.codePointAt(i)!;
      if (point > 0xffff) i++;
    }
    const kind = classOf(point);
    byClass[kind]![row]!++;
    if (kind !== SPACES && !isInWord) words[row]!++;
    isInWord = kind !== SPACES;
  }
}
