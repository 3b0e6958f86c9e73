/** What holds for every command: help with examples that parse, JSON where it is asked for, a page, and completion. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { cliMarkdown, helpOf, leavesOf } from '../../src/cli/docs.ts';
import { buildProgram } from '../../src/cli/program.ts';
import { fakeWiring, folder, telltale } from './support.ts';

const built = (): Command =>
  buildProgram({ stdout: process.stdout, stderr: process.stderr, env: {} }, fakeWiring());
const LEAVES = leavesOf(built()).map(({ words }) => words.join(' '));
const leafOf = (program: Command, name: string): Command =>
  leavesOf(program).find(({ words }) => words.join(' ') === name)!.command;

/** Lines `$ telltale ...` of the help, as words, without what a shell does with them. */
const examplesOf = (name: string): string[][] =>
  helpOf(leafOf(built(), name))
    .split('\n')
    .flatMap((line) => /^ {2}\$ (?:source <\()?telltale ([^>)|]*)/.exec(line)?.[1] ?? [])
    .map((line) =>
      (line.match(/"[^"]*"|'[^']*'|[^\s"']+/g) ?? []).map((word) => word.replace(/^["']|["']$/g, '')),
    );

/** Parses a command line, and does nothing. @returns the name of the command that would have run */
async function parsed(words: readonly string[]): Promise<string> {
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

describe.each(LEAVES)('telltale %s', (name) => {
  it('has examples that parse, in its help', async () => {
    const found = examplesOf(name);
    expect(found.length).toBeGreaterThan(0);
    for (const words of found) expect([await parsed(words), words]).toEqual([name, words]);
  });

  it.skipIf(['demo', 'run'].includes(name))('prints JSON with --json, and JSON alone', async () => {
    const dir = folder({});
    // Files of the examples do not exist here, and there is no configuration.
    const words = examplesOf(name)[0]!.map((word) =>
      /\.(csv|ndjson|json|yaml)$/.test(word) ? join(dir, word) : word,
    );
    const { out, err } = await telltale([...words, '--json', '--config', join(dir, 'none')]);
    const answer = JSON.parse(out) as { ok: boolean; error?: string; help?: string };
    expect(err).toBe('');
    if (answer.ok === false)
      expect(answer).toMatchObject({ error: expect.any(String), help: expect.any(String) });
  });
});

describe('docs/cli.md', () => {
  it('is what the program says', () => {
    const cure = `npm run build && node -e "Promise.all(['program', 'docs', 'wiring'].map((name) => import('./dist/cli/' + name + '.js'))).then(([p, d, w]) => require('fs').writeFileSync('docs/cli.md', d.cliMarkdown(p.buildProgram(process, w.wiring))))"`;
    expect(readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8'), cure).toBe(
      cliMarkdown(built()),
    );
  });
});

describe('telltale completion', () => {
  /** What bash offers for the last word of the line. */
  async function offered(...line: string[]): Promise<string[]> {
    const { out } = await telltale(['completion', 'bash']);
    const dir = folder({ 'completion.bash': out, 'day.ndjson': '' });
    const words = ['telltale', ...line].map((word) => `'${word}'`).join(' ');
    const ask = `source ./completion.bash; COMP_WORDS=(${words}); COMP_CWORD=${line.length}; _telltale; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const text = execFileSync('bash', ['--norc', '-uc', ask], { cwd: dir, encoding: 'utf8' });
    return text.split('\n').filter((word) => word !== '');
  }

  it.each<[string[], string[]]>([
    [['do'], ['doctor']],
    [
      ['rollout', 'r'],
      ['resume', 'rollback'],
    ],
    [['rollout', 'status', '--ser'], ['--service']],
    [['--config', 'elsewhere', 'rollout', 'pa'], ['pause']],
    [
      ['validate', '--schema', ''],
      ['service', 'daemon', 'test'],
    ],
    [['completion', 'z'], ['zsh']],
    // The value of an option is no command.
    [['tail', '--service', 'run', '--since', '2h', '--al'], ['--alerts']],
    [['replay', 'day'], ['day.ndjson']],
    [['--config', 'day'], ['day.ndjson']],
    [['tail', '--js'], ['--json']],
  ])('bash offers after %j', async (line, words) => {
    expect(await offered(...line)).toEqual(words);
  });

  it('offers every command', async () => {
    const first = await offered('');
    for (const name of LEAVES) expect(first).toContain(name.split(' ')[0]);
  });

  it.each(['zsh', 'fish'])('%s: every command and option is in the script', async (shell) => {
    const { out } = await telltale(['completion', shell]);
    for (const { words, command } of leavesOf(built())) {
      for (const word of words) expect(out).toContain(word);
      for (const { long } of command.options)
        expect(out).toContain(shell === 'fish' ? `-l ${long!.slice(2)}` : long);
    }
  });

  it('refuses a shell that it does not know', async () => {
    const { code, err } = await telltale(['completion', 'tcsh']);
    expect(code).toBe(2);
    expect(err).toContain('bash, zsh, fish');
  });
});
