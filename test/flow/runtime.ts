/** A runtime on the log in memory, without services, for what stands beside the folds. */

import { createRuntime, NO_COUNTS, type RuntimeOptions } from '../../src/flow/assembly.ts';
import { type Runtime, topicNames } from '../../src/flow/runtime.ts';
import { createMemoryLog, type MemoryLog } from '../../src/log/memory.ts';

export const quiet = { info: () => {}, warn: () => {}, error: () => {} };

/** Telltale's own topics are `t.*`, with a partition each. */
export function openRuntime(
  log: MemoryLog = createMemoryLog(),
  more: Partial<RuntimeOptions> = {},
): Promise<Runtime> {
  for (const topic of Object.values(topicNames('t.'))) log.createTopic(topic, 1);
  return createRuntime({
    log,
    group: 'g',
    prefix: 't.',
    services: [],
    schemas: null,
    scoring: { threads: 1, shadowTimeoutMs: 1, shadowFailuresMax: 1 },
    checkpoint: { everyMs: 0, recordsMax: 1 },
    nowMs: () => 0,
    counts: NO_COUNTS,
    logger: quiet,
    ...more,
  });
}
