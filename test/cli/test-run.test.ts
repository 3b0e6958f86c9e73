/** The runner of `telltale test`: the shared vectors, restarts, reloads, and how expectations are matched. */
import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_INCIDENTS } from '../../src/alarm/incident/defaults.ts';
import { type Entry, judge } from '../../src/cli/test/compare.ts';
import type { Test } from '../../src/cli/test/file.ts';
import type { Step } from '../../src/cli/test/notation.ts';
import { linesOf } from '../../src/cli/test/report.ts';
import { type Plan, run } from '../../src/cli/test/run.ts';
import { type Command, type Comparison, LEVELS, type RuleSpec, type Threshold } from '../../src/records.ts';
import { LETTERS, MINUTE_MS, makeRule, makeSpec } from '../alarm/support.ts';

const seriesOf = (steps: readonly Step[], over: Partial<Plan['series'][number]> = {}) => ({
  metric: 'psi',
  subject: 'amount',
  model: '',
  segment: '*',
  family: 'input' as const,
  steps,
  n: steps.map(() => 1_000),
  ...over,
});

function planOf(rules: RuleSpec[], steps: readonly Step[], over: Partial<Plan> = {}): Plan {
  const intervalMs = over.intervalMs ?? MINUTE_MS;
  return {
    spec: makeSpec(rules),
    startMs: 0,
    commands: [],
    intervalMs,
    series: [seriesOf(steps)],
    reloads: [],
    restarts: [],
    looksMs: steps.map((_, i) => MINUTE_MS + i * intervalMs),
    ...over,
  };
}

/** State and level at each look. */
function statesOf(plan: Plan): string[] {
  const { seen } = run(plan);
  return plan.looksMs.map((atMs) =>
    seen
      .get(atMs)!
      .alarms.map(({ state, level }) => `${state} ${level}`)
      .join(),
  );
}

