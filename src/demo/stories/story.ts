/**
 * What a story of the demo is: a pure, seeded generator of the records that a service's streams would
 * carry, calm first and then changed. Nothing here reads a clock: the same seed gives the same bytes.
 */
import type { StreamName } from '../../records.ts';

export interface StoryRecord {
  stream: StreamName;
  /** Record key on the log: the request's id, or the host of a telemetry record. */
  key: string;
  /** Event time, the one that also stands in the value. */
  timeMs: number;
  /** JSON. */
  value: Buffer;
  headers?: Record<string, string>;
}

/** Another candidate in the section `rollout` of the service's file: what an owner would write there. */
export interface Candidate {
  atMs: number;
  candidate: string;
}

export interface Story {
  /** Name of the service, as in `config/services/`. */
  service: string;
  title: string;
  /** The change in words, for a table. */
  injected: string;
  /** Event time at which the change begins; requests before it are calm. */
  injectAtMs: number;
  /** Event times of all records lie in startMs <= t < endMs. */
  startMs: number;
  endMs: number;
  expect: {
    /** Metrics that should reveal the change, as `metric` or `metric:subject`. */
    metrics: string[];
  };
  /** What the owner configures while the story goes on, in order of time. */
  candidates?: readonly Candidate[];
  /**
   * All records in the order of their arrival. Event times rise, but for a disorder of at most
   * `DISORDER_MS_MAX`. Asynchronous because images are encoded off the event loop.
   */
  records(seed: number): AsyncGenerator<StoryRecord>;
}

/** No record's event time is further than this behind the greatest event time before it. */
export const DISORDER_MS_MAX = 3_000;

export const MINUTE_MS = 60_000;

/** Midnight of a Monday, so that daily and weekly rhythms start at zero. */
export const START_MS = Date.UTC(2026, 0, 5);

/** All stories are calm for two hours and changed for one. */
export const INJECT_AT_MS = START_MS + 120 * MINUTE_MS;
export const END_MS = START_MS + 180 * MINUTE_MS;

/** Lets a story without asynchronous work keep the common signature. */
export async function* toAsync<T>(items: Iterable<T>): AsyncGenerator<T> {
  yield* items;
}

/** Record value of a JSON stream. */
export function jsonValue(body: unknown): Buffer {
  return Buffer.from(JSON.stringify(body));
}

/** Id of the n-th request of a service, for example `fraud-000123`. */
export function requestId(service: string, index: number): string {
  return `${service}-${String(index).padStart(6, '0')}`;
}

/** Rounds to a number of decimals, as production systems log their figures. */
export function round(value: number, decimals: number): number {
  const scale = 10 ** decimals;
  return Math.round(value * scale) / scale;
}
