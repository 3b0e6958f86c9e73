/** Measures, traces and watches what goes over the border to the log, so that no task has to do it. */

import type { GroupOptions, Log, Membership, PartitionHandler } from '../log/port.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { type Carried, errorTypeOf, type Lineage, type Place, type Tracing } from '../telemetry/tracing.ts';
import type { Health, PartitionHealth } from './health.ts';
import type { TopicNames } from './runtime.ts';

export interface Instruments {
  metrics: Pick<Metrics, 'consumed' | 'processed' | 'sent' | 'operation' | 'lag'>;
  tracing: Tracing;
}

/** Runs work and tells how long it took and, where it failed, of what kind the error was. */
async function timed(
  work: () => Promise<void>,
  told: (ms: number, errorType?: string) => void,
): Promise<void> {
  const startedMs = performance.now();
  try {
    await work();
  } catch (error) {
    told(performance.now() - startedMs, errorTypeOf(error));
    throw error;
  }
  told(performance.now() - startedMs);
}

/** The log, with its writes measured and traced. */
export function instrumentLog<T extends Log>(log: T, { metrics, tracing }: Instruments): T {
  return {
    ...log,
    append: (batch) =>
      timed(
        () => tracing.send(batch, () => log.append(batch)),
        (ms, errorType) => {
          metrics.operation('send', ms, errorType);
          const counts = new Map<string, number>();
          for (const { topic } of batch) counts.set(topic, (counts.get(topic) ?? 0) + 1);
          for (const [topic, count] of counts) metrics.sent(topic, count, errorType);
        },
      ),
  };
}

/** A membership whose commits are measured and count as progress. */
function instrumentMembership(
  membership: Membership,
  { metrics }: Instruments,
  health: PartitionHealth,
): Membership {
  return {
    commit: async (topic, partition, offset, metadata) => {
      await timed(
        () => membership.commit(topic, partition, offset, metadata),
        (ms, errorType) => metrics.operation('commit', ms, errorType),
      );
      health.committed(offset);
    },
  };
}

/** The handler of a partition, with what it reads counted, timed, traced and watched. */
function instrumentHandler(
  handler: PartitionHandler,
  place: Place & { lineage: Lineage },
  { metrics, tracing }: Instruments,
  health: PartitionHealth,
): PartitionHandler {
  const { topic, partition, group, lineage } = place;
  let carried: Carried | null = null;
  const signing = (heartbeat: () => Promise<void>) => async () => {
    health.sign();
    await heartbeat();
  };
  return {
    open: (heartbeat) => handler.open(signing(heartbeat)),

    async handle(records, heartbeat) {
      health.sign();
      metrics.consumed(place, records.length);
      for (const part of tracing.partsOf(records, lineage)) {
        await timed(
          async () => {
            carried = await tracing.process({ topic, partition, group }, part, lineage, () =>
              handler.handle(part, signing(heartbeat)),
            );
          },
          (ms, errorType) => metrics.processed(place, ms, errorType),
        );
        health.handled(part.at(-1)!.offset + 1);
      }
      health.sign();
    },

    tick(nowMs, lag) {
      health.sign();
      health.lag(lag);
      metrics.lag(place, lag);
      return tracing.within(carried, () => handler.tick(nowMs, lag));
    },

    close: () => tracing.within(carried, () => handler.close()),
  };
}

/**
 * Requests are strangers' traces. `events` and `results` are many and read in bulk; all other topics of ours have records of
 * which each must be found in the trace that made it.
 */
export function lineageOf(topics: TopicNames, topic: string): Lineage {
  if (topic === topics.events || topic === topics.results) return 'continue';
  return Object.values(topics).includes(topic) ? 'apart' : 'begin';
}

export interface Surroundings {
  group: string;
  topics: TopicNames;
  instruments: Instruments;
  health: Pick<Health, 'partition'>;
}

/** Handlers as they are made for a group, each with everything above. */
export function instrumented(
  handlerFor: GroupOptions['handlerFor'],
  { group, topics, instruments, health }: Surroundings,
): GroupOptions['handlerFor'] {
  return (topic, partition, membership) => {
    const watched = health.partition(group, topic, partition);
    const handler = handlerFor(topic, partition, instrumentMembership(membership, instruments, watched));
    const place = { topic, partition, group, lineage: lineageOf(topics, topic) };
    return instrumentHandler(handler, place, instruments, watched);
  };
}