describe('restarts', () => {
  const rule = fc
    .record({
      forMinutes: fc.integer({ min: 0, max: 3 }),
      keepMinutes: fc.integer({ min: 0, max: 3 }),
      hits: fc.option(fc.constant({ of: 2, windows: 3 })),
      isStaircase: fc.boolean(),
      isFlapping: fc.boolean(),
      policy: fc.constantFrom('alarm', 'ok', 'keep'),
      silentMinutes: fc.integer({ min: 1, max: 4 }),
      detector: fc.boolean(),
    })
    .map(({ forMinutes, keepMinutes, hits, isStaircase, isFlapping, policy, silentMinutes, detector }) =>
      makeRule({
        warning: { op: '>', value: 3 },
        critical: { op: '>', value: 6 },
        ...(detector
          ? {
              warning: null,
              critical: null,
              detector: {
                name: 'page_hinkley',
                options: { min_instances: 3, delta: 0.005, threshold: 5, alpha: 0.9999 },
                level: 'critical',
                warns: false,
                holdWindows: 2,
              },
            }
          : {
              forMs: forMinutes * MINUTE_MS,
              keepMs: keepMinutes * MINUTE_MS,
              ...(hits === null ? {} : { hits }),
              ...(isStaircase ? { drop: 'staircase', reset: { critical: { op: '<', value: 5 } } } : {}),
            }),
        ...(isFlapping ? { flapping: { history: 5, enter: 0.5, leave: 0.25 } } : {}),
        ...(policy === 'keep'
          ? {}
          : { noData: { policy, level: 'critical', forMs: silentMinutes * MINUTE_MS } }),
      }),
    );
  const both = fc
    .record({ forMinutes: fc.integer({ min: 0, max: 2 }), keepMinutes: fc.integer({ min: 0, max: 2 }) })
    .map(({ forMinutes, keepMinutes }) =>
      makeRule({
        name: 'both',
        metric: '',
        warning: null,
        critical: null,
        when: { condition: { rule: 'drift', level: 'critical' }, level: 'warning' },
        forMs: forMinutes * MINUTE_MS,
        keepMs: keepMinutes * MINUTE_MS,
      }),
    );
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 0, max: 9 }) },
    fc.constant(undefined),
    fc.constant(null),
  );

  const incidents = {
    ...DEFAULT_INCIDENTS,
    groupWaitMs: MINUTE_MS,
    groupIntervalMs: 2 * MINUTE_MS,
    repeatIntervalMs: 7 * MINUTE_MS,
    storm: { count: 2, periodMs: 10 * MINUTE_MS },
    inhibit: [{ source: { rule: ['both'] }, target: { level: ['warning' as const] }, equal: [] }],
  };
  const silences = fc
    .array(fc.record({ at: fc.nat(20), minutes: fc.integer({ min: 1, max: 10 }), isEnded: fc.boolean() }), {
      maxLength: 2,
    })
    .map((all) =>
      all.flatMap(({ at, minutes, isEnded }, i) => {
        const [atMs, untilMs] = [at * MINUTE_MS, (at + minutes) * MINUTE_MS];
        const about = { service: 'fraud', by: 'kim', reason: '' };
        const target = JSON.stringify({ match: { rule: ['dri*'] }, fromMs: atMs, untilMs });
        const add: Command = { ...about, id: `s${i}`, kind: 'silence.add', target };
        const end: Command = { ...about, id: `e${i}`, kind: 'silence.expire', target: `s${i}` };
        return [{ atMs, command: add }, ...(isEnded ? [{ atMs: untilMs - 30_000, command: end }] : [])];
      }),
    );

  it('after each window change nothing, of what is seen and of what goes out', () => {
    let told = 0;
    fc.assert(
      fc.property(
        rule,
        rule,
        both,
        fc.array(step, { minLength: 1, maxLength: 30 }),
        fc.nat(30),
        silences,
        (first, next, over, steps, at, commands) => {
          const reloads =
            at < steps.length
              ? [{ atMs: at * MINUTE_MS, spec: makeSpec([next, over], { digest: 'next', incidents }) }]
              : [];
          const spec = makeSpec([first, over], { incidents });
          const plan = planOf([], steps, { spec, reloads, commands });
          const straight = run(plan);
          told += straight.incidents.filter(({ notify }) => notify !== '').length;
          const times = straight.alerts.map(({ windowEndMs }) => windowEndMs);
          // A reload may find that what its rules ask for has been so for a while.
          if (reloads.length === 0) expect(times).toEqual([...times].sort((a, b) => a - b));
          expect(run({ ...plan, restarts: ['every'] })).toEqual(straight);
          expect(run({ ...plan, restarts: [Math.min(at, steps.length) * MINUTE_MS, 30_000] })).toEqual(
            straight,
          );
        },
      ),
      { numRuns: 1000, seed: 20261128 },
    );
    expect(told).toBeGreaterThan(500);
  });
});

describe('reloads', () => {
  const rule = makeRule({ critical: null, forMs: MINUTE_MS });

  it('that raise for: pending again until the time since the onset', () => {
    const raised = makeSpec([{ ...rule, forMs: 5 * MINUTE_MS }]);
    const plan = planOf([rule], [0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2], {
      reloads: [{ atMs: 3 * MINUTE_MS, spec: raised }],
    });
    expect(statesOf(plan)).toEqual([
      'pending warning',
      'firing warning',
      'firing warning',
      'pending warning',
      'pending warning',
      'firing warning',
      'firing warning',
    ]);
    expect(run(plan).alerts.map((a) => `${a.windowEndMs / MINUTE_MS} ${a.state}`)).toEqual([
      '2 firing',
      '4 resolved',
      '6 firing',
    ]);
  });

  it('hold for the windows that end later, and are seen at their own time', () => {
    const plan = planOf([makeRule()], [0.2, 0.2, 0.2], {
      reloads: [{ atMs: 2 * MINUTE_MS, spec: makeSpec([]) }],
    });
    expect(statesOf(plan)).toEqual(['firing warning', '', '']);
    expect(run(plan).alerts.map((a) => `${a.windowEndMs / MINUTE_MS} ${a.state}: ${a.reason}`)).toEqual([
      '1 firing: psi of amount is 0.2, beyond warning > 0.1 (1,000 rows)',
      '2 resolved: rule removed',
    ]);
  });
});

