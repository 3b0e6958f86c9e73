/** A log in memory that holds public records, and the commands that read it. */

import { encodePublic, type PublicName, type PublicRecord } from '../../src/flow/wire.ts';
import { createMemoryLog } from '../../src/log/memory.ts';
import type { Log } from '../../src/log/port.ts';
import { fakeWiring, folder, telltale } from './support.ts';

const TOPICS: Record<PublicName, string> = {
  result: 'results',
  alert: 'alerts',
  incident: 'incidents',
  retrain: 'retrain',
  rollout: 'rollout',
};

export interface PublicLog {
  log: Log;
  /** Appends records, at a time of the log's own clock. */
  tell(name: PublicName, records: readonly PublicRecord[], atMs?: number): Promise<void>;
  cli(...args: string[]): ReturnType<typeof telltale>;
}

export function publicLog(partitions = 2): PublicLog {
  let nowMs = 0;
  const log = createMemoryLog({ now: () => nowMs });
  for (const topic of Object.values(TOPICS)) log.createTopic(`t.${topic}`, partitions);
  const dir = folder({
    'telltale.yaml': 'topics: { prefix: t. }\n',
    'services/fraud.yaml':
      'service: fraud\nstreams: { requests: { topic: r } }\ninputs: { amount: { type: numeric } }\n',
  });
  const wiring = fakeWiring({ openLog: async () => ({ ...log, close: async () => {} }) });
  return {
    log,
    tell: async (name, records, atMs = 0) => {
      nowMs = atMs;
      await log.append(
        records.map((record) => ({
          topic: `t.${TOPICS[name]}`,
          key: record.service,
          value: encodePublic(name, record, null),
        })),
      );
    },
    cli: (...args) => telltale(['--config', dir, ...args], wiring),
  };
}
