import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import avro from 'avsc';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { dockerRunArgs } from '../../src/stack/docker.ts';
import { influxPart } from '../../src/stack/influx.ts';
import { kafkaPart, serverProperties } from '../../src/stack/kafka.ts';
import { isAlive } from '../../src/stack/processes.ts';
import { registryPart } from '../../src/stack/registry.ts';
import { settingsFrom } from '../../src/stack/settings.ts';
import { down, status, up } from '../../src/stack/stack.ts';
import { readState } from '../../src/stack/state.ts';
import { describeStack } from './support/context.ts';
import { foreignConsume, javaProduce, kcatConsume, kcatProduce } from './support/foreign.ts';
import { influxQuery, influxWrite } from './support/influx.ts';
import { freePort, listenAnywhere } from './support/ports.ts';
import { fetchSchema, registerSchema, wireEncode, wireSplit } from './support/registry.ts';
import {
  createTopics,
  deleteTopics,
  type Read,
  readWithKafkajs,
  testClient,
  uniquePrefix,
} from './support/topics.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

function runStack(args: readonly string[], env: Record<string, string>) {
  return spawnSync(process.execPath, [join(ROOT, 'dist/stack/main.js'), ...args], { encoding: 'utf8', env });
}

describe('settings', () => {
  test('environment, then option, and an empty variable is as none', () => {
    const env = {
      TELLTALE_CACHE: '/c',
      TELLTALE_KAFKA_PORT: '1000',
      TELLTALE_INFLUX_PORT: '',
      INFLUX_URL: 'http://i',
    };
    const settings = settingsFrom(env, { ports: { kafka: '2000' } });
    expect(settings.ports).toEqual({ kafka: 2000, influx: 18086, registry: 18081 });
    expect(settings.given).toEqual({ influx: 'http://i' });
    expect(settings.stateFile).toBe('/c/stack/state.json');
  });

  test.each(['0', '65535', '1.5', 'x'])('refuses port %s and names the option', (port) => {
    expect(() => settingsFrom({}, { ports: { registry: port } })).toThrow(
      `the port of registry is "${port}", not a whole number between 1 and 65534 (--registry-port`,
    );
  });

  test('the broker needs three ports', () => {
    expect(settingsFrom({}, { ports: { kafka: '65533' } }).ports.kafka).toBe(65_533);
    expect(() => settingsFrom({}, { ports: { kafka: '65534' } })).toThrow('between 1 and 65533');
    expect(kafkaPart.ports(settingsFrom({ TELLTALE_KAFKA_PORT: '5' }))).toEqual([5, 6, 7]);
  });

  test('the broker listens on loopback only and takes records of more than 8 MB', () => {
    const lines = serverProperties(settingsFrom({}), '/d').split('\n');
    const listeners = lines.filter((line) => line.includes('listeners='));
    expect(listeners).toHaveLength(2);
    for (const line of listeners)
      for (const address of line.slice(line.indexOf('=') + 1).split(','))
        expect(address).toMatch(/^[A-Z]+:\/\/127\.0\.0\.1:\d+$/);
    const bytesMax = Number(lines.find((line) => line.startsWith('message.max.bytes='))?.split('=')[1]);
    expect(bytesMax).toBeGreaterThan(8_000_000);
  });

  test('containers publish their ports on loopback only', () => {
    for (const part of [kafkaPart, influxPart, registryPart]) {
      const args = dockerRunArgs(part, settingsFrom({}));
      const published = args.filter((_, i) => args[i - 1] === '-p');
      expect(published).toHaveLength(1);
      expect(published[0]).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
      expect(args.at(-1)).toMatch(/^[a-z/-]+:\d/);
    }
  });
});

describe('the command', () => {
  const folder = mkdtempSync(join(tmpdir(), 'telltale-stack-'));
  const env = { PATH: process.env.PATH ?? '', TELLTALE_CACHE: folder };
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('a given server that does not answer is one line, for each part', async () => {
    const port = await freePort();
    const nowhere = `http://127.0.0.1:${port}`;
    const given = { KAFKA_BROKERS: `127.0.0.1:${port}`, INFLUX_URL: nowhere, REGISTRY_URL: nowhere };
    const run = runStack(['up'], { ...env, ...given });
    expect(run.status).toBe(1);
    expect(run.stdout).toBe('');
    expect(run.stderr.trim().split('\n')).toEqual([
      `error: kafka does not answer on 127.0.0.1:${port}, which KAFKA_BROKERS names; start it or unset the variable`,
      `error: influx does not answer on ${nowhere}, which INFLUX_URL names; start it or unset the variable`,
      `error: registry does not answer on ${nowhere}, which REGISTRY_URL names; start it or unset the variable`,
    ]);
  });

  test('status of nothing is a table and exit code 1; --json is an array; a bad port is a usage error', () => {
    const run = runStack(['status'], env);
    expect(run.status).toBe(1);
    expect(run.stdout.match(/not started/g)).toHaveLength(3);
    const rows = JSON.parse(runStack(['status', '--json'], env).stdout) as {
      part: string;
      answers: boolean;
    }[];
    expect(rows.map((row) => [row.part, row.answers])).toEqual([
      ['kafka', false],
      ['influx', false],
      ['registry', false],
    ]);
    expect(runStack(['up', '--kafka-port', 'x'], env).status).toBe(2);
    expect(runStack(['down'], env).stderr).toContain('nothing runs');
  });
});

