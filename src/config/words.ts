import type { Path } from './types.ts';

/** A path as people write it: `rules[0].metric`. */
export function keyOf(path: Path): string {
  let key = '';
  for (const step of path) {
    if (typeof step === 'number') key += `[${step}]`;
    else key += key === '' ? step : `.${step}`;
  }
  return key;
}

const SHOWN_MAX = 60;

/** A value in words, short enough for one line. */
export function describe(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (typeof value === 'string') {
    return value.length > SHOWN_MAX ? `'${value.slice(0, SHOWN_MAX)}...'` : `'${value}'`;
  }
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  return String(value);
}

const TYPE_WORDS: Record<string, string> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a mapping',
  record: 'a mapping',
  array: 'a list',
  tuple: 'a list',
};

/** A type of zod in words. */
export function typeWord(type: string): string {
  return TYPE_WORDS[type] ?? type;
}
