import { get as httpGet, type IncomingMessage } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Console, createConsole } from '../../src/console/server.ts';
import { type ConsoleState, createConsoleState } from '../../src/console/state.ts';
import type { Command } from '../../src/records.ts';
import { makeIncident } from '../incidents.ts';
import { makeRollout } from '../rollouts.ts';
import { makeAlert, makeResult, makeSpec } from './records.ts';

interface Frame {
  event: string;
  data: unknown;
}
let state: ConsoleState;
let app: Console;
let open: IncomingMessage[];

beforeEach(async () => {
  open = [];
  state = createConsoleState([makeSpec('fraud')]);
  const source = {
    ...state,
    profiles: () => [],
    letters: async () => [],
    silences: async () => [],
    health: () => ({ live: true, ready: true, degraded: false, checks: [] }),
    config: () => null,
    command: async (asked: Omit<Command, 'id'>) => ({ id: 'c1', ...asked }),
  };
  app = await createConsole(source, {
    host: '127.0.0.1',
    port: 0,
    flushMs: 20,
    heartbeatMs: 30,
    clientsMax: 2,
  });
});
afterEach(async () => {
  for (const response of open) response.destroy();
  await app.close();
});

function connect(): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    httpGet(`${app.url}/api/events`, (response) => {
      open.push(response);
      response.on('error', () => {});
      resolve(response);
    }).on('error', reject);
  });
}

/** Frames as they come. */
async function* frames(response: IncomingMessage): AsyncGenerator<Frame> {
  let text = '';
  for await (const chunk of response) {
    text += String(chunk);
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const lines = text.slice(0, end).split('\n');
      text = text.slice(end + 2);
      const field = (name: string) =>
        lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
      const event = field('event');
      if (event) yield { event, data: JSON.parse(field('data') ?? 'null') };
    }
  }
}

async function next(stream: AsyncGenerator<Frame>, event: string): Promise<unknown> {
  for (;;) {
    const { value, done } = await stream.next();
    if (done) throw new Error(`the stream ended before '${event}'`);
    if (value.event === event) return value.data;
  }
}

test('a client hears the state at once, then results in batches, alerts and heartbeats', async () => {
  const stream = frames(await connect());
  expect(await next(stream, 'health')).toMatchObject({ live: true });
  expect(await next(stream, 'services')).toMatchObject([{ name: 'fraud', light: 'grey' }]);
  state.apply({ result: makeResult(0) });
  state.apply({ result: makeResult(1) });
  state.apply({ alert: makeAlert('a1') });
  expect(await next(stream, 'result')).toEqual([makeResult(0), makeResult(1)]);
  expect(await next(stream, 'alert')).toMatchObject({ id: 'a1' });
  state.apply({ incident: makeIncident() });
  expect(await next(stream, 'incident')).toEqual(makeIncident());
  state.apply({ rollout: makeRollout() });
  expect(await next(stream, 'rollout')).toMatchObject({ id: 'o1', level: 'full' });
  expect(await next(stream, 'services')).toMatchObject([{ light: 'yellow' }]);
});

test('a flood is not kept: the client is told to read anew', async () => {
  const stream = frames(await connect());
  await next(stream, 'services');
  for (let window = 0; window < 2_001; window++) state.apply({ result: makeResult(window) });
  expect(await next(stream, 'refresh')).toEqual({});
  state.apply({ result: makeResult(3_000) });
  expect(await next(stream, 'result')).toEqual([makeResult(3_000)]);
});

test('more clients than allowed are sent away, and a place that is left is free again', async () => {
  const first = await connect();
  await connect();
  expect((await connect()).statusCode).toBe(503);
  first.destroy();
  await expect.poll(async () => (await connect()).statusCode).toBe(200);
});

test('a client that does not read is dropped, the others are not', async () => {
  const stuck = await connect();
  const stream = frames(await connect());
  stuck.pause();
  let ended = false;
  stuck.on('close', () => {
    ended = true;
  });
  const reason = 'x'.repeat(500_000);
  for (let window = 0; window < 60; window++) {
    state.apply({ alert: makeAlert(`a${window}`, { reason }) });
    await next(stream, 'alert');
  }
  stuck.resume();
  await expect.poll(() => ended).toBe(true);
  expect(await next(stream, 'health')).toMatchObject({ live: true });
});

test('closing the console ends the streams', async () => {
  const stream = frames(await connect());
  await next(stream, 'services');
  await app.close();
  await expect(next(stream, 'never')).rejects.toThrow('the stream ended');
});
