/** What happens around a roll-out, told in the order of event time. */

import { describe, expect, it } from 'vitest';
import type { Alert, Command, Level, RolloutSpec, RolloutStage } from '../../src/records.ts';
import {
  commandRollout,
  configureRollout,
  createRolloutStates,
  judgeRollout,
  noteRolloutAlerts,
  noteRolloutCounts,
  passRollout,
  type RolloutStates,
  type RolloutStep,
  type Wanted,
} from '../../src/rollout/fold.ts';

const HOUR = 3_600_000;
const stage = (
  kind: RolloutStage['kind'],
  share: number,
  over: Partial<RolloutStage> = {},
): RolloutStage => ({
  ...{ kind, share, durationMs: HOUR, nMin: 100, gate: 'auto', needs: 'keep' },
  ...over,
});
const SPEC: RolloutSpec = {
  strategy: 'canary',
  candidate: 'new',
  output: 'fraud',
  stages: [
    stage('shadow', 1),
    stage('canary', 0.05, { needs: 'promote' }),
    stage('live', 1, { nMin: 0, durationMs: 2 * HOUR }),
  ],
  alpha: 0.05,
  margin: 0.01,
  tolerance: 0,
  coverageMin: 0.5,
  rollbackOn: { rules: ['errors'], level: 'critical' },
  deadlineMs: 48 * HOUR,
  keepMs: 24 * HOUR,
  isDryRun: false,
};
const wanted = (over: Partial<RolloutSpec> = {}, of = 'a'): Wanted => ({
  spec: { ...SPEC, ...over },
  primary: 'old',
  of,
});

const alarm = (rule: string, state: Alert['state'], level: Level = 'critical'): Alert =>
  ({ fingerprint: rule, rule, state, level }) as Alert;
const command = (kind: Command['kind'], target = ''): Command => ({
  ...{ id: kind, service: 'shop', kind, target, by: 'ann', reason: '' },
});

/** '3 advanced canary inconclusive': hour, event, kind of the stage and verdict after it. */
const text = ({ atMs, event, rollout, verdict, by }: RolloutStep): string =>
  `${atMs / HOUR} ${event} ${rollout.spec.stages[rollout.state.stage]!.kind} ${verdict.verdict}${by === '' ? '' : ` ${by}`}`;

interface Hour {
  counts?: [n: number, better: number, worse: number];
  alerts?: Alert[];
  command?: Command;
  configure?: Wanted | null;
}

/** One step an hour; the state goes through JSON after each. */
function follow(hours: Record<number, Hour>, through: number, first = wanted()): string[] {
  let states: RolloutStates = createRolloutStates();
  let now: Wanted | null = first;
  const steps = configureRollout(states, first, 0);
  for (let hour = 1; hour <= through; hour++) {
    const { counts, alerts = [], command: asked, configure } = hours[hour] ?? {};
    if (configure !== undefined) {
      now = configure;
      steps.push(...configureRollout(states, now, (hour - 1) * HOUR));
    }
    if (asked !== undefined) steps.push(...commandRollout(states, asked, now, (hour - 1) * HOUR));
    steps.push(...passRollout(states, hour * HOUR - 1));
    noteRolloutAlerts(states, alerts);
    if (counts !== undefined) {
      const [n, better, worse] = counts;
      noteRolloutCounts(states, { n, better, worse, due: n });
    }
    if (counts !== undefined || alerts.length > 0) steps.push(...judgeRollout(states, hour * HOUR));
    states = JSON.parse(JSON.stringify(states)) as RolloutStates;
  }
  steps.push(...passRollout(states, through * HOUR));
  return steps.map(text);
}

const GOOD: Hour = { counts: [1_000, 40, 10] };
const EVEN: Hour = { counts: [1_000, 10, 10] };
const every = (hour: Hour, from: number, to: number): Record<number, Hour> =>
  Object.fromEntries(Array.from({ length: to - from + 1 }, (_, i) => [from + i, hour]));

