import { request as httpRequest } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Console, createConsole } from '../../src/console/server.ts';
import type { HealthView } from '../../src/console/source.ts';
import { type ConsoleState, createConsoleState } from '../../src/console/state.ts';
import type { Command } from '../../src/records.ts';
import { makeIncident } from '../incidents.ts';
import { makeRollout } from '../rollouts.ts';
import { HOUR_MS, makeAlert, makeResult, makeRetrain, makeSpec, T0 } from './records.ts';

const noCommand = (): never => {
  throw new Error('nobody commands here');
};

const SILENCE = {
  ...{ id: 's1', service: 'fraud', match: { rule: ['drift'] }, by: 'ann', reason: 'campaign' },
  ...{ fromMs: T0, untilMs: T0 + HOUR_MS },
};

let state: ConsoleState;
let health: HealthView;
let commands: Command[];
let commandFails: string;
let readsFail: string;
let app: Console;

beforeEach(async () => {
  state = createConsoleState([makeSpec('fraud'), makeSpec('voice search/ü')]);
  health = { live: true, ready: true, degraded: false, checks: [] };
  commands = [];
  commandFails = '';
  readsFail = '';
  const source = {
    ...state,
    profiles: () => [],
    letters: async () => {
      if (readsFail) throw new Error(readsFail);
      return [];
    },
    silences: async () => {
      if (readsFail) throw new Error(readsFail);
      return [SILENCE];
    },
    health: () => health,
    config: () => ({ password: '***' }),
    command: async (asked: Omit<Command, 'id'>) => {
      if (commandFails) throw new Error(commandFails);
      const command = { id: `c${commands.length}`, ...asked };
      commands.push(command);
      return command;
    },
  };
  app = await createConsole(source, {
    host: '127.0.0.1',
    port: 0,
    flushMs: 5,
    heartbeatMs: 20,
    clientsMax: 2,
  });
});
afterEach(async () => {
  await app.close();
});

const get = async (path: string) => {
  const response = await fetch(app.url + path);
  // What the API answers is asserted field by field, so its shape is not written down a second time here.
  const body = (await response.json()) as Record<string, unknown>;
  return { status: response.status, body };
};

