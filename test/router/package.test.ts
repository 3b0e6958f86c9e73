/** The client as a package of its own: nothing else of Telltale, no dependencies, and the examples of its page. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readSources } from '../tidy/sources.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'telltale-router-'));
  const own = join(folder, 'node_modules', 'telltale');
  cpSync(join(ROOT, 'package.json'), join(own, 'package.json'));
  cpSync(join(ROOT, 'dist', 'router'), join(own, 'dist', 'router'), { recursive: true });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('it imports its own folder alone', () => {
  const sources = readSources().filter(({ stage }) => stage === 'router');
  expect(sources.length).toBeGreaterThan(3);
  const strays = sources.flatMap(({ imports }) => imports.filter(({ to }) => !to.startsWith('router/')));
  expect(strays).toEqual([]);
});

/** Examples of the page; `expression; // value` is to have that value. */
const page = readFileSync(join(ROOT, 'docs', 'router.md'), 'utf8');
const examples = [...page.matchAll(/```js\n([^`]*(?:`\{[^`]*`[^`]*)?)```/g)].map(([, code]) => code!);

test('the examples of docs/router.md say what they do', () => {
  expect(examples.length).toBe(2);
  for (const example of examples) {
    let claims = 0;
    const code = example.replaceAll(/^(\w.*); \/\/ (.+)$/gm, (_, expression, value) => {
      claims++;
      return `assert.deepEqual(${expression}, ${value});`;
    });
    expect(claims).toBeGreaterThan(1);
    writeFileSync(join(folder, 'example.mjs'), `import assert from 'node:assert/strict';\n${code}`);
    const run = spawnSync(process.execPath, ['example.mjs'], { cwd: folder, encoding: 'utf8' });
    expect(run.stderr).toBe('');
    expect(run.status).toBe(0);
  }
});

test('its types are with it', () => {
  const check = (code: string): string => {
    writeFileSync(join(folder, 'use.mts'), code);
    const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2023', '--types', ''];
    const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
    return spawnSync(process.execPath, [tsc, ...options, 'use.mts'], { cwd: folder, encoding: 'utf8' })
      .stdout;
  };
  const head = "import { createRouter, type RoutingTable } from 'telltale/router';\n";
  expect(
    check(`${head}export const version: string = createRouter({} as RoutingTable).route('k').version;\n`),
  ).toBe('');
  expect(
    check(`${head}export const version: number = createRouter({} as RoutingTable).route('k').version;\n`),
  ).toContain("'string' is not assignable");
});
