import { afterEach, beforeEach, expect, test } from 'vitest';
import { appendsOf } from '../../src/flow/outbox.ts';
import type { Runtime } from '../../src/flow/runtime.ts';
import { createSinkTask, type SinkTaskOptions } from '../../src/flow/sink-task.ts';
import { createMemoryLog, type MemoryLog } from '../../src/log/memory.ts';
import type { Append, LogRecord } from '../../src/records.ts';
import type { Sink } from '../../src/sink/sink.ts';
import { webhookSink } from '../../src/sink/webhook.ts';
import { type Receiver, startReceiver } from '../sink/receiver.ts';
import { makeAlert } from '../sink/records.ts';
import { openRuntime, quiet } from './runtime.ts';

const noHeartbeat = async (): Promise<void> => {};

let receiver: Receiver;
let log: MemoryLog;
let runtime: Runtime;
let nowMs = 0;

beforeEach(async () => {
  nowMs = 0;
  receiver = await startReceiver();
  log = createMemoryLog();
  runtime = await openRuntime(log, { nowMs: () => nowMs });
});
afterEach(() => receiver.close());

const webhook = (signal?: AbortSignal): Promise<Sink> =>
  webhookSink.create(
    {
      name: 'w',
      url: `http://${receiver.host}/`,
      on: ['alerts'],
      headers: {},
      secret: null,
      timeoutMs: 30_000,
    },
    { log: quiet, ...(signal ? { signal } : {}) },
  );

const alertAppend = (id: string): Append =>
  appendsOf(runtime, { type: 'alert', record: makeAlert({ id }) }, 'fraud')[0]!;

async function alertsOf(...ids: string[]): Promise<LogRecord[]> {
  await log.append(ids.map(alertAppend));
  return log.read('t.alerts', 0, 0, 1_000, 0);
}

interface Ran {
  commits: number[];
  errors: string[];
  written: number;
  dead: string[];
}

function taskOf(sink: Sink, over: Partial<SinkTaskOptions> = {}) {
  const ran: Ran = { commits: [], errors: [], written: 0, dead: [] };
  const commit = async (_topic: string, _partition: number, offset: number) => {
    ran.commits.push(offset);
  };
  const task = createSinkTask(
    't.alerts',
    0,
    { commit },
    {
      sink,
      group: 'g.sink',
      runtime,
      signal: new AbortController().signal,
      onBack: () => {},
      onError: (error) => ran.errors.push((error as Error).message),
      onWritten: (count) => {
        ran.written += count;
      },
      onDead: ({ code }, service) => ran.dead.push(`${service}:${code}`),
      ...over,
    },
  );
  return { task, ran };
}

const postedIds = () =>
  receiver.posted.filter(({ status }) => status < 300).map(({ headers }) => headers['idempotency-key']);

async function deadHeaders(): Promise<Record<string, string>[]> {
  const letters = await log.read('t.dead', 0, 0, 1_000, 0);
  return letters.map(({ headers }) =>
    Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value.toString()])),
  );
}

test('nothing is committed that the receiver does not have, and what it has is, before a wait', async () => {
  const records = await alertsOf('a0', 'a1', 'a2');
  const committedAt: number[][] = [];
  let failures = 2;
  receiver.answer = ({ headers }) => {
    committedAt.push([...ran.commits]);
    return { status: headers['idempotency-key'] === 'a1' && failures-- > 0 ? 503 : 200 };
  };
  const { task, ran } = taskOf(await webhook());
  await task.handle(records, noHeartbeat);
  expect(postedIds()).toEqual(['a0', 'a1', 'a2']);
  expect(committedAt).toEqual([[], [], [1], [1], [1]]);
  expect(ran).toMatchObject({ commits: [1, 3], written: 3, dead: [] });
  expect(ran.errors).toHaveLength(2);
});

test('progress is committed every second while there is much to do', async () => {
  const records = await alertsOf('a0', 'a1', 'a2', 'a3');
  receiver.answer = () => {
    nowMs += 600;
    return { status: 200 };
  };
  const { task, ran } = taskOf(await webhook());
  await task.handle(records, noHeartbeat);
  expect(ran.commits).toEqual([2, 4]);
});

