import { request as httpRequest, type IncomingMessage } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { type AuthOptions, NO_AUTH } from '../../src/console/auth/access.ts';
import { type Console, createConsole } from '../../src/console/server.ts';
import { createConsoleState } from '../../src/console/state.ts';
import { TelltaleError } from '../../src/errors.ts';
import type { Command } from '../../src/records.ts';
import { makeSpec } from './records.ts';

const OPERATOR = 'operator-token-0123456789';
const VIEWER = 'viewer-token-0123456789';
const CALLER = 'caller-token-0123456789';
const TOKENS: AuthOptions['tokens'] = [
  { name: 'ann', role: 'operator', token: OPERATOR },
  { name: 'bob', role: 'viewer', token: VIEWER },
  { name: 'shop', role: 'caller', token: CALLER },
];
const byToken: AuthOptions = { ...NO_AUTH, mode: 'token', tokens: TOKENS };
const byProxy: AuthOptions = {
  ...NO_AUTH,
  mode: 'proxy',
  proxy: {
    userHeader: 'x-forwarded-user',
    rolesHeader: 'x-forwarded-groups',
    operatorGroup: 'ml-oncall',
    trusted: ['127.0.0.0/8'],
    hosts: ['telltale.example'],
  },
};
const SILENCE = { service: 'fraud', kind: 'silence.expire', target: 's1', reason: 'over' };

let app: Console | null = null;
let commands: Command[] = [];
afterEach(async () => {
  await app?.close();
  app = null;
});

async function open(auth?: AuthOptions, host = '127.0.0.1', isLocalOnly = false): Promise<void> {
  commands = [];
  const source = {
    ...createConsoleState([makeSpec('fraud')]),
    profiles: () => [],
    letters: async () => [],
    silences: async () => [],
    health: () => ({ live: true, ready: true, degraded: false, checks: [] }),
    config: () => null,
    command: async (asked: Omit<Command, 'id'>) => {
      if (asked.target === '') throw new TelltaleError('usage', 'the target is missing');
      if (asked.target === 'away') throw new TelltaleError('broker_unavailable', 'no broker answers');
      commands.push({ id: 'c1', ...asked });
      return commands.at(-1)!;
    },
  };
  const times = { flushMs: 5, heartbeatMs: 5 };
  const predict = { extend: (own: Parameters<NonNullable<Extend>>[0]) => addPredict(own) };
  app = await createConsole(source, {
    host,
    port: 0,
    isLocalOnly,
    ...(auth && { auth }),
    ...times,
    ...predict,
  });
}
type Extend = Parameters<typeof createConsole>[1]['extend'];
function addPredict(own: Parameters<NonNullable<Extend>>[0]): void {
  own.post('/predict/:service', { config: { access: 'caller' } }, () => ({ answered: true }));
}

interface Answer {
  status: number;
  body: Record<string, unknown>;
  cookie: string;
  setCookie: string;
}

/** Not fetch, which chooses some of these headers itself. */
function send(
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body?: object,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const url = new URL(path, app!.url);
    const all = body === undefined ? headers : { 'content-type': 'application/json', ...headers };
    const sent = httpRequest(url, { method, headers: all }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const isJson = String(response.headers['content-type']).includes('json');
        const setCookie = response.headers['set-cookie']?.join() ?? '';
        resolve({
          status: response.statusCode!,
          body: isJson ? (JSON.parse(text) as Record<string, unknown>) : {},
          cookie: setCookie.split(';')[0]!,
          setCookie,
        });
      });
    });
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const statuses = async (sent: Promise<Answer>[]): Promise<number[]> =>
  (await Promise.all(sent)).map(({ status }) => status);

/** Headers of somebody who has signed in. */
async function signIn(token: string): Promise<{ cookie: string; 'x-telltale-csrf': string }> {
  const { status, cookie, body } = await send('POST', '/api/session', {}, { token });
  expect(status).toBe(200);
  return { cookie, 'x-telltale-csrf': String(body.csrf) };
}

