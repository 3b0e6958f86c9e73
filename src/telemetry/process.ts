import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Meter } from '@opentelemetry/api';
import { METRICS } from './metrics.ts';

const RESOLUTION_MS = 20;

/** Reports memory, CPU time and event-loop lag of this process at every collection. Returns the call that ends it. */
export function observeProcess(meter: Meter): () => void {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  const { unit, description } = METRICS['telltale.event_loop.lag'];
  meter.createObservableGauge('telltale.event_loop.lag', { unit, description }).addCallback((result) => {
    // The histogram holds the whole timer interval; what is above its resolution is the lag.
    const lagMs = Math.max(0, delay.percentile(99) / 1e6 - RESOLUTION_MS);
    delay.reset();
    result.observe(lagMs / 1000);
  });
  meter
    .createObservableGauge('process.memory.usage', METRICS['process.memory.usage'])
    .addCallback((result) => result.observe(process.memoryUsage.rss()));
  meter.createObservableCounter('process.cpu.time', METRICS['process.cpu.time']).addCallback((result) => {
    const { user, system } = process.cpuUsage();
    result.observe(user / 1e6, { 'cpu.mode': 'user' });
    result.observe(system / 1e6, { 'cpu.mode': 'system' });
  });
  return () => delay.disable();
}
