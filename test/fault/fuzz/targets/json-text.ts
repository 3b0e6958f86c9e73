/** JSON text in which, now and then, something is odd or broken. */
import type { Choices } from '../choices.ts';
import { BYTES_MAX, repeat } from '../mutate.ts';

const NUMBERS = [
  '0',
  '-0',
  '1',
  '0.5',
  '1e400',
  '-1e400',
  '1e-400',
  '-1e300',
  '9007199254740993',
  '1736899200000',
  '4e15',
  '-8640000000000001',
  '1e21',
  '123456789012345678901234567890',
  'NaN',
  'Infinity',
  '01',
  '.5',
  '0x10',
];
const STRINGS = [
  '""',
  '"a"',
  '"yes"',
  '"clicked"',
  '"__proto__"',
  '"\\ud800"',
  '"\\u0000"',
  '"\\udc00\\ud800x"',
  '"2026-01-15T00:00:00Z"',
  '"20260115"',
  '"9999999999999999999"',
  '"-1e300"',
  '"data:image/png;base64,iVBORw0KGgo="',
  '"===="',
  '"\u{1f600}"',
];
const KEYS = [
  'id',
  'time',
  '__proto__',
  'constructor',
  'toString',
  'box',
  'label',
  'inner',
  'x1',
  '',
  '0',
  'length',
];
const OTHERS = ['null', 'true', 'false', '{}', '[]', 'undefined', '', '{', '[', '"', ',', '\ufeff'];

/** What stands in a field. `depth` bounds how far values nest, apart from the towers. */
export function buildJson(choices: Choices, depth = 0): string {
  switch (choices.pick(depth > 4 ? 6 : 9)) {
    case 0:
      return choices.of(NUMBERS);
    case 1:
      return choices.of(STRINGS);
    case 2:
      return choices.of(OTHERS);
    case 3:
      return longText(choices);
    case 4:
      return tower(choices);
    case 5:
      return String(choices.pick(1000));
    case 6:
      return `[${Array.from({ length: choices.pick(5) }, () => buildJson(choices, depth + 1)).join(',')}]`;
    case 7: {
      const length = choices.pick(5);
      const pairs = Array.from({ length }, () => pair(choices.of(KEYS), buildJson(choices, depth + 1)));
      return `{${pairs.join(',')}}`;
    }
    default:
      return many(choices);
  }
}

/** What is large is rare: the small inputs find as much and there can be more of them. */
const sizeOf = (choices: Choices, small: readonly number[], large: readonly number[]): number =>
  choices.of(choices.once(10) ? large : small);

export const pair = (key: string, value: string): string => `${JSON.stringify(key)}:${value}`;

/** Long digits, base64, blanks and plain text. */
function longText(choices: Choices): string {
  const text = repeat(
    Buffer.from(choices.of(['1', 'a', 'QUJD', '=', ' ', '\\n', '\\u0061', 'é'])),
    sizeOf(choices, [10, 100, 300], [1_100, 9_000]),
  );
  return choices.once(4) ? text.toString() : `"${text.toString()}"`;
}

/** Nesting beyond what any recursion could follow, closed or not. */
function tower(choices: Choices): string {
  const depth = sizeOf(choices, [3, 20, 100], [5_000, 25_000]);
  const [open, close] = choices.of([
    ['[', ']'],
    ['{"a":', '}'],
    ['[{"box":', '}]'],
  ] as const);
  const levels = Math.min(depth, Math.floor(BYTES_MAX / 2 / (open.length + close.length)));
  return open.repeat(levels) + (choices.once(3) ? '' : `1${close.repeat(levels)}`);
}

/** Lists of what is small as text and large as objects. */
function many(choices: Choices): string {
  const item = choices.of([
    '{}',
    '[]',
    '0',
    'null',
    '{"x1":0,"y1":0,"x2":1,"y2":1,"label":0}',
    '{"box":[0,0,1,1],"label":"nut"}',
    '{"dataPoints":[{}]}',
  ]);
  const count = Math.min(
    sizeOf(choices, [2, 20, 100], [1_001, 12_000]),
    Math.floor(BYTES_MAX / 2 / item.length),
  );
  return `[${`${item},`.repeat(count - 1)}${item}]`;
}

/** Text to bytes; invalid UTF-8 where the text holds a replacement of it. */
export const bytesOf = (choices: Choices, text: string): Buffer => {
  const bytes = Buffer.from(text);
  if (!choices.once(10) || bytes.length === 0) return bytes;
  bytes[choices.pick(bytes.length)] = 0xff;
  return bytes;
};
