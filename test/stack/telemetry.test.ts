/** What a real OpenTelemetry receiver gets of a daemon: one trace from the batch that was read to the alert that was told. */
import { afterEach, expect, test } from 'vitest';
import { type Posted, type Receiver, startReceiver } from '../sink/receiver.ts';
import {
  type ConfigFolder,
  committedType,
  configFolder,
  killDaemons,
  type RunningDaemon,
  startDaemon,
} from './daemon.ts';
import { extend, plantOf, reading, sendWindows, T0 } from './sinks-support.ts';
import { describeStack } from './support/context.ts';
import { foreignConsume, javaProduce } from './support/foreign.ts';
import { influxQuery } from './support/influx.ts';
import { wireSplit } from './support/registry.ts';
import { createTopics, uniquePrefix } from './support/topics.ts';

interface Attribute {
  key: string;
  value: { stringValue?: string; intValue?: number | string };
}
interface Span {
  name: string;
  kind: number;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  attributes: Attribute[];
  events: { name: string; attributes: Attribute[] }[];
  links: { traceId: string; spanId: string }[];
}
interface LogLine {
  body: { stringValue: string };
  severityText: string;
  traceId?: string;
}
interface Sums {
  name: string;
  sum?: { dataPoints: { attributes: Attribute[] }[] };
  histogram?: { dataPoints: { attributes: Attribute[] }[] };
}

const STRANGER = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };
const KINDS = { server: 2, client: 3, producer: 4, consumer: 5 };

const bodiesAt = <T>(posted: readonly Posted[], path: string): T[] =>
  posted.filter((request) => request.path === path).map(({ body }) => JSON.parse(body) as T);
const spansOf = (posted: readonly Posted[]): Span[] =>
  bodiesAt<{ resourceSpans: { scopeSpans: { spans: Span[] }[] }[] }>(posted, '/v1/traces').flatMap((body) =>
    body.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)),
  );
const logsOf = (posted: readonly Posted[]): LogLine[] =>
  bodiesAt<{ resourceLogs: { scopeLogs: { logRecords: LogLine[] }[] }[] }>(posted, '/v1/logs').flatMap(
    (body) => body.resourceLogs.flatMap(({ scopeLogs }) => scopeLogs.flatMap(({ logRecords }) => logRecords)),
  );
const metricsOf = (posted: readonly Posted[]): Sums[] =>
  bodiesAt<{ resourceMetrics: { scopeMetrics: { metrics: Sums[] }[] }[] }>(posted, '/v1/metrics').flatMap(
    (body) =>
      body.resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics)),
  );
const textOf = (attributes: readonly Attribute[], key: string): string | undefined =>
  attributes.find((attribute) => attribute.key === key)?.value.stringValue;