describeStack('the life of a server', (stack) => {
  const folder = mkdtempSync(join(tmpdir(), 'telltale-stack-'));
  const lines: string[] = [];
  const say = (line: string) => lines.push(line);
  const settingsWith = (port: number) =>
    settingsFrom(
      { TELLTALE_CACHE: folder, KAFKA_BROKERS: stack.kafka, REGISTRY_URL: stack.registry },
      { ports: { influx: String(port) } },
    );
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('up starts what is missing, up again changes nothing, down ends it and deletes its data', async () => {
    const settings = settingsWith(await freePort());
    try {
      const urls = await up(settings, say);
      // A broker that is given has no secure listener that this stack knows of.
      expect(urls).toEqual({
        ...stack,
        kafkaSecure: undefined,
        influx: `http://127.0.0.1:${settings.ports.influx}`,
      });
      const pid = readState(settings).parts.influx?.pid ?? 0;
      expect(isAlive(pid)).toBe(true);
      await up(settings, say);
      expect(readState(settings).parts.influx?.pid).toBe(pid);
      const rows = await status(settings);
      expect(rows.map((row) => [row.part, row.kind, row.answers])).toEqual([
        ['kafka', 'given', true],
        ['influx', 'process', true],
        ['registry', 'given', true],
      ]);
      process.kill(pid, 'SIGKILL');
      await up(settings, say);
      expect(readState(settings).parts.influx?.pid).not.toBe(pid);
    } finally {
      await down(settings, say);
    }
    const rows = await status(settings);
    expect(rows.map((row) => row.answers)).toEqual([true, false, true]);
    expect(existsSync(settings.dataDir)).toBe(false);
    expect(existsSync(settings.stateFile)).toBe(false);
    expect(existsSync(join(settings.logsDir, 'influx.log'))).toBe(true);
  });

  test('a port that somebody else holds is named, with the cure', async () => {
    const { server, port } = await listenAnywhere();
    try {
      await expect(up(settingsWith(port), say)).rejects.toThrow(
        `port ${port} of 127.0.0.1 is taken by a process that this stack did not start; ` +
          'end it, or move influx with --influx-port or TELLTALE_INFLUX_PORT',
      );
    } finally {
      server.close();
    }
  });
});

describeStack('Kafka', (stack) => {
  const prefix = uniquePrefix('stack');
  const topic = `${prefix}-raw`;
  const binary = Buffer.from([0, 10, 13, 255, 0, 10, 128, 32, 0]);
  beforeAll(() =>
    createTopics(stack.kafka, [{ topic, partitions: 2, config: { 'max.message.bytes': '8000000' } }]),
  );
  afterAll(() => deleteTopics(stack.kafka, prefix));

  test('what the Java client and kcat produce, kafkajs and both of them read back, byte by byte', async () => {
    const large = Buffer.alloc(5_000_000, 7);
    const produced = await javaProduce(stack.kafka, topic, [
      {
        partition: 0,
        key: 'a',
        value: binary,
        timestampMs: 1_000,
        headers: { 'x-b': binary, 'x-c': 'a,b=c' },
      },
      { partition: 0, key: null, value: null },
      { partition: 0, key: Buffer.from([0, 10]), value: large },
    ]);
    expect(produced).toBe(3);
    await kcatProduce(stack.kafka, topic, [binary, 'two'], { key: 'k', partition: 1 });

    const records = await foreignConsume(stack.kafka, topic, { untilEnd: true });
    expect(records.map(({ partition, offset }) => [partition, offset])).toEqual([
      [0, 0],
      [0, 1],
      [0, 2],
      [1, 0],
      [1, 1],
    ]);
    expect(records[0]).toMatchObject({ timestampMs: 1_000, key: Buffer.from('a'), value: binary });
    expect(records[0]?.headers).toEqual({ 'x-b': binary, 'x-c': Buffer.from('a,b=c') });
    expect(records[1]).toMatchObject({ key: null, value: null });
    expect(records[2]?.key).toEqual(Buffer.from([0, 10]));
    expect(records[2]?.value?.equals(large)).toBe(true);
    expect(records[3]).toMatchObject({ key: Buffer.from('k'), value: binary });
    expect(records[4]?.value?.toString()).toBe('two');

    const printed = records.map(printOf);
    expect((await kcatConsume(stack.kafka, topic)).map(printOf)).toEqual(printed);
    expect((await readWithKafkajs(stack.kafka, prefix, topic, records.length)).map(printOf)).toEqual(printed);
  });

  test('reading more than there is fails with how many there were', async () => {
    await expect(foreignConsume(stack.kafka, topic, { count: 6, timeoutMs: 6_000 })).rejects.toThrow(
      `only 5 records of ${topic} within 6000 ms`,
    );
  });

  test('a topic is not created by asking for it', async () => {
    const admin = testClient(stack.kafka).admin();
    await admin.connect();
    await expect(admin.fetchTopicMetadata({ topics: [`${prefix}-absent`] })).rejects.toThrow();
    expect(await admin.listTopics()).not.toContain(`${prefix}-absent`);
    await admin.disconnect();
  });
});

