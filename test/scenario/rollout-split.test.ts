/** Gateways that follow the routing tables of a roll-out, or do not: what their headers say decides whether a stage may open the next one. */

import { describe, expect, test } from 'vitest';
import { auditTables } from '../../src/cli/audit/tables.ts';
import { auditCounts, createWindows, noteResult } from '../../src/cli/audit/windows.ts';
import { always, answeredBy, eventsOf as events, type Gateway, obedient, run, service } from './gateways.ts';
import { drive } from './support.ts';
import { PLAN, scorer } from './two-models.ts';

describe('a gateway that obeys', () => {
  test.each([['', 'segments: [[c]]']].flat())(
    'lets the candidate take over, and each record says whom it has answered (%s)',
    async (more) => {
      const told = await run(service(more), 22, obedient);
      const { rollouts, sent, tables } = told;
      expect(events(rollouts)).toEqual([
        'started shadow',
        'advanced canary',
        'advanced live',
        'promoted live',
      ]);
      const startedMs = rollouts[0]!.atMs;
      expect(rollouts.map(({ exposed }) => exposed)).toEqual(
        rollouts.map(({ atMs }) => answeredBy(sent, 'new', startedMs, atMs)),
      );
      const last = rollouts.at(-1)!;
      expect(last.exposed).toBeGreaterThan(100);
      expect(last.split.map(({ epoch, versions, shares }) => [epoch, versions, shares])).toEqual([
        [1, ['old'], [1]],
        [2, ['old', 'new'], [0.9, 0.1]],
        [3, ['new'], [1]],
      ]);
      expect(tables.map(({ epoch }) => epoch)).toEqual([1, 2, 3]);
      expect(last.split.every(({ elsewhere }) => elsewhere === 0)).toBe(true);
      const dealt = sent.filter(({ headers }) => headers?.['telltale-epoch'] !== '0');
      expect(last.split.flatMap(({ counts }) => counts).reduce((a, b) => a + b)).toBe(
        answeredBy(dealt, 'new', startedMs, last.atMs) + answeredBy(dealt, 'old', startedMs, last.atMs),
      );
    },
  );

  test('gives the same records however the streams are cut, and wherever the process is lost', async () => {
    const { sent, rollouts, tables, results } = await run(service(), 18, obedient);
    expect(rollouts.at(-1)!.exposed).toBeGreaterThan(0);
    const links = rollouts.map((record) => ({ record, place: '' }));
    const windows = createWindows();
    for (const result of results) noteResult(windows, result, false);
    const { checked, unchecked, faults } = auditCounts(links, service(), windows);
    expect([checked, unchecked, faults]).toEqual([links.length, [], []]);
    expect(auditTables(links, service())).toEqual({ checked: links.length, faults: [] });
    for (const way of [
      { chunk: 10_000 },
      { chunk: 37 },
      { chunk: 110, lostAfter: Array.from({ length: 20 }, (_, i) => i) },
      { chunk: 110, lostAfter: [3, 7, 12], recordsMax: 50, snapshotRecords: 20 },
      { chunk: 400, partitions: 2, lostAfter: [2] },
    ]) {
      const again = await drive(service(), sent, { scorer, ...way });
      expect([again.rollouts, again.tables]).toEqual([rollouts, tables]);
    }
  });
});

test('requests of before the first table say nothing of its split, also where the roll-out begins with a canary', async () => {
  const [, canary, live] = PLAN.stages;
  const spec = { ...service(), rollout: { ...PLAN, stages: [{ ...canary!, share: 0.4 }, live!] } };
  const { rollouts, sent } = await run(spec, 22, obedient);
  const early = sent.filter(({ headers }) => headers?.['telltale-epoch'] === '0');
  expect(early.length).toBeGreaterThan(60);
  expect(rollouts.map(({ doubt }) => doubt)).not.toContain('split_broken');
  expect(events(rollouts)).toEqual(['started canary', 'advanced live', 'promoted live']);
});

describe('a gateway that does not', () => {
  const inCanary =
    (broken: Gateway): Gateway =>
    (route, i) =>
      route.epoch < 2 ? obedient(route, i) : broken(route, i);

  test.each([
    ['sends all to the candidate', inCanary(always('new'))],
    ['sends none to the candidate', inCanary(always('old'))],
    ['sends half of them', inCanary((route, i) => always(i % 2 === 0 ? 'new' : 'old')(route, i))],
    [
      'lets one in five answers by a stranger',
      inCanary((route, i) => (i % 5 > 0 ? obedient : always('x'))(route, i)),
    ],
    ['sends all to the candidate that is a shadow', always('new')],
  ])('%s: nothing is promoted on that', async (_, gateway) => {
    const spec = service();
    const stages = PLAN.stages.map((one) => ({ ...one, durationMs: 3 * one.durationMs }));
    const { rollouts, tables } = await run({ ...spec, rollout: { ...PLAN, stages } }, 30, gateway);
    expect(events(rollouts)).not.toContain('promoted live');
    expect(events(rollouts)).not.toContain('advanced live');
    expect(rollouts.at(-1)).toMatchObject({
      ...{ verdict: 'inconclusive', doubt: 'split_broken', status: 'running' },
      reason: 'requests do not go where the shares send them',
    });
    expect(tables.at(-1)!.versions.find(({ version }) => version === 'old')!.role).toBe('primary');
  });

  test.each([
    ['routes by another key', always('new', 'key')],
    ['lets its callers choose', ((route) => always('new')({ ...route, by: 'override' }, 0)) as Gateway],
  ])('%s: that says nothing about the split, but is exposure', async (_, gateway) => {
    const { rollouts, sent } = await run(service(), 22, gateway);
    const last = rollouts.at(-1)!;
    expect([last.event, last.split]).toEqual(['promoted', []]);
    expect(last.exposed).toBe(answeredBy(sent, 'new', rollouts[0]!.atMs, last.atMs));
    expect(last.exposed).toBeGreaterThan(400);
  });

  test('says nothing: there is no exposure and no split to look at', async () => {
    const { rollouts } = await run(service(), 22, () => null);
    expect(rollouts.at(-1)).toMatchObject({ event: 'promoted', exposed: 0, split: [] });
  });
});

test('a harmful candidate is rolled back, and the reason says how many it has answered', async () => {
  const { rollouts, sent } = await run(service(), 25, obedient, (minute) => [0.1, minute < 7 ? 0.1 : 0.6]);
  const last = rollouts.find(({ event }) => event === 'rolled_back')!;
  const answered = answeredBy(sent, 'new', rollouts[0]!.atMs, last.atMs);
  expect(last).toMatchObject({ stageKind: 'canary', exposed: answered });
  expect(answered).toBeGreaterThan(10);
  expect(last.reason).toMatch(
    new RegExp(`^wrong_answers .*; the candidate has answered ${answered} requests$`),
  );
});
