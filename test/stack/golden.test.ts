/** The same recorded input gives the same bytes, however many instances read it and however they end. */
import { afterEach, expect, test } from 'vitest';
import type { Result } from '../../src/records.ts';
import { groupsOf, untilCommitted } from '../fault/lag.ts';
import { createProducer } from '../fault/producer.ts';
import { MINUTE_MS, STREAMS, serviceFiles, T0, topicOf } from '../fault/services.ts';
import { createTraffic } from '../fault/traffic.ts';
import {
  type ConfigFolder,
  committedType,
  configFolder,
  killDaemons,
  type RunningDaemon,
  startDaemon,
} from './daemon.ts';
import { describeStack, type StackUrls } from './support/context.ts';
import { foreignConsume } from './support/foreign.ts';
import { influxQuery } from './support/influx.ts';
import { wireSplit } from './support/registry.ts';
import { createTopics, uniquePrefix } from './support/topics.ts';

const SEED = 11;
const HALF_WINDOWS = 14;
const SEEN_WINDOWS = 5;

const DIFFERENCES_SHOWN = 5;

type Written = Record<'results' | 'alerts' | 'incidents' | 'retrain', string[]>;

/** The bodies of all public records by id, as text; the same id with other bytes is an error. */
async function readWritten(stack: StackUrls, prefix: string): Promise<Written> {
  const written: Written = { results: [], alerts: [], incidents: [], retrain: [] };
  for (const [topic, name] of [
    ['results', 'result'],
    ['alerts', 'alert'],
    ['incidents', 'incident'],
    ['retrain', 'retrain'],
  ] as const) {
    const type = committedType(name);
    const byId = new Map<string, string>();
    for (const { value } of await foreignConsume(stack.kafka, prefix + topic)) {
      const { body } = wireSplit(value!);
      const record = type.fromBuffer(body) as Result;
      if (record.service === 'telltale') continue;
      // The text is for people who read a failure; the bytes decide.
      const text = `${JSON.stringify(record)} ${body.toString('base64')}`;
      expect(byId.get(record.id) ?? text).toBe(text);
      byId.set(record.id, text);
    }
    written[topic] = [...byId.keys()].sort().map((id) => byId.get(id)!);
  }
  return written;
}

/** Until everything is read and has been written on. */
async function untilRead(stack: StackUrls, prefix: string, inputs: readonly string[]): Promise<void> {
  for (const group of groupsOf(prefix, inputs)) await untilCommitted(stack.kafka, group, 120_000);
}

describeStack('one, two and three instances', (stack) => {
  const folders: ConfigFolder[] = [];
  const databases: string[] = [];
  const folderOf = (name: string, inputs: string): { group: string; folder: ConfigFolder } => {
    const group = uniquePrefix(name);
    const folder = configFolder(stack, group, { partitions: 4 });
    folders.push(folder);
    databases.push(group);
    for (const spec of serviceFiles(inputs)) folder.service(spec);
    return { group, folder };
  };

  afterEach(async () => {
    await killDaemons();
    for (const folder of folders.splice(0)) folder.remove();
    for (const name of databases.splice(0)) await influxQuery(stack.influx, name, `DROP DATABASE "${name}"`);
  });

  test('write the same bytes: one that runs through, and two that end half way and go on as three', async () => {
    const inputs = uniquePrefix('golden');
    const topics = STREAMS.map((stream) => topicOf(inputs, stream));
    await createTopics(
      stack.kafka,
      STREAMS.map((stream) => ({ topic: topicOf(inputs, stream), partitions: stream.partitions })),
    );
    const producer = await createProducer(stack.kafka, inputs, createTraffic(SEED));
    const one = folderOf('golden-one', inputs);
    const many = folderOf('golden-many', inputs);
    const start = (folder: ConfigFolder, count: number): Promise<RunningDaemon[]> =>
      Promise.all(Array.from({ length: count }, () => startDaemon(folder.dir)));

    const [first, second] = await start(many.folder, 2);
    await Promise.all([first!.untilReady(), second!.untilReady()]);
    await producer.windows(HALF_WINDOWS, 0);
    await first!.until(
      'some windows are out',
      async () => ((await first!.service('shop')).eventTimeMs ?? 0) >= T0 + SEEN_WINDOWS * MINUTE_MS,
    );
    // They end while records come: one drains and says goodbye, the other knows nothing of it.
    const writing = producer.windows(HALF_WINDOWS, 0);
    const ended = await Promise.all([first!.end('SIGTERM'), second!.end('SIGKILL')]);
    expect(ended.map(({ code, signal }) => signal ?? code)).toEqual([0, 'SIGKILL']);
    await writing;
    await producer.finish();
    await producer.close();

    const daemons = [...(await start(one.folder, 1)), ...(await start(many.folder, 3))];
    await untilRead(stack, one.group, topics);
    await untilRead(stack, many.group, topics);
    for (const daemon of daemons) expect((await daemon.end('SIGTERM')).code).toBe(0);

    const whole = await readWritten(stack, one.folder.prefix);
    const resumed = await readWritten(stack, many.folder.prefix);
    expect(whole.results.length).toBeGreaterThan(HALF_WINDOWS * 100);
    expect(whole.alerts.length).toBeGreaterThan(4);
    expect(whole.retrain.length).toBe(1);
    for (const name of ['retrain', 'incidents', 'alerts', 'results'] as const) {
      const missing = whole[name].filter((text) => !resumed[name].includes(text));
      const extra = resumed[name].filter((text) => !whole[name].includes(text));
      const differences = { missing: missing.length, extra: extra.length };
      const shown = [...missing.slice(0, DIFFERENCES_SHOWN), ...extra.slice(0, DIFFERENCES_SHOWN)];
      expect({ name, ...differences, shown }).toEqual({ name, missing: 0, extra: 0, shown: [] });
    }
  }, 300_000);
});
