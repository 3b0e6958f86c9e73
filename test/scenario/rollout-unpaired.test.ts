/** A canary that is judged by the requests that it has answered itself. */

import { describe, expect, test } from 'vitest';
import type { RolloutRecord, RolloutSpec, ServiceSpec } from '../../src/records.ts';
import { always, eventsOf, type Following, obedient, run, service } from './gateways.ts';
import { drive, MINUTE } from './support.ts';
import { PLAN, scorer } from './two-models.ts';

const stagesOf = (share: number): RolloutSpec['stages'] =>
  PLAN.stages.map((stage) => (stage.kind === 'canary' ? { ...stage, share } : stage));
const serviceOf = (over: Partial<RolloutSpec>, more = ''): ServiceSpec => ({
  // A stream in which nothing ever comes would hold time up.
  ...service(more, over.feedback === undefined ? '' : '  feedback: { topic: shop.feedback }'),
  rollout: { ...PLAN, stages: stagesOf(0.5), ...over },
});
const UNPAIRED = serviceOf({ evidence: 'unpaired' });
const REDO = serviceOf({ feedback: [{ kind: 'redo', margin: 0.05, tolerance: 0 }] });

const rates = (old: number, fresh: number) => (): number[] => [old, fresh];
const PROMOTED = ['started shadow', 'advanced canary', 'advanced live', 'promoted live'];

/** Of the last record, by metric. */
const metricsOf = (rollouts: readonly RolloutRecord[]) =>
  Object.fromEntries(rollouts.at(-1)!.metrics.map((one) => [one.metric, one]));

describe('wrong answers', () => {
  test.each(['', 'segments: [[c]]'])('of its own let a better candidate take over (%s)', async (more) => {
    const spec = serviceOf({ evidence: 'unpaired' }, more);
    const { rollouts, sent } = await run(spec, 26, obedient, rates(0.4, 0.05));
    expect(eventsOf(rollouts)).toEqual(PROMOTED);
    const { wrong_answers: wrong } = metricsOf(rollouts);
    expect(wrong!.tallies).toHaveLength(1);
    const { share, centre, candidate, primary, due } = wrong!.tallies[0]!;
    expect(share).toBe(0.5);
    // From what was known of the primary while the candidate was a shadow.
    expect(centre).toBeGreaterThan(0.2);
    const dealt = sent.filter(({ headers }) => headers?.['telltale-epoch'] === '2');
    const answered = dealt.filter(({ headers }) => headers!['telltale-version'] === 'new');
    expect([candidate.n, primary.n, due]).toEqual([
      answered.length,
      dealt.length - answered.length,
      answered.length,
    ]);
    expect(candidate.bad / candidate.n).toBeLessThan(0.12);
    expect(primary.bad / primary.n).toBeGreaterThan(0.28);
    expect(wrong!.n).toBe(dealt.length);
  });

  test('of its own take a worse candidate back', async () => {
    const { rollouts } = await run(UNPAIRED, 26, obedient, rates(0.05, 0.5));
    expect(eventsOf(rollouts)).toEqual(['started shadow', 'advanced canary', 'rolled_back canary']);
    expect(rollouts.at(-1)!.reason).toMatch(
      /^wrong_answers of the candidate is worse, by .*; the candidate has/,
    );
  });

  test('are nothing to go by where requests are routed by another key, or say nothing', async () => {
    for (const gateway of [always('new', 'key'), () => null]) {
      const { rollouts } = await run(UNPAIRED, 14, gateway, rates(0.4, 0.05));
      expect(eventsOf(rollouts)).toEqual(PROMOTED.slice(0, 2));
      expect(rollouts.at(-1)).toMatchObject({
        verdict: 'inconclusive',
        doubt: 'no_data',
        reason: 'wrong_answers: no request that was routed by its id says that the candidate answered it',
        metrics: [{ tallies: [] }],
      });
    }
  });

  test('count when their labels are late, and as due when they never come', async () => {
    const some = await run(UNPAIRED, 26, obedient, rates(0.4, 0.05), {
      lateBy: (i) => (i % 4 === 0 ? 3 : i % 2),
    });
    const [tally] = metricsOf(some.rollouts).wrong_answers!.tallies;
    expect(tally!.candidate.n / tally!.due).toBeCloseTo(0.75, 1);
    expect(eventsOf(some.rollouts)).toEqual(PROMOTED);
    const few = await run(UNPAIRED, 18, obedient, rates(0.4, 0.05), { lateBy: (i) => (i % 8 === 0 ? 0 : 3) });
    expect(few.rollouts.at(-1)).toMatchObject({ stageKind: 'canary', doubt: 'labels_late' });
  });

  test('of both kinds are one average', async () => {
    const { rollouts } = await run(serviceOf({ evidence: 'both' }), 26, obedient, rates(0.4, 0.05));
    expect(eventsOf(rollouts)).toEqual(PROMOTED);
    const { wrong_answers: wrong } = metricsOf(rollouts);
    const { counts } = rollouts.at(-1)!;
    expect(wrong!.n).toBe(counts.n + wrong!.tallies[0]!.candidate.n + wrong!.tallies[0]!.primary.n);
  });
});