describe('a roll-out', () => {
  it('goes through its stages as the verdicts allow, and is watched at the end', () => {
    expect(follow(every(GOOD, 1, 8), 8)).toEqual([
      '0 started shadow inconclusive',
      '1 advanced canary promote',
      '2 advanced live promote',
      '4 promoted live promote',
    ]);
  });

  it('is rolled back for a candidate that is worse, also where it answers nothing yet', () => {
    expect(follow(every({ counts: [1_000, 5, 60] }, 1, 4), 4)).toEqual([
      '0 started shadow inconclusive',
      '1 rolled_back shadow rollback',
    ]);
  });

  it('stays where nothing is shown, and is taken back at its deadline', () => {
    const told = follow(every({ counts: [200, 1, 1] }, 1, 60), 60, wanted({ margin: 0 }));
    expect(told.slice(0, 2)).toEqual(['0 started shadow inconclusive', '1 advanced canary keep']);
    expect(told.at(-1)).toBe('48 rolled_back canary keep');
  });

  it('is judged by its deadline where no answers come', () => {
    expect(follow({}, 60)).toEqual(['0 started shadow inconclusive', '48 rolled_back shadow inconclusive']);
  });

  it('is rolled back by an alarm of its guard rails, and only goes on when older ones have ended', () => {
    const fires = { ...EVEN, alerts: [alarm('errors', 'firing')] };
    expect(follow({ ...every(EVEN, 1, 5), 3: fires }, 5).at(-1)).toBe('3 rolled_back canary rollback');
    expect(
      follow({ ...every(EVEN, 1, 2), 2: { ...EVEN, alerts: [alarm('errors', 'firing', 'warning')] } }, 5).at(
        -1,
      ),
    ).toBe('1 advanced canary keep');
    // One that fires since before the start is not the candidate's harm.
    const states = createRolloutStates();
    noteRolloutAlerts(states, [alarm('errors', 'firing')]);
    configureRollout(states, wanted(), 0);
    noteRolloutCounts(states, { n: 1_000, better: 40, worse: 10, due: 1_000 });
    expect(judgeRollout(states, 2 * HOUR).map(text)).toEqual(['1 verdict shadow promote']);
    noteRolloutAlerts(states, [alarm('errors', 'resolved')]);
    expect(judgeRollout(states, 3 * HOUR).map(text)).toEqual(['3 advanced canary promote']);
  });

  it('waits for labels', () => {
    const states = createRolloutStates();
    configureRollout(states, wanted(), 0);
    noteRolloutCounts(states, { n: 300, better: 12, worse: 3, due: 1_000 });
    const [step] = judgeRollout(states, 2 * HOUR);
    expect(step).toMatchObject({
      event: 'verdict',
      verdict: { verdict: 'inconclusive', doubt: 'labels_late' },
    });
  });
});

describe('people', () => {
  it('open manual gates, pause, resume, and take back', () => {
    const gated = wanted({
      stages: [stage('canary', 0.1, { gate: 'manual' }), stage('live', 1, { nMin: 0 })],
    });
    const hours = {
      ...every(EVEN, 1, 12),
      2: { ...EVEN, command: command('rollout.pause') },
      4: { ...EVEN, command: command('rollout.promote') },
      5: { ...EVEN, command: command('rollout.resume') },
      8: { ...EVEN, command: command('rollout.promote') },
      11: { ...EVEN, command: command('rollout.rollback') },
      12: { ...EVEN, command: command('rollout.start') },
    };
    expect(follow(hours, 12, gated)).toEqual([
      '0 started canary inconclusive',
      '1 waiting canary keep',
      '1 paused canary keep ann',
      '3 verdict canary promote',
      '3 refused canary promote ann',
      '4 resumed canary promote ann',
      '7 advanced live promote ann',
      '8 promoted live promote',
      '10 rolled_back live promote ann',
      '11 started canary inconclusive ann',
      '12 waiting canary keep',
    ]);
  });

  it('set the level of automation, and hear why something is refused', () => {
    const hours = {
      1: { command: command('rollout.level', 'assist') },
      2: { command: command('rollout.level', 'assist') },
      3: { command: command('rollout.level', 'none') },
      4: { command: command('rollout.start') },
    };
    expect(follow(hours, 4).slice(1)).toEqual([
      '0 level shadow inconclusive ann',
      '1 refused shadow inconclusive ann',
      '2 refused shadow inconclusive ann',
      '3 refused shadow inconclusive ann',
    ]);
  });
});

describe('a configuration', () => {
  it('with another candidate takes the place of what is under way', () => {
    const other = wanted({ candidate: 'newer' }, 'b');
    expect(follow({ 3: { configure: other } }, 4)).toEqual([
      '0 started shadow inconclusive',
      '2 rolled_back shadow inconclusive',
      '2 started shadow inconclusive',
    ]);
  });

  it('without a roll-out ends it; the same one again changes nothing', () => {
    expect(follow({ 2: { configure: wanted() }, 3: { configure: null } }, 4)).toEqual([
      '0 started shadow inconclusive',
      '2 rolled_back shadow inconclusive',
    ]);
  });
});