function decide(action: string, headers: Record<string, string> = { 'x-telltale': '1' }, over: object = {}) {
  return fetch(`${app.url}/api/retrains/again-1/${action}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ service: 'fraud', by: ' ann ', reason: 'seen', ...over }),
  });
}

test('health and readiness answer with their codes', async () => {
  expect([(await get('/healthz')).status, (await get('/readyz')).status]).toEqual([200, 200]);
  const since = '2026-03-01T00:00:00.000Z';
  const away = { name: 'log', ok: false, needed: 'ready' as const, detail: 'away', since };
  health = { live: true, ready: false, degraded: true, checks: [away] };
  expect([(await get('/healthz')).status, (await get('/readyz')).status]).toEqual([200, 503]);
  health = { ...health, live: false };
  expect(await get('/healthz')).toMatchObject({ status: 503, body: health });
});

test('the API tells what the source knows, and what there is where something is not found', async () => {
  state.apply({ result: makeResult(0) });
  state.apply({ result: makeResult(1) });
  state.apply({ alert: makeAlert('a1') });
  state.apply({ incident: makeIncident() });
  state.apply({ retrain: makeRetrain('t1') });
  state.apply({ rollout: makeRollout() });
  expect((await get('/api/services')).body).toMatchObject([
    { name: 'fraud', light: 'yellow', openIncidents: 1 },
    { light: 'grey' },
  ]);
  expect((await get('/api/services/fraud')).body.results).toEqual([makeResult(1)]);
  const inline = (await get('/api/services/fraud?history=1')).body.results;
  expect(inline).toMatchObject([{ history: [[makeResult(1).windowEndMs, 0.01]] }]);
  const history = await get('/api/services/fraud/history?metric=psi&subject=amount');
  expect(history.body).toMatchObject([{ value: 0 }, { value: 0.01 }]);
  expect((await get(`/api/services/${encodeURIComponent('voice search/ü')}`)).status).toBe(200);
  expect((await get('/api/alerts')).body).toMatchObject([{ id: 'a1' }]);
  expect((await get('/api/incidents')).body).toEqual([makeIncident()]);
  expect((await get('/api/retrains')).body).toMatchObject([{ id: 't1' }]);
  expect((await get('/api/rollouts')).body).toMatchObject([{ id: 'o1', level: 'full' }]);
  expect((await get('/api/headlines')).body).toEqual([]);
  expect((await get('/api/services/fraud')).body.facts).toMatchObject({ windowMs: 3_600_000 });
  expect((await get('/api/services/fraud/profiles')).body).toEqual([]);
  expect((await get('/api/services/nobody/profiles')).status).toBe(404);
  expect((await get('/api/incidents/past')).body).toEqual([]);
  expect((await get('/api/incidents/incident-1')).body).toEqual([makeIncident()]);
  expect(await get('/api/incidents/nothing')).toMatchObject({ status: 404 });
  expect((await get('/api/dead-letters')).body).toEqual([]);
  expect((await get('/api/silences')).body).toEqual([SILENCE]);
  readsFail = 'the log is away';
  expect(await get('/api/dead-letters')).toMatchObject({
    status: 503,
    body: { error: 'the dead letters cannot be read: the log is away' },
  });
  expect(await get('/api/silences')).toMatchObject({
    status: 503,
    body: { error: 'the silences cannot be read: the log is away' },
  });
  expect((await get('/api/config')).body).toEqual({ password: '***' });
  expect(await get('/api/services/nobody')).toMatchObject({
    status: 404,
    body: { help: expect.stringContaining('fraud') },
  });
  expect((await get('/api/services/fraud/history')).status).toBe(400);
  expect(await get('/nothing')).toMatchObject({
    status: 404,
    body: { help: expect.stringContaining('/api/alerts') },
  });
});

test('a decision goes to the source once, and only for a request that waits', async () => {
  expect((await decide('approve')).status).toBe(404);
  state.apply({ retrain: makeRetrain('t1') });
  expect((await decide('approve')).status).toBe(202);
  expect((await decide('reject')).status).toBe(202);
  expect(commands).toMatchObject([
    { service: 'fraud', kind: 'retrain.approve', target: 'again-1', by: 'ann', reason: 'seen' },
    { kind: 'retrain.reject' },
  ]);
  expect(commands[0]?.id).not.toBe(commands[1]?.id);
  commandFails = 'the log is away';
  const failed = await decide('approve');
  expect([failed.status, await failed.text()]).toEqual([503, expect.stringContaining('the log is away')]);
  expect((await decide('approve', undefined, { by: ' ' })).status).toBe(400);
  state.apply({ retrain: makeRetrain('t2', { state: 'approved', by: 'bob' }) });
  const late = await decide('reject');
  expect([late.status, await late.text()]).toEqual([409, expect.stringContaining('approved by bob')]);
  expect(commands).toHaveLength(2);
});

test('commands of other sites are refused', async () => {
  state.apply({ retrain: makeRetrain('t1') });
  const mine = new URL(app.url).host;
  const tries: [Record<string, string>, number][] = [
    [{}, 403],
    [{ 'x-telltale': '1', origin: 'https://elsewhere.example' }, 403],
    [{ 'x-telltale': '1', origin: 'null' }, 403],
    [{ 'x-telltale': '1', 'sec-fetch-site': 'cross-site' }, 403],
    [{ 'x-telltale': '1', origin: `http://${mine}`, 'sec-fetch-site': 'same-origin' }, 202],
  ];
  for (const [headers, status] of tries) {
    // Not fetch, which chooses these headers itself.
    const found = await new Promise((resolve, reject) => {
      const url = `${app.url}/api/retrains/again-1/approve`;
      const all = { 'content-type': 'application/json', ...headers };
      const sent = httpRequest(url, { method: 'POST', headers: all }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode));
      });
      sent.on('error', reject);
      sent.end(JSON.stringify({ service: 'fraud', by: 'ann', reason: '' }));
    });
    expect([headers, found]).toEqual([headers, status]);
  }
  expect(commands).toHaveLength(1);
});

test('a console on loopback answers to no other name', async () => {
  const ask = (host: string) =>
    new Promise((resolve, reject) => {
      httpRequest(`${app.url}/api/alerts`, { headers: { host } }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode));
      })
        .on('error', reject)
        .end();
    });
  expect(await ask('localhost:1')).toBe(200);
  expect(await ask('[::1]:1')).toBe(200);
  expect(await ask('rebound.example')).toBe(403);
  expect(await ask('127.rebound.example')).toBe(403);
});

test('a port that is taken is an error that names it', async () => {
  const { port } = new URL(app.url);
  const second = createConsole(
    {
      ...state,
      profiles: () => [],
      letters: async () => [],
      silences: async () => [],
      health: () => health,
      config: () => null,
      command: noCommand,
    },
    { host: '127.0.0.1', port: Number(port) },
  );
  await expect(second).rejects.toThrow(`127.0.0.1:${port}`);
});
