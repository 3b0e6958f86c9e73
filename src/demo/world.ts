/** The demo's world: the daemon's folds on an embedded log, with the four services of the stories. */

import { fileURLToPath } from 'node:url';
import { digestOf } from '../config/digest.ts';
import { loadConfig } from '../config/load.ts';
import type { Registries, TelltaleConfig } from '../config/types.ts';
import { assert } from '../errors.ts';
import { NO_COUNTS, writeConfigs } from '../flow/assembly.ts';
import { createEmbedded, type Embedded } from '../flow/embedded.ts';
import { tablesOf } from '../flow/predicting.ts';
import type { Counts, FlowLogger } from '../flow/runtime.ts';
import { decodePublic, type PublicName, type PublicRecord } from '../flow/wire.ts';
import { createMemoryLog } from '../log/memory.ts';
import type { Tables } from '../predict/tables.ts';
import type { Alert, Append, Incident, Result, Retrain, RolloutRecord } from '../records.ts';
import { routedHeaders } from '../router/headers.ts';
import { route } from '../router/route.ts';
import { END_MS, type StoryRecord } from './stories/story.ts';

/** Input partitions of each topic: more than one, so that the demo shows what a real topic does. */
const PARTITIONS = 2;

export interface Published {
  results: Result[];
  alerts: Alert[];
  incidents: Incident[];
  retrains: Retrain[];
  rollouts: RolloutRecord[];
}

export interface World {
  config: TelltaleConfig;
  embedded: Embedded;
  /** The routing tables that were published so far. */
  tables: Tables;
  /**
   * The log's record of a story's record. A request of a service with a roll-out says who has answered it, by the table of the time: the world is the gateway
   * of its customers.
   */
  appendOf(service: string, record: StoryRecord): Append;
  /** Gives the service another candidate, as a changed file would. */
  rollOut(service: string, candidate: string): Promise<void>;
  /** What was published since the last call. */
  published(): Promise<Published>;
}

/** @param configDir folder of the demo's configuration; the one that comes with the package when null */
export async function createWorld(
  configDir: string | null,
  registries: Registries,
  logger: FlowLogger,
  counts: Counts = NO_COUNTS,
): Promise<World> {
  const dir = configDir ?? fileURLToPath(new URL('../../config', import.meta.url));
  const config = await loadConfig(dir, registries);
  // The stories' time, not the wall clock's: the same seed gives the same log.
  const log = createMemoryLog({ now: () => END_MS });
  for (const { streams } of config.services)
    for (const { topic } of streams) log.createTopic(topic, PARTITIONS);
  const embedded = await createEmbedded({
    log,
    partitions: PARTITIONS,
    group: config.kafka.group,
    prefix: config.topics.prefix,
    services: config.services,
    schemas: null,
    // Waiting for the shadows keeps the outcome independent of this machine's speed.
    scoring: { threads: 1, shadowTimeoutMs: Number.POSITIVE_INFINITY, shadowFailuresMax: 5 },
    checkpoint: { everyMs: 0, recordsMax: config.checkpoint.records },
    nowMs: () => 0,
    counts,
    logger,
  });
  const topics = new Map<string, string>();
  for (const { service, streams } of config.services) {
    for (const { stream, topic } of streams) topics.set(`${service}/${stream}`, topic);
  }
  const { runtime } = embedded;
  const tables = tablesOf(runtime);
  const answeredBy = (service: string, id: string): Record<string, string> => {
    const spec = runtime.services.get(service)?.spec;
    if (spec?.rollout === undefined) return {};
    return routedHeaders(route(tables.routerOf(spec).table, id), 'id');
  };
  return {
    config,
    embedded,
    tables,
    appendOf: (service, { stream, key, value, headers }) => ({
      topic: topics.get(`${service}/${stream}`)!,
      key,
      value,
      headers: stream === 'requests' ? { ...headers, ...answeredBy(service, key) } : headers,
    }),
    async rollOut(service, candidate) {
      const running = runtime.services.get(service);
      assert(running?.spec.rollout !== undefined, 'the file of the service has a roll-out');
      const { spec } = running;
      const rollout = { ...spec.rollout!, candidate };
      const next = { ...spec, rollout, digest: digestOf({ digest: spec.digest, rollout }) };
      runtime.services.set(service, { ...running, spec: next });
      await writeConfigs(runtime);
    },
    async published() {
      for (const record of await embedded.drain(runtime.topics.routing)) tables.read(record);
      const read = async <T extends PublicRecord>(name: PublicName, topic: string) =>
        (await embedded.drain(topic)).map((record) => decodePublic<T>(name, record.value!, false));
      return {
        results: await read<Result>('result', runtime.topics.results),
        alerts: await read<Alert>('alert', runtime.topics.alerts),
        incidents: await read<Incident>('incident', runtime.topics.incidents),
        retrains: await read<Retrain>('retrain', runtime.topics.retrain),
        rollouts: await read<RolloutRecord>('rollout', runtime.topics.rollout),
      };
    },
  };
}
