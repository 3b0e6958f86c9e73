/**
 * States of reference data beyond the inputs: what the models answer, and how right they are. The rows go through the daemon's
 * own folds, in one window that holds them all, so that files need not be in the order of time.
 */

import { NO_COUNTS } from '../../flow/assembly.ts';
import { statesOf as statesIn } from '../../flow/blocks.ts';
import { createEmbedded } from '../../flow/embedded.ts';
import { createJudge, stepJudge } from '../../flow/judge.ts';
import { hourOf, type References } from '../../flow/learned.ts';
import type { Privacy } from '../../flow/privacy.ts';
import type { FlowLogger } from '../../flow/runtime.ts';
import { decodeSlots } from '../../flow/wire.ts';
import { stateOfText } from '../../profile/baseline/states.ts';
import { keyOf } from '../../profile/track.ts';
import type { Append, Baseline, BaselinePart, InputSpec, Season, ServiceSpec } from '../../records.ts';
import { createEventTimeLog } from '../replay/event-time-log.ts';
import { specOfFiles } from '../replay/run.ts';
import type { Replayed } from '../replay/sources.ts';

export interface StatesParts {
  spec: ServiceSpec;
  privacy: Privacy | null;
  /** The inputs of these rows, by which joint sums are standardized; null: they are left out, as those of other rows cannot be merged. */
  inputs: Baseline | null;
  /** Streams that have files. */
  fed: ReadonlySet<string>;
  /** A part for each segment, or for each hour, or neither. */
  by: 'segments' | Season | null;
  threads: number;
  logger: FlowLogger;
  onProgress(records: number): void;
}

export interface FoundStates {
  states: Record<string, string>;
  segments?: Record<string, BaselinePart>;
  season?: Baseline['season'];
  /** Records that could not be read, and requests whose labels were not waited for (limits.pending_joins_max). */
  dead: number;
  dropped: number;
}

/** Records appended before the folds run. */
const CHUNK = 2_000;
/** Every time lies in the window that ends here, or in the one before it. */
const WINDOW_MS = 1e15;
/** No name of an input. */
const HOUR = '(hour)';
/** What they count is no distribution to compare with. */
const LEFT_OUT = new Set(['rows', 'routed', 'arms', 'labels', 'asked', 'telemetry', 'distinct', 'heavy']);

/** One window for all, no rules, and labels that come at any time. */
function specOf({ spec, by, inputs }: StatesParts): ServiceSpec {
  const hour: InputSpec = { name: HOUR, type: 'categorical', from: HOUR, range: null, categories: null };
  const isSeasonal = by !== null && by !== 'segments';
  // What raises an alarm is not learned from: here nothing may.
  const { season: _, budget: __, ...rest } = specOfFiles(spec);
  return {
    ...rest,
    inputs: isSeasonal ? [...spec.inputs, hour] : spec.inputs,
    segments: by === 'segments' ? spec.segments : isSeasonal ? [[HOUR]] : [],
    windows: {
      ...spec.windows,
      sizeMs: WINDOW_MS,
      hopMs: WINDOW_MS,
      latenessMs: WINDOW_MS,
      graceMs: 0,
      maxPastMs: null,
    },
    maxDelayMs: WINDOW_MS,
    revisionsMs: [WINDOW_MS],
    limits: { ...spec.limits, segmentsMax: Math.max(spec.limits.segmentsMax, isSeasonal ? 168 : 0) },
    baseline: inputs === null ? null : { ...inputs, states: undefined },
    learn: { kind: 'first', windows: 9, lagWindows: 0, sinceMs: null, bytesMax: Number.MAX_SAFE_INTEGER },
    rules: [],
    retrain: null,
  };
}

function withHour(value: Buffer, season: Season, timeMs: number): Buffer {
  const row = JSON.parse(value.toString()) as Record<string, unknown>;
  return Buffer.from(JSON.stringify({ ...row, [HOUR]: String(hourOf(season, timeMs)) }));
}

