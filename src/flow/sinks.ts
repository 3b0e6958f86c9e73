/** Every sink of the configuration, each in a consumer group of its own: one that is away holds up no other. */

import { messageOf } from '../errors.ts';
import type { Group, GroupOptions } from '../log/port.ts';
import { SINKS } from '../sink/registry.ts';
import type { Sink, WantedSink } from '../sink/sink.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { SINK_STAGE } from './counts.ts';
import type { DeadShare } from './dead-share.ts';
import type { Runtime } from './runtime.ts';
import { createSinkTask, type SinkTaskOptions } from './sink-task.ts';

type Wanted = (typeof SINKS)[keyof typeof SINKS]['wanted'];
/** What all kinds together want of the configuration. */
type SinkSettings = Wanted extends (settings: infer All) => unknown ? All : never;

export interface SinksOptions {
  settings: SinkSettings;
  runtime: Runtime;
  metrics: Pick<Metrics, 'sinkWritten' | 'sinkFailed' | 'sinkDropped'>;
  share: DeadShare;
  signal: AbortSignal;
  /** The health check of a sink. */
  check(name: string, ok: boolean, detail: string): void;
  join(group: string, topics: string[], handlerFor: GroupOptions['handlerFor']): Promise<Group>;
}

export interface Sinks {
  /** Commits what was written, leaves the groups and ends the sinks. */
  close(): Promise<void>;
}

/** The sinks that the configuration asks for, in the order of the registry. */
export const wantedSinks = (settings: SinkSettings): WantedSink[] =>
  Object.values(SINKS).flatMap((kind) => kind.wanted(settings));

/** Makes the sinks and joins their groups. */
export async function startSinks(options: SinksOptions): Promise<Sinks> {
  const { runtime, signal } = options;
  const sinks: Sink[] = [];
  const groups: Group[] = [];
  for (const { name, topics, create } of wantedSinks(options.settings)) {
    const sink = await create({
      log: runtime.logger,
      signal,
      nowMs: runtime.nowMs,
      isWatched: (service) => runtime.services.has(service),
      traceHeaders: runtime.traceHeaders ?? undefined,
    });
    sinks.push(sink);
    options.check(name, true, 'no write yet');
    const group = `${runtime.group}.sink.${name}`;
    const task = taskOptions(sink, group, options);
    const names = topics.map((topic) => runtime.topics[topic]);
    groups.push(
      await options.join(group, names, (topic, partition, membership) =>
        createSinkTask(topic, partition, membership, task),
      ),
    );
  }
  return {
    async close() {
      for (const group of groups) await group.leave();
      for (const sink of sinks) await sink.close();
    },
  };
}

function taskOptions(sink: Sink, group: string, options: SinksOptions): SinkTaskOptions {
  const { runtime, metrics, share, signal, check } = options;
  const { name } = sink;
  const { logger, counts } = runtime;
  const stage = SINK_STAGE + name;
  return {
    sink,
    group,
    runtime,
    signal,
    onBack: () => check(name, true, 'writing'),
    onError: (error, waitMs) => {
      metrics.sinkFailed(name);
      check(name, false, `${messageOf(error)}; records wait in the log`);
      logger.warn({ sink: name, cause: messageOf(error), waitMs }, 'a sink is away; records wait in the log');
    },
    onWritten: (count) => {
      if (count === 0) return;
      metrics.sinkWritten(name, count);
      share.read(count, stage);
      check(name, true, 'writing');
    },
    onDead: ({ code, message, record: { topic, partition, offset } }, service) => {
      metrics.sinkDropped(name);
      share.read(1, stage);
      counts.dead(service, stage, code, 1);
      logger.warn({ sink: name, code, reason: message, topic, partition, offset }, 'a record is put aside');
    },
  };
}
