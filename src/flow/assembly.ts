/** Puts a runtime together from the configuration, and the task of each partition. */

import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createDecoder, type StreamDecoder } from '../decode/decoder.ts';
import type { SchemaSource } from '../decode/registry.ts';
import { assert } from '../errors.ts';
import type { Log, Membership, PartitionHandler } from '../log/port.ts';
import type { ServiceSpec, StreamSpec } from '../records.ts';
import { createScorer, type Scorer } from '../score/scorer.ts';
import { TIME_MIN_MS } from '../window/watermarks.ts';
import { needsJoin } from './events-of.ts';
import { createJoinTask } from './join-task.ts';
import { createJudgeTask } from './judge-task.ts';
import { createObserveTask } from './observe-task.ts';
import { appendsOf } from './outbox.ts';
import { causeShown, hasSensitive, type Privacy } from './privacy.ts';
import {
  type Checkpoint,
  type Counts,
  type FlowLogger,
  partitionsOf,
  type RunningService,
  type Runtime,
  slotsPartitionOf,
  topicNames,
} from './runtime.ts';
import { encodeConfig, type PublicIds } from './wire.ts';

export interface ScoringOptions {
  threads: number;
  /** Infinity: wait for shadows, so that the outcome does not depend on the clock. */
  shadowTimeoutMs: number;
  shadowFailuresMax: number;
}

export interface RuntimeOptions {
  log: Log;
  group: string;
  prefix: string;
  services: readonly ServiceSpec[];
  schemas: SchemaSource | null;
  /** Default: false. */
  cloudEvents?: boolean;
  /** Default: nothing is traced. */
  traceHeaders?: Runtime['traceHeaders'];
  /** Needed where an input is sensitive. */
  privacy?: Privacy | null;
  scoring: ScoringOptions;
  /** Stands in for ONNX models where something else is to answer. */
  openScorer?: typeof openScorer;
  checkpoint: Pick<Checkpoint, 'everyMs' | 'recordsMax'> & Partial<Checkpoint>;
  nowMs: () => number;
  counts: Counts;
  logger: FlowLogger;
}

const SNAPSHOTS = { snapshotEveryMs: 20_000, snapshotRecords: 20_000 };

export const NO_COUNTS: Counts = {
  records: () => {},
  dead: () => {},
  late: () => {},
  emitted: () => {},
  lag: () => {},
  checkpoint: () => {},
};

const hasImages = (spec: ServiceSpec): boolean => spec.inputs.some((input) => input.type === 'image');

/** A scorer where there is something to score or an image to measure. */
export async function openScorer(
  spec: ServiceSpec,
  scoring: ScoringOptions,
  logger: FlowLogger,
): Promise<Scorer | null> {
  if (spec.models.length === 0 && !hasImages(spec)) return null;
  return createScorer(spec, {
    threadsMax: scoring.threads,
    shadowTimeoutMs: scoring.shadowTimeoutMs,
    shadowFailuresMax: scoring.shadowFailuresMax,
    log: (event, facts) => logger.warn({ service: spec.service, ...shownFacts(spec, facts) }, event),
  });
}

const shownFacts = (spec: ServiceSpec, facts: object): object =>
  'lastError' in facts ? { ...facts, lastError: causeShown(spec, String(facts.lastError)) } : facts;

/** Text of the schema files that streams name. */
async function readSchemaFiles(services: readonly ServiceSpec[]): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  for (const { streams } of services) {
    for (const { schemaFile } of streams) {
      if (schemaFile !== null && !texts.has(schemaFile))
        texts.set(schemaFile, await readFile(schemaFile, 'utf8'));
    }
  }
  return texts;
}

