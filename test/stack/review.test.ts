/** The same results in Kafka, InfluxDB and files must give the same report and the same review. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { encodePublic, type PublicIds, schemaText } from '../../src/flow/wire.ts';
import type { Alert, Result } from '../../src/records.ts';
import { fileSink } from '../../src/sink/file.ts';
import { influxSink } from '../../src/sink/influx.ts';
import type { Sink } from '../../src/sink/sink.ts';
import {
  alertAt,
  labelStretch,
  openCohort,
  resultAt,
  segmentStretch,
  spread,
  windows,
} from '../cli/stretches.ts';
import { type ConfigFolder, configFolder, MAIN } from './daemon.ts';
import { describeStack } from './support/context.ts';
import { type ForeignRecord, javaProduce } from './support/foreign.ts';
import { influxQuery } from './support/influx.ts';
import { registerSchema } from './support/registry.ts';
import { createTopics, deleteTopics, uniquePrefix } from './support/topics.ts';

const log = { info: () => {}, warn: () => {} };
/** Enough that InfluxDB gives more than one page. */
const COUNT = 400;

/** In the order of the daemon: by when each revision is due. */
const results: Result[] = [
  ...segmentStretch(COUNT).map((result) => ({ ...result, id: `z|${result.id}`, subject: 'z' })),
  ...labelStretch(COUNT),
  ...openCohort(COUNT, 0.31, 0.78),
  ...openCohort(COUNT + 1, 0.1, 0.78),
  ...windows(COUNT).flatMap((window) =>
    windows(20).map((i) =>
      resultAt(window, { metric: 'mean', subject: `x${i}`, value: spread(window, i), n: 200 }),
    ),
  ),
  ...windows(COUNT).map((window) =>
    // What a tag of InfluxDB cannot hold comes back as it was.
    resultAt(window, {
      metric: 'psi',
      subject: 'x0',
      segment: 'country=d e,\n\\',
      value: null,
      reason: 'no "baseline"',
      n: 0,
    }),
  ),
];
const alerts: Alert[] = windows(20).flatMap((i) => [
  alertAt(10 * i, { rule: 'tight', metric: 'mean', subject: 'x1', state: 'firing', level: 'warning' }),
  alertAt(10 * i + 1, { rule: 'tight', metric: 'mean', subject: 'x1', state: 'resolved', level: 'warning' }),
]);

const service = {
  service: 'shop',
  streams: {
    requests: { topic: 'unused.requests', encoding: 'json' },
    labels: { topic: 'unused.labels', encoding: 'json', fields: { y: 'y' } },
  },
  inputs: { x1: { type: 'numeric' } },
  outputs: { y: { type: 'regressor' } },
  windows: { size: '1m' },
  join: { max_delay: '10m', revise_after: ['1m'] },
  rules: [{ name: 'tight', metric: 'mean', subject: 'x1', warning: '> 0.8', min_n: 10 }],
};

