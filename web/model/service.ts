/** The results of one service, as long as its page is open. */

import { type Signal, signal } from '@preact/signals';
import type {
  HistoryPoint,
  ProfileView,
  SeriesKey,
  ServiceFacts,
  ServiceView,
} from '../../src/console/source.ts';
import type { Result } from '../../src/records.ts';
import { get } from './api.ts';
import { keyOf } from './format.ts';
import { onResults, withPoint } from './store.ts';

const SPARK_POINTS = 40;

/** A result with the last values of its series. */
export interface Row extends Result {
  history: [number, number | null][];
}

export interface ServiceDetail {
  facts: ServiceFacts;
  rows: Map<string, Row>;
}

export const servicePath = (name: string): string => `/api/services/${encodeURIComponent(name)}`;

interface ServiceAnswer extends ServiceView {
  facts: ServiceFacts;
  results: Row[];
}

export function readService(name: string): Promise<ServiceAnswer> {
  return get<ServiceAnswer>(`${servicePath(name)}?history=${SPARK_POINTS}`);
}

/** The newest result of each series, with its past. */
export function withResults(
  rows: ReadonlyMap<string, Row>,
  service: string,
  results: readonly Result[],
): Map<string, Row> | null {
  let next: Map<string, Row> | null = null;
  for (const result of results) {
    if (result.service !== service) continue;
    next ??= new Map(rows);
    const key = keyOf(result);
    const known = next.get(key);
    const history = withPoint(known?.history ?? [], [result.windowEndMs, result.value], SPARK_POINTS);
    const isStale = known !== undefined && known.windowEndMs > result.windowEndMs;
    next.set(key, isStale ? { ...known, history } : { ...result, history });
  }
  return next;
}

export interface ServiceStore {
  detail: Signal<ServiceDetail | null>;
  fault: Signal<string>;
  /** Reads all anew, since events were missed; what is known is shown until then. */
  read(): void;
  close(): void;
}

export function openService(name: string): ServiceStore {
  const detail = signal<ServiceDetail | null>(null);
  const fault = signal('');
  let waiting: Result[] | null = null;
  const read = () => {
    waiting = [];
    readService(name).then(
      ({ facts, results }) => {
        const rows = new Map(results.map((result) => [keyOf(result), result]));
        detail.value = { facts, rows: withResults(rows, name, waiting ?? []) ?? rows };
        waiting = null;
      },
      (error: Error) => {
        fault.value = error.message;
      },
    );
  };
  const close = onResults((results) => {
    waiting?.push(...results);
    if (detail.value === null) return;
    const rows = withResults(detail.value.rows, name, results);
    if (rows !== null) detail.value = { ...detail.value, rows };
  });
  return { detail, fault, read, close };
}

export const readHistory = (service: string, { metric, subject, model, segment }: SeriesKey) =>
  get<HistoryPoint[]>(
    `${servicePath(service)}/history?${new URLSearchParams({ metric, subject, model, segment })}`,
  );

export const readProfiles = (service: string) => get<ProfileView[]>(`${servicePath(service)}/profiles`);