/** Opens models and schema files; throws when one does not fit. Our topics must exist before tasks are made. */
export async function createRuntime(options: RuntimeOptions): Promise<Runtime> {
  const { logger, scoring } = options;
  const bare = options.privacy ? undefined : options.services.find(hasSensitive);
  assert(bare === undefined, `${bare?.service} has sensitive inputs, and there is a key to protect them`);
  const open = options.openScorer ?? openScorer;
  const services = new Map<string, RunningService>();
  for (const spec of options.services) {
    services.set(spec.service, { spec, scorer: await open(spec, scoring, logger) });
  }
  const schemaTexts = await readSchemaFiles(options.services);
  const decoders = new WeakMap<StreamSpec, StreamDecoder>();
  const runtime: Runtime = {
    log: options.log,
    group: options.group,
    topics: topicNames(options.prefix),
    partitions: new Map(),
    services,
    decoderFor(spec, stream) {
      let decoder = decoders.get(stream);
      if (decoder === undefined) {
        const schemaFile = stream.schemaFile === null ? null : (schemaTexts.get(stream.schemaFile) ?? null);
        decoder = createDecoder(spec, stream, { schemas: options.schemas, schemaFile });
        decoders.set(stream, decoder);
      }
      return decoder;
    },
    publicIds: null satisfies PublicIds,
    privacy: options.privacy ?? null,
    shown: new Map(),
    incidents: new Map(),
    cloudEvents: options.cloudEvents ?? false,
    traceHeaders: options.traceHeaders ?? null,
    checkpoint: { ...SNAPSHOTS, ...options.checkpoint },
    nowMs: options.nowMs,
    newWriterId: () => randomBytes(6).toString('hex'),
    counts: options.counts,
    logger,
  };
  await refreshPartitions(runtime);
  return runtime;
}

export const inputTopics = (runtime: Runtime): string[] =>
  [...runtime.services.values()].flatMap(({ spec }) => spec.streams.map((stream) => stream.topic));

/** Looks up how many partitions the topics have now. */
export async function refreshPartitions(runtime: Runtime): Promise<void> {
  const wanted = [...inputTopics(runtime), ...Object.values(runtime.topics)];
  const found = await runtime.log.partitions(wanted);
  // A broker that restarts may leave topics out for a moment: what was seen does not shrink.
  for (const [topic, count] of found) {
    runtime.partitions.set(topic, Math.max(count, runtime.partitions.get(topic) ?? 0));
  }
}

/** The streams' topics, by who reads them. */
export function streamOf(runtime: Runtime, topic: string): { service: string; stream: StreamSpec } | null {
  for (const { spec } of runtime.services.values()) {
    const stream = spec.streams.find((own) => own.topic === topic);
    if (stream !== undefined) return { service: spec.service, stream };
  }
  return null;
}

/** The task of a partition of an input topic, of `events` or of `slots`. */
export function taskFor(
  runtime: Runtime,
  topic: string,
  partition: number,
  membership: Membership,
): PartitionHandler {
  if (topic === runtime.topics.events) return createJoinTask(runtime, partition, membership);
  if (topic === runtime.topics.slots) return createJudgeTask(runtime, partition, membership);
  const found = streamOf(runtime, topic);
  assert(found !== null, `topic ${topic} belongs to a service`);
  return createObserveTask(runtime, found.service, found.stream, partition, membership);
}

/** Writes the version of each service's configuration into the log, from which the judge takes it. */
export async function writeConfigs(runtime: Runtime): Promise<void> {
  const { topics, log } = runtime;
  const partitions = partitionsOf(runtime, topics.slots);
  for (const { spec } of runtime.services.values()) {
    const value = encodeConfig({ service: spec.service, digest: spec.digest, spec: JSON.stringify(spec) });
    const key = `config|${spec.service}`;
    await log.append([
      { topic: topics.slots, partition: slotsPartitionOf(spec.service, partitions), key, value },
    ]);
  }
}

/** Tells the folds which topics do not exist, so that they do not wait for them; gives their names back. */
export async function writeMissing(runtime: Runtime): Promise<string[]> {
  const missing: string[] = [];
  for (const { spec } of runtime.services.values()) {
    for (const { stream, topic } of spec.streams) {
      if (partitionsOf(runtime, topic) > 0) continue;
      missing.push(topic);
      const { service } = spec;
      const mark = { service, group: stream, topic, partition: -1, partitions: 0, writer: '', upTo: -1 };
      const record = { ...mark, watermarkMs: TIME_MIN_MS, idle: true };
      const appends = appendsOf(runtime, { type: 'mark', record }, service);
      if (needsJoin(spec)) {
        const origin = { originTopic: topic, originPartition: -1, originOffset: -1, originRow: 0 };
        const event = { kind: 'mark' as const, service, id: '', timeMs: TIME_MIN_MS, ...origin };
        appends.push(
          ...appendsOf(
            runtime,
            { type: 'event_mark', record: { ...event, segments: [], numbers: [0, 1] } },
            service,
          ),
        );
      }
      await runtime.log.append(appends);
    }
  }
  return missing;
}

export async function closeRuntime(runtime: Runtime): Promise<void> {
  for (const { scorer } of runtime.services.values()) await scorer?.close();
}
