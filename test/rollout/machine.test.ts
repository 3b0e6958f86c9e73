import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RolloutStage as Stage } from '../../src/records.ts';
import {
  createRollout,
  PHASES,
  type RolloutEvent,
  type RolloutSpec,
  type RolloutState,
  stepRollout,
} from '../../src/rollout/machine.ts';
import { routedOf } from '../../src/rollout/routing.ts';
import { blueGreenStages, canaryStages, shadowStage } from '../../src/rollout/steps.ts';
import type { VerdictName } from '../../src/rollout/verdict.ts';
import { firstTable, nextTable } from '../../src/router/index.ts';
import { createModel, presentOf, ranMs, sinceMs, stepModel } from './model.ts';

const MINUTE = 60_000;
const common = { durationMs: 10 * MINUTE, nMin: 100, gate: 'auto' } as const;
const canary: RolloutSpec = {
  stages: [
    shadowStage({ ...common, share: 0.5 }, 'keep'),
    ...canaryStages({ ...common, stepWeights: [5, 50, 100] }, 'promote'),
  ],
  deadlineMs: 120 * MINUTE,
  onDeadline: 'rollback',
  keepMs: 30 * MINUTE,
};

type Kind = RolloutEvent['kind'];
const asked = { by: 'ann', why: 'tried' };

/** Drives a roll-out with short words; what was refused, and what moved. */
function drive(spec: RolloutSpec, first = createRollout('v1')) {
  let state = first;
  const [reasons, refusals]: [string[], string[]] = [[], []];
  const send = (event: RolloutEvent): RolloutState => {
    const step = stepRollout(spec, state, event);
    state = step.state;
    if (step.move !== null) reasons.push(step.move.reason);
    if (step.refused !== null) refusals.push(step.refused);
    return state;
  };
  return {
    reasons,
    refusals,
    get state() {
      return state;
    },
    get shares() {
      return Object.fromEntries(
        routedOf(spec, state).map(({ version, role, share }) => [version, `${role} ${share}`]),
      );
    },
    start: (minute: number, candidate = 'v2', isDryRun = false) =>
      send({ kind: 'start', atMs: minute * MINUTE, candidate, isDryRun, ...asked }),
    verdict: (minute: number, verdict: VerdictName, n = 100) =>
      send({ kind: 'verdict', atMs: minute * MINUTE, verdict, n, why: `because ${verdict}` }),
    clock: (minute: number) => send({ kind: 'clock', atMs: minute * MINUTE }),
    ask: (minute: number, kind: 'pause' | 'resume' | 'rollback') =>
      send({ kind, atMs: minute * MINUTE, ...asked }),
    promote: (minute: number, isFull = false) =>
      send({ kind: 'promote', atMs: minute * MINUTE, isFull, ...asked }),
  };
}

test('shadow, canary, full, and the last primary for a while', () => {
  const run = drive(canary);
  expect(run.shares).toEqual({ v1: 'primary 1' });
  run.start(0);
  expect(run.shares).toEqual({ v1: 'primary 1', v2: 'shadow 0.5' });
  run.verdict(9, 'keep');
  run.verdict(10, 'keep', 99);
  run.verdict(11, 'inconclusive');
  expect(run.state.stage).toBe(0);
  run.verdict(12, 'keep');
  expect(run.shares).toEqual({ v1: 'primary 0.95', v2: 'canary 0.05' });
  run.verdict(22, 'promote');
  expect(run.shares).toEqual({ v1: 'primary 0.5', v2: 'canary 0.5' });
  run.verdict(32, 'keep');
  expect(run.state).toMatchObject({ phase: 'running', stage: 2 });
  run.verdict(33, 'promote');
  expect(run.shares).toEqual({ v2: 'primary 1', v1: 'previous 0' });
  run.verdict(43, 'inconclusive');
  expect(run.state).toMatchObject({ phase: 'promoted', round: 1, sinceMs: 43 * MINUTE });
  expect(run.shares).toEqual({ v2: 'primary 1', v1: 'previous 0' });
  run.clock(73);
  expect(run.shares).toEqual({ v2: 'primary 1' });
  run.ask(74, 'rollback');
  expect(run.refusals).toEqual(['the last primary is not kept any more']);
  run.start(80, 'v3');
  expect(run.state).toMatchObject({ round: 2, primary: 'v2', candidate: 'v3', stage: 0 });
  expect(run.reasons[1]).toBe('stage 1 of 4 is done: because keep');
});

