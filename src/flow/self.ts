/**
 * The daemon watches itself as one more service: its own figures go into the log as a telemetry stream, so that
 * they are results like all others, survive a restart and may have rules. A service file named `telltale` replaces
 * the one built in here.
 */

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parseService } from '../config/service.ts';
import { selfTopic } from '../config/topics.ts';
import type { Registries } from '../config/types.ts';
import { assert } from '../errors.ts';
import type { ServiceSpec } from '../records.ts';

export const SELF = 'telltale';

export function selfService(prefix: string, registries: Registries): ServiceSpec {
  const text = [
    `service: ${SELF}`,
    'description: The daemon itself, memory, CPU, event loop and lag behind its inputs.',
    'streams:',
    `  telemetry: { topic: "${selfTopic(prefix)}", encoding: otlp_json }`,
    'windows: { size: 1m, lateness: 5s }',
  ].join('\n');
  const files = { resolve: (path: string) => path, exists: () => false, read: () => '' };
  const parsed = parseService(text, 'telltale (built in)', { registries, env: {}, files });
  assert('spec' in parsed, 'the built-in service is valid');
  return parsed.spec;
}

export interface SelfMonitor {
  /** OTLP-JSON of the time since the last call, as the collector's Kafka exporter writes it. */
  sample(nowMs: number, lags: ReadonlyMap<string, number>): Buffer;
  stop(): void;
}

export function createSelfMonitor(instance: string): SelfMonitor {
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  let cpu = process.cpuUsage();
  let atMs = performance.now();
  return {
    sample(nowMs, lags) {
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
