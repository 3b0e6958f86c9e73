import { describe, expect, it } from 'vitest';
import { ALARMS_MAX, createAlarmStates } from '../../src/alarm/state.ts';
import { dropRemovedRules, stepAlarms } from '../../src/alarm/step.ts';
import { idOf } from '../../src/math/hash.ts';
import type { RuleSpec } from '../../src/records.ts';
import { MINUTE_MS, makeResult, makeRule, makeSpec, restart, resultOf, run } from './support.ts';

interface Scenario {
  name: string;
  rule?: Partial<RuleSpec>;
  series: string;
  levels: string;
  events: string[];
}

const SCENARIOS: Scenario[] = [
  {
    name: 'ok to warning and back',
    series: '.ww.',
    levels: 'OWWO',
    events: ['2 firing warning', '4 resolved warning'],
  },
  {
    name: 'ok to critical and back',
    series: '.cc.',
    levels: 'OCCO',
    events: ['2 firing critical', '4 resolved critical'],
  },
  {
    name: 'up and down the levels',
    series: 'wcw.',
    levels: 'WCWO',
    events: ['1 firing warning', '2 firing critical', '3 firing warning', '4 resolved warning'],
  },
  {
    name: 'a window without value or samples is neither alarm nor recovery',
    series: '?f.w?f?.',
    levels: '--OWWWWO',
    events: ['4 firing warning', '8 resolved warning'],
  },
  {
    name: 'for: fires when the time is reached, not after it',
    rule: { forMs: 2 * MINUTE_MS },
    series: '.www.',
    levels: 'OppWO',
    events: ['4 firing warning', '5 resolved warning'],
  },
  {
    name: 'for: a break starts again',
    rule: { forMs: 2 * MINUTE_MS },
    series: 'ww.ww.',
    levels: 'ppOppO',
    events: [],
  },
  {
    name: 'for: missing samples do not break it, and time goes on',
    rule: { forMs: 2 * MINUTE_MS },
    series: 'w?w',
    levels: 'ppW',
    events: ['3 firing warning'],
  },
  {
    name: 'for: each level counts its own time, critical counts for warning',
    rule: { forMs: 2 * MINUTE_MS },
    series: 'wccccw',
    levels: 'ppWCCW',
    events: ['3 firing warning', '4 firing critical', '6 firing warning'],
  },
  {
    name: 'only critical: warning is never reached',
    rule: { warning: null },
    series: 'wcw.',
    levels: 'OCOO',
    events: ['2 firing critical', '3 resolved critical'],
  },
  {
    name: 'only warning',
    rule: { critical: null },
    series: 'wcw.',
    levels: 'WWWO',
    events: ['1 firing warning', '4 resolved warning'],
  },
];

describe('stepAlarms', () => {
  it.each(SCENARIOS)('$name', ({ rule, series, levels, events }) => {
    const spec = makeSpec([makeRule(rule)]);
    const straight = run(spec, series);
    expect({ levels: straight.levels, events: straight.events }).toEqual({ levels, events });
    expect(run(spec, series, true)).toEqual(straight);
  });

  it.each([
    ['>', 5, 'OOW'],
    ['>=', 5, 'OWW'],
    ['<', 5, 'WOO'],
    ['<=', 5, 'WWO'],
  ] as const)('%s %d', (op, value, levels) => {
    const spec = makeSpec([makeRule({ warning: { op, value }, critical: null })]);
    const found = [4, 5, 6].map((x) => stepAlarms(createAlarmStates(), spec, makeResult(1, x)).length);
    expect(found.map((n) => (n > 0 ? 'W' : 'O')).join('')).toBe(levels);
  });

  it('takes n = nMin', () => {
    const spec = makeSpec([makeRule({ nMin: 100 })]);
    expect(stepAlarms(createAlarmStates(), spec, makeResult(1, 1, { n: 99 }))).toEqual([]);
    expect(stepAlarms(createAlarmStates(), spec, makeResult(1, 1, { n: 100 }))).toHaveLength(1);
  });

  it('does not take a value that is no number for a recovery', () => {
    const { states } = run(makeSpec([makeRule()]), 'c');
    expect(stepAlarms(states, makeSpec([makeRule()]), makeResult(2, Number.NaN))).toEqual([]);
    expect(Object.values(states.alarms)[0]!.firing).toBe('critical');
  });

  it('ignores older windows and revisions of a judged window', () => {
    const spec = makeSpec([makeRule()]);
    const { states } = run(spec, '.c');
    const before = restart(states);
    expect(stepAlarms(states, spec, resultOf('.', 2, { revision: 1 }))).toEqual([]);
    expect(stepAlarms(states, spec, resultOf('.', 1))).toEqual([]);
    expect(states).toEqual(before);
  });

  it('judges a window at the first revision that has enough samples', () => {
    const spec = makeSpec([makeRule()]);
    const { states } = run(spec, '.f');
    expect(stepAlarms(states, spec, resultOf('c', 2, { revision: 1 }))).toHaveLength(1);
  });

  it('says everything in the alert', () => {
    const spec = makeSpec([makeRule({ forMs: 2 * MINUTE_MS })]);
    const { alerts, states } = run(spec, '.ccc');
    const fingerprint = idOf('alarm', 'fraud', 'drift', 'psi', 'amount', '', '*');
    const alert = {
      id: idOf('alert', 'fraud', fingerprint, 4 * MINUTE_MS, 'firing', 'critical'),
      fingerprint,
      service: 'fraud',
      rule: 'drift',
      metric: 'psi',
      subject: 'amount',
      model: '',
      segment: '*',
      state: 'firing',
      level: 'critical',
      reason: 'psi of amount is 0.42, beyond critical > 0.25 for 2m (1,203 rows)',
      value: 0.42,
      threshold: 'critical > 0.25',
      n: 1203,
      windowStartMs: 3 * MINUTE_MS,
      windowEndMs: 4 * MINUTE_MS,
      sinceMs: MINUTE_MS,
      evidence: null,
      configDigest: 'digest-1',
    };
    expect(alerts).toEqual([alert]);
    expect(Object.keys(states.alarms)).toEqual([fingerprint]);
    expect(states.alarms[fingerprint]!.last).toEqual(alert);
  });

  it('keeps the onset through the levels up to the resolved alert and forgets it then', () => {
    const { alerts, states } = run(makeSpec([makeRule()]), '.wcw..w');
    expect(alerts.map((a) => a.sinceMs / MINUTE_MS)).toEqual([1, 1, 1, 1, 6]);
    expect(alerts.map((a) => a.threshold)).toEqual([
      'warning > 0.1',
      'critical > 0.25',
      'warning > 0.1',
      'warning > 0.1',
      'warning > 0.1',
    ]);
    expect(Object.values(states.alarms)[0]!.sinceMs).toBe(6 * MINUTE_MS);
  });
});

