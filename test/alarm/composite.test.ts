/** Rules over other rules. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isPending, passTime, stepComposites } from '../../src/alarm/composite.ts';
import { conditionText, holds } from '../../src/alarm/condition.ts';
import { createAlarmStates } from '../../src/alarm/state.ts';
import type { Alert, Condition, Level, RuleSpec } from '../../src/records.ts';
import { MINUTE_MS, makeRule, makeSpec, restart } from './support.ts';

const fires = (rule: string, level: Level = 'info'): Condition => ({ rule, level });
const composite = (name: string, condition: Condition, over: Partial<RuleSpec> = {}): RuleSpec =>
  makeRule({
    name,
    metric: '',
    warning: null,
    critical: null,
    when: { condition, level: 'critical' },
    ...over,
  });

/** '1 a firing warning': what is told of which rule in which minute; its fingerprint is its name. */
function alertOf(text: string): { minute: number; alert: Alert } {
  const [minute, rule, state, level] = text.split(' ') as [string, string, Alert['state'], Level];
  return { minute: Number(minute), alert: { fingerprint: rule, rule, state, level } as Alert };
}

function follow(rules: RuleSpec[], story: readonly string[], throughMinute: number, isRestarting = false) {
  const spec = makeSpec(rules);
  let states = createAlarmStates();
  const alerts: Alert[] = [];
  const told = story.map(alertOf);
  for (const minute of [...new Set(told.map((one) => one.minute))]) {
    const now = told.filter((one) => one.minute === minute).map(({ alert }) => alert);
    alerts.push(...passTime(states, spec, minute * MINUTE_MS - 1));
    alerts.push(...stepComposites(states, spec, now, minute * MINUTE_MS));
    if (isRestarting) states = restart(states);
  }
  alerts.push(...passTime(states, spec, throughMinute * MINUTE_MS));
  return {
    states,
    spec,
    alerts,
    said: alerts.map((a) => `${a.windowEndMs / MINUTE_MS} ${a.rule} ${a.state}`),
  };
}

describe('a condition', () => {
  const levels = new Map<string, Level>([
    ['a', 'warning'],
    ['b', 'critical'],
  ]);
  it.each([
    [fires('a'), true, 'a'],
    [fires('a', 'critical'), false, 'a at critical'],
    [fires('c'), false, 'c'],
    [{ all: [fires('a'), fires('b')] }, true, 'a and b'],
    [{ all: [fires('a'), { not: fires('b') }] }, false, 'a and not b'],
    [{ any: [fires('c'), { all: [fires('a'), fires('b')] }] }, true, 'c or (a and b)'],
    [{ not: { any: [fires('c'), fires('a', 'critical')] } }, true, 'not (c or a at critical)'],
  ] satisfies [Condition, boolean, string][])('%j', (condition, expected, text) => {
    expect(holds(condition, levels)).toBe(expected);
    expect(conditionText(condition)).toBe(text);
  });
});

describe('a rule over others', () => {
  const both = composite('both', { all: [fires('a'), { not: fires('down') }] });

  it('fires while its condition holds, and says why', () => {
    const { said, alerts } = follow(
      [both],
      ['1 down firing critical', '2 a firing warning', '4 down resolved critical', '6 a resolved warning'],
      9,
    );
    expect(said).toEqual(['4 both firing', '6 both resolved']);
    expect(alerts.map(({ reason, level, threshold }) => [reason, level, threshold])).toEqual([
      ['a and not down (a: warning)', 'critical', 'critical: a and not down'],
      ['no longer a and not down', 'critical', 'critical: a and not down'],
    ]);
  });

  it('holds while any alarm of a rule fires', () => {
    const two = ['1 a firing warning', '2 a2 firing warning', '3 a resolved warning'].map(alertOf);
    two[1]!.alert.rule = 'a';
    const states = createAlarmStates();
    const spec = makeSpec([both]);
    const said = two.map(
      ({ minute, alert }) => stepComposites(states, spec, [alert], minute * MINUTE_MS).length,
    );
    expect(said).toEqual([1, 0, 0]);
  });

  it('waits for its `for` and is kept, at the minute in which that is over', () => {
    const slow = { ...both, forMs: 3 * MINUTE_MS, keepMs: 2 * MINUTE_MS };
    const story = [
      '1 a firing warning',
      '2 x firing info',
      '10 a resolved warning',
      '11 a firing warning',
      '20 a resolved warning',
    ];
    expect(follow([slow], story, 30).said).toEqual(['4 both firing', '22 both resolved']);
    const short = follow([slow], ['1 a firing warning', '3 a resolved warning'], 30);
    expect(short.said).toEqual([]);
    const { states, spec } = follow([slow], ['1 a firing warning'], 2);
    expect(isPending(states, spec)).toBe(true);
    expect(isPending(short.states, short.spec)).toBe(false);
  });

  it('may ask others of its kind, in whatever order they stand', () => {
    const top = composite('top', { any: [fires('both'), fires('z')] });
    const story = ['1 a firing warning', '3 a resolved warning'];
    for (const rules of [
      [top, both],
      [both, top],
    ])
      expect(follow(rules, story, 9).said).toEqual([
        '1 both firing',
        '1 top firing',
        '3 both resolved',
        '3 top resolved',
      ]);
  });
});

it('does what a slow model says, however time is cut and with a restart at every step', () => {
  const changes = fc.array(
    fc.record({ after: fc.integer({ min: 1, max: 4 }), rule: fc.constantFrom('a', 'b'), on: fc.boolean() }),
    { maxLength: 20 },
  );
  fc.assert(
    fc.property(
      changes,
      fc.integer({ min: 0, max: 5 }),
      fc.integer({ min: 0, max: 5 }),
      (list, forMinutes, keepMinutes) => {
        let minute = 0;
        const story = list.map(({ after, rule, on }) => {
          minute += after;
          return `${minute} ${rule} ${on ? 'firing' : 'resolved'} warning`;
        });
        const rule = composite(
          'r',
          { all: [fires('a'), { not: fires('b') }] },
          {
            forMs: forMinutes * MINUTE_MS,
            keepMs: keepMinutes * MINUTE_MS,
          },
        );
        const end = minute + 12;
        const on = { a: false, b: false };
        const expected: string[] = [];
        let [since, left, isOn] = [-1, -1, false];
        for (let t = 1; t <= end; t++) {
          for (const one of story.map(alertOf))
            if (one.minute === t) on[one.alert.rule as 'a' | 'b'] = one.alert.state === 'firing';
          const was = isOn;
          if (on.a && !on.b) {
            left = -1;
            if (since < 0) since = t;
            isOn = t - since >= forMinutes;
          } else if (!isOn) since = -1;
          else {
            if (left < 0) left = t;
            if (t - left >= keepMinutes) [since, left, isOn] = [-1, -1, false];
          }
          if (was !== isOn) expected.push(`${t} r ${isOn ? 'firing' : 'resolved'}`);
        }
        expect(follow([rule], story, end).said).toEqual(expected);
        expect(follow([rule], story, end, true).said).toEqual(expected);
      },
    ),
    { numRuns: 1000, seed: 20261128 },
  );
});
