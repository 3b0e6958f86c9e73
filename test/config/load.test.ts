import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { redact } from '../../src/config/redact.ts';
import { topicSpecs } from '../../src/config/topics.ts';
import { ConfigError } from '../../src/config/types.ts';
import { TelltaleError } from '../../src/errors.ts';
import { baseline, registries } from './support.ts';

const made: string[] = [];
afterEach(() => {
  for (const dir of made.splice(0)) rmSync(dir, { recursive: true });
});

function folder(files: Record<string, string>): string {
  const dir = mkdtempSync(join(tmpdir(), 'telltale-config-'));
  made.push(dir);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), text);
  }
  return dir;
}

const service = (name: string, topic: string) =>
  `service: ${name}\nstreams: { requests: { topic: ${topic} } }\n`;

async function errorOf(dir: string, env = {}): Promise<ConfigError> {
  const error = await loadConfig(dir, registries, { env }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ConfigError);
  return error as ConfigError;
}

describe('loadConfig', () => {
  it('fills an empty telltale.yaml with defaults', async () => {
    const dir = folder({
      'telltale.yaml': '',
      'services/b.yaml': service('b', 't'),
      'services/a.yml': service('a', 'u'),
    });
    const config = await loadConfig(dir, registries);
    expect(config).toMatchObject({
      dir,
      kafka: {
        brokers: ['localhost:9092'],
        clientId: 'telltale',
        group: 'telltale',
        compression: 'gzip',
        instanceId: null,
        times: {
          sessionTimeoutMs: 6000,
          heartbeatIntervalMs: 2000,
          rebalanceTimeoutMs: 60_000,
          stalledAfterMs: 300_000,
        },
        ssl: false,
        sasl: null,
      },
      registry: null,
      topics: {
        prefix: 'telltale.',
        partitions: 4,
        replication: 1,
        retentionMs: 604_800_000,
        cloudEvents: false,
      },
      influx: null,
      http: {
        host: '127.0.0.1',
        port: 8080,
        isLocalOnly: false,
        auth: { mode: 'none', tokens: [], sessionMs: 43_200_000, proxy: null },
      },
      predict: { enabled: null, inFlightMax: 100 },
      metrics: { host: '127.0.0.1', port: 9464 },
      otlp: null,
      checkpoint: { everyMs: 2000, records: 20_000 },
      scoring: { threads: 1, shadowTimeoutMs: 2000, shadowFailuresMax: 5 },
      servicesDir: join(dir, 'services'),
      log: { level: 'info' },
    });
    expect(config.services.map((spec) => spec.service)).toEqual(['a', 'b']);
    expect(Object.isFrozen(config.kafka.brokers)).toBe(true);
  });

  it('reads every setting, and hides the secrets of a copy that may be printed', async () => {
    const dir = folder({
      'telltale.yaml': `
kafka:
  brokers: [a:1, b:2]
  compression: zstd
  instance_id: node-1
  session_timeout: 30s
  ssl: { ca_file: ca.pem }
  sasl: { mechanism: scram-sha-512, username: u, password: "$\{PASSWORD}" }
registry: { url: "http://me:hush@localhost:8081/" }
topics: { prefix: '', partitions: 2 }
influx: { url: http://localhost:8086, username: w, password: hush }
http: { port: 0 }
predict: { enabled: true, in_flight_max: 7 }
metrics: false
otlp: { url: http://localhost:4318 }
checkpoint: { every: 500ms }
services: watched
`,
      'ca.pem': rootCertificates[0]!,
      'watched/a.yaml': service('a', 't'),
    });
    const config = await loadConfig(dir, registries, { env: { PASSWORD: '0123' } });
    expect(config.kafka.ssl).toMatchObject({ caFile: join(dir, 'ca.pem'), certFile: null, keyFile: null });
    expect(config.kafka).toMatchObject({
      instanceId: 'node-1',
      times: { sessionTimeoutMs: 30_000, heartbeatIntervalMs: 3000 },
    });
    expect(config.kafka.sasl).toEqual({ mechanism: 'scram-sha-512', username: 'u', password: '0123' });
    expect(config.predict).toEqual({ enabled: true, inFlightMax: 7 });
    expect(config.registry).toEqual({ url: 'http://me:hush@localhost:8081' });
    expect([config.metrics, config.http.port, config.checkpoint.everyMs]).toEqual([null, 0, 500]);
    const printed = JSON.stringify(redact(config));
    expect(printed).not.toMatch(/hush|0123/);
    expect(printed).toContain('http://***@localhost:8081');
    expect(config.influx!.password).toBe('hush');
  });

  it('refuses times that contradict each other', async () => {
    const dir = folder({
      'telltale.yaml':
        'kafka:\n  session_timeout: 6s\n  heartbeat_interval: 6s\n  rebalance_timeout: 60s\n  stalled_after: 60s\n',
      'services/a.yaml': service('a', 't'),
    });
    expect((await errorOf(dir)).problems).toMatchObject([
      { key: 'kafka.heartbeat_interval', line: 3 },
      { key: 'kafka.stalled_after', line: 5 },
    ]);
  });

  it('reports the faults of all files at once, by file and line', async () => {
    const dir = folder({
      'telltale.yaml': 'kafka: { broker: [a:1] }\nhttp: { port: 99999 }\nkafka2: 1\n',
      'services/a.yaml': `${service('a', 't')}windws: {}\n`,
      'services/b.yaml': `${service('a', 't')}rules:\n  - { name: r, metric: pssi, warning: '> 1' }\n`,
      'services/c.yaml': 'service: [\n',
    });
    const error = await errorOf(dir);
    const found = error.problems.map(({ file, line, key }) => [file.slice(dir.length + 1), line, key]);
    expect(found).toEqual([
      ['services/a.yaml', 3, 'windws'],
      ['services/b.yaml', 1, 'service'],
      ['services/b.yaml', 2, 'streams.requests.topic'],
      ['services/b.yaml', 4, 'rules[0].metric'],
      ['services/c.yaml', 2, ''],
      ['telltale.yaml', 1, 'kafka.broker'],
      ['telltale.yaml', 2, 'http.port'],
      ['telltale.yaml', 3, 'kafka2'],
    ]);
    expect(error.message).toBe('8 problems in 4 files');
    expect(error.code).toBe('config_invalid');
  });

  it('never shows a secret in a problem', async () => {
    const dir = folder({
      'telltale.yaml': 'influx: { url: http://localhost:8086, password: [hush] }\n',
      'services/a.yaml': service('a', 't'),
    });
    const error = await errorOf(dir);
    expect(error.problems[0]).toMatchObject({ key: 'influx.password', found: '(a secret)' });
    expect(JSON.stringify(error.problems)).not.toContain('hush');
  });

  it.each([
    [
      'a registry for avro',
      'service: a\nstreams: { requests: { topic: t, encoding: avro } }\n',
      'needs registry.url',
    ],
    ['topics of its own', service('a', 'telltale.slots'), 'already used by Telltale itself'],
  ])('needs %s', async (_what, text, message) => {
    const error = await errorOf(folder({ 'telltale.yaml': '', 'services/a.yaml': text }));
    expect(error.problems).toMatchObject([{ line: 2 }]);
    expect(error.problems[0]!.message).toContain(message);
  });

  it('needs service files and existing TLS files', async () => {
    const dir = folder({ 'telltale.yaml': 'services: none\n' });
    expect((await errorOf(dir)).problems).toMatchObject([{ key: 'services', line: 1 }]);
    const tls = folder({
      'telltale.yaml': 'kafka:\n  ssl: { ca_file: x.pem }\n',
      'services/a.yaml': service('a', 't'),
    });
    expect((await errorOf(tls)).problems).toMatchObject([{ key: 'kafka.ssl.ca_file', line: 2 }]);
  });

  it('says where it looked for telltale.yaml', async () => {
    const error = await loadConfig(folder({}), registries).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TelltaleError);
    expect(error).toMatchObject({
      code: 'config_missing',
      message: expect.stringContaining('telltale.yaml'),
    });
  });

  it('names a service file that cannot be read', async () => {
    const dir = folder({ 'telltale.yaml': '', 'services/a.yaml/x': '' });
    const error = await loadConfig(dir, registries).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'file_unreadable', message: expect.stringContaining('a.yaml') });
  });

  it('reads baselines and models relative to the service file, and can go without baselines', async () => {
    const own = { ...baseline, service: 'a' };
    const text = `${service('a', 't')}inputs: { amount: { type: numeric } }\nbaseline: ../baselines/a.json\n`;
    const files = { 'telltale.yaml': '', 'services/a.yaml': text };
    const whole = await loadConfig(folder({ ...files, 'baselines/a.json': JSON.stringify(own) }), registries);
    expect(whole.services[0]!.baseline).toEqual(own);
    const without = await loadConfig(folder(files), registries, { withoutBaselines: true });
    expect(without.services[0]!.baseline).toBeNull();
  });
});