test('blue-green switches at once, and back at once while the old one is kept', () => {
  const spec: RolloutSpec = { ...canary, stages: blueGreenStages(common, common, 'promote') };
  const run = drive(spec);
  run.start(0);
  expect(run.shares).toEqual({ v1: 'primary 1', v2: 'preview 0' });
  run.promote(1);
  expect(run.shares).toEqual({ v2: 'primary 1', v1: 'previous 0' });
  run.verdict(11, 'keep');
  expect(run.state.phase).toBe('promoted');
  run.ask(12, 'rollback');
  expect(run.state.phase).toBe('rolled_back');
  expect(run.shares).toEqual({ v1: 'primary 1' });
});

test.each(['running', 'waiting', 'paused', 'promoted'] as const)('harm is acted upon when %s', (phase) => {
  const stages = [{ ...canary.stages[1]!, gate: phase === 'waiting' ? 'manual' : 'auto' } as Stage];
  const run = drive({ ...canary, stages });
  run.start(0);
  if (phase === 'waiting' || phase === 'promoted') run.verdict(10, 'keep');
  if (phase === 'paused') run.ask(10, 'pause');
  expect(run.state.phase).toBe(phase);
  run.verdict(11, 'rollback', 3);
  expect(run.state.phase).toBe('rolled_back');
  expect(run.reasons.at(-1)).toBe('because rollback');
});

test('a manual gate waits for a person as long as it takes', () => {
  const stages = canary.stages.map((stage) => ({ ...stage, gate: 'manual' as const }));
  const run = drive({ ...canary, stages });
  run.start(0);
  run.verdict(10, 'keep');
  run.clock(10_000);
  expect(run.state).toMatchObject({ phase: 'waiting', stage: 0, runMs: 10 * MINUTE });
  run.ask(10_001, 'resume');
  expect(run.refusals).toEqual(['the roll-out is not paused; promote opens the next stage']);
  run.promote(10_002);
  expect(run.state).toMatchObject({ phase: 'running', stage: 1, stageMs: 0 });
});

test('a pause stops the time, and goes back to where it came from', () => {
  const run = drive(canary);
  run.start(0);
  run.ask(5, 'pause');
  run.ask(6, 'pause');
  run.promote(7);
  run.verdict(100, 'promote');
  run.ask(1000, 'resume');
  expect(run.state).toMatchObject({ phase: 'running', stage: 0, stageMs: 5 * MINUTE });
  run.verdict(1004, 'promote');
  expect(run.state.stage).toBe(0);
  run.verdict(1005, 'promote');
  expect(run.state.stage).toBe(1);
  expect(run.refusals).toEqual(['the roll-out is paused already', 'the roll-out is paused; resume it first']);
});

test('the deadline rolls back or pauses; after a pause there is all of the time once more', () => {
  const run = drive(canary);
  run.start(0);
  run.clock(119);
  expect(run.state.phase).toBe('running');
  run.verdict(120, 'promote');
  expect(run.state.phase).toBe('rolled_back');
  expect(run.reasons.at(-1)).toBe('the deadline has passed');

  const lenient = drive({ ...canary, onDeadline: 'pause' });
  lenient.start(0);
  lenient.clock(125);
  expect(lenient.state.phase).toBe('paused');
  lenient.ask(130, 'resume');
  lenient.clock(240);
  expect(lenient.state).toMatchObject({ phase: 'running', runMs: 110 * MINUTE });
});

test('a new version in mid-roll-out restarts it; the same one, and the primary, are refused', () => {
  const run = drive(canary);
  run.start(0);
  run.verdict(10, 'keep');
  run.start(11);
  run.start(11, 'v1');
  expect(run.refusals).toEqual(['v2 is being rolled out already', 'v1 is the primary already']);
  run.start(12, 'v3');
  expect(run.state).toMatchObject({
    round: 2,
    stage: 0,
    candidate: 'v3',
    stageMs: 0,
    runMs: 0,
    primary: 'v1',
  });
  expect(run.reasons.at(-1)).toBe('v3 takes the place of v2: tried');
  run.ask(13, 'rollback');
  run.start(14, 'v3');
  expect(run.state).toMatchObject({ phase: 'running', round: 3 });
});

test('a dry run goes through all of it, and the candidate only shadows', () => {
  const run = drive(canary);
  run.start(0, 'v2', true);
  for (const minute of [10, 20, 30]) run.verdict(minute, 'promote');
  expect(run.state.stage).toBe(3);
  expect(run.shares).toEqual({ v1: 'primary 1', v2: 'shadow 1' });
  run.verdict(40, 'promote');
  expect(run.state.phase).toBe('promoted');
  expect(run.shares).toEqual({ v1: 'primary 1' });
  run.start(41, 'v2');
  expect(run.state).toMatchObject({ phase: 'running', primary: 'v1', isDryRun: false });
});

