import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { validate } from 'dockerfile-utils';
import { expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { dockerfileText, root, stagesOf } from './dockerfile.ts';

const stages = stagesOf(dockerfileText());
const last = stages.at(-1)!;

test('the Dockerfile is well formed', () => {
  expect(validate(dockerfileText()).map(({ message }) => message)).toEqual([]);
  expect(validate('FROM x\nCOPPY a b\n')).not.toEqual([]);
});

test('the image runs as a user, builds nothing, and asks for health', () => {
  expect(stages.length).toBeGreaterThan(1);
  const of = (keyword: string) => last.steps.filter((step) => step.keyword === keyword);
  expect(of('USER').at(-1)?.words).toEqual(['node']);
  expect(of('RUN')).toEqual([]);
  expect(of('HEALTHCHECK')[0]?.words.join(' ')).toContain('/healthz');
  // The network is for packages alone.
  const runs = stages.flatMap(({ steps }) => steps.filter(({ keyword }) => keyword === 'RUN'));
  expect(new Set(runs.map(({ words }) => words.join(' ')))).toEqual(
    new Set(['npm ci', 'npm ci --omit=dev', 'npm run build']),
  );
});

test('what is copied from the repository is let through to the build', () => {
  const through = readFileSync(new URL('.dockerignore', root), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.slice(1));
  const copied = stages.flatMap(({ steps }) =>
    steps.flatMap(({ keyword, from, words }) =>
      keyword === 'COPY' && from === null ? words.slice(0, -1) : [],
    ),
  );
  expect([...new Set(copied)].sort()).toEqual(through.sort());
});

test('containers of Telltale write nowhere, and may do nothing beyond', () => {
  const compose = parse(readFileSync(new URL('docker-compose.yml', root), 'utf8'), { merge: true });
  for (const name of ['topics', 'telltale', 'traffic'])
    expect(compose.services[name]).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
    });
});

const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;

test.skipIf(!hasSystemd)('the unit of systemd is well formed and gives little away', () => {
  const dir = mkdtempSync(join(tmpdir(), 'telltale-unit-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const analyzed = (change: (text: string) => string, ...words: string[]) => {
    const file = join(dir, 'telltale.service');
    const text = readFileSync(new URL('deploy/telltale.service', root), 'utf8');
    // The program need not be installed here.
    writeFileSync(file, change(text.replace('/usr/local/bin/telltale', process.execPath)));
    const { status, stderr } = spawnSync('systemd-analyze', [...words, file], { encoding: 'utf8' });
    return { isGood: status === 0 && stderr.trim() === '', stderr };
  };
  const asIs = (text: string) => text;
  const security = ['security', '--offline=true', '--threshold=20', '--no-pager'];
  expect(analyzed(asIs, 'verify')).toEqual({ isGood: true, stderr: '' });
  expect(analyzed((text) => text.replace('[Service]', '[Service]\nTpye=exec'), 'verify').isGood).toBe(false);
  expect(analyzed(asIs, ...security).isGood).toBe(true);
  const open = (text: string) => text.replaceAll(/^(?:Protect|Private|Restrict|SystemCall).*\n/gm, '');
  expect(analyzed(open, ...security).isGood).toBe(false);
});
