/** A topic that grows while it is read. */
import { afterEach, expect, test } from 'vitest';
import { lagOf } from '../fault/lag.ts';
import { type ConfigFolder, configFolder, killDaemons, readPublic, startDaemon } from './daemon.ts';
import { describeStack } from './support/context.ts';
import { javaProduce } from './support/foreign.ts';
import { influxQuery } from './support/influx.ts';
import { createTopics, testClient, uniquePrefix } from './support/topics.ts';

const WINDOW_MS = 60_000;
const T0 = Date.parse('2026-03-01T12:00:00Z');
const PER_WINDOW = 30;
const WINDOWS = 12;
const GROWS_AT = 4;
const CLOSING_MS = T0 + 60 * WINDOW_MS;

const service = (topic: string) => ({
  service: 'plant',
  streams: { requests: { topic } },
  inputs: { x: { type: 'numeric' } },
  windows: { size: '1m', lateness: '5s', idle_after: '1h' },
});

/** Readings of a window, spread over the partitions; each has a value of its own. */
const readings = (window: number, partitions: number) =>
  Array.from({ length: PER_WINDOW }, (_, i) => ({
    partition: i % partitions,
    key: `r${window}-${i}`,
    value: JSON.stringify({
      id: `r${window}-${i}`,
      time: T0 + window * WINDOW_MS + i * 1_000,
      x: window * PER_WINDOW + i,
    }),
  }));

describeStack('a partition that is added while the topic is read', (stack) => {
  const folders: ConfigFolder[] = [];
  const databases: string[] = [];
  afterEach(async () => {
    await killDaemons();
    for (const folder of folders.splice(0)) folder.remove();
    for (const name of databases.splice(0)) await influxQuery(stack.influx, name, `DROP DATABASE "${name}"`);
  });

  test('loses no record and counts none twice, with two instances', async () => {
    const prefix = uniquePrefix('grows');
    const topic = `${prefix}.requests`;
    await createTopics(stack.kafka, [{ topic, partitions: 2 }]);
    const folder = configFolder(stack, prefix);
    folders.push(folder);
    databases.push(prefix);
    folder.service(service(topic));
    const daemons = [await startDaemon(folder.dir), await startDaemon(folder.dir)];
    const [first] = daemons;
    await first!.untilReady();
    const eventTimeMs = async (): Promise<number> => (await first!.service('plant')).eventTimeMs ?? 0;

    const before = Array.from({ length: GROWS_AT }, (_, window) => readings(window, 2));
    await javaProduce(stack.kafka, topic, before.flat());
    await first!.until('windows close', async () => (await eventTimeMs()) >= T0 + 2 * WINDOW_MS);

    const admin = testClient(stack.kafka).admin();
    await admin.connect();
    await admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] });
    await admin.disconnect();
    // One window comes before the daemons know of the partition, the others when they have read it.
    await javaProduce(stack.kafka, topic, readings(GROWS_AT, 3));
    await first!.until('the new partition is read', async () => {
      const { lag } = await lagOf(stack.kafka, [{ group: prefix, topics: [topic] }]);
      return lag === 0;
    });
    const rest = Array.from({ length: WINDOWS - GROWS_AT - 1 }, (_, i) => readings(GROWS_AT + 1 + i, 3));
    await javaProduce(stack.kafka, topic, rest.flat());
    const closing = [0, 1, 2].map((partition) => ({
      partition,
      key: `end${partition}`,
      value: JSON.stringify({ id: `end${partition}`, time: CLOSING_MS, x: 0 }),
    }));
    await javaProduce(stack.kafka, topic, closing);
    await first!.until(
      'the last window',
      async () => (await eventTimeMs()) >= T0 + WINDOWS * WINDOW_MS,
      120_000,
    );
    for (const daemon of daemons) await daemon.end('SIGTERM');

    const byId = new Map((await readPublic(stack.kafka, folder.prefix, 'result')).map((r) => [r.id, r]));
    const at = (metric: string, subject: string): number[] => {
      const values = Array.from({ length: WINDOWS }, () => 0);
      for (const r of byId.values()) {
        const window = (r.windowStartMs - T0) / WINDOW_MS;
        if (r.metric === metric && r.subject === subject && window < WINDOWS) values[window] = r.value ?? 0;
      }
      return values;
    };
    const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
    const [volume, late, means] = [at('volume', ''), at('late', 'requests'), at('mean', 'x')];
    expect({ volume, late }).toEqual({ volume: volume.map(() => PER_WINDOW), late: late.map(() => 0) });
    // Each record once: the sum of the values tells which.
    const all = WINDOWS * PER_WINDOW;
    expect(sum(means.map((mean) => mean * PER_WINDOW))).toBeCloseTo((all * (all - 1)) / 2, 3);
  }, 240_000);
});