/** Text, because comparing buffers of 5 MB element by element takes the assertion library a minute. */
function printOf({ partition, offset, key, value }: Read): string {
  const digest = value === null ? 'null' : createHash('sha256').update(value).digest('hex');
  return `${partition} ${offset} ${key === null ? 'null' : key.toString('hex')} ${digest}`;
}

describeStack('InfluxDB', (stack) => {
  const database = uniquePrefix('stack');
  beforeAll(() => influxQuery(stack.influx, '', `CREATE DATABASE "${database}"`));
  afterAll(() => influxQuery(stack.influx, '', `DROP DATABASE "${database}"`));

  test('the same point written twice is one row', async () => {
    const line = 'm,service=fraud value=0.25 1700000000000';
    await influxWrite(stack.influx, database, [line, 'm,service=voice value=1 1700000000000']);
    await influxWrite(stack.influx, database, [line]);
    expect(await influxQuery(stack.influx, database, 'SELECT value FROM m GROUP BY service')).toEqual([
      { service: 'fraud', time: 1_700_000_000_000, value: 0.25 },
      { service: 'voice', time: 1_700_000_000_000, value: 1 },
    ]);
  });

  test('an error of the server is an error here', async () => {
    await expect(influxQuery(stack.influx, database, 'SELECT')).rejects.toThrow(
      'InfluxDB: error parsing query',
    );
    await expect(influxWrite(stack.influx, database, ['no fields'])).rejects.toThrow('InfluxDB: 400');
  });
});

describeStack('the schema registry', (stack) => {
  const schema: avro.Schema = { type: 'record', name: 'R', fields: [{ name: 'id', type: 'string' }] };

  test('gives back by id what was registered, and the same id for the same schema', async () => {
    const subject = uniquePrefix('stack');
    const id = await registerSchema(stack.registry, `${subject}-value`, schema);
    expect(await registerSchema(stack.registry, `${subject}-value`, schema)).toBe(id);
    expect(await fetchSchema(stack.registry, id)).toEqual(schema);
    expect(await fetchSchema(stack.registry, 2_000_000_000)).toBeNull();

    const bytes = wireEncode(id, avro.Type.forSchema(schema), { id: 'a' });
    expect([...bytes.subarray(0, 5)]).toEqual([0, 0, 0, 0, id]);
    expect(wireSplit(bytes)).toEqual({ id, body: Buffer.from([2, 97]) });
  });
});

describe('docker-compose.yml', () => {
  const compose = parse(readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8')) as {
    services: Record<string, { image?: string; ports?: string[]; depends_on?: object; volumes?: string[] }>;
    volumes: object;
  };

  test('pins every image, publishes on loopback only, and names nothing that is not there', () => {
    expect(Object.keys(compose.services)).toEqual(
      expect.arrayContaining(['kafka', 'registry', 'influxdb', 'grafana', 'telltale', 'traffic']),
    );
    for (const service of Object.values(compose.services)) {
      if (service.image !== undefined) expect(service.image).toMatch(/:\d+\.\d+|^telltale:local$/);
      for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
      for (const name of Object.keys(service.depends_on ?? {}))
        expect(compose.services).toHaveProperty([name]);
      for (const volume of service.volumes ?? []) {
        const source = volume.split(':')[0]!;
        if (!source.startsWith('.')) expect(compose.volumes).toHaveProperty([source]);
      }
    }
  });
});
