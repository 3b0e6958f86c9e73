/**
 * Traces from a batch that was read to what was made of it. A context travels as the W3C headers `traceparent` and
 * `tracestate` of records, and never in their values. Names and attributes are those of OpenTelemetry's semantic conventions
 * for messaging and Kafka (1.45, in development).
 */

import {
  type Attributes,
  type Context,
  context,
  type Link,
  propagation,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import type { Append, LogRecord } from '../records.ts';

/** A trace to go on with, opaque to those who carry it. */
export type Carried = Context;

/** Where records are handled, and by whom. */
export interface Place {
  topic: string;
  partition: number;
  group: string;
}

/**
 * How the spans of a batch hang together with the traces of its records. `begin`: a new trace, with links to those of the
 * records, which are strangers' requests. `continue`: the trace of the last record, with links to the others. `apart`: a span for
 * each run of records of one trace.
 */
export type Lineage = 'begin' | 'continue' | 'apart';

export interface Tracing {
  /** The parts of a batch that have a span each. */
  partsOf(records: readonly LogRecord[], lineage: Lineage): readonly (readonly LogRecord[])[];
  /** Runs the work on one part in a span; gives back what later work on the same partition goes on with. */
  process(
    place: Place,
    records: readonly LogRecord[],
    lineage: Lineage,
    work: () => Promise<void>,
  ): Promise<Carried | null>;
  /** Runs work outside of a batch that goes on with an earlier one, as a flush does. */
  within<T>(carried: Carried | null, work: () => T): T;
  /** Runs a write in a span, where something is traced that it belongs to. */
  send(batch: readonly Append[], work: () => Promise<void>): Promise<void>;
  /** What a record has in its headers to go on with the present trace; empty where nothing is traced. */
  headers(): Record<string, string>;
  /** Writes an event into the present span. */
  note(name: string, attributes: Attributes): void;
}

/** Nothing is traced, and nothing is paid for it. */
export const NO_TRACING: Tracing = {
  partsOf: (records) => [records],
  process: async (_place, _records, _lineage, work) => {
    await work();
    return null;
  },
  within: (_carried, work) => work(),
  send: (_batch, work) => work(),
  headers: () => ({}),
  note: () => {},
};

/** A batch of requests may be of as many traces as it has records; a span's default limit is 128. */
const LINKS_MAX = 32;
const PARENT = 'traceparent';

const getter = {
  get: (record: LogRecord, key: string) => record.headers[key]?.toString('latin1'),
  keys: (record: LogRecord) => Object.keys(record.headers),
};

const parentText = (record: LogRecord): string => record.headers[PARENT]?.toString('latin1') ?? '';

function runsOf(records: readonly LogRecord[]): LogRecord[][] {
  const runs: LogRecord[][] = [];
  let last: string | null = null;
  for (const record of records) {
    const text = parentText(record);
    if (text === last) runs.at(-1)!.push(record);
    else runs.push([record]);
    last = text;
  }
  return runs;
}

/** The contexts that records carry, each once, that of the last record first; at most `LINKS_MAX`. */
function contextsOf(records: readonly LogRecord[]): SpanContext[] {
  const seen = new Set<string>();
  const found: SpanContext[] = [];
  for (let i = records.length - 1; i >= 0 && found.length < LINKS_MAX; i--) {
    const record = records[i]!;
    const text = parentText(record);
    if (text === '' || seen.has(text)) continue;
    seen.add(text);
    const spanContext = trace.getSpanContext(propagation.extract(ROOT_CONTEXT, record, getter));
    if (spanContext !== undefined) found.push(spanContext);
  }
  return found;
}

/** Without the message: unlike the lines of the log it has not been through the filter of secrets. */
function failed(span: Span, error: unknown): void {
  span.setAttribute('error.type', errorTypeOf(error));
  span.setStatus({ code: SpanStatusCode.ERROR });
}

/** `error.type`: our own code where there is one, else the name of the error's class. */
export function errorTypeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '_OTHER';
  if ('code' in error && typeof error.code === 'string') return error.code;
  return error instanceof Error ? error.name : '_OTHER';
}

async function ended(span: Span, carried: Context, work: () => Promise<void>): Promise<void> {
  try {
    await context.with(carried, work);
  } catch (error) {
    failed(span, error);
    throw error;
  } finally {
    span.end();
  }
}

/** Traces of a tracer; which of them are kept is the business of its sampler. */
export function createTracing(tracer: Tracer): Tracing {
  return {
    partsOf: (records, lineage) => (lineage === 'apart' ? runsOf(records) : [records]),

    async process({ topic, partition, group }, records, lineage, work) {
      const contexts = contextsOf(records);
      const parent = lineage === 'begin' ? undefined : contexts[0];
      const others = parent === undefined ? contexts : contexts.slice(1);
      const links: Link[] = others.map((spanContext) => ({ context: spanContext }));
      const attributes = {
        'messaging.system.name': 'kafka',
        'messaging.operation.name': 'process',
        'messaging.operation.type': 'process',
        'messaging.destination.name': topic,
        'messaging.destination.partition.id': String(partition),
        'messaging.consumer.group.name': group,
        'messaging.batch.message_count': records.length,
        'kafka.offset': records[0]?.offset,
      };
      const base = parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent);
      const options = { kind: SpanKind.CONSUMER, links, attributes };
      const span = tracer.startSpan(`process ${topic}`, options, base);
      const carried = trace.setSpan(base, span);
      await ended(span, carried, work);
      return carried;
    },

    within: (carried, work) => (carried === null ? work() : context.with(carried, work)),

    async send(batch, work) {
      if (trace.getActiveSpan() === undefined) return work();
      const topics = [...new Set(batch.map(({ topic }) => topic))];
      const only = topics.length === 1 ? topics[0] : undefined;
      const attributes = {
        'messaging.system.name': 'kafka',
        'messaging.operation.name': 'send',
        'messaging.operation.type': 'send',
        'messaging.destination.name': only,
        'messaging.batch.message_count': batch.length,
      };
      const name = only === undefined ? 'send' : `send ${only}`;
      // Its records carry the span that made them, so this one is no PRODUCER.
      const span = tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes });
      await ended(span, trace.setSpan(context.active(), span), work);
    },

    headers() {
      const carrier: Record<string, string> = {};
      propagation.inject(context.active(), carrier);
      return carrier;
    },

    note: (name, attributes) => trace.getActiveSpan()?.addEvent(name, attributes),
  };
}
