/** Sinks that remember: what they know after a restart, and what they begin with. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { appendsOf } from '../../src/flow/outbox.ts';
import type { Runtime } from '../../src/flow/runtime.ts';
import { createSinkTask } from '../../src/flow/sink-task.ts';
import { createMemoryLog, type MemoryLog } from '../../src/log/memory.ts';
import type { PartitionHandler } from '../../src/log/port.ts';
import type { Alert } from '../../src/records.ts';
import { alertmanagerSink } from '../../src/sink/alertmanager.ts';
import type { Sink } from '../../src/sink/sink.ts';
import { type Receiver, startReceiver } from '../sink/receiver.ts';
import { HOUR_MS, makeAlert, T0 } from '../sink/records.ts';
import { readSources } from '../tidy/sources.ts';
import { openRuntime, quiet } from './runtime.ts';

const noHeartbeat = async (): Promise<void> => {};
const GROUP = 'g.sink.alertmanager.main';
const MINUTE_MS = 60_000;

let receiver: Receiver;
let log: MemoryLog;
let runtime: Runtime;
let nowMs: number;

beforeEach(async () => {
  nowMs = T0 + 2 * HOUR_MS;
  receiver = await startReceiver();
  log = createMemoryLog({ now: () => nowMs });
  runtime = await openRuntime(log, { nowMs: () => nowMs });
});
afterEach(() => receiver.close());

const sinkTo = (url: string): Promise<Sink> =>
  alertmanagerSink.create(
    {
      name: 'main',
      urls: [url],
      username: '',
      password: '',
      token: null,
      labels: {},
      link: null,
      resendMs: MINUTE_MS,
      timeoutMs: 5_000,
    },
    { log: quiet, nowMs: () => nowMs },
  );

interface Started {
  task: PartitionHandler;
  from: number | 'stay';
  errors: string[];
  backs: number;
}

/** As a process that has just got the partition. */
async function start(sink?: Sink, signal = new AbortController().signal): Promise<Started> {
  const started: Started = { task: undefined as never, from: 'stay', errors: [], backs: 0 };
  const commit = async (topic: string, partition: number, offset: number, metadata: string) =>
    log.commit(GROUP, topic, partition, offset, metadata);
  started.task = createSinkTask(
    't.alerts',
    0,
    { commit },
    {
      sink: sink ?? (await sinkTo(`http://${receiver.host}`)),
      group: GROUP,
      runtime,
      signal,
      onError: (error) => started.errors.push((error as Error).message),
      onWritten: () => {},
      onBack: () => started.backs++,
      onDead: () => {},
    },
  );
  started.from = await started.task.open(noHeartbeat);
  return started;
}

async function run({ task, from }: Started, through = Number.POSITIVE_INFINITY): Promise<void> {
  const { offset } = await log.committed(GROUP, 't.alerts', 0);
  const records = await log.read('t.alerts', 0, from === 'stay' ? (offset ?? 0) : from, 1_000, 0);
  // One after the other, so that each is a request of its own.
  for (const record of records) if (record.offset <= through) await task.handle([record], noHeartbeat);
}

const publish = (...alerts: Partial<Alert>[]): Promise<void> =>
  log.append(
    alerts.flatMap((over) => {
      const record = makeAlert({ subject: over.fingerprint ?? 'f1', ...over });
      return appendsOf(runtime, { type: 'alert', record }, 'fraud');
    }),
  );

/** What the receiver was told since the last call, as `+a` of what fires and `-a` of what is over. */
const told = (): string[] =>
  receiver.posted
    .splice(0)
    .flatMap(({ body, status }) =>
      (JSON.parse(body) as { labels: { subject: string }; endsAt: string }[])
        .filter(() => status < 300)
        .map(({ labels, endsAt }) => `${Date.parse(endsAt) > nowMs ? '+' : '-'}${labels.subject}`),
    );

const fires = (fingerprint: string): Partial<Alert> => ({ fingerprint });
const ends = (fingerprint: string): Partial<Alert> => ({ fingerprint, state: 'resolved' });

