/** Servers that are away, records that cannot be read, and a daemon that is told something new. */
import avsc from 'avsc';
import { afterEach, expect, test } from 'vitest';
import {
  type ConfigFolder,
  configFolder,
  createGate,
  type Gate,
  type Health,
  killDaemons,
  type RunningDaemon,
  readPublic,
  startDaemon,
} from './daemon.ts';
import { describeStack, type StackUrls } from './support/context.ts';
import { type ForeignRecord, foreignConsume, javaProduce } from './support/foreign.ts';
import { influxQuery } from './support/influx.ts';
import { registerSchema, wireEncode } from './support/registry.ts';
import { createTopics, uniquePrefix } from './support/topics.ts';

const WINDOW_MS = 60_000;
const T0 = Date.parse('2026-03-01T12:00:00Z');
const endOf = (window: number): number => T0 + (window + 1) * WINDOW_MS;

const schemaOf = (...extra: string[]) => ({
  type: 'record',
  name: 'Reading',
  namespace: 'plant',
  fields: [
    { name: 'id', type: 'string' },
    { name: 'time', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'x', type: 'double' },
    ...extra.map((name) => ({ name, type: 'int', default: 0 })),
  ],
});

interface Writer {
  /** `count` readings of a window, all with this value. */
  send(window: number, count: number, x: number): Promise<void>;
  encode(id: string, timeMs: number, x: number): Buffer;
}

/** Writes Avro readings with a schema that is registered under the topic. */
async function writerOf(stack: StackUrls, topic: string, ...extra: string[]): Promise<Writer> {
  const schema = schemaOf(...extra);
  const id = await registerSchema(stack.registry, `${topic}-value`, schema);
  const type = avsc.Type.forSchema(schema as avsc.Schema);
  const defaults = Object.fromEntries(extra.map((name) => [name, 0]));
  const encode = (key: string, time: number, x: number): Buffer =>
    wireEncode(id, type, { id: key, time, x, ...defaults });
  return {
    encode,
    async send(window, count, x) {
      const records: ForeignRecord[] = Array.from({ length: count }, (_, i) => ({
        key: null,
        value: encode(`${window}-${i}`, T0 + window * WINDOW_MS + i, x),
      }));
      expect(await javaProduce(stack.kafka, topic, records)).toBe(count);
    },
  };
}

function serviceOf(requests: string, more: { labels?: string; rules?: unknown[] } = {}) {
  return {
    service: 'plant',
    streams: {
      requests: { topic: requests, encoding: 'avro' },
      ...(more.labels ? { labels: { topic: more.labels, encoding: 'avro', fields: { x: 'x' } } } : {}),
    },
    inputs: { x: { type: 'numeric' } },
    outputs: { x: { type: 'regressor' } },
    // Nothing may close by a clock: servers are away for as long as the machine needs.
    windows: { size: '1m', lateness: '0s', idle_after: '1h' },
    join: { max_delay: '1m' },
    rules: more.rules ?? [],
  };
}

const check = async (daemon: RunningDaemon, name: string) =>
  (await daemon.get<Health>('/readyz')).checks.find((found) => found.name === name);

const untilWindow = (daemon: RunningDaemon, window: number): Promise<unknown> =>
  daemon.until(
    `window ${window}`,
    async () => ((await daemon.service('plant')).eventTimeMs ?? 0) >= endOf(window),
  );

const untilCheck = (daemon: RunningDaemon, name: string, ok: boolean): Promise<unknown> =>
  daemon.until(`${name} ${ok ? 'is there' : 'is away'}`, async () => (await check(daemon, name))?.ok === ok);

/** Volume by window, from the topic of results. */
async function volumes(stack: StackUrls, folder: ConfigFolder): Promise<number[]> {
  const results = await readPublic(stack.kafka, folder.prefix, 'result');
  const counts: number[] = [];
  for (const { metric, value, windowEndMs } of results) {
    if (metric === 'volume') counts[(windowEndMs - endOf(0)) / WINDOW_MS] = value!;
  }
  return counts;
}

