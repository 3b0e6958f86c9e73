import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import type { AuthOptions } from '../../src/console/auth/access.ts';
import { type Console, createConsole } from '../../src/console/server.ts';
import { createConsoleState } from '../../src/console/state.ts';
import { makeResult, makeSpec } from './records.ts';

const DOCUMENT = '<!doctype html><title>pages</title>';
const SCRIPT = `// ${'a'.repeat(5_000)}`;
const TOKENS: AuthOptions = {
  ...{ mode: 'token', sessionMs: 1_000, proxy: null },
  tokens: [{ name: 'ann', role: 'viewer', token: 'a-long-token-of-ann' }],
};

let app: Console | undefined;
afterEach(() => app?.close());

function folder(): string {
  const dir = `${mkdtempSync(join(tmpdir(), 'telltale-web-'))}/`;
  mkdirSync(`${dir}assets`);
  writeFileSync(`${dir}index.html`, DOCUMENT);
  writeFileSync(`${dir}assets/index-x1.js`, SCRIPT);
  writeFileSync(`${dir}assets/index-x1.js.gz`, gzipSync(SCRIPT));
  return dir;
}

async function open(web: string | null, auth?: AuthOptions) {
  const state = createConsoleState([makeSpec('fraud')]);
  for (let i = 0; i < 50; i++) state.apply({ result: makeResult(0, { subject: `s${i}` }) });
  const source = {
    ...state,
    ...{ profiles: () => [], letters: async () => [], silences: async () => [], config: () => null },
    health: () => ({ live: true, ready: true, degraded: false, checks: [] }),
    command: async () => {
      throw new Error('nobody commands');
    },
  };
  app = await createConsole(source, { host: '127.0.0.1', port: 0, web, ...(auth && { auth }) });
  const { url } = app;
  return (path: string, headers: Record<string, string> = {}) => fetch(url + path, { headers });
}

test('every page is the same document, which may load only our own files and is asked for anew', async () => {
  const get = await open(folder());
  const policy = "default-src 'none'; script-src 'self'; style-src 'self'; ";
  for (const path of ['/', '/services/a%2Fb', '/services/fraud/inputs', '/incidents/i1', '/dead-letters']) {
    const response = await get(path);
    expect([path, response.status, await response.text()]).toEqual([path, 200, DOCUMENT]);
    expect(response.headers.get('content-security-policy')).toContain(policy);
    expect(response.headers.get('content-security-policy')).not.toMatch(/unsafe|https?:/);
    expect(response.headers.get('cache-control')).toContain('max-age=0');
    const etag = response.headers.get('etag')!;
    expect((await get(path, { 'if-none-match': etag, 'cache-control': 'max-age=0' })).status).toBe(304);
  }
  expect((await get('/services')).status).toBe(404);
  expect((await get('/nothing')).status).toBe(404);
});

test('assets are kept for ever, compressed as they were built, and nothing else is served', async () => {
  const get = await open(folder());
  const packed = await get('/assets/index-x1.js', { 'accept-encoding': 'gzip' });
  expect(packed.headers.get('content-encoding')).toBe('gzip');
  expect(packed.headers.get('content-length')).toBe(String(gzipSync(SCRIPT).length));
  expect(packed.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
  expect(packed.headers.get('vary')).toContain('accept-encoding');
  expect(await packed.text()).toBe(SCRIPT);
  const plain = await get('/assets/index-x1.js', { 'accept-encoding': 'identity' });
  expect([plain.headers.get('content-encoding'), await plain.text()]).toEqual([null, SCRIPT]);
  for (const path of ['/assets/', '/assets/none.js', '/assets/..%2Findex.html', '/index.html'])
    expect([path, (await get(path)).status]).toEqual([path, 404]);
});

test('who has not signed in gets the pages, which say how, and no data', async () => {
  const get = await open(folder(), TOKENS);
  const statuses = ['/', '/services/fraud', '/assets/index-x1.js', '/api/services', '/api/dead-letters'].map(
    async (path) => (await get(path)).status,
  );
  expect(await Promise.all(statuses)).toEqual([200, 200, 200, 401, 401]);
});

test('long answers are compressed, short ones are not', async () => {
  const get = await open(null);
  const long = await get('/api/services/fraud', { 'accept-encoding': 'gzip' });
  expect(long.headers.get('content-encoding')).toBe('gzip');
  expect(((await long.json()) as { results: unknown[] }).results).toHaveLength(50);
  const short = await get('/api/session', { 'accept-encoding': 'gzip' });
  expect(short.headers.get('content-encoding')).toBe(null);
});

test('pages that are not built say how they are', async () => {
  const get = await open(null);
  const response = await get('/incidents');
  expect([response.status, await response.text()]).toEqual([200, expect.stringContaining('npm run build')]);
  expect((await get('/healthz')).status).toBe(200);
});
