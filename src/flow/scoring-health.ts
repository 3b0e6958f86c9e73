import type { Metrics } from '../telemetry/metrics.ts';
import type { Health } from './health.ts';
import { causeShown } from './privacy.ts';
import type { Runtime } from './runtime.ts';

/**
 * Tells how long models take, and which shadows are switched off: that must be seen, since their agreement is silently
 * absent otherwise.
 */
export function tellModels(
  runtime: Runtime,
  metrics: Pick<Metrics, 'score' | 'shadowOff'>,
  set: Health['set'],
): void {
  for (const [service, { scorer, spec }] of runtime.services) {
    for (const { model, role, off, meanMsPerBatch, lastError } of scorer?.stats() ?? []) {
      if (Number.isFinite(meanMsPerBatch)) metrics.score(service, model, role, meanMsPerBatch);
      if (role !== 'shadow') continue;
      metrics.shadowOff(service, model, off);
      if (off) set(`shadow ${service}/${model}`, false, `switched off: ${causeShown(spec, lastError)}`);
    }
  }
}
