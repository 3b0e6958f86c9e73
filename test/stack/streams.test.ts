/** All streams as other systems write them, through a real broker, with a crash in the middle. */
import { afterEach, expect, test } from 'vitest';
import type { Result } from '../../src/records.ts';
import { mlp } from '../score/support/onnx.ts';
import {
  committedType,
  configFolder,
  killDaemons,
  type RunningDaemon,
  readPublic,
  startDaemon,
} from './daemon.ts';
import {
  COMPRESSION,
  eventTimeOf,
  expectedWindows,
  MLP,
  SCHEMAS,
  type SchemaName,
  type Stream,
  streamRecords,
  T0,
  TURNED_WINDOW,
  WINDOW_MS,
  WINDOWS,
} from './streams-data.ts';
import { describeStack, type StackUrls } from './support/context.ts';
import { foreignConsume, javaProduce, kcatConsume, kcatProduce } from './support/foreign.ts';
import { influxQuery } from './support/influx.ts';
import { registerSchema, wireSplit } from './support/registry.ts';
import { createTopics, uniquePrefix } from './support/topics.ts';

const STREAMS = ['requests', 'predictions', 'labels', 'feedback'] as const;
const LAST_END_MS = T0 + WINDOWS * WINDOW_MS;

function serviceOf(topicOf: (stream: Stream) => string) {
  const avro = (stream: Stream) => ({ topic: topicOf(stream), encoding: 'avro' });
  return {
    service: 'shop',
    streams: {
      requests: avro('requests'),
      predictions: { ...avro('predictions'), fields: { buys: 'answer' }, latency_ms: 'ms' },
      labels: { ...avro('labels'), fields: { buys: 'truth' } },
      feedback: {
        ...avro('feedback'),
        kind: 'what',
        kinds: { click: 'clicked', redo: 'again', switch_to_typing: 'typed' },
      },
    },
    inputs: { a: { type: 'numeric' }, b: { type: 'numeric' }, country: { type: 'categorical' } },
    outputs: { buys: { type: 'classifier', classes: ['no', 'yes'], positive: 'yes' } },
    models: [
      {
        name: 'mlp',
        role: 'primary',
        file: '../mlp.onnx',
        inputs: { x: ['a', 'b'] },
        outputs: { buys: { probabilities: 'probability' } },
      },
    ],
    segments: [['country']],
    // Nothing may close by a clock: what is measured must follow from the records alone.
    windows: { size: '1m', lateness: '1s', idle_after: '1h' },
    join: { max_delay: '1m' },
    rules: [
      {
        name: 'accuracy-loss',
        metric: 'accuracy',
        subject: 'buys',
        model: 'mlp',
        critical: '< 0.6',
        min_n: 50,
      },
    ],
    retrain: { mode: 'automatic', on: ['accuracy-loss'], lookback: '2m' },
  };
}

/** Produces half of every stream; returns how many records were acknowledged, by stream. */
async function produce(
  stack: StackUrls,
  topicOf: (stream: Stream) => string,
  half: 0 | 1,
  ids: Record<SchemaName, number>,
): Promise<void> {
  for (const stream of STREAMS) {
    const records = [...streamRecords(stream, half, ids)];
    const compression = COMPRESSION[stream];
    expect(await javaProduce(stack.kafka, topicOf(stream), records, { compression })).toBe(records.length);
  }
}

async function registerAll(stack: StackUrls, topicOf: (stream: Stream) => string) {
  const ids = {} as Record<SchemaName, number>;
  for (const stream of STREAMS)
    ids[stream] = await registerSchema(stack.registry, `${topicOf(stream)}-value`, SCHEMAS[stream]);
  const subject = `${topicOf('requests')}-value`;
  ids.requestsLater = await registerSchema(stack.registry, subject, SCHEMAS.requestsLater);
  expect(ids.requestsLater).not.toBe(ids.requests);
  return ids;
}

/** Until the joined figures of a window are there: they come after all others. */
const untilJoined = (daemon: RunningDaemon, endMs: number): Promise<unknown> =>
  daemon.until(
    `joined window until ${new Date(endMs).toISOString()}`,
    async () => {
      const path = '/api/services/shop/history?metric=accuracy&subject=buys&model=mlp&segment=*';
      const points = await daemon.get<{ windowEndMs: number }[]>(path);
      return points.some(({ windowEndMs }) => windowEndMs >= endMs);
    },
    90_000,
  );

/** One result an id; the same id with another content is an error. */
function distinct(results: readonly Result[]): Map<string, Result> {
  const byId = new Map<string, Result>();
  for (const result of results) {
    const known = byId.get(result.id);
    if (known !== undefined) expect(result).toEqual(known);
    byId.set(result.id, result);
  }
  return byId;
}

const sorted = (byId: ReadonlyMap<string, Result>): Result[] =>
  [...byId.values()].sort((a, b) => (a.id < b.id ? -1 : 1));

