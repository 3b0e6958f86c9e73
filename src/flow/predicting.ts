/** Predictions on the log: the tables of the topic `routing`, and where answers are written. */

import { randomUUID } from 'node:crypto';
import { messageOf } from '../errors.ts';
import type { Predictions } from '../predict/predictions.ts';
import { createTables, type Tables } from '../predict/tables.ts';
import type { LogRecord } from '../records.ts';
import { readThrough } from './read-through.ts';
import { partitionsOf, type Runtime } from './runtime.ts';
import { tailTopic } from './tail.ts';

const noHeartbeat = async (): Promise<void> => {};

/** Tables that follow the services of a runtime, through reloads too. */
export const tablesOf = (runtime: Runtime): Tables =>
  createTables({
    specOf: (service) => runtime.services.get(service)?.spec,
    warn: (facts, text) => runtime.logger.warn(facts, text),
  });

/** Lets predictions be asked of a runtime. */
export function openPredictions(
  runtime: Runtime,
  predictions: Predictions,
  tables: Tables,
  nowMs: () => number,
): void {
  const { log, topics, services, logger } = runtime;
  predictions.open({
    services,
    decoderFor: runtime.decoderFor,
    hasTopic: (topic) => partitionsOf(runtime, topic) > 0,
    append: (batch) => log.append(batch),
    topics,
    tables,
    nowMs,
    newId: randomUUID,
    log: (event, facts) => logger.warn(facts, event),
  });
}

/** Reads the topic whole, and from then on whatever comes; resolves after the first. */
export async function followRouting(runtime: Runtime, tables: Tables, signal: AbortSignal): Promise<void> {
  const { log, logger } = runtime;
  const topic = runtime.topics.routing;
  const partitions = partitionsOf(runtime, topic);
  const next = new Array<number>(partitions).fill(0);
  const take = (record: LogRecord): void => {
    next[record.partition] = record.offset + 1;
    tables.read(record);
  };
  for (let partition = 0; partition < partitions; partition++)
    await readThrough(log, { topic, partition, from: 0 }, noHeartbeat, take);
  const onError = (error: unknown): void =>
    logger.warn({ topic, cause: messageOf(error) }, 'routing tables cannot be read; the present ones go on');
  void tailTopic(log, topic, partitions, { at: next }, signal, take, onError);
}