it('looks between windows see what was closed before, and silence goes on in hops', () => {
  const noData = { policy: 'alarm', level: 'critical', forMs: 2 * MINUTE_MS } as const;
  const plan = planOf([makeRule({ noData })], [0.05, undefined, 0.05], {
    intervalMs: 5 * MINUTE_MS,
    looksMs: [0, 59_999, 60_000, 2.5 * MINUTE_MS, 3 * MINUTE_MS, 11 * MINUTE_MS],
  });
  expect(statesOf(plan)).toEqual(['', '', '', '', 'no-data critical', '']);
  const said = (looksMs: number[]): string[] =>
    run({ ...plan, looksMs }).alerts.map((a) => `${a.windowEndMs / MINUTE_MS} ${a.state}`);
  expect(said([])).toEqual(['3 firing', '11 resolved']);
  expect(said(plan.looksMs as number[])).toEqual(said([]));
  const back = { ...plan, series: [seriesOf([0.05, 0.05])], looksMs: [] };
  expect(run(back).alerts.map((a) => `${a.windowEndMs / MINUTE_MS} ${a.state}`)).toEqual([
    '3 firing',
    '6 resolved',
  ]);
});

it('pending says the highest level that is', () => {
  expect(statesOf(planOf([makeRule({ forMs: MINUTE_MS })], [0.2, 0.3, 0.3]))).toEqual([
    'pending warning',
    'firing warning',
    'firing critical',
  ]);
  expect(statesOf(planOf([makeRule({ forMs: MINUTE_MS })], [0.3]))).toEqual(['pending critical']);
});

describe('incidents', () => {
  const rules = [makeRule({ name: 'a', critical: null })];
  const silence = { match: { rule: ['a'] }, fromMs: MINUTE_MS, untilMs: 9 * MINUTE_MS };
  const command: Command = {
    ...{ id: 's', service: 'fraud', kind: 'silence.add', by: 'kim', reason: 'campaign' },
    target: JSON.stringify(silence),
  };
  const plan = planOf(rules, [0.05, 0.2, 0.2], {
    looksMs: [2 * MINUTE_MS],
    commands: [{ atMs: MINUTE_MS, command }],
  });
  const looked = (incident: Entry, alarm: object = { rule: 'a', state: 'firing' }) => {
    const expected = (entry: object) => [{ expected: entry as never, line: 7 }];
    const looks = [{ atMs: 2 * MINUTE_MS, line: 6, alarms: expected(alarm), incidents: expected(incident) }];
    const test: Test = { name: 't', line: 1, plan, looks, records: null, notifications: null };
    return judge(test).differences;
  };

  it.each(['silenced by kim: campaign', 'silenced by kim', 's'])('are muted by "%s"', (muted) => {
    expect(looked({ muted }, { rule: 'a', state: 'firing', muted })).toEqual([]);
  });

  it.each(['', 'by kim', 'silenced by kim: campaign 2'])('are not muted by "%s"', (muted) => {
    const differences = looked({ muted }, { rule: 'a', state: 'firing', muted });
    expect(differences.map(({ kind }) => kind)).toEqual(['alarms', 'incidents']);
  });

  it('are shown as expected and as found', () => {
    const [difference] = looked({
      level: 'critical',
      firing: 1,
      muted: 'maintenance',
      opened: 2 * MINUTE_MS,
    });
    expect(linesOf(difference!, 100)).toEqual([
      '  line 7: incidents at 2m',
      '                 expected     found',
      '    ! level      critical     warning',
      '      firing     1            1',
      '    ! muted      maintenance  silenced by kim: campaign',
      '      opened     2m           2m',
    ]);
  });

  it('that nobody is told of are in no notification', () => {
    const { incidents } = run(plan);
    expect(incidents.map(({ notify, state, mutedAlarms }) => [notify, state, mutedAlarms])).toEqual([
      ['', 'open', 1],
    ]);
    const listed = { line: 9, expected: [] };
    const test: Test = { name: 't', line: 1, plan, looks: [], records: null, notifications: listed };
    expect(judge(test).differences).toEqual([]);
    expect(judge({ ...test, plan: { ...plan, commands: [] } }).differences).toMatchObject([
      { kind: 'notifications', line: 9, expected: null, found: { at: 2 * MINUTE_MS, muted: '' } },
    ]);
  });
});

