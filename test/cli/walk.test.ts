/** What holds for every command: help with examples that parse, JSON where it is asked for, and completion. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { helpOf, leavesOf } from '../../src/cli/docs.ts';
import { built, parsed, wordsOf } from './parsed.ts';
import { folder, telltale } from './support.ts';

const LEAVES = leavesOf(built()).map(({ words }) => words.join(' '));
const leafOf = (program: Command, name: string): Command =>
  leavesOf(program).find(({ words }) => words.join(' ') === name)!.command;

/** Lines `$ telltale ...` of the help, as words, without what a shell does with them. */
const examplesOf = (name: string): string[][] =>
  helpOf(leafOf(built(), name))
    .split('\n')
    .flatMap((line) => /^ {2}\$ (?:source <\()?telltale ([^>)|]*)/.exec(line)?.[1] ?? [])
    .map(wordsOf);

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