describe('what users do', () => {
  const more = (old: number, fresh: number): Following => ({
    redo: (version) => (version === 'new' ? fresh : old),
  });

  test('takes a candidate back whose answers are as right', async () => {
    const { rollouts } = await run(REDO, 26, obedient, rates(0.1, 0.1), more(0.05, 0.5));
    expect(eventsOf(rollouts)).toEqual(['started shadow', 'advanced canary', 'rolled_back canary']);
    const last = rollouts.at(-1)!;
    expect(last.reason).toMatch(/^redo of the candidate is worse, by /);
    const { wrong_answers: wrong, redo } = metricsOf(rollouts);
    expect(wrong!.tallies).toEqual([]);
    expect(redo!.difference).toBeGreaterThan(0.3);
    expect(last.logEWorse).toBeGreaterThan(last.logBoundary);
  });

  test('has to show that it is no worse, before a candidate takes over that is more often right', async () => {
    const { rollouts } = await run(REDO, 30, obedient, rates(0.4, 0.05), more(0.3, 0.1));
    expect(eventsOf(rollouts)).toEqual(PROMOTED);
    const unknown = await run(REDO, 14, obedient, rates(0.4, 0.05), more(0.3, 0.3));
    expect(eventsOf(unknown.rollouts)).toEqual(PROMOTED.slice(0, 2));
    expect(unknown.rollouts.at(-1)!.verdict).toBe('keep');
  });
});

test('the same records come however the streams are cut, and wherever the process is lost', async () => {
  const spec = serviceOf({ evidence: 'unpaired', feedback: [{ kind: 'redo', margin: 0.05, tolerance: 0 }] });
  const { sent, rollouts, tables } = await run(spec, 16, obedient, rates(0.4, 0.05), {
    ...{ redo: () => 0.1, lateBy: (i) => i % 2 },
  });
  expect(metricsOf(rollouts).redo!.tallies[0]!.candidate.n).toBeGreaterThan(100);
  for (const way of [
    { chunk: 10_000 },
    { chunk: 37 },
    { chunk: 110, lostAfter: Array.from({ length: 24 }, (_, i) => i) },
    { chunk: 110, lostAfter: [3, 7, 12], recordsMax: 50, snapshotRecords: 20 },
    { chunk: 400, partitions: 2, lostAfter: [2] },
  ]) {
    const again = await drive(spec, sent, { scorer, ...way });
    expect([again.rollouts, again.tables]).toEqual([rollouts, tables]);
  }
});

test('a short stage is not over before a candidate that gets no request would be noticed', async () => {
  const short = stagesOf(0.1).map((stage) =>
    stage.kind === 'canary' ? { ...stage, durationMs: MINUTE, nMin: 10 } : stage,
  );
  const spec = serviceOf({ stages: short, margin: 0.2 });
  const { rollouts } = await run(spec, 16, (route, i) =>
    route.epoch < 2 ? obedient(route, i) : always('old')(route, i),
  );
  expect(eventsOf(rollouts)).toEqual(PROMOTED.slice(0, 2));
  expect(rollouts.map(({ doubt, stageKind }) => `${stageKind} ${doubt}`)).toContain('canary too_few');
  expect(rollouts.at(-1)!.doubt).toBe('split_broken');
});