describeStack('OpenTelemetry', (stack) => {
  const prefix = uniquePrefix('otel');
  const requests = `${prefix}.requests`;
  const receivers: Receiver[] = [];
  let folder: ConfigFolder | null = null;
  let daemon: RunningDaemon;

  const receiverOf = async (status: number): Promise<Receiver> => {
    const receiver = await startReceiver();
    receiver.answer = () => ({ status, body: '{}', headers: { 'content-type': 'application/json' } });
    receivers.push(receiver);
    return receiver;
  };

  afterEach(async () => {
    await killDaemons();
    for (const receiver of receivers.splice(0)) await receiver.close();
    folder?.remove();
    for (const name of [prefix, `${prefix}2`])
      await influxQuery(stack.influx, name, `DROP DATABASE "${name}"`);
  });

  /** The record of the alarm that fires in window 1, with its headers. */
  const firing = () =>
    daemon.until('the alarm', async () => {
      const records = await foreignConsume(stack.kafka, `${prefix}.alerts`);
      return records.find(({ value }) => {
        const alert = committedType('alert').fromBuffer(wireSplit(value!).body) as Record<string, unknown>;
        return alert.service === 'plant' && alert.state === 'firing';
      });
    });

  test('one trace links the batch, the alert, what a webhook is told of it, and the log', async () => {
    const collector = await receiverOf(200);
    // Refused for good, so that the daemon says something in the log while it tells the alert.
    const hook = await receiverOf(422);
    folder = configFolder(stack, prefix);
    extend(folder, {
      otlp: { url: `http://${collector.host}` },
      webhooks: [{ name: 'hook', url: `http://${hook.host}/`, on: ['alerts'] }],
    });
    folder.service(plantOf(requests));
    await createTopics(stack.kafka, [{ topic: requests }]);
    daemon = await startDaemon(folder.dir, {
      OTEL_BSP_SCHEDULE_DELAY: '200',
      OTEL_BLRP_SCHEDULE_DELAY: '200',
    });
    await daemon.untilReady();
    const traceparent = Buffer.from(`00-${STRANGER.traceId}-${STRANGER.spanId}-01`);
    await javaProduce(stack.kafka, requests, [{ ...reading('s', T0, 10), headers: { traceparent } }]);
    await sendWindows(stack.kafka, requests, 0, 2);

    const record = await firing();
    const [version, traceId, spanId, flags] = record.headers.traceparent!.toString().split('-');
    expect([version, flags]).toEqual(['00', '01']);
    const judged = await daemon.until('the span of the judge', async () =>
      spansOf(collector.posted).find((span) => span.spanId === spanId),
    );
    expect(judged).toMatchObject({ name: `process ${prefix}.slots`, kind: KINDS.consumer, traceId });
    const event = judged.events.find(({ name }) => name === 'telltale.alert');
    expect([textOf(event!.attributes, 'rule'), textOf(event!.attributes, 'state')]).toEqual([
      'high',
      'firing',
    ]);

    const told = hook.posted.find(({ headers }) => headers.traceparent?.includes(traceId!));
    expect(told, 'the webhook is told in the same trace').toBeDefined();
    const said = daemon
      .log()
      .split('\n')
      .find((line) => line.includes('a record is put aside') && line.includes(traceId!));
    expect(JSON.parse(said!)).toMatchObject({ trace_id: traceId, trace_flags: '01', sink: 'webhook.hook' });
    const logged = await daemon.until('the log at the collector', async () =>
      logsOf(collector.posted).find((line) => line.traceId === traceId),
    );
    expect(logged).toMatchObject({ severityText: 'WARN', body: { stringValue: 'a record is put aside' } });

    expect((await daemon.end('SIGTERM')).code).toBe(0);
    const spans = spansOf(collector.posted);
    const ids = new Map(spans.map((span) => [span.spanId, span]));
    const names: string[] = [];
    for (let span: Span | undefined = judged; span; span = ids.get(span.parentSpanId ?? ''))
      names.push(span.name);
    expect(names).toEqual([`process ${prefix}.slots`, `process ${requests}`]);
    const root = spans.find((span) => span.traceId === traceId && span.name === `process ${requests}`)!;
    expect(root.parentSpanId ?? '').toBe('');
    expect(textOf(root.attributes, 'messaging.consumer.group.name')).toBe(prefix);
    expect(spans.filter((span) => span.traceId === traceId).map(({ name }) => name)).toEqual(
      expect.arrayContaining([`send ${prefix}.slots`, `process ${prefix}.alerts`]),
    );
    // A request of a stranger stays in its own trace, which the batch names.
    const links = spans.filter(({ name }) => name === `process ${requests}`).flatMap((span) => span.links);
    expect(links).toContainEqual(expect.objectContaining(STRANGER));
    expect(spans.some((span) => span.traceId === STRANGER.traceId)).toBe(false);

    const named = new Map(metricsOf(collector.posted).map((metric) => [metric.name, metric]));
    for (const [name, key, value] of [
      ['messaging.client.consumed.messages', 'messaging.destination.name', requests],
      ['messaging.client.sent.messages', 'messaging.destination.name', `${prefix}.alerts`],
      ['messaging.client.operation.duration', 'messaging.operation.name', 'commit'],
      ['messaging.process.duration', 'messaging.consumer.group.name', `${prefix}.judge`],
    ] as const) {
      const points = (named.get(name)?.sum ?? named.get(name)?.histogram)?.dataPoints ?? [];
      expect(
        points.map(({ attributes }) => textOf(attributes, key)),
        name,
      ).toContain(value);
    }
  }, 120_000);

  test('without a collector no record has a header of a trace', async () => {
    folder = configFolder(stack, `${prefix}2`);
    folder.service(plantOf(`${requests}2`));
    await createTopics(stack.kafka, [{ topic: `${requests}2` }]);
    daemon = await startDaemon(folder.dir);
    await daemon.untilReady();
    await sendWindows(stack.kafka, `${requests}2`, 0, 2);
    const records = await daemon.until('alerts', async () => {
      const found = await foreignConsume(stack.kafka, `${prefix}2.alerts`);
      return found.length > 0 && found;
    });
    const slots = await foreignConsume(stack.kafka, `${prefix}2.slots`);
    for (const { headers } of [...records, ...slots]) expect(Object.keys(headers)).toEqual([]);
  }, 60_000);
});