/** A part without what is left out; n is the rows of its requests, or of its predictions where these are all there is. */
function partOf(states: Record<string, string>): BaselinePart {
  const rowsOf = (stream: string): number => {
    const text = states[`rows//${stream}`];
    const track = text === undefined ? undefined : stateOfText(text);
    return track?.kind === 'counters' ? (track.state.get('rows') ?? 0) : 0;
  };
  const kept = Object.entries(states).filter(
    ([key]) => !LEFT_OUT.has(keyOf(key).role) && keyOf(key).subject !== HOUR,
  );
  return { n: rowsOf('requests') || rowsOf('predictions'), states: Object.fromEntries(kept) };
}

/** States by segment, of all source groups: a key belongs to one of them. */
function bySegment({ groups }: References): Map<string, Record<string, string>> {
  const found = new Map<string, Record<string, string>>();
  for (const { segments } of Object.values(groups)) {
    for (const [segment, learned] of Object.entries(segments)) {
      const block = learned['']?.blocks[0];
      const states = block === undefined ? {} : statesIn(block);
      found.set(segment, { ...found.get(segment), ...states });
    }
  }
  return found;
}

function collected(references: References, by: StatesParts['by']): Omit<FoundStates, 'dead'> {
  const found = bySegment(references);
  const whole = found.get('*') ?? {};
  found.delete('*');
  const events = whole['rows//events'];
  const counts = events === undefined ? undefined : stateOfText(events);
  const dropped = counts?.kind === 'counters' ? (counts.state.get('dropped') ?? 0) : 0;
  const parts = Object.fromEntries(
    [...found].map(([segment, states]) => [
      by === 'segments' ? segment : segment.slice(`${HOUR}=`.length),
      partOf(states),
    ]),
  );
  const { states } = partOf(whole);
  if (by === null) return { states, dropped };
  return by === 'segments'
    ? { states, segments: parts, dropped }
    : { states, season: { of: by, parts }, dropped };
}

/** Runs the records of all streams, and gives the states that they make. */
export async function statesOf(records: AsyncIterable<Replayed>, parts: StatesParts): Promise<FoundStates> {
  const spec = specOf(parts);
  const { by } = parts;
  const { log, stamps } = createEventTimeLog();
  for (const { stream, topic } of spec.streams) if (parts.fed.has(stream)) log.createTopic(topic, 1);
  const judge = createJudge(spec.service);
  const faults: string[] = [];
  const embedded = await createEmbedded({
    log,
    partitions: 1,
    group: 'baseline',
    prefix: 'telltale.',
    services: [spec],
    privacy: parts.privacy,
    schemas: null,
    scoring: { threads: parts.threads, shadowTimeoutMs: Number.POSITIVE_INFINITY, shadowFailuresMax: 5 },
    // Slots are of the whole stream: they are written once, at the end.
    checkpoint: { everyMs: Number.POSITIVE_INFINITY, recordsMax: Number.MAX_SAFE_INTEGER },
    nowMs: () => 0,
    counts: NO_COUNTS,
    logger: parts.logger,
    slotsHandler: () => ({
      open: async () => 0,
      async handle(found) {
        for (const record of found) {
          const slot = decodeSlots(record);
          if (slot !== null) stepJudge(judge, slot, record.offset);
          faults.push(...judge.faults.splice(0));
        }
      },
      tick: async () => {},
      close: async () => {},
    }),
  });
  let [count, dead] = [0, 0];
  let batch: Append[] = [];
  const flush = async (): Promise<void> => {
    await embedded.append(batch);
    batch = [];
    await embedded.pump();
    dead += (await embedded.drain(embedded.runtime.topics.dead)).length;
    parts.onProgress(count);
  };
  try {
    for await (const { stream, key, timeMs, value } of records) {
      stamps.push(timeMs);
      const isHourly = by !== null && by !== 'segments' && stream.stream === 'requests';
      batch.push({ topic: stream.topic, key, value: isHourly ? withHour(value, by, timeMs) : value });
      count++;
      if (batch.length === CHUNK) await flush();
    }
    await flush();
    await embedded.end();
    dead += (await embedded.drain(embedded.runtime.topics.dead)).length;
  } finally {
    await embedded.close();
  }
  if (faults.length > 0) throw new Error(faults[0]);
  return { ...collected(judge.references, by), dead };
}
