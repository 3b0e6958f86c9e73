import { beforeAll, describe, expect, test } from 'vitest';
import { wiring } from '../../src/cli/wiring.ts';
import { runOnce, type StoryOutcome } from '../../src/demo/once.ts';
import { STORIES } from '../../src/demo/stories/index.ts';
import { createWorld } from '../../src/demo/world.ts';
import type { Alert, Result, Retrain } from '../../src/records.ts';

const silent = { info: () => {}, warn: () => {}, error: () => {} };

async function run(services: readonly string[], seed: number) {
  const world = await createWorld(null, wiring.registries, silent);
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

  test('a candidate that is worse is taken back by its evidence, and a good one takes over', () => {
    for (const service of names.filter((name) => name !== 'fraud')) expect(of(service).rollouts).toEqual([]);
    const { rollouts } = of('fraud');
    const steps = rollouts.filter(({ event }) => event !== 'verdict');
    expect(
      steps.map(({ candidate, event, stageKind, share }) => [candidate, event, stageKind, share]),
    ).toEqual([
      ['forest', 'started', 'shadow', 1],
      ['forest', 'advanced', 'canary', 0.05],
      ['forest', 'advanced', 'canary', 0.25],
      ['forest', 'rolled_back', 'canary', 0.25],
      ['boost', 'started', 'shadow', 1],
      ['boost', 'advanced', 'canary', 0.05],
      ['boost', 'advanced', 'canary', 0.25],
      ['boost', 'advanced', 'live', 1],
      ['boost', 'promoted', 'live', 1],
    ]);
    expect(rollouts.every(({ by }) => by === '')).toBe(true);
    const [back, done] = [steps[3]!, steps[8]!];
    expect([back.verdict, done.verdict]).toEqual(['rollback', 'promote']);
    expect(back.logEWorse).toBeGreaterThan(back.logBoundary);
    expect(back.low).toBeGreaterThan(0);
    // 5 % of 200 payments a minute for a quarter of an hour, then 25 %.
    expect(back.exposed).toBeGreaterThan(150);
    expect(back.reason).toMatch(
      /^wrong_answers of the candidate is worse, by .*; the candidate has answered \d+ requests$/,
    );
    // Within the margin of a hundredth, whatever the labels that are not known yet say.
    expect(done.high).toBeLessThan(0.01);
    expect(done.logEBetter).toBeGreaterThan(done.logBoundary);
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