describe('expectations', () => {
  const rules = [makeRule({ name: 'a' }), makeRule({ name: 'b' })];
  const plan = planOf(rules, [0.2, 0.3, 0.05], { looksMs: [MINUTE_MS, 3 * MINUTE_MS] });
  const two = {
    ...plan,
    series: [seriesOf([0.2, 0.3, 0.05]), seriesOf([0.2, 0.2, 0.05], { subject: 'age' })],
  };
  const at = (entries: Entry[]) => entries.map((expected, i) => ({ expected, line: i + 1 }) as never);
  const failed = (over: Partial<Test>, of: Plan = two): [number, Entry | null, Entry | null][] =>
    judge({
      name: 't',
      line: 1,
      plan: of,
      looks: [],
      records: null,
      notifications: null,
      ...over,
    }).differences.map((one) => [one.line, one.expected, one.found]);
  const looksOf = (atMs: number, entries: Entry[]): Pick<Test, 'looks'> => ({
    looks: [{ atMs, line: 99, alarms: at(entries), incidents: null }],
  });
  const firing = { state: 'firing' };

  it('stand in no order, and one that says little takes none that another needs', () => {
    const needy = [
      { rule: 'a', ...firing },
      { rule: 'b', ...firing, subject: 'age' },
      { rule: 'b', ...firing },
      // The one before it would take the first that comes.
      { rule: 'a', ...firing, subject: 'age' },
    ];
    expect(failed(looksOf(MINUTE_MS, needy))).toEqual([]);
    expect(failed(looksOf(3 * MINUTE_MS, []))).toEqual([]);
  });

  it('are exact: what is missing, too much or other is told with its line', () => {
    const found = failed(
      looksOf(MINUTE_MS, [
        { rule: 'a', ...firing, subject: 'amount', level: 'critical' },
        { rule: 'a', ...firing, subject: 'size' },
        { rule: 'b', ...firing, subject: 'amount' },
        { rule: 'b', ...firing, subject: 'age' },
      ]),
    );
    expect(found).toMatchObject([
      [1, { level: 'critical' }, { subject: 'amount', level: 'warning' }],
      [2, { subject: 'size' }, null],
      [99, null, { rule: 'a', subject: 'age' }],
    ]);
  });

  const said = run(planOf([makeRule()], [0.2, 0.3, 0.05])).alerts;
  const one = planOf([makeRule()], [0.2, 0.3, 0.05]);
  const recordsOf = (entries: Entry[]): Pick<Test, 'records'> => ({
    records: { line: 50, expected: at(entries) },
  });
  const all = said.map(({ windowEndMs, rule, state, level }) => ({ at: windowEndMs, rule, state, level }));

  it('of records are exact and in order', () => {
    expect(failed(recordsOf(all), one)).toEqual([]);
    expect(failed(recordsOf(all.slice(1)), one)).toMatchObject([[50, null, { at: MINUTE_MS }]]);
    expect(failed(recordsOf([all[0]!, all[2]!]), one)).toMatchObject([[50, null, { level: 'critical' }]]);
    expect(failed(recordsOf([...all, all[0]!]), one)).toMatchObject([[4, { at: MINUTE_MS }, null]]);
    expect(failed(recordsOf([all[1]!, all[0]!, all[2]!]), one).length).toBeGreaterThan(0);
    expect(failed(recordsOf([]), one)).toHaveLength(3);
    expect(failed({}, one)).toEqual([]);
  });

  it('of records compare what is written alone', () => {
    const [first] = said;
    const written = {
      at: MINUTE_MS,
      value: 0.2,
      n: 1_000,
      since: 0,
      reason: first!.reason,
      threshold: 'warning > 0.1',
    };
    expect(failed(recordsOf([{ ...all[0]!, ...written }, all[1]!, all[2]!]), one)).toEqual([]);
    for (const [key, other] of Object.entries({ value: null, n: 1, since: 1, reason: '', threshold: '' }))
      expect(
        failed(recordsOf([{ ...all[0]!, ...written, [key]: other }, all[1]!, all[2]!]), one),
      ).toMatchObject([[1, { [key]: other }, { at: MINUTE_MS }]]);
  });

  it('of more records than can be aligned are compared one by one', () => {
    const steps = Array.from({ length: 600 }, (_, i) => (i % 2 === 0 ? 0.2 : 0));
    const many = planOf([makeRule()], steps);
    const expected = run(many).alerts.map(({ windowEndMs, state }) => ({
      at: windowEndMs,
      rule: 'drift',
      state,
    }));
    expect(failed(recordsOf(expected), many)).toEqual([]);
    expect(failed(recordsOf(expected.slice(1)), many)).toHaveLength(600);
  });
});