describe('with tokens', () => {
  it('nobody sees anything but health and the empty page without one', async () => {
    await open(byToken);
    expect(await statuses(['/', '/healthz', '/readyz'].map((path) => send('GET', path)))).toEqual([
      200, 200, 200,
    ]);
    const closed = [
      'services',
      'alerts',
      'incidents',
      'retrains',
      'rollouts',
      'config',
      'events',
      'session',
      'nothing',
    ];
    const refused = await statuses(closed.map((path) => send('GET', `/api/${path}`)));
    expect(refused).toEqual(closed.map(() => 401));
    expect(
      await statuses([send('POST', '/api/commands', {}, SILENCE), send('POST', '/predict/fraud', {}, {})]),
    ).toEqual([401, 401]);
    expect(await send('GET', '/api/session')).toMatchObject({
      status: 401,
      body: { error: 'unauthorized', auth: 'token', cure: 'sign in with a token' },
    });
    expect(commands).toEqual([]);
  });

  it('programs do what their role may', async () => {
    await open(byToken);
    const asked = (token: string) =>
      statuses([
        send('GET', '/api/services', bearer(token)),
        send('POST', '/predict/fraud', bearer(token), {}),
        send('POST', '/api/commands', bearer(token), SILENCE),
      ]);
    expect(await asked(VIEWER)).toEqual([200, 403, 403]);
    expect(await asked(CALLER)).toEqual([403, 200, 403]);
    expect(commands).toEqual([]);
    expect(await asked(OPERATOR)).toEqual([200, 200, 202]);
    expect(await asked(`${OPERATOR}x`)).toEqual([401, 401, 401]);
    expect(commands).toEqual([{ id: 'c1', ...SILENCE, by: 'ann', model: null }]);
    expect((await send('POST', '/api/commands', bearer(VIEWER), SILENCE)).body).toEqual({
      error: 'forbidden',
      message: 'bob is a viewer; this needs the role operator',
      cure: expect.stringContaining('http.auth'),
    });
  });

  it('nobody gives a command in the name of another', async () => {
    await open(byToken);
    await send('POST', '/api/commands', bearer(OPERATOR), { ...SILENCE, by: 'mallory' });
    expect(commands).toMatchObject([{ by: 'ann' }]);
  });

  it('a sign-in is a cookie that scripts and other sites do not get, and commands need its csrf token too', async () => {
    await open(byToken);
    const { setCookie } = await send('POST', '/api/session', {}, { token: OPERATOR });
    expect(setCookie).toMatch(/HttpOnly.*SameSite=Strict/);
    expect(setCookie).not.toContain('Secure');
    expect(setCookie).not.toContain(OPERATOR);
    const headers = await signIn(OPERATOR);
    expect(await send('GET', '/api/session', headers)).toMatchObject({
      status: 200,
      body: { user: 'ann', role: 'operator', auth: 'token', csrf: headers['x-telltale-csrf'] },
    });
    const { host } = new URL(app!.url);
    const other = await signIn(OPERATOR);
    const tries: [Record<string, string>, number, string?][] = [
      [{ cookie: headers.cookie }, 403, 'csrf'],
      [{ ...headers, 'x-telltale-csrf': 'guess' }, 403, 'csrf'],
      [{ ...headers, 'x-telltale-csrf': other['x-telltale-csrf'] }, 403, 'csrf'],
      [{ cookie: headers.cookie, 'x-telltale': '1' }, 403, 'csrf'],
      [{ ...headers, origin: 'https://elsewhere.example' }, 403, 'foreign'],
      [{ ...headers, origin: 'null' }, 403, 'foreign'],
      [{ ...headers, 'sec-fetch-site': 'same-site' }, 403, 'foreign'],
      [{ ...headers, host: 'rebound.example' }, 403],
      [{ ...headers, origin: `http://${host}`, 'sec-fetch-site': 'same-origin' }, 202],
    ];
    for (const [sent, status, error] of tries) {
      const found = await send('POST', '/api/commands', sent, SILENCE);
      expect([sent, found.status]).toEqual([sent, status]);
      if (error !== undefined) expect(found.body.error).toBe(error);
    }
    expect(commands).toHaveLength(1);
    // Nor can another site make somebody a different person.
    const login = { origin: 'https://elsewhere.example' };
    expect((await send('POST', '/api/session', login, { token: VIEWER })).status).toBe(403);
  });

  it('says Secure where the proxy in front speaks TLS', async () => {
    await open(byToken);
    const tls = { 'x-forwarded-proto': 'https' };
    expect((await send('POST', '/api/session', tls, { token: OPERATOR })).setCookie).toContain('Secure');
  });

  it('a cookie is worth nothing when it is over, signed out or made up', async () => {
    await open({ ...byToken, sessionMs: 1 });
    const brief = await signIn(OPERATOR);
    await expect.poll(async () => (await send('GET', '/api/alerts', brief)).status).toBe(401);
    await app!.close();
    await open(byToken);
    const headers = await signIn(OPERATOR);
    expect((await send('GET', '/api/alerts', headers)).status).toBe(200);
    expect((await send('DELETE', '/api/session', headers)).setCookie).toMatch(/telltale_session=;/);
    expect(
      await statuses([send('GET', '/api/alerts', headers), send('POST', '/api/commands', headers, SILENCE)]),
    ).toEqual([401, 401]);
    expect((await send('GET', '/api/alerts', { cookie: 'telltale_session=made-up' })).status).toBe(401);
    expect(commands).toEqual([]);
  });

  it('a stream ends with the sign-in that opened it', async () => {
    await open(byToken);
    const headers = await signIn(VIEWER);
    const stream = await new Promise<IncomingMessage>((resolve, reject) => {
      httpRequest(new URL('/api/events', app!.url), { headers }, resolve).on('error', reject).end();
    });
    expect(stream.statusCode).toBe(200);
    const ended = new Promise((resolve) => stream.resume().on('end', resolve));
    await send('DELETE', '/api/session', headers);
    await ended;
  });

  it('who tries tokens is stopped, and who has one is not', async () => {
    await open(byToken);
    const tries = await statuses(
      Array.from({ length: 14 }, (_, i) => send('POST', '/api/session', {}, { token: `no ${i}` })),
    );
    expect(tries.filter((status) => status === 401)).toHaveLength(10);
    const stopped = await send('POST', '/api/session', {}, { token: OPERATOR });
    expect(stopped).toMatchObject({ status: 429, body: { error: 'rate_limited', cure: /again in \d+ s/ } });
    const bearers = await statuses(
      Array.from({ length: 30 }, (_, i) => send('GET', '/api/alerts', bearer(`no ${i}`))),
    );
    expect(new Set(bearers)).toEqual(new Set([401, 429]));
    expect((await send('GET', '/api/alerts', bearer(OPERATOR))).status).toBe(200);
  });

  it('commands of one person are limited, those of another are not', async () => {
    const second = { name: 'eve', role: 'operator' as const, token: 'another-operator-0123' };
    await open({ ...byToken, tokens: [...TOKENS, second] });
    const ask = (token: string) => send('POST', '/api/commands', bearer(token), SILENCE);
    const found = await statuses(Array.from({ length: 70 }, () => ask(OPERATOR)));
    expect(found.filter((status) => status === 202)).toHaveLength(60);
    expect((await ask(OPERATOR)).body).toMatchObject({ error: 'rate_limited' });
    expect((await ask(second.token)).status).toBe(202);
  });

  it('a command that makes no sense is a fault of the asker, one that cannot be written is not', async () => {
    await open(byToken);
    const ask = (over: object) => send('POST', '/api/commands', bearer(OPERATOR), { ...SILENCE, ...over });
    expect(await ask({ target: '' })).toMatchObject({
      status: 400,
      body: { error: 'bad_request', message: 'the target is missing' },
    });
    expect(await ask({ target: 'away' })).toMatchObject({ status: 503, body: { error: 'log_away' } });
    expect((await ask({ kind: 'silence.everything' })).status).toBe(400);
  });
});

