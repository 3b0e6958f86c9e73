/** `telltale run` and its groups: how the process ends, and how the next one takes over. */
import { afterAll, afterEach, expect, test } from 'vitest';
import {
  type ConfigFolder,
  configFolder,
  type Health,
  killDaemons,
  type RunningDaemon,
  startDaemon,
} from './daemon.ts';
import { openBrokerGate } from './support/broker-gate.ts';
import { describeStack, type StackUrls } from './support/context.ts';
import { javaProduce } from './support/foreign.ts';
import { addPartitions, createTopics, deleteTopics, testClient, uniquePrefix } from './support/topics.ts';

const service = (requests: string) => ({
  service: 'plant',
  streams: {
    requests: { topic: requests, encoding: 'json', id: 'id', time: 'time' },
  },
  inputs: { x: { type: 'numeric' } },
  outputs: {},
  windows: { size: '1m', lateness: '0s', idle_after: '1h' },
});

describeStack('the daemon as a member of its groups', (stack) => {
  const all = uniquePrefix('run');
  const folders: ConfigFolder[] = [];
  let count = 0;

  const setUp = async (kafka: Record<string, unknown> = {}, urls: StackUrls = stack) => {
    const prefix = `${all}-${count++}`;
    const requests = `${prefix}.requests`;
    await createTopics(stack.kafka, [{ topic: requests, partitions: 2 }]);
    const folder = configFolder(urls, prefix, { partitions: 1 }, kafka);
    folder.service(service(requests));
    folders.push(folder);
    return { prefix, folder, requests };
  };
  const seen = (daemon: RunningDaemon, records: number) =>
    daemon.until(
      `${records} records`,
      async () => ((await daemon.service('plant')).counts.requests ?? 0) >= records,
    );
  const send = (topic: string, ids: string[]) =>
    javaProduce(
      stack.kafka,
      topic,
      ids.map((id) => ({ key: id, value: JSON.stringify({ id, time: Date.now(), x: 1 }) })),
    );

  afterEach(async () => {
    await killDaemons();
    for (const folder of folders.splice(0)) folder.remove();
  });
  afterAll(() => deleteTopics(stack.kafka, all));

  test('ends with an error when its group is another program’s', async () => {
    const { prefix, folder, requests } = await setUp();
    const stranger = testClient(stack.kafka).consumer({ groupId: prefix });
    await stranger.connect();
    await stranger.subscribe({ topic: requests });
    const joined = new Promise((resolve) => stranger.on(stranger.events.GROUP_JOIN, resolve));
    await stranger.run({ eachMessage: async () => undefined });
    await joined;
    const daemon = await startDaemon(folder.dir);
    expect(await daemon.ended()).toEqual({ code: 1, signal: null });
    expect(daemon.log()).toContain('supported protocols are incompatible');
    await stranger.disconnect();
  });

  test('a stop before the first partitions ends well: nobody waits for the session of a dead process', async () => {
    const { folder, requests } = await setUp({ session_timeout: '5m' });
    const killed = await startDaemon(folder.dir);
    await send(requests, ['a']);
    await seen(killed, 1);
    await killed.end('SIGKILL');
    const waiting = await startDaemon(folder.dir);
    await waiting.until('it waits for its partitions', async () =>
      (await waiting.get<Health>('/readyz')).checks.some(({ name, ok }) => name === 'start' && ok),
    );
    expect(await waiting.end('SIGTERM')).toEqual({ code: 0, signal: null });
  });

  test('a static member goes on after a SIGKILL without waiting for its session', async () => {
    const { folder, requests } = await setUp({ session_timeout: '5m', instance_id: 'one' });
    const killed = await startDaemon(folder.dir);
    await send(requests, ['a']);
    await seen(killed, 1);
    await killed.end('SIGKILL');
    const next = await startDaemon(folder.dir);
    await send(requests, ['b', 'c']);
    await seen(next, 2);
    expect(await next.end('SIGTERM')).toEqual({ code: 0, signal: null });
  });

  test('reads a partition that is added to an input topic while it runs', async () => {
    const { folder, requests } = await setUp();
    const daemon = await startDaemon(folder.dir);
    await send(requests, ['a']);
    await seen(daemon, 1);
    await addPartitions(stack.kafka, requests, 3);
    const producer = testClient(stack.kafka).producer();
    await producer.connect();
    const value = JSON.stringify({ id: 'b', time: Date.now(), x: 1 });
    await producer.send({ topic: requests, messages: [{ partition: 2, value }] });
    await producer.disconnect();
    await seen(daemon, 2);
    expect((await daemon.service('plant')).counts.requests).toBe(2);
    expect(await daemon.end('SIGTERM')).toEqual({ code: 0, signal: null });
  });

  test('a stop while the broker is away ends in time', async () => {
    const gate = await openBrokerGate(stack.kafka);
    const { folder, requests } = await setUp({}, { ...stack, kafka: gate.host });
    const daemon = await startDaemon(folder.dir);
    await send(requests, ['a']);
    await seen(daemon, 1);
    await gate.close();
    const { code, signal } = await daemon.end('SIGTERM');
    expect(signal).toBe(null);
    // 1 when something was left to flush: the next start reads it again.
    expect([0, 1]).toContain(code);
  });
});
