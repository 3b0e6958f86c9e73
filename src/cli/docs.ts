/** `docs/cli.md`, from the program itself: what each command's `--help` says. */

import { userInfo } from 'node:os';
import type { Command } from 'commander';

const WIDTH = 110;

/** What `--help` of a command prints. */
export function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({
    getOutHelpWidth: () => WIDTH,
    writeOut: (part) => {
      text += part;
    },
  });
  command.outputHelp();
  // The page must not depend on who makes it.
  return text
    .replaceAll(`(default: ${JSON.stringify(userInfo().username)})`, '(default: your user name)')
    .trimEnd();
}

/** Commands that do something themselves, with the words by which they are called. */
export function leavesOf(
  command: Command,
  words: readonly string[] = [],
): { words: string[]; command: Command }[] {
  if (command.commands.length === 0) return [{ words: [...words], command }];
  return command.commands.flatMap((inner) => leavesOf(inner, [...words, inner.name()]));
}

export function cliMarkdown(program: Command): string {
  const sections = leavesOf(program).map(({ words, command }) => {
    const help = helpOf(command)
      .split('\n')
      .map((line) => (line === '' ? '' : `    ${line}`))
      .join('\n');
    return `## telltale ${words.join(' ')}\n\n${help}\n`;
  });
  return `# The command line

What \`telltale COMMAND --help\` prints, for every command. \`--config DIR\` (\`config\`) and \`--json\` may stand anywhere; with \`--json\` a command prints JSON, also of an
error: \`{ ok: false, error, message, help }\`. Exit codes: 0 done, 1 failed, 2 wrong usage or configuration. Bars with rates appear on long work where standard error is a terminal, and nowhere else.
\`telltale completion bash|zsh|fish\` prints the completion for a shell.

${sections.join('\n')}`;
}
