/** The how-tos are run as they are written: each command of a block `console run`, and what it prints. */

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { readPages, root } from '../docs/markdown.ts';

const run = promisify(execFile);
const MAIN = fileURLToPath(new URL('dist/main.js', root));

interface Shown {
  command: string;
  /** Lines of the output; `...` stands for any number of lines. */
  lines: string[];
}

function shownBy(text: string): Shown[] {
  const shown: Shown[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('$ ')) shown.push({ command: line.slice(2), lines: [] });
    else shown.at(-1)?.lines.push(line);
  }
  return shown;
}

const patternOf = (lines: readonly string[]): RegExp =>
  new RegExp(
    `^${lines.map((line) => (line === '...' ? '(?:.*\n)*?' : `${line.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')} *\n`)).join('')}$`,
  );

/** @returns what is printed to standard output, as the page would show it */
async function output(command: string, dir: string): Promise<string> {
  const script = `set -euo pipefail; telltale() { '${process.execPath}' '${MAIN}' "$@"; }; ${command}`;
  const { stdout } = await run('bash', ['-c', script], { cwd: dir, maxBuffer: 2 ** 26 });
  return stdout;
}

const pages = readPages()
  .map(({ path, blocks }) => ({
    path,
    shown: blocks.filter(({ isRun }) => isRun).flatMap(({ text }) => shownBy(text)),
  }))
  .filter(({ shown }) => shown.length > 0);

test('there are how-tos that are run', () => {
  expect(pages.map(({ path }) => path)).toEqual(
    expect.arrayContaining(['docs/how-to/inputs-shift.md', 'docs/how-to/images.md']),
  );
  expect('a\nb\nc\n').toMatch(patternOf(['a', '...', 'c']));
  expect('a\nb\nd\n').not.toMatch(patternOf(['a', '...', 'c']));
  expect('a\nb\n').not.toMatch(patternOf(['a']));
});

test.each(pages)('$path', { timeout: 300_000 }, async ({ shown }) => {
  const dir = mkdtempSync(join(tmpdir(), 'telltale-how-to-'));
  try {
    for (const name of ['config', 'models']) symlinkSync(fileURLToPath(new URL(name, root)), join(dir, name));
    for (const { command, lines } of shown) {
      const printed = await output(command, dir);
      expect(printed, command).toMatch(patternOf(lines));
    }
  } finally {
    rmSync(dir, { recursive: true });
  }
});