test('promote in full ends it from any stage; nothing runs before a start', () => {
  const run = drive(canary);
  for (const kind of ['pause', 'resume', 'rollback'] as const) run.ask(0, kind);
  run.promote(0);
  expect(new Set(run.refusals)).toEqual(new Set(['no roll-out is under way']));
  run.verdict(0, 'rollback');
  expect(run.state.phase).toBe('idle');
  run.start(1);
  run.promote(2, true);
  expect(run.state).toMatchObject({ phase: 'promoted', stage: 3 });
  expect(drive({ ...canary, stages: [] }).start(0).phase).toBe('idle');
});

// ------------------------------------------------------------------------------------- against the slow model

const stages = fc.array(
  fc.record({
    kind: fc.constantFrom('shadow', 'canary', 'preview', 'live'),
    share: fc.constantFrom(0.1, 0.5),
    durationMs: fc.constantFrom(0, 3, 10),
    nMin: fc.constantFrom(0, 5),
    gate: fc.constantFrom('auto', 'manual'),
    needs: fc.constantFrom('keep', 'promote'),
  }) as fc.Arbitrary<Stage>,
  { minLength: 1, maxLength: 4 },
);
const specs = fc.record({
  stages,
  deadlineMs: fc.option(fc.constantFrom(15, 40), { nil: null }),
  onDeadline: fc.constantFrom('rollback', 'pause'),
  keepMs: fc.constantFrom(0, 8),
}) as fc.Arbitrary<RolloutSpec>;
/** Time since the event before; it may go back. */
const gap = fc.constantFrom(0, 1, 2, 5, 9, -3);
const who = { by: fc.constant('ann'), why: fc.constant('tried'), gap };
const kind = <K extends Kind>(name: K) => fc.constant(name);
const events = fc.array(
  fc.oneof(
    {
      weight: 2,
      arbitrary: fc.record({
        kind: kind('start'),
        candidate: fc.constantFrom('v1', 'v2', 'v3'),
        isDryRun: fc.boolean(),
        ...who,
      }),
    },
    {
      weight: 8,
      arbitrary: fc.record({
        kind: kind('verdict'),
        verdict: fc.constantFrom('promote', 'promote', 'keep', 'inconclusive', 'rollback'),
        n: fc.constantFrom(3, 5, 9),
        why: fc.constant('so'),
        gap,
      }),
    },
    { weight: 3, arbitrary: fc.record({ kind: kind('clock'), gap }) },
    { weight: 1, arbitrary: fc.record({ kind: kind('pause'), ...who }) },
    { weight: 2, arbitrary: fc.record({ kind: kind('resume'), ...who }) },
    { weight: 2, arbitrary: fc.record({ kind: kind('promote'), isFull: fc.boolean(), ...who }) },
    { weight: 1, arbitrary: fc.record({ kind: kind('rollback'), ...who }) },
  ),
  { maxLength: 40 },
);

test('it is what the slow model says, restarts between any two events change no byte, and every state can be routed', () => {
  const visited = new Set<string>();
  fc.assert(
    fc.property(specs, events, (spec, gaps) => {
      let [state, restarted] = [createRollout('v1'), createRollout('v1')];
      const model = createModel('v1');
      let table = firstTable({ service: 's', seed: 's', level: 'full' }, routedOf(spec, state));
      let atMs = 100;
      for (const { gap: gapMs, ...rest } of gaps) {
        atMs += gapMs;
        const event = { ...rest, atMs } as RolloutEvent;
        const step = stepRollout(spec, state, event);
        const again = stepRollout(spec, JSON.parse(JSON.stringify(restarted)), event);
        expect(JSON.stringify(again)).toBe(JSON.stringify(step));
        const before = state;
        [state, restarted] = [step.state, again.state];
        visited.add(`${before.phase} ${event.kind}`);

        const isRefused = stepModel(spec, model, event);
        expect(step.refused !== null).toBe(isRefused);
        if (step.refused !== null || step.move === null)
          expect({ ...state, clockMs: 0, stageMs: 0, runMs: 0 }).toEqual({
            ...before,
            clockMs: 0,
            stageMs: 0,
            runMs: 0,
          });
        const { phase, round, stage, candidate, primary, isDryRun } = presentOf(model);
        expect(state).toMatchObject({ phase, round, stage, candidate, primary, isDryRun });
        expect(state.clockMs).toBe(presentOf(model).atMs);
        if (round > 0) {
          expect(state.sinceMs).toBe(sinceMs(model));
          if (phase === 'running') {
            expect(state.stageMs).toBe(ranMs(model, ({ beginsStage }) => beginsStage));
            expect(state.runMs).toBe(ranMs(model, ({ beginsRun }) => beginsRun));
          }
        }
        table = nextTable(table, routedOf(spec, state));
      }
    }),
    { numRuns: 800, seed: 11 },
  );
  // Every cell of the table has been asked.
  expect(visited.size).toBe(PHASES.length * 7);
});