describeStack('a daemon in bad surroundings', (stack) => {
  const folders: ConfigFolder[] = [];
  const gates: Gate[] = [];
  const databases: string[] = [];

  const gateTo = async (target: string): Promise<Gate> => {
    const gate = await createGate(target);
    gates.push(gate);
    return gate;
  };
  const folderFor = (prefix: string, urls: StackUrls = stack): ConfigFolder => {
    const folder = configFolder(urls, prefix, { partitions: 1 });
    folders.push(folder);
    databases.push(prefix);
    return folder;
  };

  afterEach(async () => {
    await killDaemons();
    for (const gate of gates.splice(0)) await gate.close();
    for (const folder of folders.splice(0)) folder.remove();
    for (const name of databases.splice(0)) await influxQuery(stack.influx, name, `DROP DATABASE "${name}"`);
  });

  test('waits for brokers, registry, topics and InfluxDB, at its start and later, and loses nothing', async () => {
    const prefix = uniquePrefix('away');
    const registryUrl = new URL(stack.registry);
    const broker = await gateTo(stack.kafka);
    const registry = await gateTo(registryUrl.host);
    const influx = await gateTo(new URL(stack.influx).host);
    registryUrl.host = registry.host;
    const folder = folderFor(prefix, {
      kafka: broker.host,
      registry: registryUrl.href,
      influx: `http://${influx.host}`,
    });
    const requests = `${prefix}.requests`;
    const labels = `${prefix}.labels`;
    folder.service(serviceOf(requests, { labels }));
    await createTopics(stack.kafka, [{ topic: requests }]);
    const readings = await writerOf(stack, requests);
    await readings.send(0, 10, 1);

    const daemon = await startDaemon(folder.dir);
    await untilCheck(daemon, 'kafka', false);
    await broker.open();
    await untilCheck(daemon, 'kafka', true);
    await untilCheck(daemon, 'registry', false);
    expect((await daemon.get<Health>('/readyz')).ready).toBe(false);
    await registry.open();
    await daemon.untilReady();
    expect(await check(daemon, 'topics')).toMatchObject({ ok: false, detail: `missing: ${labels}` });

    // InfluxDB has not been there yet, and windows close meanwhile; nobody waits for the missing labels.
    await readings.send(1, 20, 1);
    await readings.send(2, 1, 1);
    await untilWindow(daemon, 1);
    await untilCheck(daemon, 'influx', false);
    await influx.open();
    await untilCheck(daemon, 'influx', true);

    await createTopics(stack.kafka, [{ topic: labels }]);
    await (await writerOf(stack, labels)).send(2, 3, 1);
    const stateOf = async (stream: string) =>
      (await daemon.service('plant')).streams.find((found) => found.stream === stream)?.state;
    await daemon.until('labels flow', async () => (await stateOf('labels')) === 'flowing');
    await untilCheck(daemon, 'topics', true);

    // Away once more, while a schema comes that nobody has asked for yet.
    await registry.close();
    await influx.close();
    const later = await writerOf(stack, requests, 'later');
    await later.send(3, 30, 1);
    await later.send(4, 1, 1);
    await untilCheck(daemon, 'registry', false);
    await registry.open();
    await untilWindow(daemon, 3);
    await daemon.untilReady();
    await untilCheck(daemon, 'influx', false);
    await influx.open();

    expect(await volumes(stack, folder)).toEqual([10, 20, 1, 30]);
    const query = `SELECT value FROM telltale_result WHERE service = 'plant' AND metric = 'volume'`;
    const rows = await daemon.until('rows in InfluxDB', async () => {
      const found = await influxQuery(stack.influx, prefix, query);
      return found.length >= 4 ? found : null;
    });
    expect(rows.map(({ time, value }) => [time, value])).toEqual([
      [endOf(0), 10],
      [endOf(1), 20],
      [endOf(2), 1],
      [endOf(3), 30],
    ]);
    expect((await daemon.end('SIGTERM')).code).toBe(0);
  }, 120_000);

  test('puts what it cannot read aside with its bytes and place, and counts all the rest', async () => {
    const prefix = uniquePrefix('dead');
    const folder = folderFor(prefix);
    const requests = `${prefix}.requests`;
    folder.service(serviceOf(requests));
    await createTopics(stack.kafka, [{ topic: requests, config: { 'max.message.bytes': '8000000' } }]);
    const readings = await writerOf(stack, requests);
    const good = (id: string, x = 1): Buffer => readings.encode(id, T0 + 1_000, x);
    const unknownId = Buffer.from(good('unknown'));
    unknownId.writeInt32BE(2_000_000_000, 1);
    const strange = { type: 'record', name: 'Strange', fields: [{ name: 'y', type: 'int' }] };
    const strangeId = await registerSchema(stack.registry, `${prefix}.strange-value`, strange);
    const bad: [string, Buffer][] = [
      ['schema_incompatible', wireEncode(strangeId, avsc.Type.forSchema(strange as avsc.Schema), { y: 1 })],
      ['avro', good('truncated').subarray(0, 12)],
      ['schema_unknown', unknownId],
      ['too_large', Buffer.alloc(5_000_000, 7)],
      ['wire_format', Buffer.from('{"id": "json", "x": 1}')],
      ['id_missing', good('')],
      ['time_future', readings.encode('2100', Date.parse('2100-01-01T00:00:00Z'), 1)],
      ['empty', Buffer.alloc(0)],
    ];
    const records = bad.flatMap(([, value], i): ForeignRecord[] => [
      { key: `good${i}`, value: good(`good${i}`, i === 0 ? Number.NaN : 1) },
      // Without a key: it would stand in for the id.
      { key: null, value, headers: { trace: `t${i}` } },
    ]);
    await javaProduce(stack.kafka, requests, records);
    await readings.send(1, 1, 1);

    const daemon = await startDaemon(folder.dir);
    await untilWindow(daemon, 0);
    expect((await daemon.service('plant')).counts.dead).toBe(bad.length);
    expect((await daemon.end('SIGTERM')).code).toBe(0);

    expect(await volumes(stack, folder)).toEqual([bad.length]);
    const results = await readPublic(stack.kafka, folder.prefix, 'result');
    const figureOf = (metric: string, subject: string) =>
      results.find((result) => result.metric === metric && result.subject === subject)?.value;
    expect(figureOf('dead_letters', 'requests')).toBe(bad.length);
    // Not a number is a value that does not fit: the record counts, the cell is set aside.
    expect(figureOf('mean', 'x')).toBe(1);

    const letters = await foreignConsume(stack.kafka, `${folder.prefix}dead`, { count: bad.length });
    expect(letters).toHaveLength(bad.length);
    letters.forEach((letter, i) => {
      const [code, bytes] = bad[i]!;
      const headers = Object.fromEntries(
        Object.entries(letter.headers).map(([name, value]) => [name, value.toString()]),
      );
      expect(headers).toMatchObject({
        'x-error-code': code,
        'x-stage': 'decode',
        'x-service': 'plant',
        'x-topic': requests,
        'x-partition': '0',
        'x-offset': String(2 * i + 1),
        trace: `t${i}`,
      });
      expect(headers['x-error-message']).not.toBe('');
      expect(letter.key).toBeNull();
      // The log would refuse 5 MB in its own topic: such a letter says how much of it is left out.
      const kept = code === 'too_large' ? bytes.subarray(0, letter.value!.length) : bytes;
      if (code === 'too_large') expect(headers['x-cut-from-bytes']).toBe('5000000');
      expect(letter.value!.equals(kept)).toBe(true);
      expect(letter.value!.length).toBeGreaterThanOrEqual(Math.min(bytes.length, 500_000));
    });
  });

  test('follows a good configuration with its state, refuses a bad one, and ends in time', async () => {
    const prefix = uniquePrefix('reload');
    const folder = folderFor(prefix);
    const requests = `${prefix}.requests`;
    const quiet = { name: 'high', metric: 'max', subject: 'x', critical: '> 100', min_n: 1 };
    folder.service(serviceOf(requests, { rules: [quiet] }));
    await createTopics(stack.kafka, [{ topic: requests }]);
    const readings = await writerOf(stack, requests);
    const daemon = await startDaemon(folder.dir);
    await daemon.untilReady();
    await readings.send(0, 5, 10);
    await readings.send(1, 7, 20);
    await untilWindow(daemon, 0);

    folder.service(serviceOf(requests, { rules: [{ ...quiet, metric: 'maximum' }] }));
    daemon.child.kill('SIGHUP');
    await daemon.until('refusal', async () =>
      daemon.log().includes('the new configuration is refused; the old one stays'),
    );
    expect(daemon.log()).toMatch(/services\/plant\.yaml:\d+:\d+ {2}rules\[0\]\.metric/);
    const digestOf = async () =>
      (await daemon.get<{ services: { digest: string }[] }>('/api/config')).services[0]!.digest;
    const before = await digestOf();

    // Window 1 is open: its first rows must not be forgotten, and the new rule judges it.
    folder.service(serviceOf(requests, { rules: [{ ...quiet, critical: '> 15' }] }));
    daemon.child.kill('SIGHUP');
    await daemon.until('reload', async () => daemon.log().includes('configuration reloaded'));
    expect(await digestOf()).not.toBe(before);
    await readings.send(1, 4, 11);
    await readings.send(2, 1, 1);
    await untilWindow(daemon, 1);

    const { code } = await daemon.end('SIGTERM');
    // The daemon cuts itself off at 9.5 s with code 1: 0 says that it has drained, committed and left.
    expect(code).toBe(0);
    expect(daemon.log()).not.toContain('stopping took too long');

    expect(await volumes(stack, folder)).toEqual([5, 11]);
    const alerts = await readPublic(stack.kafka, folder.prefix, 'alert');
    expect(alerts.map(({ rule, state, value, windowEndMs }) => [rule, state, value, windowEndMs])).toEqual([
      ['high', 'firing', 20, endOf(1)],
    ]);
  });
});
