import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { TelltaleError } from '../../src/errors.ts';
import { type TokenOptions, type TokenProvider, tokenProvider } from '../../src/log/oauth-token.ts';
import { startTokenServer, type TokenAnswer, type TokenRequest, type TokenServer } from './token-server.ts';

const SECRET = 'hush & hush';
const servers: TokenServer[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function serve(answer: (request: TokenRequest, n: number) => TokenAnswer): Promise<TokenServer> {
  const server = await startTokenServer(answer);
  servers.push(server);
  return server;
}

function clientOf(tokenUrl: string, options: TokenOptions = {}, scope: string | null = null): TokenProvider {
  return tokenProvider({ kind: 'client', tokenUrl, clientId: 'me@x', clientSecret: SECRET, scope }, options);
}

async function faultOf(provider: TokenProvider): Promise<TelltaleError & { retriable?: boolean }> {
  const error = await provider().catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(TelltaleError);
  expect((error as TelltaleError).code).toBe('token_unavailable');
  expect((error as TelltaleError).message).not.toContain('hush');
  return error as TelltaleError;
}

describe('a fixed token and one of a file', () => {
  test('the file is read again each time, and its line break is no part of the token', async () => {
    expect(await tokenProvider({ kind: 'token', token: 'fixed' })()).toBe('fixed');
    const dir = mkdtempSync(join(tmpdir(), 'telltale-token-'));
    try {
      const tokenFile = join(dir, 'token');
      const provider = tokenProvider({ kind: 'file', tokenFile });
      expect(await faultOf(provider)).toMatchObject({
        retriable: true,
        message: expect.stringContaining(tokenFile),
      });
      writeFileSync(tokenFile, 'one\n');
      expect(await provider()).toBe('one');
      writeFileSync(tokenFile, 'two');
      expect(await provider()).toBe('two');
      writeFileSync(tokenFile, '\n');
      expect((await faultOf(provider)).message).toContain('is empty');
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});

describe('client credentials', () => {
  test('are sent as RFC 6749 says, once for many connections', async () => {
    const server = await serve(() => ({ body: { access_token: 'a', expires_in: 3600 } }));
    const provider = clientOf(server.url, {}, 'kafka read');
    expect(await Promise.all([provider(), provider(), provider()])).toEqual(['a', 'a', 'a']);
    expect(await provider()).toBe('a');
    expect(server.requests).toHaveLength(1);
    const [{ authorization, contentType, body }] = server.requests as [TokenRequest];
    expect(Buffer.from(authorization.replace(/^Basic /, ''), 'base64').toString()).toBe(
      `${encodeURIComponent('me@x')}:${encodeURIComponent(SECRET)}`,
    );
    expect(contentType).toMatch(/^application\/x-www-form-urlencoded/);
    expect(Object.fromEntries(body)).toEqual({ grant_type: 'client_credentials', scope: 'kafka read' });
  });

  test('are asked for anew shortly before the end; an old token serves while the server is away', async () => {
    let nowMs = 1_000_000;
    let isAway = false;
    const server = await serve((_, n) =>
      isAway ? { status: 503, body: 'busy' } : { body: { access_token: `t${n}`, expires_in: 600 } },
    );
    const provider = clientOf(server.url, { now: () => nowMs });
    expect(await provider()).toBe('t1');
    nowMs += 539_000;
    expect(await provider()).toBe('t1');
    nowMs += 2_000;
    isAway = true;
    expect(await provider()).toBe('t1');
    nowMs += 58_000;
    expect(await faultOf(provider)).toMatchObject({
      retriable: true,
      message: expect.stringContaining('503'),
    });
    isAway = false;
    expect(await provider()).toBe(`t${server.requests.length}`);
  });

  test('a token of short life is held for half of it, one without a life not at all', async () => {
    let nowMs = 0;
    const server = await serve((_, n) => ({
      body: n < 3 ? { access_token: `t${n}`, expires_in: 20 } : { access_token: `t${n}` },
    }));
    const provider = clientOf(server.url, { now: () => nowMs });
    expect(await provider()).toBe('t1');
    nowMs = 9_999;
    expect(await provider()).toBe('t1');
    nowMs = 10_000;
    expect(await provider()).toBe('t2');
    nowMs = 20_000;
    expect([await provider(), await provider()]).toEqual(['t3', 't4']);
  });

  test.each([
    [
      { status: 401, body: { error: 'invalid_client', error_description: SECRET } },
      'HTTP 401 invalid_client',
      false,
    ],
    [{ status: 400, body: { error: SECRET } }, 'HTTP 400', false],
    [{ status: 500, body: SECRET }, 'HTTP 500', true],
    [{ body: {} }, 'answers without an access_token', false],
    [{ body: `<html>${SECRET}` }, 'answers without an access_token', false],
    [
      { status: 302, body: '', headers: { location: 'http://127.0.0.1:9/' } },
      'does not answer: unexpected redirect',
      true,
    ],
  ])('%j is a fault that names the address and never the secret', async (answer, expected, retriable) => {
    const server = await serve(() => answer);
    const fault = await faultOf(clientOf(server.url));
    expect(fault.message).toContain(`kafka.sasl.token_url ${server.url}`);
    expect(fault.message).toContain(expected);
    // What kafkajs goes by: a client that is refused does not become known by asking again.
    expect(fault.retriable).toBe(retriable);
  });

  test('a server that says nothing, and one that is not there, are told apart', async () => {
    const silent = await serve(() => null);
    expect((await faultOf(clientOf(silent.url, { timeoutMs: 50 }))).message).toContain('timeout');
    await silent.close();
    expect((await faultOf(clientOf(silent.url))).message).toContain('ECONNREFUSED');
  });
});
