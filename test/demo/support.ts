import { createHash } from 'node:crypto';
import type { Story, StoryRecord } from '../../src/demo/stories/story.ts';
import type { StreamName } from '../../src/records.ts';

/** A record's JSON; tests know the fields of the stream that they read. */
export type Body = { id: string; time: number } & Record<string, unknown>;

export interface Told {
  records: StoryRecord[];
  /** Bodies by stream, in order of arrival; telemetry carries no id. */
  bodies: Record<StreamName, Body[]>;
  /** Requests by id. */
  requests: Map<string, Body>;
}

/** Everything that a story tells with this seed. */
export async function tell(story: Story, seed: number): Promise<Told> {
  const records: StoryRecord[] = [];
  const bodies: Told['bodies'] = { requests: [], predictions: [], labels: [], feedback: [], telemetry: [] };
  for await (const record of story.records(seed)) {
    records.push(record);
    bodies[record.stream].push(JSON.parse(record.value.toString()) as Body);
  }
  const requests = new Map(bodies.requests.map((body) => [body.id, body]));
  return { records, bodies, requests };
}

/** SHA-256 over stream, key, time and value of every record in order. */
export function digest(records: readonly StoryRecord[]): string {
  const hash = createHash('sha256');
  for (const { stream, key, timeMs, value } of records) {
    hash.update(`${stream} ${key} ${timeMs} ${value.length} `);
    hash.update(value);
  }
  return hash.digest('hex');
}

/** Bodies whose request was made before the change, and those from the change on. */
export function split(story: Story, told: Told, bodies: readonly Body[]): { calm: Body[]; changed: Body[] } {
  const isCalm = (body: Body) => (told.requests.get(body.id)?.time ?? body.time) < story.injectAtMs;
  return { calm: bodies.filter(isCalm), changed: bodies.filter((body) => !isCalm(body)) };
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

export function share<T>(items: readonly T[], matches: (item: T) => boolean): number {
  return items.filter(matches).length / items.length;
}

export function field(bodies: readonly Body[], name: string): number[] {
  return bodies.map((body) => body[name] as number);
}

/** Largest distance of the two empirical distribution functions. */
export function ksDistance(a: readonly number[], b: readonly number[]): number {
  const left = [...a].sort((x, y) => x - y);
  const right = [...b].sort((x, y) => x - y);
  let i = 0;
  let j = 0;
  let distance = 0;
  while (i < left.length && j < right.length) {
    const at = Math.min(left[i]!, right[j]!);
    while (i < left.length && left[i]! <= at) i++;
    while (j < right.length && right[j]! <= at) j++;
    distance = Math.max(distance, Math.abs(i / left.length - j / right.length));
  }
  return distance;
}

/** The distance that two samples of one distribution pass once in ten thousand (Smirnov's asymptotic bound). */
export function ksLimit(n: number, m: number): number {
  return Math.sqrt((-Math.log(0.00005) / 2) * (1 / n + 1 / m));
}

/** Largest difference of a category's share between two samples. */
export function shareDistance(a: readonly Body[], b: readonly Body[], name: string): number {
  const categories = new Set([...a, ...b].map((body) => body[name]));
  const distances = [...categories].map((category) =>
    Math.abs(share(a, (body) => body[name] === category) - share(b, (body) => body[name] === category)),
  );
  return Math.max(...distances);
}