describeStack('report and review', (stack) => {
  const prefix = uniquePrefix('review');
  const topics = [`${prefix}.results`, `${prefix}.alerts`];
  let folder: ConfigFolder;

  const writeAll = async (sink: Sink): Promise<void> => {
    const deliveries = [...results.map((result) => ({ result })), ...alerts.map((alert) => ({ alert }))];
    for (let at = 0; at < deliveries.length; at += sink.batchMax) {
      expect(await sink.write(deliveries.slice(at, at + sink.batchMax))).toEqual([]);
    }
    await sink.close();
  };

  beforeAll(async () => {
    folder = configFolder(stack, prefix);
    folder.service(service);
    await createTopics(
      stack.kafka,
      topics.map((topic) => ({ topic, partitions: 2 })),
    );
    const idOf = (name: 'result' | 'alert') =>
      registerSchema(stack.registry, `${prefix}.${name}s-value`, JSON.parse(schemaText(name)));
    const ids: PublicIds = {
      result: await idOf('result'),
      alert: await idOf('alert'),
      incident: 0,
      retrain: 0,
      rollout: 0,
    };
    // From before the registry was configured: bare. And a record of somebody else.
    const records: ForeignRecord[] = results.map((record, i) => ({
      key: 'shop',
      value: encodePublic('result', record, i < results.length / 2 ? null : ids),
    }));
    records.push({ key: 'x', value: 'no record of ours' });
    expect(await javaProduce(stack.kafka, topics[0]!, records, { compression: 'zstd' })).toBe(records.length);
    const alarms = alerts.map((record) => ({
      key: record.fingerprint,
      value: encodePublic('alert', record, ids),
    }));
    expect(await javaProduce(stack.kafka, topics[1]!, alarms)).toBe(alerts.length);
    await writeAll(await influxSink.create({ url: stack.influx, database: prefix }, { log }));
    mkdirSync(`${folder.dir}/out`);
    await writeAll(await fileSink.create({ path: `${folder.dir}/out/all.ndjson` }, { log }));
  });
  afterAll(async () => {
    await influxQuery(stack.influx, prefix, `DROP DATABASE "${prefix}"`);
    await deleteTopics(stack.kafka, prefix);
    folder.remove();
  });

  const asked = (...args: string[]) =>
    JSON.parse(
      execFileSync(process.execPath, [MAIN, '--config', folder.dir, '--json', ...args], {
        encoding: 'utf8',
        maxBuffer: 64 * 1024 * 1024,
      }),
    );

  test.each(['report', 'review'])(
    '%s is the same from the topic, from InfluxDB and from files',
    (command) => {
      const files = asked(command, '--from', `${folder.dir}/out`);
      const topic = asked(command);
      const influx = asked(command, '--from', 'influx', '--service', 'shop');
      expect(files.results).toBe(results.length);
      expect(topic.services).toEqual(files.services);
      expect(influx.services).toEqual(files.services);
      expect([files.strangers, topic.strangers, influx.strangers]).toEqual([0, 1, 0]);
      expect([topic.source, influx.source.split(' at ')[0]]).toEqual([
        `topic ${topics[0]}`,
        `InfluxDB database ${prefix}`,
      ]);
      const [shop] = files.services;
      if (command === 'report') {
        expect(shop.labels).toMatchObject({ late: 1, agesMs: [60_000, 600_000] });
        expect(shop.metrics.map(({ subject }: { subject: string }) => subject)).toEqual(['y', 'z']);
        expect(shop.metrics[1].segments[0]).toMatchObject({ segment: 'country=de', verdict: 'worse' });
      } else {
        expect(shop.rules).toMatchObject([{ rule: 'tight', fired: 20, findings: [{ kind: 'too tight' }] }]);
      }
    },
  );

  test('a range of time is the same of each too', () => {
    const range = ['--from-time', '2026-03-01T01:00:00Z', '--to-time', '2026-03-01T02:00:00Z'];
    const files = asked('report', '--from', `${folder.dir}/out`, ...range);
    expect(files.services[0]).toMatchObject({
      from: '2026-03-01T01:01:00.000Z',
      to: '2026-03-01T02:00:00.000Z',
    });
    expect(asked('report', ...range).services).toEqual(files.services);
    expect(asked('report', '--from', 'influx', ...range).services).toEqual(files.services);
  });

  test('an InfluxDB that is away, and a topic that is missing, are told with their cure', () => {
    folder.write(
      'telltale.yaml',
      `kafka: { brokers: ['${stack.kafka}'] }\ntopics: { prefix: '${prefix}.none.' }\ninflux: { url: 'http://127.0.0.1:1' }\n`,
    );
    expect(() => asked('report', '--from', 'influx')).toThrow(/Command failed/);
    const errorOf = (...args: string[]): { error: string; message: string } => {
      try {
        return asked(...args);
      } catch (cause) {
        return JSON.parse((cause as { stdout: string }).stdout);
      }
    };
    expect(errorOf('report', '--from', 'influx')).toMatchObject({ error: 'sink_unavailable' });
    expect(errorOf('report')).toMatchObject({
      error: 'topic_missing',
      message: `topic ${prefix}.none.results does not exist`,
    });
  });
});
