import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseService } from '../../src/config/service.ts';
import { DETECTOR_CHOICES } from '../../src/detect/registry.ts';
import { NO_COUNTS } from '../../src/flow/assembly.ts';
import { createEmbedded, type Embedded } from '../../src/flow/embedded.ts';
import { commandAppend } from '../../src/flow/outbox.ts';
import { decodePublic, type PublicName, type PublicRecord } from '../../src/flow/wire.ts';
import { createMemoryLog, type MemoryLog } from '../../src/log/memory.ts';
import { EVIDENCE_CHOICES } from '../../src/metric/evidence/registry.ts';
import { METRICS } from '../../src/metric/registry.ts';
import { factsOfState } from '../../src/profile/baseline/facts.ts';
import type {
  Alert,
  Append,
  Command,
  Incident,
  Result,
  Retrain,
  RolloutRecord,
  Scored,
  ServiceSpec,
  StreamName,
} from '../../src/records.ts';
import { parseTable, type RoutingTable } from '../../src/router/table.ts';
import type { Scorer } from '../../src/score/scorer.ts';

/** The log's clock of every scenario. */
export const NOW_MS = Date.parse('2026-01-02T00:00:00Z');
/** Event time at which scenarios begin. */
export const T0 = Date.parse('2026-01-01T00:00:00Z');
export const MINUTE = 60_000;
const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** A record of a stream; a value that is no buffer is written as JSON. */
export interface Sent {
  stream: StreamName;
  key?: string | null;
  value: unknown;
  partition?: number;
  headers?: Record<string, string>;
}

export interface DriveOptions {
  /** Input partitions of each topic. */
  partitions?: number;
  /** Records appended before the folds run. */
  chunk?: number;
  /** The process is lost after these chunks; the next one continues on the same log. */
  lostAfter?: readonly number[];
  /** Records after which a source flushes; by default after every run of the folds. */
  recordsMax?: number;
  /** Records of `slots` and `events` after which the folds write a snapshot; by default at the end only. */
  snapshotRecords?: number;
  /** Streams whose topic does not exist. */
  missing?: readonly StreamName[];
  /** Stands in for ONNX models, so that a scenario decides what they answer. */
  scorer?: Scorer;
}

export interface Outcome {
  /** Final ones. */
  results: Result[];
  /** Those that a later revision replaced. */
  preliminary: Result[];
  alerts: Alert[];
  incidents: Incident[];
  retrains: Retrain[];
  rollouts: RolloutRecord[];
  /** Routing tables, in their order. */
  tables: RoutingTable[];
  dead: { code: string; stage: string; topic: string; offset: number }[];
  /** Why commands did nothing, as the log of the daemon says. */
  refused: string[];
}

export const specOf = (yaml: string): ServiceSpec => {
  const parsed = parseService(yaml, 'scenario.yaml', {
    registries: {
      metrics: new Map(Object.entries(METRICS)),
      detectors: DETECTOR_CHOICES,
      readState: factsOfState,
      evidence: EVIDENCE_CHOICES,
    },
    env: {},
    files: { resolve: (path) => resolve(root, path), exists: () => true, read: () => null },
  });
  if ('problems' in parsed) throw new Error(parsed.problems.map(({ message }) => message).join('\n'));
  return parsed.spec;
};

/** A scorer that answers each row by its input columns. */
export function scorerOf(score: (batch: Parameters<Scorer['score']>[0]) => Scored): Scorer {
  return { score: async (batch) => score(batch), stats: () => [], close: async () => {} };
}

async function open(
  log: MemoryLog,
  spec: ServiceSpec,
  options: DriveOptions,
  refused: string[],
): Promise<Embedded> {
  const warn = (facts: { reason?: string }, text: string): void => {
    if (text === 'a command was refused') refused.push(facts.reason!);
  };
  const { scorer } = options;
  return createEmbedded({
    log,
    partitions: 2,
    group: 'scenario',
    prefix: 't.',
    services: [spec],
    schemas: null,
    scoring: { threads: 1, shadowTimeoutMs: Number.POSITIVE_INFINITY, shadowFailuresMax: 5 },
    ...(scorer === undefined ? {} : { openScorer: async () => scorer }),
    checkpoint: {
      ...(options.recordsMax === undefined
        ? { everyMs: 0, recordsMax: 1 }
        : { everyMs: Number.POSITIVE_INFINITY, recordsMax: options.recordsMax }),
      ...(options.snapshotRecords === undefined ? {} : { snapshotRecords: options.snapshotRecords }),
    },
    nowMs: () => 0,
    counts: NO_COUNTS,
    logger: { info: () => {}, warn, error: () => {} },
    restartable: true,
  });
}

/** A service on the embedded log, step by step. */
export interface Drive {
  send(records: readonly Sent[]): Promise<void>;
  /** Whatever is given, to whatever topic. */
  append(batch: readonly Append[]): Promise<void>;
  command(command: Command): Promise<void>;
  /** The process is gone without a flush; another one takes over. */
  lose(): Promise<void>;
  /** All that was published so far; what a restart published again counts once and must be the same. */
  outcome(): Promise<Outcome>;
  end(): Promise<Outcome>;
  close(): Promise<void>;
}

