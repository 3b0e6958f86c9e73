import { beforeAll, describe, expect, it } from 'vitest';
import { DISORDER_MS_MAX, STORIES } from '../../src/demo/stories/index.ts';
import { MINUTE_MS } from '../../src/demo/stories/story.ts';
import { digest, type Told, tell } from './support.ts';

describe.each(STORIES.map((story) => ({ name: story.service, story })))('$name', ({ story }) => {
  let told: Told;
  beforeAll(async () => {
    told = await tell(story, 1);
  }, 30_000);

  it('gives the same bytes for the same seed and others for another', async () => {
    const again = await tell(story, 1);
    const other = await tell(story, 2);
    expect(digest(again.records)).toBe(digest(told.records));
    expect(digest(other.records)).not.toBe(digest(told.records));
  }, 30_000);

  it('is calm for an hour at least before it changes, and all its times lie within it', () => {
    expect(story.injectAtMs - story.startMs).toBeGreaterThanOrEqual(60 * MINUTE_MS);
    expect(story.endMs - story.injectAtMs).toBeGreaterThanOrEqual(60 * MINUTE_MS);
    const times = told.records.map(({ timeMs }) => timeMs);
    expect(times.reduce((a, b) => Math.min(a, b))).toBeGreaterThanOrEqual(story.startMs);
    expect(times.reduce((a, b) => Math.max(a, b))).toBeLessThan(story.endMs);
  });

  it('has some disorder of event times, and no more than it says', () => {
    let latestMs = 0;
    let disorderMs = 0;
    for (const { timeMs } of told.records) {
      disorderMs = Math.max(disorderMs, latestMs - timeMs);
      latestMs = Math.max(latestMs, timeMs);
    }
    expect(disorderMs).toBeGreaterThan(1_000);
    expect(disorderMs).toBeLessThanOrEqual(DISORDER_MS_MAX);
  });

  it('stamps every record with the time and the id in its value', () => {
    for (const { stream, key, timeMs, value } of told.records) {
      if (stream === 'telemetry') continue;
      const body = JSON.parse(value.toString());
      if (body.id !== key || body.time !== timeMs) expect(body).toMatchObject({ id: key, time: timeMs });
    }
  });

  it('has unique ids, and every label, prediction and feedback follows a request', () => {
    expect(told.requests.size).toBe(told.bodies.requests.length);
    const seen = new Set<string>();
    const orphans: string[] = [];
    for (const { stream, key, timeMs } of told.records) {
      if (stream === 'requests') seen.add(key);
      else if (stream !== 'telemetry' && !(seen.has(key) && timeMs >= told.requests.get(key)!.time)) {
        orphans.push(`${stream} ${key}`);
      }
    }
    expect(orphans).toEqual([]);
  });

  it('answers each request at most once on each stream', () => {
    for (const stream of ['predictions', 'labels', 'feedback'] as const) {
      const ids = told.bodies[stream].map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
    }
  });
});

it('keeps the demo short: about 120,000 records in all', async () => {
  let records = 0;
  for (const story of STORIES) for await (const _ of story.records(3)) records++;
  expect(records).toBeGreaterThan(100_000);
  expect(records).toBeLessThan(140_000);
}, 30_000);