function checkFigures(results: Iterable<Result>): void {
  const key = (metric: string, subject: string, model: string, segment: string, endMs: number) =>
    [metric, subject, model, segment, endMs].join('|');
  const found = new Map<string, Result>();
  for (const r of results) {
    const own = key(r.metric, r.subject, r.model, r.segment, r.windowEndMs);
    expect(found.has(own), own).toBe(false);
    found.set(own, r);
  }
  expectedWindows().forEach((window, i) => {
    const endMs = T0 + (i + 1) * WINDOW_MS;
    const at = (metric: string, subject = '', model = '', segment = '*') => {
      const result = found.get(key(metric, subject, model, segment, endMs));
      return result === undefined ? null : { value: result.value, n: result.n };
    };
    const { volume, volumeOfDe, labelled, right, rightExternal, feedback } = window;
    const share = (part: number, n: number) => ({ value: part / n, n });
    expect(at('volume')).toEqual({ value: volume, n: volume });
    expect(at('volume', '', '', 'country=de')).toEqual({ value: volumeOfDe, n: volumeOfDe });
    expect(at('accuracy', 'buys', 'mlp')).toEqual(share(right, labelled));
    expect(at('accuracy', 'buys', 'external')).toEqual(share(rightExternal, labelled));
    expect(at('click_through_rate')).toEqual(share(feedback.clicked, volume));
    expect(at('redo_rate')).toEqual(share(feedback.again, volume));
    expect(at('switch_to_typing_rate')).toEqual(share(feedback.typed, volume));
    expect(at('late', 'requests')?.value ?? 0).toBe(0);
    expect(at('dead_letters', 'requests')?.value ?? 0).toBe(0);
  });
}

/** The ranges of the retrain event are those of the records whose event time lies in it, in each partition. */
async function checkRanges(
  stack: StackUrls,
  prefix: string,
  topicOf: (stream: Stream) => string,
  laterId: number,
) {
  const [retrain, ...others] = await readPublic(stack.kafka, prefix, 'retrain');
  expect(others).toEqual([]);
  const toMs = T0 + (TURNED_WINDOW + 1) * WINDOW_MS;
  expect(retrain).toMatchObject({ service: 'shop', state: 'approved', mode: 'automatic', atMs: toMs });
  const { data, triggers } = retrain!;
  expect(triggers.map(({ rule, windowEndMs }) => [rule, windowEndMs])).toEqual([['accuracy-loss', toMs]]);
  expect(data.toMs).toBe(toMs);
  const expected = [];
  for (const stream of STREAMS) {
    const topic = topicOf(stream);
    const within = (await foreignConsume(stack.kafka, topic)).filter(({ value }) => {
      const timeMs = eventTimeOf(stream, value!, laterId);
      return timeMs >= data.fromMs && timeMs < data.toMs;
    });
    for (const partition of [0, 1]) {
      const offsets = within.filter((record) => record.partition === partition).map(({ offset }) => offset);
      const [fromOffset, toOffset] = [offsets[0]!, offsets.at(-1)!];
      expect(offsets.length).toBe(toOffset - fromOffset + 1);
      expected.push({ stream, topic, partition, fromOffset, toOffset });
    }
  }
  const order = (range: { topic: string; partition: number }) => `${range.topic}/${range.partition}`;
  const ordered = <T extends { topic: string; partition: number }>(ranges: T[]): T[] =>
    [...ranges].sort((a, b) => (order(a) < order(b) ? -1 : 1));
  expect(ordered(data.ranges).map((range) => ({ ...range }))).toEqual(ordered(expected));
}

async function checkInflux(stack: StackUrls, database: string, results: Iterable<Result>): Promise<void> {
  const expected = [...results];
  const rows = await influxQuery(
    stack.influx,
    database,
    `SELECT * FROM telltale_result WHERE service = 'shop'`,
  );
  expect(rows).toHaveLength(expected.length);
  const text = (...parts: unknown[]) => parts.join('|');
  const found = new Map(
    rows.map((row) => [
      text(row.time, row.metric, row.subject, row.model, row.segment),
      [row.value, row.n, row.reason],
    ]),
  );
  const dash = (tag: string) => tag || '-';
  for (const r of expected) {
    const own = text(r.windowEndMs, r.metric, dash(r.subject), dash(r.model), r.segment);
    expect(found.get(own), own).toEqual([r.value, r.n, r.reason]);
  }
}