describe('behind a proxy', () => {
  const ann = { 'x-forwarded-user': 'ann', 'x-forwarded-groups': 'staff, ml-oncall' };

  it('the proxy says who asks, and what they may', async () => {
    await open(byProxy);
    expect((await send('GET', '/api/session', ann)).body).toMatchObject({
      user: 'ann',
      role: 'operator',
      auth: 'proxy',
    });
    const bob = { 'x-forwarded-user': 'bob', 'x-forwarded-groups': 'not-ml-oncall' };
    expect((await send('GET', '/api/session', bob)).body).toMatchObject({ role: 'viewer' });
    expect(
      await statuses([send('GET', '/api/alerts'), send('GET', '/api/alerts', { 'x-forwarded-user': ' ' })]),
    ).toEqual([401, 401]);
    expect((await send('POST', '/api/session', ann, { token: OPERATOR })).status).toBe(400);
  });

  it('commands need the csrf token of the very user, and come from the name of the proxy', async () => {
    await open(byProxy);
    const csrf = String((await send('GET', '/api/session', ann)).body.csrf);
    const cat = { ...ann, 'x-forwarded-user': 'cat' };
    const headers = { host: 'telltale.example', origin: 'https://telltale.example', 'x-telltale-csrf': csrf };
    const ask = (sent: Record<string, string>) => send('POST', '/api/commands', sent, SILENCE);
    expect(
      await statuses([
        ask({ ...ann, ...headers }),
        ask(ann),
        ask({ ...cat, ...headers }),
        ask({ ...ann, ...headers, origin: 'https://elsewhere.example' }),
        ask({ ...ann, ...headers, host: 'elsewhere.example' }),
      ]),
    ).toEqual([202, 403, 403, 403, 403]);
    expect(commands).toMatchObject([{ by: 'ann' }]);
  });

  it('headers from elsewhere are not believed', async () => {
    await open({ ...byProxy, proxy: { ...byProxy.proxy!, trusted: ['10.0.0.0/8', '::1', '127.0.0.2'] } });
    expect(await send('GET', '/api/alerts', ann)).toMatchObject({
      status: 401,
      body: { message: 'requests from 127.0.0.1 are not believed' },
    });
  });

  it('programs may have tokens beside it', async () => {
    await open({ ...byProxy, tokens: TOKENS });
    expect(
      await statuses([send('POST', '/predict/fraud', bearer(CALLER), {}), send('GET', '/api/alerts', ann)]),
    ).toEqual([200, 200]);
  });
});

describe('without any', () => {
  it('whoever sits at the machine is an operator, a foreign page is nobody', async () => {
    await open();
    const { body } = await send('GET', '/api/session');
    expect(body).toMatchObject({ user: 'local', role: 'operator', auth: 'none' });
    const headers = { 'x-telltale-csrf': String(body.csrf) };
    expect((await send('POST', '/api/commands', headers, { ...SILENCE, by: 'ann' })).status).toBe(202);
    expect(commands).toMatchObject([{ by: 'ann' }]);
    expect(
      await statuses([
        send('POST', '/api/commands', {}, SILENCE),
        send('POST', '/api/commands', { ...headers, 'sec-fetch-site': 'cross-site' }, SILENCE),
        send('GET', '/api/session', { host: 'rebound.example' }),
      ]),
    ).toEqual([403, 403, 403]);
  });

  it('an address that only this machine reaches answers to its names only', async () => {
    await open(NO_AUTH, '0.0.0.0', true);
    expect(
      await statuses([send('GET', '/api/alerts'), send('GET', '/api/alerts', { host: '10.0.0.7' })]),
    ).toEqual([200, 403]);
  });
});