test('what cannot be decoded, and what is refused, goes to the dead letters; the rest arrives', async () => {
  const poison: Append = {
    topic: 't.alerts',
    key: 'k',
    value: Buffer.from('not an alert'),
    headers: { trace: '7' },
  };
  const tombstone: Append = { topic: 't.alerts', key: 'k', value: null };
  await log.append([alertAppend('a0'), poison, alertAppend('a2'), tombstone, alertAppend('a4')]);
  receiver.answer = ({ headers }) => ({
    status: headers['idempotency-key'] === 'a2' ? 422 : 200,
    body: 'no',
  });
  const { task, ran } = taskOf(await webhook());
  await task.handle(await log.read('t.alerts', 0, 0, 1_000, 0), noHeartbeat);
  expect(postedIds()).toEqual(['a0', 'a4']);
  expect(ran).toMatchObject({ commits: [5], written: 2, dead: [':avro', 'fraud:refused'], errors: [] });
  const [first, second] = await deadHeaders();
  expect(first).toMatchObject({ 'x-stage': 'sink', 'x-error-code': 'avro', 'x-service': '', trace: '7' });
  expect(first).toMatchObject({ 'x-topic': 't.alerts', 'x-partition': '0', 'x-offset': '1' });
  expect(second).toMatchObject({ 'x-error-code': 'refused', 'x-service': 'fraud', 'x-offset': '2' });
  expect(second!['x-error-message']).toBe(`sink webhook.w: webhook w at ${receiver.host}: HTTP 422: no`);
  const [letter] = await log.read('t.dead', 0, 0, 1, 0);
  expect(letter!.value!.toString()).toBe('not an alert');
});

test('a record that makes the sink throw is found among its neighbours', async () => {
  const got: string[] = [];
  const sink: Sink = {
    name: 'fragile',
    batchMax: 100,
    async write(batch) {
      if (batch.some(({ alert }) => alert?.id === 'a3')) throw new TypeError('boom');
      got.push(...batch.map(({ alert }) => alert!.id));
      return [];
    },
    async close() {},
  };
  const { task, ran } = taskOf(sink);
  await task.handle(await alertsOf('a0', 'a1', 'a2', 'a3', 'a4'), noHeartbeat);
  expect(got).toEqual(['a0', 'a1', 'a2', 'a4']);
  expect(ran).toMatchObject({ commits: [5], written: 4, dead: ['fraud:failed'] });
  expect((await deadHeaders())[0]).toMatchObject({
    'x-offset': '3',
    'x-error-message': 'sink fragile: boom',
  });
});

test('the group hears of us while the receiver thinks, and a lost partition ends the wait', async () => {
  const records = await alertsOf('a0', 'a1');
  let beats = 0;
  let answerNow: (value?: unknown) => void = () => {};
  const asked = new Promise((resolve) => {
    answerNow = resolve;
  });
  receiver.answer = ({ headers }) =>
    headers['idempotency-key'] === 'a0'
      ? { status: 200, after: asked }
      : { status: 503, headers: { 'retry-after': '600' } };
  const { task, ran } = taskOf(await webhook());
  const lost = new Error('the partition is not ours any more');
  await expect(
    task.handle(records, async () => {
      // One before the write, two during it, one after it; one before the second write, and the next in its wait.
      beats++;
      if (beats === 3) answerNow();
      if (beats === 6) throw lost;
    }),
  ).rejects.toBe(lost);
  expect(postedIds()).toEqual(['a0']);
  // It is no dead letter: whoever has the partition now delivers it.
  expect(ran).toMatchObject({ commits: [1], dead: [] });
});

test('a stop while the receiver is away commits what it has, and no more', async () => {
  const records = await alertsOf('a0', 'a1', 'a2');
  const stopping = new AbortController();
  receiver.answer = ({ headers }) => ({ status: headers['idempotency-key'] === 'a1' ? 503 : 200 });
  const onError = () => stopping.abort(new Error('stopping'));
  const { task, ran } = taskOf(await webhook(stopping.signal), { signal: stopping.signal, onError });
  await task.handle(records, noHeartbeat);
  await task.close();
  expect(postedIds()).toEqual(['a0']);
  expect(ran).toMatchObject({ commits: [1], dead: [] });
});

test('a stop does not wait for a receiver that says nothing', async () => {
  const stopping = new AbortController();
  const mute: Sink = {
    name: 'mute',
    batchMax: 10,
    write: () => {
      stopping.abort(new Error('stopping'));
      return new Promise(() => {});
    },
    close: async () => {},
  };
  const { task, ran } = taskOf(mute, { signal: stopping.signal });
  await task.handle(await alertsOf('a0', 'a1'), noHeartbeat);
  await task.close();
  expect(ran).toMatchObject({ commits: [], dead: [], written: 0 });
});

test('a commit that fails is no fault of the record', async () => {
  const records = await alertsOf('a0', 'a1');
  receiver.answer = ({ headers }) => ({ status: headers['idempotency-key'] === 'a1' ? 503 : 200 });
  const { task, ran } = taskOf(await webhook());
  const fenced = createSinkTask(
    't.alerts',
    0,
    { commit: () => Promise.reject(new Error('fenced')) },
    {
      sink: await webhook(),
      group: 'g.sink',
      onBack: () => {},
      runtime,
      signal: new AbortController().signal,
      onError: () => {},
      onWritten: () => {},
      onDead: ({ code }) => ran.dead.push(code),
    },
  );
  await expect(fenced.handle(records, noHeartbeat)).rejects.toThrow('fenced');
  expect(ran.dead).toEqual([]);
  await task.close();
  expect(ran.commits).toEqual([]);
});
