/** What the commands print, as blocks that are text on a terminal or Markdown for a wiki. */

import type { Writable } from 'node:stream';
import { oneLine } from '../dead/letters.ts';
import { printLine, printTable } from '../output.ts';

export type Block =
  | { kind: 'heading'; level: 1 | 2; text: string }
  | { kind: 'line'; text: string }
  | { kind: 'table'; headings: string[]; rows: (string | number)[][] }
  | { kind: 'code'; language: string; text: string };

export const heading = (level: 1 | 2, text: string): Block => ({ kind: 'heading', level, text });
export const line = (text: string): Block => ({ kind: 'line', text });
export const table = (headings: string[], rows: (string | number)[][]): Block => ({
  kind: 'table',
  headings,
  rows,
});
export const code = (language: string, text: string): Block => ({ kind: 'code', language, text });

export function printText(stream: Writable, blocks: readonly Block[]): void {
  blocks.forEach((block, i) => {
    if (i > 0 && block.kind !== 'line') printLine(stream, '');
    if (block.kind === 'heading') printLine(stream, block.level === 1 ? underlined(block.text) : block.text);
    else if (block.kind === 'line') printLine(stream, block.text);
    else if (block.kind === 'table') printTable(stream, block.headings, block.rows);
    else printLine(stream, block.text.trimEnd());
    if (block.kind === 'table' && blocks[i + 1]?.kind === 'line') printLine(stream, '');
  });
}

const underlined = (text: string): string => `${text}\n${'='.repeat(text.length)}`;

/** Names come from data: what would end a cell, or begin a tag or an emphasis, is escaped. */
const escaped = (text: string): string => text.replace(/[|<>*_`\\[\]]/g, (char) => `\\${char}`);

export function printMarkdown(stream: Writable, blocks: readonly Block[]): void {
  blocks.forEach((block, i) => {
    if (i > 0) printLine(stream, '');
    if (block.kind === 'heading') printLine(stream, `${'#'.repeat(block.level + 1)} ${escaped(block.text)}`);
    else if (block.kind === 'line') printLine(stream, escaped(block.text));
    else if (block.kind === 'code')
      printLine(stream, `\`\`\`${block.language}\n${block.text.trimEnd()}\n\`\`\``);
    else {
      const row = (cells: readonly (string | number)[]): string =>
        `| ${cells.map((cell) => escaped(String(cell))).join(' | ')} |`;
      printLine(stream, row(block.headings));
      printLine(stream, `|${block.headings.map((_, column) => alignOf(block.rows, column)).join('|')}|`);
      for (const cells of block.rows) printLine(stream, row(cells));
    }
  });
}

const alignOf = (rows: readonly (string | number)[][], column: number): string =>
  rows.length > 0 && rows.every((cells) => typeof cells[column] === 'number') ? ' ---: ' : ' --- ';

/** Four significant digits. */
export function short(value: number): string {
  if (Number.isInteger(value)) return String(value);
  return Math.abs(value) >= 1_000 ? String(Math.round(value)) : String(Number(value.toPrecision(4)));
}

export const interval = (low: number | null, high: number | null): string =>
  low === null || high === null ? '-' : `${short(low)} to ${short(high)}`;

export const percent = (share: number): string => `${Number((100 * share).toPrecision(3))} %`;

/** Thousands are grouped by hand: the locale of the machine must not change what is printed. */
export const count = (n: number): string => String(n).replace(/\B(?=(\d{3})+(?!\d))/g, ',');

/** '2 windows', '1 window'. */
export const plural = (n: number, noun: string): string => `${count(n)} ${noun}${n === 1 ? '' : 's'}`;

/** Names come from data, and are shown in at most so many characters. */
const NAME_CHARS = 60;

export const nameOf = (text: string): string => oneLine(text, NAME_CHARS);

/** 'accuracy of fraud by mlp'. */
export const titleOf = (about: { metric: string; subject: string; model?: string }): string => {
  const { metric, subject, model = '' } = about;
  return `${metric}${subject === '' ? '' : ` of ${nameOf(subject)}`}${model === '' ? '' : ` by ${nameOf(model)}`}`;
};