describe('what a rule watches', () => {
  const ofModel = { metric: 'psi', subject: 'price', model: 'mlp', segment: 'country=de' };
  it.each([
    [{}, {}, true],
    [{ metric: 'ks' }, {}, false],
    [{ subject: 'amount' }, {}, true],
    [{ subject: 'age' }, {}, false],
    [{ model: 'mlp' }, {}, false],
    [{ model: 'mlp', segment: 'each' }, ofModel, true],
    [{ model: 'mlp' }, ofModel, false],
    [{ segment: 'each' }, {}, false],
    [{ segment: 'country=de' }, ofModel, true],
    [{ segment: 'country=fr' }, ofModel, false],
  ])('rule %j on %j: %s', (rule, over, isExpected) => {
    const spec = makeSpec([makeRule(rule)]);
    expect(stepAlarms(createAlarmStates(), spec, resultOf('c', 1, over))).toHaveLength(isExpected ? 1 : 0);
  });

  it('gives each rule, subject, model and segment an alarm of its own', () => {
    const spec = makeSpec([
      makeRule(),
      makeRule({ name: 'slices', segment: 'each' }),
      makeRule({ name: 'again' }),
    ]);
    const states = createAlarmStates();
    const over = [
      {},
      { subject: 'age' },
      { model: 'mlp' },
      { segment: 'country=de' },
      { segment: 'country=fr' },
    ];
    const alerts = over.flatMap((o) => stepAlarms(states, spec, resultOf('c', 1, o)));
    expect(alerts.map((a) => a.rule)).toEqual([
      'drift',
      'again',
      'drift',
      'again',
      'drift',
      'again',
      'slices',
      'slices',
    ]);
    expect(new Set(alerts.map((a) => a.fingerprint)).size).toBe(8);
    expect(states.tracked).toBe(8);
  });
});

describe('the bound', () => {
  it('counts what it has no room for, and goes on with what it has', () => {
    const spec = makeSpec([makeRule()]);
    const states = createAlarmStates();
    for (let i = 0; i < ALARMS_MAX; i++) stepAlarms(states, spec, resultOf('.', 1, { subject: `s${i}` }));
    expect(states.untracked).toBe(0);
    expect(stepAlarms(states, spec, resultOf('c', 1, { subject: 'new' }))).toEqual([]);
    expect(stepAlarms(states, spec, resultOf('c', 2, { subject: 'new' }))).toEqual([]);
    expect(states.untracked).toBe(2);
    expect(Object.keys(states.alarms)).toHaveLength(ALARMS_MAX);
    expect(stepAlarms(states, spec, resultOf('c', 2, { subject: 's7' }))).toHaveLength(1);

    dropRemovedRules(states, makeSpec([]), 3 * MINUTE_MS);
    expect(states).toEqual({ alarms: {}, tracked: 0, untracked: 2, remembered: 0, fires: {} });
    expect(stepAlarms(states, spec, resultOf('c', 3, { subject: 'new' }))).toHaveLength(1);
  });
});
