/** Headers of CloudEvents as Kafka's Java client reads them, beside values that any Avro client reads. */
import { afterEach, expect, test } from 'vitest';
import type { Alert } from '../../src/records.ts';
import { type ConfigFolder, committedType, configFolder, killDaemons, startDaemon } from './daemon.ts';
import { endOf, plantOf, sendWindows } from './sinks-support.ts';
import { describeStack } from './support/context.ts';
import { foreignConsume } from './support/foreign.ts';
import { influxQuery } from './support/influx.ts';
import { wireSplit } from './support/registry.ts';
import { createTopics, uniquePrefix } from './support/topics.ts';

describeStack('CloudEvents', (stack) => {
  const prefix = uniquePrefix('cloudevents');
  let folder: ConfigFolder | null = null;

  afterEach(async () => {
    await killDaemons();
    folder?.remove();
    await influxQuery(stack.influx, prefix, `DROP DATABASE "${prefix}"`);
  });

  test('stand on results and alerts, whose values are Avro as ever', async () => {
    folder = configFolder(stack, prefix, { partitions: 2, cloudevents: true });
    const requests = `${prefix}.requests`;
    await createTopics(stack.kafka, [{ topic: requests }]);
    folder.service(plantOf(requests));
    const daemon = await startDaemon(folder.dir);
    await daemon.untilReady();
    await sendWindows(stack.kafka, requests, 0, 2);
    const ofPlant = async (topic: string) => {
      const records = await foreignConsume(stack.kafka, `${prefix}.${topic}`);
      return records.filter(({ headers }) => String(headers.ce_source) === '/telltale/plant');
    };
    const [alert] = await daemon.until('an alert', async () => {
      const found = await ofPlant('alerts');
      return found.length > 0 && found;
    });
    const { id } = committedType('alert').fromBuffer(wireSplit(alert!.value!).body) as Alert;
    const texts = (headers: Readonly<Record<string, Buffer>>) =>
      Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value.toString()]));
    expect(texts(alert!.headers)).toEqual({
      ce_specversion: '1.0',
      ce_id: id,
      ce_source: '/telltale/plant',
      ce_type: 'telltale.alert.v1',
      ce_time: new Date(endOf(1)).toISOString(),
      'content-type': 'application/avro',
    });
    const results = await ofPlant('results');
    expect(new Set(results.map(({ headers }) => String(headers.ce_type)))).toEqual(
      new Set(['telltale.result.v1']),
    );
    expect((await daemon.end('SIGTERM')).code).toBe(0);
  }, 120_000);
});
