/** The daemon's folds over files, on the embedded log. */

import { NO_COUNTS } from '../../flow/assembly.ts';
import { createEmbedded, type Embedded } from '../../flow/embedded.ts';
import { SEALED } from '../../flow/letters.ts';
import type { Privacy } from '../../flow/privacy.ts';
import type { FlowLogger } from '../../flow/runtime.ts';
import { decodePublic, type PublicName, type PublicRecord } from '../../flow/wire.ts';
import type {
  Alert,
  Append,
  Incident,
  LogRecord,
  Result,
  Retrain,
  RolloutRecord,
  ServiceSpec,
  StreamSpec,
} from '../../records.ts';
import { createEventTimeLog } from './event-time-log.ts';
import type { Out } from './out.ts';
import { TIME_PATH } from './shape.ts';
import type { Replayed } from './sources.ts';

/** Records appended before the folds run. */
const CHUNK = 2_000;
const PREFIX = 'telltale.';

export interface Summary {
  records: number;
  results: number;
  alerts: number;
  incidents: number;
  retrains: number;
  /** Steps of roll-outs. */
  rollouts: number;
  dead: number;
}

export interface ReplayParts {
  spec: ServiceSpec;
  /** Needed where an input is sensitive. */
  privacy?: Privacy | null;
  /** Streams that the files feed; the topics of the others do not exist here, and nothing waits for them. */
  fed: ReadonlySet<StreamSpec>;
  threads: number;
  logger: FlowLogger;
  out: Out;
  onProgress(records: number): void;
}

/** Files are read as JSON whatever the topic carries. */
export function specOfFiles(spec: ServiceSpec): ServiceSpec {
  const streams = spec.streams.map(
    (stream): StreamSpec =>
      stream.encoding === 'otlp_json'
        ? stream
        : {
            ...stream,
            encoding: 'json',
            schemaFile: null,
            time: stream.time === '' ? TIME_PATH : stream.time,
          },
  );
  return { ...spec, streams };
}

function deadOf({ key, value, headers }: LogRecord): object {
  const text = (name: string): string => headers[name]?.toString() ?? '';
  return {
    service: text('x-service'),
    code: text('x-error-code'),
    stage: text('x-stage'),
    message: text('x-error-message'),
    topic: text('x-topic'),
    offset: Number(text('x-offset')),
    key: key?.toString() ?? '',
    value: value?.toString(headers[SEALED] === undefined ? 'utf8' : 'base64') ?? '',
  };
}

/** Feeds the records, closes every window at the end, and gives the counts of what came out. */
export async function replay(records: AsyncIterable<Replayed>, parts: ReplayParts): Promise<Summary> {
  const { log, stamps } = createEventTimeLog();
  for (const { topic } of parts.fed) log.createTopic(topic, 1);
  const embedded = await createEmbedded({
    log,
    partitions: 1,
    group: 'replay',
    prefix: PREFIX,
    services: [specOfFiles(parts.spec)],
    privacy: parts.privacy ?? null,
    schemas: null,
    // Waiting for the shadows keeps the outcome independent of this machine's speed.
    scoring: { threads: parts.threads, shadowTimeoutMs: Number.POSITIVE_INFINITY, shadowFailuresMax: 5 },
    checkpoint: { everyMs: 0, recordsMax: CHUNK },
    nowMs: () => 0,
    counts: NO_COUNTS,
    logger: parts.logger,
  });
  const summary: Summary = {
    records: 0,
    results: 0,
    alerts: 0,
    incidents: 0,
    retrains: 0,
    rollouts: 0,
    dead: 0,
  };
  let batch: Append[] = [];
  const flush = async (): Promise<void> => {
    await embedded.append(batch);
    batch = [];
    await embedded.pump();
    await publish(embedded, parts.out, summary);
    parts.onProgress(summary.records);
  };
  try {
    for await (const { stream, key, timeMs, value } of records) {
      stamps.push(timeMs);
      batch.push({ topic: stream.topic, key, value });
      summary.records++;
      if (batch.length === CHUNK) await flush();
    }
    await flush();
    await embedded.end();
    await publish(embedded, parts.out, summary);
  } finally {
    await embedded.close();
  }
  return summary;
}

async function publish(embedded: Embedded, out: Out, summary: Summary): Promise<void> {
  const { topics } = embedded.runtime;
  const read = async <T extends PublicRecord>(name: PublicName, topic: string) =>
    (await embedded.drain(topic)).map((record) => decodePublic<T>(name, record.value!, false));
  const results = await read<Result>('result', topics.results);
  const alerts = await read<Alert>('alert', topics.alerts);
  const incidents = await read<Incident>('incident', topics.incidents);
  const retrains = await read<Retrain>('retrain', topics.retrain);
  const rollouts = await read<RolloutRecord>('rollout', topics.rollout);
  const dead = (await embedded.drain(topics.dead)).map(deadOf);
  await out.write('result', results);
  await out.write('alert', alerts);
  await out.write('incident', incidents);
  await out.write('retrain', retrains);
  await out.write('rollout', rollouts);
  await out.write('dead', dead);
  summary.results += results.length;
  summary.alerts += alerts.length;
  summary.incidents += incidents.length;
  summary.retrains += retrains.length;
  summary.rollouts += rollouts.length;
  summary.dead += dead.length;
}
