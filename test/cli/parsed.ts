/** The command line as it reads words, without what it does with them. */

import type { Command } from 'commander';
import { leavesOf } from '../../src/cli/docs.ts';
import { buildProgram } from '../../src/cli/program.ts';
import { fakeWiring } from './support.ts';

export const built = (): Command =>
  buildProgram({ stdout: process.stdout, stderr: process.stderr, env: {} }, fakeWiring());

/** The words of a line, as a shell makes them of it: with quotes, without variables. */
export const wordsOf = (line: string): string[] =>
  (line.match(/"[^"]*"|'[^']*'|[^\s"']+/g) ?? []).map((word) => word.replace(/^["']|["']$/g, ''));

/** Parses a command line, and does nothing. @returns the name of the command that would have run */
export async function parsed(words: readonly string[]): Promise<string> {
  const program = built();
  let ran = '';
  for (const { words: name, command } of leavesOf(program)) {
    command.action(() => {
      ran = name.join(' ');
    });
  }
  await program.parseAsync([...words], { from: 'user' });
  return ran;
}