describeStack('requests, predictions, labels and feedback in Avro', (stack) => {
  const folders: { remove(): void }[] = [];
  afterEach(async () => {
    await killDaemons();
    for (const folder of folders.splice(0)) folder.remove();
  });

  test('are measured exactly, raise an alarm and ask for retraining, although the daemon is killed half way', async () => {
    const prefix = uniquePrefix('streams');
    const topicOf = (stream: Stream): string => `${prefix}.in.${stream}`;
    await createTopics(
      stack.kafka,
      STREAMS.map((stream) => ({ topic: topicOf(stream), partitions: 2 })),
    );
    const ids = await registerAll(stack, topicOf);
    const folder = configFolder(stack, prefix);
    folders.push(folder);
    folder.write('mlp.onnx', mlp(MLP));
    folder.service(serviceOf(topicOf));

    let daemon = await startDaemon(folder.dir);
    await daemon.untilReady();
    await produce(stack, topicOf, 0, ids);
    // Some windows are out, others are open and labels are waited for: the worst moment to die.
    await untilJoined(daemon, T0 + 2 * WINDOW_MS);
    expect((await daemon.end('SIGKILL')).signal).toBe('SIGKILL');
    await produce(stack, topicOf, 1, ids);
    daemon = await startDaemon(folder.dir);
    // The group waits for the dead member until its session of 30 s has timed out.
    await daemon.untilReady(90_000);
    await untilJoined(daemon, LAST_END_MS);
    const influxCount = async () => {
      const query = `SELECT count(n) FROM telltale_result WHERE service = 'shop'`;
      return Number((await influxQuery(stack.influx, prefix, query))[0]?.count ?? 0);
    };
    const byId = await daemon.until('rows in InfluxDB', async () => {
      const found = distinct(await readPublic(stack.kafka, folder.prefix, 'result'));
      return (await influxCount()) === found.size ? found : null;
    });
    expect((await daemon.end('SIGTERM')).code).toBe(0);

    checkFigures(byId.values());
    const alerts = distinctAlerts(await readPublic(stack.kafka, folder.prefix, 'alert'));
    expect(alerts[0]).toMatchObject({
      service: 'shop',
      rule: 'accuracy-loss',
      state: 'firing',
      level: 'critical',
      windowStartMs: T0 + TURNED_WINDOW * WINDOW_MS,
    });
    expect(alerts.map(({ segment }) => segment)).toEqual(['*']);
    await checkRanges(stack, folder.prefix, topicOf, ids.requestsLater);
    await checkKcat(stack, folder.prefix);
    await checkInflux(stack, prefix, byId.values());

    const second = uniquePrefix('streams');
    const whole = configFolder(stack, second);
    folders.push(whole);
    whole.write('mlp.onnx', mlp(MLP));
    whole.service(serviceOf(topicOf));
    daemon = await startDaemon(whole.dir);
    await untilJoined(daemon, LAST_END_MS);
    await reportTraining(stack, daemon, whole.prefix);
    expect((await daemon.end('SIGTERM')).code).toBe(0);
    // One that was never interrupted finds the same, number by number.
    const undisturbed = distinct(await readPublic(stack.kafka, whole.prefix, 'result'));
    expect(sorted(byId)).toEqual(sorted(undisturbed));
    for (const name of [prefix, second]) await influxQuery(stack.influx, name, `DROP DATABASE "${name}"`);
  }, 180_000);
});

/** What a training writes on the topic of its own comes out as states of the request. */
async function reportTraining(stack: StackUrls, daemon: RunningDaemon, prefix: string): Promise<void> {
  const read = () => readPublic(stack.kafka, prefix, 'retrain');
  const [asked] = await daemon.until('the request', async () => {
    const found = await read();
    return found.length > 0 ? found : null;
  });
  const { service, retrainId } = asked!;
  const report = (state: string, reason: string): string =>
    JSON.stringify({ service, retrainId, state, by: 'trainer', reason });
  const reports = [report('started', 'run 7'), report('done', 'mlp-2.onnx'), report('done', 'told twice')];
  await kcatProduce(stack.kafka, `${prefix}retrain.status`, reports, { partition: 0 });
  const all = await daemon.until('its end', async () => {
    const found = await read();
    return found.at(-1)!.state === 'done' ? found : null;
  });
  expect(all.map(({ state, by, reason }) => [state, by, reason]).slice(-2)).toEqual([
    ['started', 'trainer', 'run 7'],
    ['done', 'trainer', 'mlp-2.onnx'],
  ]);
  expect(all.at(-1)).toMatchObject({ retrainId, data: asked!.data, triggers: [] });
}

/** Alerts may be written again after a crash, with the same id and content. */
function distinctAlerts<T extends { id: string }>(alerts: readonly T[]): T[] {
  const byId = new Map<string, T>();
  for (const alert of alerts) {
    const known = byId.get(alert.id);
    if (known !== undefined) expect(alert).toEqual(known);
    byId.set(alert.id, alert);
  }
  return [...byId.values()];
}

/** librdkafka reads the same as Kafka's Java client, and the committed schemas fit. */
async function checkKcat(stack: StackUrls, prefix: string): Promise<void> {
  for (const [name, topic] of [
    ['alert', 'alerts'],
    ['retrain', 'retrain'],
  ] as const) {
    const decoded = (await kcatConsume(stack.kafka, prefix + topic)).map(({ value }) =>
      committedType(name).fromBuffer(wireSplit(value!).body),
    );
    expect(decoded).toEqual(await readPublic(stack.kafka, prefix, name));
    expect(decoded.length).toBeGreaterThan(0);
  }
}
