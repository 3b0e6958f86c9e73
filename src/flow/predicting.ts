/** Predictions on the log: the tables of the topic `routing`, what was decided last, and where answers are written. */

import { randomUUID } from 'node:crypto';
import { messageOf } from '../errors.ts';
import type { Predictions } from '../predict/predictions.ts';
import { createTables, type Tables } from '../predict/tables.ts';
import type { LogRecord } from '../records.ts';
import { causeShown, hasSensitive } from './privacy.ts';
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
    shownRequest: (spec, record) => runtime.privacy?.sealFields(spec, record) ?? record,
    shownCause: causeShown,
    shownDigest: (spec, digest) => (hasSensitive(spec) ? runtime.privacy!.digest(digest) : digest),
    hasTopic: (topic) => partitionsOf(runtime, topic) > 0,
    append: (batch) => log.append(batch),
    topics,
    tables,
    nowMs,
    newId: randomUUID,
    log: (event, facts) => logger.warn(facts, event),
  });
}

/** Of each partition: more than are answered while a caller waits to try again. */
const DECISIONS_BACK = 5_000;

/** Reads the topic whole, and from then on whatever comes; resolves after the first. */
export const followRouting = (runtime: Runtime, tables: Tables, signal: AbortSignal): Promise<void> =>
  follow(runtime, runtime.topics.routing, Number.POSITIVE_INFINITY, signal, (record) => tables.read(record));

/** Reads the last decisions, and from then on whatever comes: what this process did not live to answer, and what others answer. */
export const followDecisions = (
  runtime: Runtime,
  { recent }: Pick<Predictions, 'recent'>,
  signal: AbortSignal,
): Promise<void> =>
  follow(runtime, runtime.topics.decisions, DECISIONS_BACK, signal, ({ value }) => {
    if (value !== null) recent.note(value);
  });

async function follow(
  runtime: Runtime,
  topic: string,
  back: number,
  signal: AbortSignal,
  take: (record: LogRecord) => void,
): Promise<void> {
  const { log, logger } = runtime;
  const at: number[] = [];
  for (let partition = 0; partition < partitionsOf(runtime, topic); partition++) {
    const { first, next } = await log.ends(topic, partition);
    const from = Math.max(first, next - back);
    at.push(from);
    await readThrough(log, { topic, partition, from }, noHeartbeat, (record) => {
      at[partition] = record.offset + 1;
      take(record);
    });
  }
  const onError = (error: unknown): void =>
    logger.warn({ topic, cause: messageOf(error) }, 'the topic cannot be followed; what is known goes on');
  void tailTopic(log, topic, at.length, { at }, signal, take, onError);
}
