/** The daemon as a process on real Kafka and InfluxDB: values of sensitive inputs stand in no topic of its own, no series, no answer and no line of its log. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { wiring } from '../../src/cli/wiring.ts';
import { telltale } from '../cli/support.ts';
import { DIAGNOSIS, leaksIn, NOTE } from '../privacy/secrets.ts';
import { PER_WINDOW, recordsOf, requestOf, SERVICE, serviceOf, WINDOWS } from '../privacy/service.ts';
import { type ConfigFolder, configFolder, killDaemons, startDaemon } from './daemon.ts';
import { describeStack } from './support/context.ts';
import { foreignConsume, javaProduce } from './support/foreign.ts';
import { influxQuery } from './support/influx.ts';
import { createTopics, uniquePrefix } from './support/topics.ts';

const MODEL = fileURLToPath(new URL('../../models/housing-linear.onnx', import.meta.url));
/** Of a little while ago, so that no time lies in the future. */
const T0 = Math.floor(Date.now() / 60_000 - 15) * 60_000;

describeStack('sensitive inputs', (stack) => {
  const prefix = uniquePrefix('privacy');
  const [requests, labels] = [`${prefix}.requests`, `${prefix}.labels`];
  let folder: ConfigFolder | null = null;

  afterEach(async () => {
    await killDaemons();
    folder?.remove();
    await influxQuery(stack.influx, prefix, `DROP DATABASE "${prefix}"`);
  });

  /** The bytes of a topic as Kafka's Java client reads them. */
  const bytesOf = async (topic: string): Promise<Buffer> => {
    const records = await foreignConsume(stack.kafka, topic);
    return Buffer.concat(
      records.flatMap(({ key, value, headers }) => [
        Buffer.from(key ?? ''),
        value ?? Buffer.alloc(0),
        Buffer.from(JSON.stringify(headers ?? {})),
      ]),
    );
  };

  test('leave the process in no form that shows them', async () => {
    folder = configFolder(stack, prefix);
    const { dir } = folder;
    const { baseline: _, rules: __, retrain: ___, ...service } = serviceOf(MODEL, prefix);
    folder.service(service);
    const before = readFileSync(join(dir, 'telltale.yaml'), 'utf8');
    folder.write('telltale.yaml', `${before}privacy: { key: "\${file:key}" }\n`);
    folder.write('key', 'the key of this test 0123456789');
    await createTopics(stack.kafka, [{ topic: requests }, { topic: labels }]);
    const daemon = await startDaemon(dir);
    await daemon.untilReady();
    const sent = Array.from({ length: WINDOWS }, (_, window) => recordsOf(window, T0)).flat();
    for (const stream of ['requests', 'labels'] as const)
      await javaProduce(
        stack.kafka,
        `${prefix}.${stream}`,
        sent.filter((one) => one.stream === stream).map(({ key, value }) => ({ key, value })),
      );
    const url = /"url":"(http:[^"]+)"/.exec(daemon.log())![1]!;
    const body = JSON.stringify(requestOf('asked', 0, 5, Date.now()));
    const asked = await fetch(`${url}/predict/${SERVICE}`, {
      ...{ method: 'POST', body, headers: { 'content-type': 'application/json' } },
    });
    expect(asked.status).toBe(200);
    await daemon.until('all is read', async () => {
      const { counts } = await daemon.service(SERVICE);
      return (counts.requests ?? 0) > WINDOWS * PER_WINDOW && (counts.dead ?? 0) >= 5 * WINDOWS;
    });
    await daemon.until('windows close', async () => (await bytesOf(`${prefix}.results`)).length > 0);
    const pages = await Promise.all(
      [
        `services/${SERVICE}`,
        `services/${SERVICE}/profiles`,
        'dead-letters',
        'config',
        'alerts',
        'incidents',
      ].map(async (path) => JSON.stringify(await daemon.get(`/api/${path}`))),
    );
    const metrics = await (await fetch(/"metrics":"(http:[^"]+)"/.exec(daemon.log())![1]!)).text();
    await daemon.end('SIGTERM');

    expect(leaksIn(await bytesOf(requests))).toContain(NOTE);
    const own = [
      'results',
      'alerts',
      'incidents',
      'retrain',
      'slots',
      'events',
      'snapshots',
      'dead',
      'decisions',
      'review',
      'telemetry',
    ];
    for (const name of own) expect([name, leaksIn(await bytesOf(`${prefix}.${name}`))]).toEqual([name, []]);
    const rows = await influxQuery(stack.influx, prefix, 'SELECT * FROM /.*/');
    expect(rows.length).toBeGreaterThan(0);
    expect(leaksIn(JSON.stringify(rows))).toEqual([]);
    for (const text of [...pages, metrics, daemon.log()]) expect(leaksIn(text)).toEqual([]);

    const { code, out, err } = await telltale(
      ['--config', dir, 'dead', 'replay', '--service', SERVICE, '--yes'],
      wiring,
    );
    expect([code, leaksIn(out + err)]).toEqual([0, []]);
    const again = (await foreignConsume(stack.kafka, requests)).filter(
      ({ headers }) => headers?.['x-replayed-from'] !== undefined,
    );
    expect(again).toHaveLength(4 * WINDOWS);
    expect(again.some(({ value }) => leaksIn(value!).includes(DIAGNOSIS))).toBe(true);
  });
});
