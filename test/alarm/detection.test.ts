import { describe, expect, it } from 'vitest';
import type { Detecting } from '../../src/alarm/detection.ts';
import { createAlarmStates } from '../../src/alarm/state.ts';
import { dropRemovedRules, stepAlarms } from '../../src/alarm/step.ts';
import type { Alert, DetectorRule, RuleSpec } from '../../src/records.ts';
import { MINUTE_MS, makeResult, makeRule, makeSpec, restart } from './support.ts';

/** A detector whose values say what it says: 2 is a drift, 1 a warning; its state counts them. */
const detecting: Detecting = {
  create: ({ options }) => ({ from: options.from ?? 0, seen: 0 }),
  step: (state, _, value) => {
    (state as { seen: number }).seen += 1;
    return value === 2 ? 'drift' : value === 1 ? 'warning' : 'none';
  },
};
const detector = (over: Partial<DetectorRule> = {}): DetectorRule => ({
  name: 'told',
  options: {},
  level: 'warning',
  warns: false,
  holdWindows: 3,
  ...over,
});
const ruleOf = (over: Partial<DetectorRule> = {}, rule: Partial<RuleSpec> = {}): RuleSpec =>
  makeRule({ warning: null, critical: null, detector: detector(over), ...rule });

/** A digit a window; '?' no value, 'f' a drift from too few samples. Restarts after each window. */
function run(rule: RuleSpec, digits: string, states = createAlarmStates(), first = 1) {
  const alerts: Alert[] = [];
  let now = states;
  [...digits].forEach((digit, i) => {
    const value = digit === '?' ? null : digit === 'f' ? 2 : Number(digit);
    const result = makeResult(first + i, value, digit === 'f' ? { n: 99 } : {});
    alerts.push(...stepAlarms(now, makeSpec([rule]), result, { detecting }));
    now = restart(now);
  });
  const events = alerts.map((a) => `${a.windowEndMs / MINUTE_MS} ${a.state} ${a.level}`);
  return { states: now, alerts, events, alarm: Object.values(now.alarms)[0] };
}

describe('a rule with a detector', () => {
  it('fires at the window of a drift, and resolves at the end of its hold', () => {
    expect(run(ruleOf(), '00200000').events).toEqual(['3 firing warning', '6 resolved warning']);
    expect(run(ruleOf({ holdWindows: 1 }), '020').events).toEqual(['2 firing warning', '3 resolved warning']);
    expect(run(ruleOf({ level: 'critical' }), '020').events).toEqual(['2 firing critical']);
  });

  it('holds anew from each further drift, without a second alert', () => {
    expect(run(ruleOf(), '2020000').events).toEqual(['1 firing warning', '6 resolved warning']);
  });

  it('neither steps nor counts windows without a value or with too few samples', () => {
    const { events, alarm } = run(ruleOf(), 'f?2??0f0?0');
    expect(events).toEqual(['3 firing warning', '10 resolved warning']);
    expect(alarm!.detection!.state).toEqual({ from: 0, seen: 4 });
  });

  it('lets warnings pass unless the rule asks for them', () => {
    expect(run(ruleOf(), '0101').events).toEqual([]);
    const warns = ruleOf({ level: 'critical', warns: true });
    expect(run(warns, '0101000').events).toEqual(['2 firing warning', '7 resolved warning']);
    expect(run(warns, '0120100').events).toEqual([
      '2 firing warning',
      '3 firing critical',
      '6 firing warning',
    ]);
  });

  it('says what the detector found, and since when', () => {
    const { alerts } = run(ruleOf({ level: 'critical', warns: true, holdWindows: 2 }), '12100');
    expect(alerts.map(({ reason }) => reason)).toEqual([
      'psi of amount is 1, told warns of a change (1,203 rows)',
      'psi of amount is 2, told finds a change (1,203 rows)',
      'psi of amount is 0, told has found no change for 2 windows, but warns of one (1,203 rows)',
      'psi of amount is 0, told has found no change for 2 windows (1,203 rows)',
    ]);
    expect(alerts.map(({ threshold }) => threshold)).toEqual([
      'warning by told',
      'critical by told',
      'warning by told',
      'warning by told',
    ]);
    expect(new Set(alerts.map(({ sinceMs }) => sinceMs))).toEqual(new Set([0]));
  });
});

describe('a change of config', () => {
  it('begins with an empty state when detector or options change, and what fires runs out', () => {
    const { states } = run(ruleOf(), '002');
    const { events, alarm } = run(ruleOf({ options: { from: 7 } }), '000', states, 4);
    expect(events).toEqual(['6 resolved warning']);
    expect(alarm!.detection!.state).toEqual({ from: 7, seen: 3 });
  });

  it('keeps the state when only level, hold or the order of options change', () => {
    const { states } = run(ruleOf({ options: { from: 1, to: 2 } }), '000');
    const next = ruleOf({ options: { to: 2, from: 1 }, level: 'critical', holdWindows: 1 });
    const { alarm, events } = run(next, '020', states, 4);
    expect(alarm!.detection!.state).toEqual({ from: 1, seen: 6 });
    expect(events).toEqual(['5 firing critical', '6 resolved critical']);
  });

  it('forgets the state with the rule, and when the rule goes back to thresholds', () => {
    const { states } = run(ruleOf(), '02');
    const back = run(makeRule({ warning: { op: '>', value: 5 }, critical: null }), '0', restart(states), 3);
    expect(back.alarm!.detection).toBeUndefined();
    expect(back.events).toEqual(['3 resolved warning']);
    expect(dropRemovedRules(states, makeSpec([]), 3 * MINUTE_MS).map(({ reason }) => reason)).toEqual([
      'rule removed',
    ]);
    expect(states.alarms).toEqual({});
  });
});

it('a caller without detectors that meets one fails', () => {
  const spec = makeSpec([ruleOf()]);
  expect(() => stepAlarms(createAlarmStates(), spec, makeResult(1, 1))).toThrow(/no detectors/);
});