describe('topicSpecs', () => {
  it('gives the internal and public topics, and keeps events longer than the longest wait', async () => {
    const dir = folder({
      'telltale.yaml': 'topics: { prefix: x., partitions: 3, replication: 2, retention: 2d }\n',
      'services/a.yaml': `${service('a', 't')}join: { max_delay: 10d }\nwindows: { size: 1h, grace: 1m }\n`,
      'services/b.yaml': service('b', 'u'),
    });
    const specs = topicSpecs(await loadConfig(dir, registries));
    const two = String(2 * 86_400_000);
    expect(specs.map(({ name, config }) => [name, config['cleanup.policy'], config['retention.ms']])).toEqual(
      [
        ['x.events', 'delete', String(11 * 86_400_000 + 3_600_000 + 60_000)],
        ['x.slots', 'compact,delete', String(11 * 86_400_000 + 3_600_000 + 60_000)],
        ['x.snapshots', 'compact,delete', String(11 * 86_400_000 + 3_600_000 + 60_000)],
        ['x.results', 'delete', two],
        ['x.alerts', 'delete', two],
        ['x.incidents', 'delete', two],
        ['x.retrain', 'delete', two],
        ['x.retrain.status', 'delete', two],
        ['x.rollout', 'delete', '-1'],
        ['x.routing', 'compact', undefined],
        ['x.decisions', 'delete', two],
        ['x.review', 'delete', two],
        ['x.dead', 'delete', two],
        ['x.telemetry', 'delete', String(86_400_000)],
      ],
    );
    expect(specs[1]).toMatchObject({
      partitions: 3,
      replication: 2,
      config: { 'min.compaction.lag.ms': '3600000' },
    });
    const dead = specs.find(({ name }) => name === 'x.dead')!;
    expect(Number(dead.config['max.message.bytes'])).toBeGreaterThan(4_194_304);
  });
});
