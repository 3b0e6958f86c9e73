/** A plant whose readings are JSON, with alarms at every other window, and what sinks got of it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { parse, stringify } from 'yaml';
import type { Posted } from '../sink/receiver.ts';
import { type ConfigFolder, committedType, type RunningDaemon } from './daemon.ts';
import { type ForeignRecord, foreignConsume, javaProduce } from './support/foreign.ts';
import { wireSplit } from './support/registry.ts';
import { testClient } from './support/topics.ts';

export const WINDOW_MS = 60_000;
export const T0 = Date.parse('2026-03-01T12:00:00Z');
export const endOf = (window: number): number => T0 + (window + 1) * WINDOW_MS;

/** Adds keys to the telltale.yaml of the folder. */
export function extend(folder: ConfigFolder, more: Record<string, unknown>): void {
  const known = parse(readFileSync(join(folder.dir, 'telltale.yaml'), 'utf8')) as object;
  folder.write('telltale.yaml', stringify({ ...known, ...more }));
}

export function plantOf(requests: string, time = 'time') {
  return {
    service: 'plant',
    streams: { requests: { topic: requests, encoding: 'json', time } },
    inputs: { x: { type: 'numeric' } },
    // Nothing may close by a clock: servers are away for as long as the machine needs.
    windows: { size: '1m', lateness: '0s', idle_after: '1h' },
    rules: [{ name: 'high', metric: 'mean', subject: 'x', critical: '> 15', min_n: 1 }],
  };
}

export const reading = (id: string, timeMs: number, x: number): ForeignRecord => ({
  key: id,
  value: Buffer.from(JSON.stringify({ id, time: new Date(timeMs).toISOString(), x })),
});

/** Five readings in each of the windows; the alarm fires in the odd ones and is resolved in the even ones. */
export async function sendWindows(
  brokers: string,
  topic: string,
  from: number,
  through: number,
): Promise<void> {
  const records: ForeignRecord[] = [];
  for (let window = from; window <= through; window++) {
    for (let i = 0; i < 5; i++) {
      records.push(reading(`${window}-${i}`, T0 + window * WINDOW_MS + i, window % 2 === 0 ? 10 : 20));
    }
  }
  expect(await javaProduce(brokers, topic, records)).toBe(records.length);
}

export const untilWindow = (daemon: RunningDaemon, window: number): Promise<unknown> =>
  daemon.until(
    `window ${window}`,
    async () => ((await daemon.service('plant')).eventTimeMs ?? 0) >= endOf(window),
  );

export interface Told {
  id: string;
  type: 'result' | 'alert' | 'retrain';
  service: string;
  windowEndMs: number;
}

/** What a receiver has of a service: by id, as one that drops repeats. The same id must have the same bytes. */
export function takenBy(posted: readonly Posted[], service = 'plant'): Map<string, Told> {
  const bodies = new Map<string, string>();
  const taken = new Map<string, Told>();
  for (const { headers, body, status } of posted) {
    const told = JSON.parse(body) as Told;
    if (status >= 300 || told.service !== service) continue;
    expect(headers['idempotency-key']).toBe(told.id);
    expect(bodies.get(told.id) ?? body).toBe(body);
    bodies.set(told.id, body);
    taken.set(told.id, told);
  }
  return taken;
}

/** The last window of which a receiver has an alert. */
export const lastAlertMs = (posted: readonly Posted[]): number =>
  Math.max(0, ...[...takenBy(posted).values()].map((told) => (told.type === 'alert' ? told.windowEndMs : 0)));

/** Ids of the plant's records of a public topic that lie below what the group has committed. */
export async function idsBelowCommit(
  brokers: string,
  groupId: string,
  prefix: string,
  name: 'alert' | 'result',
): Promise<string[]> {
  const topic = `${prefix}${name}s`;
  const admin = testClient(brokers).admin();
  await admin.connect();
  const committed = await admin.fetchOffsets({ groupId, topics: [topic] }).finally(() => admin.disconnect());
  const next = new Map(committed[0]!.partitions.map(({ partition, offset }) => [partition, Number(offset)]));
  const type = committedType(name);
  return (await foreignConsume(brokers, topic))
    .filter(({ partition, offset }) => offset < (next.get(partition) ?? -1))
    .map(({ value }) => type.fromBuffer(wireSplit(value!).body) as Told)
    .filter(({ service }) => service === 'plant')
    .map(({ id }) => id);
}
