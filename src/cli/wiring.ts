/** The real parts of the daemon for the commands. Heavy parts are imported when a command needs them. */

import type { TelltaleConfig } from '../config/types.ts';
import { DETECTOR_CHOICES } from '../detect/registry.ts';
import { messageOf, TelltaleError } from '../errors.ts';
import { EVIDENCE_CHOICES } from '../metric/evidence/registry.ts';
import { METRICS } from '../metric/registry.ts';
import { factsOfState } from '../profile/baseline/facts.ts';
import { createBaselineBuilder } from '../profile/baseline.ts';
import type { LogRecord, ServiceSpec } from '../records.ts';
import { blueGreenStages, canaryFaults, canaryStages, shadowStage } from '../rollout/steps.ts';
import type { ServiceCheck, TopicRange, Wiring } from './command.ts';
import { openLog } from './open-log.ts';

/** Opens every model of a service as the daemon would. */
const checkModels: ServiceCheck = async (spec) => {
  const { createScorer } = await import('../score/scorer.ts');
  try {
    const scorer = await createScorer(spec, { threadsMax: 1, shadowTimeoutMs: 10_000, shadowFailuresMax: 5 });
    await scorer.close();
    return [];
  } catch (cause) {
    if (!(cause instanceof TelltaleError)) throw cause;
    return [{ path: ['models'], message: messageOf(cause) }];
  }
};

async function* readTopic(config: TelltaleConfig, range: TopicRange): AsyncIterable<LogRecord[]> {
  const log = await openLog(config);
  try {
    const partitions = (await log.partitions([range.topic])).get(range.topic);
    if (partitions === undefined)
      throw new TelltaleError('topic_missing', `topic ${range.topic} does not exist`);
    for (let partition = 0; partition < partitions; partition++) {
      const { first, next } = await log.ends(range.topic, partition);
      for (let at = first; at < next; ) {
        const records = await log.read(range.topic, partition, at, 5_000, 1_000);
        if (records.length === 0) break;
        at = records.at(-1)!.offset + 1;
        yield records.filter(
          ({ offset, timestampMs }) =>
            offset < next &&
            (range.fromMs === null || timestampMs >= range.fromMs) &&
            (range.toMs === null || timestampMs < range.toMs),
        );
      }
    }
  } finally {
    await log.close();
  }
}

function createRequestDecoder(config: TelltaleConfig, spec: ServiceSpec) {
  const opened = (async () => {
    const { schemaSourceOf } = await import('../flow/connect.ts');
    const { createDecoder } = await import('../decode/decoder.ts');
    const { readFile } = await import('node:fs/promises');
    const stream = spec.streams.find((own) => own.stream === 'requests');
    if (stream === undefined)
      throw new TelltaleError('usage', `service ${spec.service} has no requests stream`);
    const schemaFile = stream.schemaFile === null ? null : await readFile(stream.schemaFile, 'utf8');
    return createDecoder(spec, stream, { schemas: schemaSourceOf(config), schemaFile });
  })();
  return async (records: LogRecord[]) => {
    const decoder = await opened;
    await decoder.prepare(records);
    return decoder.decode(records);
  };
}

export const wiring: Wiring = {
  registries: {
    metrics: new Map(Object.entries(METRICS)),
    detectors: DETECTOR_CHOICES,
    readState: factsOfState,
    evidence: EVIDENCE_CHOICES,
    rollout: { canaryFaults, canaryStages, blueGreenStages, shadowStage },
  },
  checks: [checkModels],
  openTopicAdmin: async (config) => {
    const log = await openLog(config);
    const admin = log.admin();
    const close = async (): Promise<void> => {
      // A connection that stays open keeps the process alive until the broker ends it, ten minutes later.
      await admin.close();
      await log.close();
    };
    return { list: () => admin.list(), create: (specs) => admin.create(specs), close };
  },
  openLog,
  inspectKafka: async (config) => {
    const { inspectorOf } = await import('../flow/connect.ts');
    return inspectorOf(config);
  },
  createBaselineBuilder,
  measureImages: async (input, column) => {
    const { decodeImages, newMeasures } = await import('../score/images.ts');
    const rows = column.state.length;
    const measures = newMeasures(input, rows);
    await decodeImages(column, 0, rows, [], measures);
    return measures;
  },
  readTopic,
  createRequestDecoder,
};
