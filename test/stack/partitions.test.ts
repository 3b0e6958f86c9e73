/** A topic that grows while it is read. */
import { afterEach, expect, test } from 'vitest';
import type { Result } from '../../src/records.ts';
import { untilCommitted } from '../fault/lag.ts';
import { type ConfigFolder, configFolder, killDaemons, readPublic, startDaemon } from './daemon.ts';
import { describeStack } from './support/context.ts';
import { type ForeignRecord, javaProduce } from './support/foreign.ts';
import { influxQuery } from './support/influx.ts';
import { createTopics, testClient, uniquePrefix } from './support/topics.ts';

const WINDOW_MS = 60_000;
const T0 = Date.parse('2026-03-01T12:00:00Z');
const PER_WINDOW = 30;
const WINDOWS = 12;
const GROWS_AT = 4;
const CLOSING_MS = T0 + 60 * WINDOW_MS;
/** By partition: the sum of a window tells how many records of each it holds. */
const VALUES = [1, 100, 10_000];

const service = (topic: string) => ({
  service: 'plant',
  streams: { requests: { topic } },
  inputs: { x: { type: 'numeric' } },
  windows: { size: '1m', lateness: '5s', idle_after: '1h' },
});

const reading = (partition: number, time: number): ForeignRecord => {
  const id = `r${time}`;
  return { partition, key: id, value: JSON.stringify({ id, time, x: VALUES[partition] }) };
};

/** Readings of some windows, spread over the partitions. */
const readings = (from: number, to: number, partitions: number): ForeignRecord[] =>
  Array.from({ length: (to - from) * PER_WINDOW }, (_, i) =>
    reading(i % partitions, T0 + from * WINDOW_MS + (i * WINDOW_MS) / PER_WINDOW),
  );

/** One in each partition, later than all others. */
const closing = (minutes: number): ForeignRecord[] =>
  VALUES.map((_, partition) => reading(partition, CLOSING_MS + minutes * WINDOW_MS));

/** How many records of each partition a window holds. */
function countsOf(results: readonly Result[], window: number): number[] {
  const mean = results.find((r) => r.metric === 'mean' && r.windowStartMs === T0 + window * WINDOW_MS);
  const sum = Math.round((mean?.value ?? 0) * (mean?.n ?? 0));
  return [sum % 100, Math.floor(sum / 100) % 100, Math.floor(sum / 10_000)];
}

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
    const first = daemons[0]!;
    await first.untilReady();
    const untilClosed = (endMs: number): Promise<unknown> =>
      first.until(
        `windows until ${new Date(endMs).toISOString()}`,
        async () => ((await first.service('plant')).eventTimeMs ?? 0) >= endMs,
      );
    await javaProduce(stack.kafka, topic, readings(0, GROWS_AT, 2));
    await untilClosed(T0 + (GROWS_AT - 1) * WINDOW_MS);

    const admin = testClient(stack.kafka).admin();
    await admin.connect();
    await admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] });
    await admin.disconnect();
    // Nobody waits until the daemons know: the old partitions run ahead and close windows meanwhile.
    await javaProduce(stack.kafka, topic, [...readings(GROWS_AT, WINDOWS, 3), ...closing(0)]);
    await untilCommitted(stack.kafka, { group: prefix, topics: [topic] }, 60_000);
    // What came too late is counted in the next window that ends.
    await javaProduce(stack.kafka, topic, closing(5));
    await untilClosed(CLOSING_MS + WINDOW_MS);
    for (const daemon of daemons) await daemon.end('SIGTERM');

    const byId = new Map((await readPublic(stack.kafka, folder.prefix, 'result')).map((r) => [r.id, r]));
    const results = [...byId.values()];
    const total = (metric: string, subject: string): number =>
      results.reduce((sum, r) => (r.metric === metric && r.subject === subject ? sum + r.value! : sum), 0);
    const [volume, late] = [total('volume', ''), total('late', 'requests')];
    expect({ volume, late, both: volume + late }).toMatchObject({
      both: WINDOWS * PER_WINDOW + VALUES.length,
    });
    for (let window = 0; window < WINDOWS; window++) {
      const counts = countsOf(results, window);
      const half = PER_WINDOW / 2;
      if (window < GROWS_AT) expect(counts).toEqual([half, half, 0]);
      else for (const count of counts) expect(count).toBeLessThanOrEqual(PER_WINDOW / 3);
    }
  }, 240_000);
});
