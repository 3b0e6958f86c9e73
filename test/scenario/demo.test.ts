import { beforeAll, describe, expect, test } from 'vitest';
import { runOnce, type StoryOutcome } from '../../src/demo/once.ts';
import { STORIES } from '../../src/demo/stories/index.ts';
import { createWorld } from '../../src/demo/world.ts';
import { EVIDENCE_CHOICES } from '../../src/metric/evidence/registry.ts';
import { METRICS } from '../../src/metric/registry.ts';
import { factsOfState } from '../../src/profile/baseline/facts.ts';
import type { Alert, Result, Retrain } from '../../src/records.ts';

const registries = {
  metrics: new Map(Object.entries(METRICS)),
  readState: factsOfState,
  evidence: EVIDENCE_CHOICES,
};
const silent = { info: () => {}, warn: () => {}, error: () => {} };

async function run(services: readonly string[], seed: number) {
  const world = await createWorld(null, registries, silent);
  const found: { results: Result[]; alerts: Alert[]; retrains: Retrain[] } = {
    results: [],
    alerts: [],
    retrains: [],
  };
  const published = async () => {
    const more = await world.published();
    found.results.push(...more.results);
    found.alerts.push(...more.alerts);
    found.retrains.push(...more.retrains);
    return more;
  };
  const stories = STORIES.filter(({ service }) => services.includes(service));
  const outcomes = await runOnce({ ...world, published }, stories, seed, () => {});
  const ends = new Map<string, number>();
  const { log } = world.embedded.runtime;
  for (const { streams } of world.config.services) {
    for (const { topic } of streams) {
      for (let p = 0; p < 2; p++) ends.set(`${topic}/${p}`, (await log.ends(topic, p)).next);
    }
  }
  await world.embedded.close();
  return { ...found, outcomes, ends };
}

describe('the demo', () => {
  const names = STORIES.map(({ service }) => service);
  let all: Awaited<ReturnType<typeof run>>;
  beforeAll(async () => {
    all = await run(names, 1);
  }, 180_000);
  const of = (service: string): StoryOutcome => all.outcomes.find((one) => one.service === service)!;

  test.each(names)('%s is calm first, and its change is found', (service) => {
    const { alertsBefore, detectedAt, injectedAt, retrainEvents, records } = of(service);
    expect(alertsBefore).toBe(0);
    expect(detectedAt).toBeGreaterThan(injectedAt);
    expect(retrainEvents).toBeGreaterThanOrEqual(1);
    expect(records).toBeGreaterThan(100);
  });

  test('housing drifts in concept: no input shows it', () => {
    const rules = all.alerts.filter(({ service }) => service === 'housing').map(({ metric }) => metric);
    expect(rules).toContain('mae');
    expect(rules).not.toContain('psi');
  });

  test('the budget says what kind of drift it is', () => {
    const kinds = (service: string, metric: string): unknown[] =>
      all.alerts
        .filter((alert) => alert.rule === 'budget' && alert.service === service && alert.metric === metric)
        .map(({ level, evidence }) => [level, evidence?.kind]);
    expect(kinds('housing', 'large_error_rate')).toEqual([['critical', 'concept']]);
    expect(kinds('fraud', 'psi')).toEqual([
      ['warning', 'unknown'],
      ['warning', 'data'],
    ]);
    expect(kinds('inspection', 'psi')).toEqual([['warning', 'unknown']]);
    expect(kinds('voice-search', 'redo_rate')).toEqual([['critical', 'unknown']]);
  });

  test('the data to train on lie within the topics', () => {
    for (const { data } of all.retrains) {
      expect(data.ranges.length).toBeGreaterThan(0);
      for (const { topic, partition, fromOffset, toOffset } of data.ranges) {
        expect(fromOffset).toBeGreaterThanOrEqual(0);
        expect(toOffset).toBeGreaterThanOrEqual(fromOffset);
        expect(toOffset).toBeLessThan(all.ends.get(`${topic}/${partition}`)!);
      }
    }
  });

  test('the same seed gives the same bytes', async () => {
    const again = await run(['housing'], 1);
    const housing = <T extends { service: string }>(list: readonly T[]): string[] =>
      list.filter(({ service }) => service === 'housing').map((one) => JSON.stringify(one));
    expect(again.results.length).toBeGreaterThan(100);
    expect(housing(again.results)).toEqual(housing(all.results));
    expect(housing(again.alerts)).toEqual(housing(all.alerts));
    expect(housing(again.retrains)).toEqual(housing(all.retrains));
  }, 60_000);
});