test('begins with what fires now, not with the past that the topic holds', async () => {
  await publish(fires('a'), fires('b'), ends('a'), fires('c'), ends('c'), fires('c'));
  const first = await start();
  expect(first.from).toBe(1);
  await publish(ends('b'));
  await run(first);
  expect(told()).toEqual(['+b', '+c', '-b']);
  expect(await log.committed(GROUP, 't.alerts', 0)).toEqual({ offset: 7, metadata: '' });
  const empty = await start();
  expect(empty.from).toBe('stay');
});

test('a crash on the way through the past tells nothing of it either', async () => {
  await publish(fires('a'), fires('b'), fires('c'), ends('a'), fires('d'));
  const first = await start();
  expect(first.from).toBe(1);
  await run(first, 2);
  expect(told()).toEqual(['+b', '+c']);
  expect((await log.committed(GROUP, 't.alerts', 0)).offset).toBe(3);
  await publish(ends('c'));
  const second = await start();
  await second.task.tick(nowMs, 0);
  expect(told().sort()).toEqual(['+b', '+c', '-a']);
  await run(second);
  expect(told()).toEqual(['+d', '-c']);
});

test('a restart knows what fires, says it at once and ends it', async () => {
  await publish(fires('a'));
  const first = await start();
  await publish(fires('b'));
  await run(first);
  await first.task.close();
  told();
  nowMs += 10 * MINUTE_MS;
  const second = await start();
  await second.task.tick(nowMs, 0);
  expect(told()).toEqual(['+a', '+b']);
  await second.task.tick(nowMs + MINUTE_MS - 1, 0);
  expect(told()).toEqual([]);
  await publish(ends('a'));
  await run(second);
  expect(told()).toEqual(['-a']);
});

test('offsets of a topic that was there before say nothing of this one', async () => {
  log.commit(GROUP, 't.alerts', 0, 100, JSON.stringify({ historyEnd: 200 }));
  await publish(fires('a'), ends('a'), fires('b'));
  const started = await start();
  expect(started.from).toBe(2);
  await publish(fires('c'));
  await run(started);
  expect(told()).toEqual(['+b', '+c']);
});

test('the demo and replays of files notify nobody', () => {
  const byPath = new Map(readSources().map((source) => [source.path, source]));
  const reached = new Set<string>();
  const reach = (path: string): void => {
    if (reached.has(path)) return;
    reached.add(path);
    for (const { to, isType } of byPath.get(path)?.imports ?? []) if (!isType) reach(to);
  };
  for (const entry of ['flow/embedded.ts', 'cli/replay.ts', 'cli/demo.ts']) {
    expect(byPath.has(entry)).toBe(true);
    reach(entry);
  }
  expect(
    [...reached].filter((path) => ['flow/sinks.ts', 'sink/registry.ts', 'sink/http.ts'].includes(path)),
  ).toEqual([]);
});

test('repeats that fail are tried again after a while, and as late as the receiver asks', async () => {
  await publish(fires('a'));
  const started = await start();
  await run(started);
  receiver.answer = () => ({ status: 500 });
  nowMs += MINUTE_MS;
  await started.task.tick(nowMs, 0);
  await started.task.tick(nowMs + 4_999, 0);
  expect(started.errors).toHaveLength(1);
  receiver.answer = () => ({ status: 429, headers: { 'retry-after': '60' } });
  await started.task.tick(nowMs + 5_000, 0);
  expect(started.errors).toHaveLength(2);
  await started.task.tick(nowMs + 64_999, 0);
  expect(started.errors).toHaveLength(2);
  expect(started.backs).toBe(0);
});

test('a sink whose receiver is dead holds up no other', async () => {
  await publish(fires('a'), fires('b'));
  const stopping = new AbortController();
  const dead = await start(await sinkTo('http://127.0.0.1:9'), stopping.signal);
  const waiting = run(dead);
  await run(await start());
  expect(told()).toEqual(['+a', '+b']);
  stopping.abort(new Error('stopping'));
  await waiting;
  await dead.task.tick(nowMs, 0);
});

test('a stop ends the repeats', async () => {
  await publish(fires('a'));
  const stopping = new AbortController();
  const started = await start(undefined, stopping.signal);
  await run(started);
  told();
  stopping.abort(new Error('stopping'));
  await started.task.tick(nowMs + MINUTE_MS, 0);
  await started.task.close();
  expect(told()).toEqual([]);
  expect(started.errors).toEqual([]);
});
