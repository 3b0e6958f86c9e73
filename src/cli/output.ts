import type { Writable } from 'node:stream';
import { type ErrorCode, TelltaleError } from '../errors.ts';

/** A failure of which `--json` prints more than the message: what was done all the same. */
export class ReportedError extends TelltaleError {
  readonly report: object;
  constructor(code: ErrorCode, message: string, report: object) {
    super(code, message);
    this.report = report;
  }
}

/** A file that was given cannot be read, where an exit code of 1 says something else. */
export class WrongInputError extends TelltaleError {}

/** Writes a line. */
export function printLine(stream: Writable, line: string): void {
  stream.write(`${line}\n`);
}

/** Writes a value as indented JSON. */
export function printJson(stream: Writable, value: unknown): void {
  printLine(stream, JSON.stringify(value, null, 2));
}

/** Writes rows under their headings, columns side by side; numbers stand right. */
export function printTable(
  stream: Writable,
  headings: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): void {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => String(row[column] ?? '').length)),
  );
  for (const row of [headings, ...rows]) {
    const cells = widths.map((width, column) => {
      const cell = row[column] ?? '';
      return typeof cell === 'number' ? String(cell).padStart(width) : cell.padEnd(width);
    });
    printLine(stream, cells.join('  ').trimEnd());
  }
}

/** The last part of a command's help. */
export function examples(lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}\n`;
}
