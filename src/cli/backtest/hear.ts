/** What the folds make of the files with one side's configuration. */

import type { Privacy } from '../../flow/privacy.ts';
import type { FlowLogger } from '../../flow/runtime.ts';
import type { Alert, Result, Retrain, ServiceSpec, StreamSpec } from '../../records.ts';
import type { Out } from '../replay/out.ts';
import type { Summary } from '../replay/run.ts';
import type { TimeSteps } from '../replay/shape.ts';
import { type FileSource, mergeFiles, type Replayed } from '../replay/sources.ts';
import { createKnown, type KnownAlert } from './known.ts';

export interface Heard extends Summary {
  alerted: KnownAlert[];
  retrained: Retrain[];
  /** Event time of the first record and of the last; NaN: there are none. */
  firstMs: number;
  lastMs: number;
  /** The last end of a window. */
  closedMs: number;
}

export interface HearParts {
  spec: ServiceSpec;
  privacy: Privacy | null;
  sources: readonly FileSource[];
  steps: TimeSteps | null;
  threads: number;
  logger: FlowLogger;
  /** Told of bytes and records since the last call. */
  onProgress(bytes: number, records: number): void;
}

export async function hear({ spec, sources, steps, ...parts }: HearParts): Promise<Heard> {
  const { replay } = await import('../replay/run.ts');
  const alerted: KnownAlert[] = [];
  const known = createKnown(spec);
  const retrained: Retrain[] = [];
  const times = { firstMs: Number.NaN, lastMs: Number.NaN };
  let closedMs = Number.NEGATIVE_INFINITY;
  let [bytes, done] = [0, 0];
  const out: Out = {
    async write(type, records) {
      if (type === 'alert') for (const alert of records) alerted.push(known.of(alert as Alert));
      if (type === 'retrain') for (const retrain of records) retrained.push(retrain as Retrain);
      if (type !== 'result') return;
      known.results(records as readonly Result[]);
      for (const { windowEndMs } of records as readonly Result[]) closedMs = Math.max(closedMs, windowEndMs);
    },
    close: async () => {},
  };
  const records = timed(
    mergeFiles(spec, sources, steps, (more) => {
      bytes += more;
    }),
    times,
  );
  const summary = await replay(records, {
    spec,
    privacy: parts.privacy,
    fed: new Set<StreamSpec>(sources.map(({ stream }) => stream)),
    threads: parts.threads,
    logger: parts.logger,
    out,
    onProgress: (count) => {
      parts.onProgress(bytes, count - done);
      [bytes, done] = [0, count];
    },
  });
  return { ...summary, alerted, retrained, ...times, closedMs };
}

async function* timed(
  records: AsyncIterable<Replayed>,
  times: { firstMs: number; lastMs: number },
): AsyncGenerator<Replayed> {
  for await (const record of records) {
    if (Number.isNaN(times.firstMs)) times.firstMs = record.timeMs;
    times.lastMs = record.timeMs;
    yield record;
  }
}
