/** What people get: the package installed into an empty prefix, and the steps of the Dockerfile done in folders. */

import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dockerfileText, root, type Stage, type Step, stagesOf } from '../deploy/dockerfile.ts';

const run = promisify(execFile);
const repository = fileURLToPath(root);
const MINUTES_5 = 300_000;

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'telltale-package-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** The stories whose change the demo has found; its last line is for programs. */
function foundBy(stdout: string): string[] {
  const { services } = JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as {
    services: Record<string, { detectedAt: number | null }>;
  };
  return Object.keys(services).filter((name) => services[name]!.detectedAt !== null);
}
const STORIES = ['fraud', 'housing', 'voice-search', 'inspection'];

describe('the package', () => {
  test('has what it needs and no tests', { timeout: MINUTES_5 }, async () => {
    const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', dir], {
      cwd: repository,
      maxBuffer: 2 ** 24,
    });
    const [{ filename, files }] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }];
    const paths = files.map(({ path }) => path);
    expect(paths).toEqual(
      expect.arrayContaining(['dist/main.js', 'dist/web/index.html', 'deploy/telltale.service']),
    );
    expect(paths.filter((path) => /^test\/|\.test\.|\.map$|tsbuildinfo/.test(path))).toEqual([]);

    const prefix = join(dir, 'prefix');
    const words = ['install', '--global', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix', prefix];
    await run('npm', [...words, join(dir, filename)], { cwd: dir });
    const telltale = (...args: string[]) =>
      run(join(prefix, 'bin/telltale'), args, { cwd: dir, maxBuffer: 2 ** 24 });
    expect((await telltale('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(foundBy((await telltale('demo', '--once')).stdout)).toEqual(STORIES);
  });
});

/** Does in folders what Docker does in images: COPY and RUN below WORKDIR. */
async function build(stages: readonly Stage[]): Promise<string> {
  const homeOf = (name: string) => join(dir, 'image', name || 'last', 'app');
  for (const { name, steps } of stages) {
    const home = homeOf(name);
    mkdirSync(home, { recursive: true });
    for (const { keyword, words, from } of steps) {
      if (keyword === 'RUN') await run('sh', ['-c', words.join(' ')], { cwd: home, maxBuffer: 2 ** 24 });
      if (keyword !== 'COPY') continue;
      const source = (path: string) =>
        from === null ? join(repository, path) : join(homeOf(from), path.replace(/^\/app\//, ''));
      const target = words.at(-1)!;
      for (const word of words.slice(0, -1))
        cpSync(source(word), join(home, target.endsWith('/') ? basename(word) : target), { recursive: true });
    }
  }
  return homeOf('');
}

test('the steps of the Dockerfile give a program that runs', { timeout: 2 * MINUTES_5 }, async () => {
  const stages = stagesOf(dockerfileText());
  const home = await build(stages);
  const entry = stages.at(-1)!.steps.find(({ keyword }: Step) => keyword === 'ENTRYPOINT')!;
  const [program, ...words] = JSON.parse(entry.words.join(' ')) as string[];
  const telltale = (...args: string[]) =>
    run(program!, [...words, ...args], {
      cwd: home,
      env: { PATH: process.env.PATH, NODE_ENV: 'production' },
      maxBuffer: 2 ** 24,
    });
  expect(foundBy((await telltale('demo', '--once')).stdout)).toEqual(STORIES);
  expect(readdirSync(home).sort()).toEqual([
    'config',
    'dist',
    'models',
    'node_modules',
    'package.json',
    'schemas',
  ]);
  expect(existsSync(join(home, 'node_modules/vitest'))).toBe(false);
});
