import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { NodeSDK, tracing as sdkTraces } from '@opentelemetry/sdk-node';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { TelltaleError } from '../../src/errors.ts';
import type { LogRecord } from '../../src/records.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { createTracing, errorTypeOf, type Tracing } from '../../src/telemetry/tracing.ts';

const exporter = new sdkTraces.InMemorySpanExporter();
const sdk = new NodeSDK({
  autoDetectResources: false,
  metricReaders: [],
  spanProcessors: [new sdkTraces.SimpleSpanProcessor(exporter)],
  logRecordProcessors: [],
});
let tracing: Tracing;

beforeAll(() => {
  sdk.start();
  tracing = createTracing(trace.getTracer('test'));
});
afterEach(() => exporter.reset());
afterAll(async () => {
  await sdk.shutdown();
  for (const api of [trace, context, propagation]) api.disable();
});

const place = { topic: 't', partition: 3, group: 'g' };
const traceIdOf = (digit: string) => digit.repeat(32);
const spanIdOf = (digit: string) => digit.repeat(16);
/** Records with a trace of one digit each; '-': of none. */
const recordsOf = (digits: string): LogRecord[] =>
  [...digits].map((digit, i) => {
    const traceparent = Buffer.from(`00-${traceIdOf(digit)}-${spanIdOf(digit)}-01`);
    const headers: Record<string, Buffer> = digit === '-' ? {} : { traceparent };
    return { topic: 't', partition: 3, offset: i + 7, timestampMs: 0, key: null, value: null, headers };
  });
const spanOf = (name: string) => exporter.getFinishedSpans().find((span) => span.name === name)!;
const nothing = async () => {};

test('a batch of strangers begins a trace and names theirs, each once', async () => {
  await tracing.process(place, recordsOf('1122-3'), 'begin', nothing);
  const span = spanOf('process t');
  expect(span.parentSpanContext).toBeUndefined();
  expect(span.links.map((link) => link.context.traceId)).toEqual(['3', '2', '1'].map(traceIdOf));
  expect(span.kind).toBe(SpanKind.CONSUMER);
  expect(span.attributes).toEqual({
    'messaging.system.name': 'kafka',
    'messaging.operation.name': 'process',
    'messaging.operation.type': 'process',
    'messaging.destination.name': 't',
    'messaging.destination.partition.id': '3',
    'messaging.consumer.group.name': 'g',
    'messaging.batch.message_count': 6,
    'kafka.offset': 7,
  });
});

test('a batch of ours goes on with the trace of its last record, and names the others', async () => {
  await tracing.process(place, recordsOf('1-2'), 'continue', nothing);
  const span = spanOf('process t');
  expect(span.spanContext().traceId).toBe(traceIdOf('2'));
  expect(span.parentSpanContext?.spanId).toBe(spanIdOf('2'));
  expect(span.links.map((link) => link.context.traceId)).toEqual([traceIdOf('1')]);
});

test('links are bounded, whatever a batch holds', async () => {
  const many = Array.from({ length: 200 }, (_, i) => {
    const [record] = recordsOf('1');
    const spanId = (i + 1).toString(16).padStart(16, '0');
    return { ...record!, headers: { traceparent: Buffer.from(`00-${traceIdOf('1')}-${spanId}-01`) } };
  });
  await tracing.process(place, many, 'begin', nothing);
  expect(spanOf('process t').links).toHaveLength(32);
});

test('where each record must be found in its trace, runs of one trace stand apart, in order', () => {
  const parts = tracing.partsOf(recordsOf('112--1'), 'apart');
  expect(parts.map((part) => part.map(({ offset }) => offset))).toEqual([[7, 8], [9], [10, 11], [12]]);
  expect(tracing.partsOf(recordsOf('12'), 'continue')).toHaveLength(1);
});

test('a header that is no context is as none', async () => {
  const [record] = recordsOf('1');
  for (const text of ['', 'x', `00-${traceIdOf('0')}-${spanIdOf('1')}-01`]) {
    exporter.reset();
    const broken = { ...record!, headers: { traceparent: Buffer.from(text) } };
    await tracing.process(place, [broken], 'continue', nothing);
    expect(spanOf('process t').parentSpanContext, text).toBeUndefined();
  }
});

test('what is written and logged within goes on with the span, and what is flushed later too', async () => {
  const lines: string[] = [];
  const log = createLogger({ level: 'info', stream: { write: (line) => lines.push(line) }, pretty: false });
  log.info({}, 'outside');
  let headers: Record<string, string> = {};
  const carried = await tracing.process(place, recordsOf('1'), 'continue', async () => {
    headers = tracing.headers();
    log.info({}, 'inside');
    tracing.note('telltale.alert', { rule: 'high' });
  });
  const span = spanOf('process t');
  const { traceId, spanId } = span.spanContext();
  expect(headers).toEqual({ traceparent: `00-${traceId}-${spanId}-01` });
  expect(JSON.parse(lines[0]!)).not.toHaveProperty('trace_id');
  expect(JSON.parse(lines[1]!)).toMatchObject({ trace_id: traceId, span_id: spanId, trace_flags: '01' });
  expect(span.events[0]).toMatchObject({ name: 'telltale.alert', attributes: { rule: 'high' } });
  expect(tracing.headers()).toEqual({});
  expect(tracing.within(carried, () => tracing.headers())).toEqual(headers);
  await tracing.within(carried, () =>
    tracing.send([{ topic: 'a', key: null, value: null }], async () => undefined),
  );
  expect(spanOf('send a').parentSpanContext?.spanId).toBe(spanId);
});

test('a write that belongs to nothing makes no trace of its own', async () => {
  await tracing.send([{ topic: 'a', key: null, value: null }], nothing);
  expect(exporter.getFinishedSpans()).toEqual([]);
});

test('a failure stands in the span with its kind, and is passed on', async () => {
  const failure = new TelltaleError('log_failed', 'no broker');
  const work = tracing.process(place, recordsOf('1'), 'begin', () => Promise.reject(failure));
  await expect(work).rejects.toBe(failure);
  const span = spanOf('process t');
  expect(span.attributes['error.type']).toBe('log_failed');
  // It may hold a secret.
  expect(span.status).toEqual({ code: SpanStatusCode.ERROR });
  expect([errorTypeOf(new RangeError('x')), errorTypeOf('x')]).toEqual(['RangeError', '_OTHER']);
});
