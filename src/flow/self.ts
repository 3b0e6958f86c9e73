/**
 * The daemon watches itself as one more service: its own figures go into the log as a telemetry stream, so that
 * they are results like all others, survive a restart and may have rules. A service file named `telltale` replaces
 * the one built in here.
 */

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parseService } from '../config/service.ts';
import { selfTopic } from '../config/topics.ts';
import type { DeadLettersConfig, Registries } from '../config/types.ts';
import { assert } from '../errors.ts';
import type { ServiceSpec } from '../records.ts';
import type { DeadShareSample } from './dead-share.ts';

export const SELF = 'telltale';
/** The highest share of dead letters of any stream or sink of an instance; its rule is the alarm of the daemon itself. */
export const DEAD_SHARE = 'telltale.dead_letters.share';
const DEAD_COUNT = 'telltale.dead_letters';
const WINDOW_MS = 60_000;
/** Of each window, so that one sample that is missed does not leave it empty. */
const SAMPLES = 4;

const windowMsOf = (deadLetters: DeadLettersConfig | null): number => deadLetters?.windowMs ?? WINDOW_MS;

/** How often the daemon samples its own figures. */
export const selfEveryMs = (deadLetters: DeadLettersConfig | null): number =>
  Math.max(250, windowMsOf(deadLetters) / SAMPLES);

export function selfService(
  prefix: string,
  registries: Registries,
  deadLetters: DeadLettersConfig | null,
): ServiceSpec {
  const lines = [
    `service: ${SELF}`,
    'description: The daemon itself, memory, CPU, event loop, lag behind its inputs and dead letters.',
    'streams:',
    `  telemetry: { topic: "${selfTopic(prefix)}", encoding: otlp_json }`,
    `windows: { size: ${windowMsOf(deadLetters)}ms, lateness: 5s }`,
  ];
  if (deadLetters !== null) {
    const watched = `metric: telemetry_max, subject: ${DEAD_SHARE}`;
    lines.push(`rules: [{ name: dead-letters, ${watched}, critical: "> ${deadLetters.rateMax}" }]`);
  }
  const files = { resolve: (path: string) => path, exists: () => false, read: () => '' };
  const parsed = parseService(lines.join('\n'), 'telltale (built in)', { registries, env: {}, files });
  assert('spec' in parsed, 'the built-in service is valid');
  return parsed.spec;
}

export interface SelfMonitor {
  /** OTLP-JSON of the time since the last call, as the collector's Kafka exporter writes it. */
  sample(nowMs: number, lags: ReadonlyMap<string, number>, dead: DeadShareSample): Buffer;
  stop(): void;
}

export function createSelfMonitor(instance: string): SelfMonitor {
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  let cpu = process.cpuUsage();
  let atMs = performance.now();
  return {
    sample(nowMs, lags, dead) {
      const used = process.cpuUsage(cpu);
      const elapsedMs = Math.max(1, performance.now() - atMs);
      cpu = process.cpuUsage();
      atMs = performance.now();
      const p99 = delay.percentile(99) / 1e6;
      delay.reset();
      const gauges: Record<string, number> = {
        'process.cpu.utilization': (used.user + used.system) / 1000 / elapsedMs,
        'process.memory.usage': process.memoryUsage.rss(),
        'nodejs.eventloop.delay.p99': Number.isFinite(p99) ? p99 : 0,
        'telltale.lag': [...lags.values()].reduce((sum, lag) => sum + lag, 0),
      };
      // What was not read has no share: neither a 0, which would resolve the alarm, nor anything else.
      if (dead.count !== undefined) gauges[DEAD_COUNT] = dead.count;
      if (dead.share !== undefined) gauges[DEAD_SHARE] = dead.share;
      const timeUnixNano = `${Math.round(nowMs)}000000`;
      const metrics = Object.entries(gauges).map(([name, asDouble]) => ({
        name,
        gauge: { dataPoints: [{ timeUnixNano, asDouble }] },
      }));
      const attributes = [
        { key: 'service.name', value: { stringValue: SELF } },
        { key: 'service.instance.id', value: { stringValue: instance } },
      ];
      return Buffer.from(
        JSON.stringify({ resourceMetrics: [{ resource: { attributes }, scopeMetrics: [{ metrics }] }] }),
      );
    },
    stop: () => delay.disable(),
  };
}