export async function openDrive(service: ServiceSpec | string, options: DriveOptions = {}): Promise<Drive> {
  const spec = typeof service === 'string' ? specOf(service) : service;
  const log = createMemoryLog({ now: () => NOW_MS });
  for (const { stream, topic } of spec.streams) {
    if (!options.missing?.includes(stream)) log.createTopic(topic, options.partitions ?? 1);
  }
  const found: Outcome = {
    results: [],
    preliminary: [],
    alerts: [],
    incidents: [],
    retrains: [],
    rollouts: [],
    tables: [],
    dead: [],
    refused: [],
  };
  let embedded = await open(log, spec, options, found.refused);
  const known = new Map<string, string>();

  /** Rule R11: same id, same bytes. */
  const isNew = (id: string, bytes: string): boolean => {
    const before = known.get(id);
    if (before !== undefined && before !== bytes)
      throw new Error(`two records of id ${id}: ${before} ${bytes}`);
    known.set(id, bytes);
    return before === undefined;
  };

  const collect = async (): Promise<void> => {
    const { topics } = embedded.runtime;
    const read = async <T extends PublicRecord>(name: PublicName, topic: string) =>
      (await embedded.drain(topic))
        .map((record) => decodePublic<T>(name, record.value!, false))
        .filter((record) => isNew(record.id, JSON.stringify(record)));
    for (const result of await read<Result>('result', topics.results))
      (result.final ? found.results : found.preliminary).push(result);
    found.alerts.push(...(await read<Alert>('alert', topics.alerts)));
    found.incidents.push(...(await read<Incident>('incident', topics.incidents)));
    found.retrains.push(...(await read<Retrain>('retrain', topics.retrain)));
    found.rollouts.push(...(await read<RolloutRecord>('rollout', topics.rollout)));
    for (const { value } of await embedded.drain(topics.routing)) {
      const table = parseTable(value!.toString());
      if (isNew(`routing ${table.service} ${table.epoch}`, value!.toString())) found.tables.push(table);
    }
    for (const { headers } of await embedded.drain(topics.dead)) {
      const text = (name: string): string => headers[name]!.toString();
      const dead = {
        code: text('x-error-code'),
        stage: text('x-stage'),
        topic: text('x-topic'),
        offset: Number(text('x-offset')),
      };
      const place = `dead ${dead.topic}/${text('x-partition')}/${dead.offset}`;
      if (isNew(place, JSON.stringify(dead))) found.dead.push(dead);
    }
  };

  const appendOf = ({ stream, key, value, partition, headers }: Sent): Append => ({
    topic: spec.streams.find((own) => own.stream === stream)!.topic,
    partition,
    key: key ?? null,
    value: value === null || Buffer.isBuffer(value) ? value : Buffer.from(JSON.stringify(value)),
    ...(headers === undefined ? {} : { headers }),
  });

  return {
    async send(records) {
      await embedded.append(records.map(appendOf));
      await embedded.pump();
      await collect();
    },
    async append(batch) {
      await embedded.append(batch);
      await embedded.pump();
      await collect();
    },
    async command(command) {
      await embedded.append([commandAppend(embedded.runtime.topics.slots, 2, command)]);
      await embedded.pump();
      await collect();
    },
    async lose() {
      await embedded.close();
      embedded = await open(log, spec, options, found.refused);
      await embedded.pump();
      await collect();
    },
    async outcome() {
      await collect();
      return found;
    },
    async end() {
      await embedded.end();
      await collect();
      return found;
    },
    close: () => embedded.close(),
  };
}

/** Runs records through a service and closes every window. */
export async function drive(
  service: ServiceSpec | string,
  records: readonly Sent[],
  options: DriveOptions = {},
): Promise<Outcome> {
  const driver = await openDrive(service, options);
  const size = options.chunk ?? 1_000;
  for (let at = 0, chunk = 0; at < records.length; at += size, chunk++) {
    await driver.send(records.slice(at, at + size));
    if (options.lostAfter?.includes(chunk)) await driver.lose();
  }
  const outcome = await driver.end();
  await driver.close();
  return outcome;
}

/** In the order of what they are about, for comparison of runs. */
export const sorted = (results: readonly Result[]): string[] =>
  results.map((result) => JSON.stringify(result)).sort();

/** Sum of a metric over the windows of one segment; null values are none. */
export function total(results: readonly Result[], metric: string, subject = '', segment = '*'): number {
  return results
    .filter((one) => one.metric === metric && one.subject === subject && one.segment === segment)
    .reduce((sum, one) => sum + (one.value ?? 0), 0);
}

/** Values of a metric by the start of the window in minutes after T0. */
export function byMinute(
  results: readonly Result[],
  metric: string,
  subject = '',
  segment = '*',
): Record<number, number | null> {
  const found: Record<number, number | null> = {};
  for (const one of results) {
    if (one.metric !== metric || one.subject !== subject || one.segment !== segment) continue;
    found[(one.windowStartMs - T0) / MINUTE] = one.value;
  }
  return found;
}

/** Numbers in [0, 1) from a seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
