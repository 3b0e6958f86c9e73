/**
 * The oracle of `npm run fault` against the folds on the embedded log, without faults: what a new metric or rule changes
 * shows here within seconds, and not after a run on three brokers.
 */
import { expect, test } from 'vitest';
import { parseService } from '../../src/config/service.ts';
import { NO_COUNTS } from '../../src/flow/assembly.ts';
import { createEmbedded } from '../../src/flow/embedded.ts';
import { decodePublic } from '../../src/flow/wire.ts';
import { createMemoryLog } from '../../src/log/memory.ts';
import { METRICS } from '../../src/metric/registry.ts';
import type { Alert, LogRecord, Result, Retrain, ServiceSpec } from '../../src/records.ts';
import type { ReadRecord } from '../stack/support/foreign.ts';
import type { Observed, Stored } from './observed.ts';
import { expectedOf } from './oracle.ts';
import { STREAMS, serviceFiles, T0, topicOf } from './services.ts';
import { createTraffic, type Planned } from './traffic.ts';
import { verify } from './verify.ts';

const PREFIX = 'o';
const WINDOWS = 14;
const SEED = 7;
/** Within `max_future` of all windows, and far before the closing records of the traffic. */
const NOW_MS = T0 + WINDOWS * 60_000;
const silent = { info: () => {}, warn: () => {}, error: () => {} };

function specOf(file: unknown): ServiceSpec {
  const parsed = parseService(JSON.stringify(file), 'service.yaml', {
    registries: { metrics: new Map(Object.entries(METRICS)) },
    env: {},
    files: { resolve: (path) => path, exists: () => false, read: () => null },
  });
  if ('problems' in parsed) throw new Error(parsed.problems.map(({ message }) => message).join('\n'));
  return parsed.spec;
}

async function run(): Promise<Observed> {
  let nowMs = NOW_MS;
  const log = createMemoryLog({ now: () => nowMs });
  for (const stream of STREAMS) log.createTopic(topicOf(PREFIX, stream), stream.partitions);
  const embedded = await createEmbedded({
    log,
    partitions: 2,
    group: PREFIX,
    prefix: `${PREFIX}.`,
    services: serviceFiles(PREFIX).map(specOf),
    schemas: null,
    scoring: { threads: 1, shadowTimeoutMs: Number.POSITIVE_INFINITY, shadowFailuresMax: 5 },
    checkpoint: { everyMs: 0, recordsMax: 1 },
    nowMs: () => nowMs,
    counts: NO_COUNTS,
    logger: silent,
    restartable: true,
  });
  const traffic = createTraffic(SEED);
  const inputs = new Map<string, ReadRecord[]>(STREAMS.map((stream) => [topicOf(PREFIX, stream), []]));
  const send = async (planned: readonly Planned[]): Promise<void> => {
    await embedded.append(
      planned.map((own) => ({
        topic: topicOf(PREFIX, own),
        partition: own.partition,
        key: own.key,
        value: Buffer.from(own.value),
      })),
    );
    await embedded.pump();
  };
  for (let window = 0; window < WINDOWS; window++) await send(traffic.next(window));
  // The closing records lie two hours later: the clock must have come so far, or they are of the future.
  const rest = traffic.finish(WINDOWS);
  nowMs = Math.max(...rest.map(({ emitMs }) => emitMs));
  await send(rest);
  for (const [topic, records] of inputs) {
    for (let partition = 0; ; partition++) {
      const found = await log.read(topic, partition, 0, 1_000_000, 0).catch(() => []);
      if (found.length === 0) break;
      records.push(...found.map(asRead));
    }
  }
  const { topics } = embedded.runtime;
  const read = async <T>(name: 'result' | 'alert' | 'retrain', topic: string): Promise<Stored<T>[]> =>
    (await embedded.drain(topic)).map(({ value }) => ({
      record: decodePublic(name, value!, false) as T,
      bytes: value!.toString('base64'),
    }));
  const results = await read<Result>('result', topics.results);
  const alerts = await read<Alert>('alert', topics.alerts);
  const retrains = await read<Retrain>('retrain', topics.retrain);
  const dead = (await embedded.drain(topics.dead)).map(asRead);
  await embedded.close();
  return { results, alerts, retrains, dead, influx: influxOf(results, alerts, retrains), inputs };
}

const asRead = (record: LogRecord): ReadRecord =>
  ({
    ...record,
    key: record.key?.toString() ?? null,
    headers: Object.fromEntries(
      Object.entries(record.headers).map(([name, value]) => [name, value.toString()]),
    ),
  }) as unknown as ReadRecord;

/** InfluxDB has no part in this test: it holds what it should. */
function influxOf(
  results: readonly Stored<Result>[],
  alerts: readonly Stored<Alert>[],
  retrains: readonly Stored<Retrain>[],
): Observed['influx'] {
  const distinct = <T extends { id: string }>(stored: readonly Stored<T>[]): T[] => [
    ...new Map(stored.map(({ record }) => [record.id, record])).values(),
  ];
  const dash = (tag: string): string => tag || '-';
  return {
    results: distinct(results)
      .filter(({ final }) => final)
      .map((result) => ({
        ...(result as unknown as Record<string, never>),
        subject: dash(result.subject),
        model: dash(result.model),
        segment: dash(result.segment),
        time: result.windowEndMs,
      })) as unknown as Observed['influx']['results'],
    alerts: distinct(alerts).length,
    retrains: distinct(retrains).length,
  };
}

test('the folds give what the oracle expects', async () => {
  const observed = await run();
  const expected = expectedOf(PREFIX, (topic) => observed.inputs.get(topic)!);
  const { problems, counts } = verify(expected, observed, new Map());
  expect(problems.slice(0, 20)).toEqual([]);
  expect(counts.results).toBeGreaterThan(1_000);
  expect(counts.alerts).toBeGreaterThan(0);
  expect(counts.retrains).toBeGreaterThan(0);

  const [first] = observed.results.filter(({ record }) => record.metric === 'accuracy' && record.final);
  first!.record.n += 1;
  expect(verify(expected, observed, new Map()).counts.wrong).toBeGreaterThan(0);
});
