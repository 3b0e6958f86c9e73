/** Differences as text: expected and found side by side, with a mark where they differ. */

import { type Difference, type Entry, isAsWritten } from './compare.ts';
import { durationText } from './words.ts';

const KEYS = [
  'at',
  'notify',
  'rule',
  'metric',
  'subject',
  'model',
  'segment',
  'state',
  'level',
  'told',
  'firing',
  'muted',
  'muted_alarms',
  'storm',
  'value',
  'threshold',
  'n',
  'since',
  'onset',
  'opened',
  'rules',
  'inputs',
  'segments',
  'reason',
  'summary',
] as const;
type Key = (typeof KEYS)[number];

const INDENT = '    ';
const GAP = '  ';
const COLUMN_MIN = 16;
/** So that the differences of alarms stand alike: that of `threshold`. */
const KEY_WIDTH_MIN = 9;

interface Row {
  key: string;
  isSame: boolean;
  expected: string;
  found: string;
}

/** Lines of at most `width` letters, but for words that are longer than a column. */
export function linesOf(difference: Difference, width: number): string[] {
  const { kind, line, atMs, expected, found } = difference;
  const keys = KEYS.filter((key) => isShown(key, expected, found));
  const keyWidth = Math.max(KEY_WIDTH_MIN, ...keys.map(({ length }) => length));
  const used = INDENT.length + 2 + keyWidth + 2 * GAP.length;
  const column = Math.max(COLUMN_MIN, Math.floor((width - used) / 2));
  const rows: Row[] = keys.map((key) => ({
    key,
    isSame: expected !== null && found !== null && isAsWritten(key, expected[key], found[key]),
    expected: expected === null ? '' : textOf(key, expected),
    found: found === null ? '' : textOf(key, found),
  }));
  const nothing = { key: '', isSame: true, expected: '', found: '' };
  if (expected === null) rows.unshift({ ...nothing, expected: 'nothing' });
  if (found === null) rows.unshift({ ...nothing, found: 'nothing' });
  const cells = rows.map((row) => [wrapped(row.expected, column), wrapped(row.found, column)] as const);
  const columnWidth = Math.max(
    'expected'.length,
    ...cells.flatMap(([own]) => own.map(({ length }) => length)),
  );
  const lineOf = (mark: string, key: string, left: string, right: string): string =>
    `${INDENT}${mark} ${key.padEnd(keyWidth)}${GAP}${left.padEnd(columnWidth)}${GAP}${right}`.trimEnd();
  const body = rows.flatMap(({ key, isSame }, r) => {
    const [left, right] = cells[r]!;
    return Array.from({ length: Math.max(left.length, right.length) }, (_, i) =>
      lineOf(isSame || i > 0 ? ' ' : '!', i > 0 ? '' : key, left[i] ?? '', right[i] ?? ''),
    );
  });
  const when = atMs === null ? kind : `${kind} at ${durationText(atMs)}`;
  return [`  line ${line}: ${when}`, lineOf(' ', '', 'expected', 'found'), ...body];
}

/** Of a pair what is expected, of one alone what it has. */
function isShown(key: Key, expected: Entry | null, found: Entry | null): boolean {
  const one = expected ?? found;
  const value = one?.[key];
  if (value === undefined) return false;
  return expected !== null || (value !== '' && !(key === 'segment' && value === '*'));
}

const TIMES: readonly Key[] = ['at', 'since', 'onset', 'opened'];

function textOf(key: Key, entry: Entry): string {
  const value = entry[key];
  if (typeof value === 'number' && TIMES.includes(key)) return durationText(value);
  // An empty text would look like nothing at all.
  return value === '' ? "''" : value === undefined ? '' : String(value);
}

/** Broken between words. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** As JSON: times in milliseconds, and without the keys that nothing is said of. */
export const jsonOf = ({ kind, line, atMs, expected, found }: Difference) => ({
  kind,
  line,
  ...(atMs === null ? {} : { atMs }),
  expected,
  found,
});