const VECTORS = new URL('../../../shared/vectors/alarms.json', import.meta.url);

/** '>60' */
function thresholdOf(text: string): Threshold {
  const [, op, value] = /^([<>]=?)(-?[\d.]+)$/.exec(text) ?? [];
  if (op === undefined) throw new Error(`not a threshold: ${text}`);
  return { op: op as Comparison, value: Number(value) };
}

if (existsSync(VECTORS)) {
  const vectors = JSON.parse(readFileSync(VECTORS, 'utf8'));
  describe('the shared vectors, through the runner', () => {
    const RULE = /^value ([<>]=?) (\d+) for (\d+)m(?:, keep firing for (\d+)m)?$/;
    it.each<{ rule: string; step: string; values: number[]; states: string[] }>(vectors.for)(
      '$rule, every $step: $values',
      (test) => {
        const [, op, value, forMinutes, keepMinutes] = RULE.exec(test.rule) ?? [];
        if (op === undefined) throw new Error(`the rule of this case is new: ${test.rule}`);
        const rule = makeRule({
          warning: { op: op as Comparison, value: Number(value) },
          critical: null,
          forMs: Number(forMinutes) * MINUTE_MS,
          ...(keepMinutes === undefined ? {} : { keepMs: Number(keepMinutes) * MINUTE_MS }),
        });
        const intervalMs = Number.parseInt(test.step, 10) * MINUTE_MS;
        const states = statesOf(planOf([rule], test.values, { intervalMs, restarts: ['every'] }));
        expect(states.map((state) => state.split(' ')[0] || 'inactive')).toEqual(test.states);
      },
    );

    it.each<Record<string, string> & { values: number[] }>(vectors.levels_with_reset)(
      'levels with resets: $values',
      (test) => {
        const rule = makeRule({
          ...Object.fromEntries(LEVELS.map((level) => [level, thresholdOf(test[level]!)])),
          reset: Object.fromEntries(LEVELS.map((level) => [level, thresholdOf(test[`${level}_reset`]!)])),
        });
        const { seen } = run(planOf([rule], test.values, { restarts: ['every'] }));
        const levels = [...seen.values()].map(({ alarms: [alarm] }) => LETTERS[alarm?.level ?? 'ok']);
        expect(levels.join('')).toBe(test.levels);
      },
    );
  });
} else {
  it.skip('the shared vectors are absent: no ../shared/vectors/alarms.json beside the repository');
}
