/** How alarms come and go: resets, windows that count, keeping, flapping, and results that stay away. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAlarmStates, phaseOf } from '../../src/alarm/state.ts';
import { dropRemovedRules, stepAlarms, stepSilence } from '../../src/alarm/step.ts';
import type { Alert, RuleSpec } from '../../src/records.ts';
import { LETTERS, MINUTE_MS, makeResult, makeRule, makeSpec, restart, run } from './support.ts';

const OVER = (value: number) => ({ op: '>', value }) as const;
const UNDER = (value: number) => ({ op: '<', value }) as const;

/** Level after each value, a minute apart, and what was said. */
function follow(rule: RuleSpec, values: readonly number[]) {
  const states = createAlarmStates();
  const spec = makeSpec([rule]);
  const alerts: Alert[] = [];
  const levels = values.map((value, i) => {
    alerts.push(...stepAlarms(states, spec, makeResult(i + 1, value)));
    return LETTERS[Object.values(states.alarms)[0]!.firing];
  });
  return { levels: levels.join(''), alerts, states };
}

describe('resets', () => {
  const rule = makeRule({
    info: OVER(40),
    warning: OVER(60),
    critical: OVER(80),
    reset: { info: UNDER(10), warning: UNDER(20), critical: UNDER(30) },
  });

  it('as a staircase: each lower level is left only when its own reset passes', () => {
    const values = [61, 19, 9, 81, 29, 19, 9];
    expect(follow({ ...rule, drop: 'staircase' }, values).levels).toBe('WIOCWIO');
    expect(follow(rule, values).levels).toBe('WOOCOOO');
  });

  it('say what was left', () => {
    const { alerts } = follow(
      makeRule({ critical: null, warning: OVER(60), reset: { warning: UNDER(20) } }),
      [61, 30, 19],
    );
    expect(alerts.map(({ windowEndMs, reason }) => [windowEndMs / MINUTE_MS, reason])).toEqual([
      [1, 'psi of amount is 61, beyond warning > 60 (1,203 rows)'],
      [3, 'psi of amount is 19, no longer beyond warning > 60 and < 20 (1,203 rows)'],
    ]);
  });

  it('of a level that the rule has no more holds nothing', () => {
    const { states } = follow(rule, [81]);
    const next = makeSpec([
      makeRule({ info: OVER(40), warning: OVER(60), critical: null, reset: rule.reset! }),
    ]);
    expect(
      stepAlarms(states, next, makeResult(2, 70)).map(({ state, level }) => `${state} ${level}`),
    ).toEqual(['firing warning']);
  });
});

describe('windows that count', () => {
  const rule = makeRule({ hits: { of: 2, windows: 3 } });

  it('fire when so many of the last are at a level', () => {
    const { levels, events } = run(makeSpec([rule]), 'w.w..wcc..');
    expect(levels).toBe('OOWOOOWCCO');
    expect(events).toEqual([
      '3 firing warning',
      '4 resolved warning',
      '7 firing warning',
      '8 firing critical',
      '10 resolved critical',
    ]);
  });

  it('say so', () => {
    expect(run(makeSpec([rule]), 'ww').alerts[0]!.reason).toBe(
      'psi of amount is 0.2, beyond warning > 0.1 in 2 of 3 windows (1,203 rows)',
    );
  });
});

describe('keeping', () => {
  const rule = makeRule({ keepMs: 2 * MINUTE_MS });

  it('goes on firing for as long, each level by itself', () => {
    const { levels, events } = run(makeSpec([rule]), 'c.c...wcw..');
    expect(levels).toBe('CCCCCOWCCCW');
    expect(events).toEqual([
      '1 firing critical',
      '6 resolved critical',
      '7 firing warning',
      '8 firing critical',
      '11 firing warning',
    ]);
  });

  it('does not keep what was pending', () => {
    expect(run(makeSpec([{ ...rule, forMs: MINUTE_MS }]), 'c.cc.').levels).toBe('pOpCC');
  });
});

describe('flapping', () => {
  const rule = makeRule({ critical: null, flapping: { history: 5, enter: 0.5, leave: 0.25 } });

  it('is silent until it has settled, and then says where it stands', () => {
    const { levels, events } = run(makeSpec([rule]), 'w.w.w.....');
    expect(levels).toBe('WOWOWOOOOO');
    expect(events).toEqual(['1 firing warning', '9 resolved warning']);
  });

  it('ends what was told when the rule goes', () => {
    const { states } = run(makeSpec([rule]), 'w.w.');
    expect(dropRemovedRules(states, makeSpec([]), 5 * MINUTE_MS)).toMatchObject([
      { state: 'resolved', level: 'warning', reason: 'rule removed' },
    ]);
  });
});

describe('results that stay away', () => {
  const noData = { policy: 'alarm', level: 'critical', forMs: 3 * MINUTE_MS } as const;

  function quiet(rule: RuleSpec, letters: string, throughMinutes: readonly number[]) {
    const spec = makeSpec([rule]);
    const { states } = run(spec, letters);
    const alerts = throughMinutes.flatMap((minute) => stepSilence(states, spec, '', minute * MINUTE_MS));
    return {
      spec,
      states,
      alerts,
      said: alerts.map((a) => `${a.windowEndMs / MINUTE_MS} ${a.state} ${a.level}`),
    };
  }

  it('fire in the first window at which it was long enough, in however many steps time goes by', () => {
    const rule = makeRule({ noData });
    const once = quiet(rule, '..', [9]);
    expect(once.said).toEqual(['5 firing critical']);
    expect(once.alerts[0]).toMatchObject({
      reason: 'psi of amount has had no value for 3m',
      value: null,
      n: 0,
      threshold: 'no data for 3m',
      sinceMs: 2 * MINUTE_MS,
      windowStartMs: 4 * MINUTE_MS,
    });
    expect(quiet(rule, '..', [3, 4, 5, 6, 9]).alerts).toEqual(once.alerts);
    expect(phaseOf(Object.values(once.states.alarms)[0]!)).toBe('no-data');
  });

  it('end when data come back', () => {
    const { spec, states } = quiet(makeRule({ noData }), '..', [9]);
    const back = stepAlarms(states, spec, makeResult(10, 0.05));
    expect(back.map(({ state, level, reason }) => [state, level, reason])).toEqual([
      ['resolved', 'critical', 'psi of amount is 0.05, data have come back (1,203 rows)'],
    ]);
    expect(stepSilence(states, spec, '', 13 * MINUTE_MS)).toHaveLength(1);
  });

  it('take what fires for ended, by the policy ok', () => {
    const rule = makeRule({ noData: { ...noData, policy: 'ok' } });
    const { said, alerts } = quiet(rule, 'w', [4]);
    expect(said).toEqual(['4 resolved warning']);
    expect(alerts[0]!.reason).toBe('psi of amount has had no value for 3m, which the rule takes for ok');
    expect(quiet(rule, '.', [9]).said).toEqual([]);
  });

  it('change nothing without a policy, of other sources, or below a level that fires', () => {
    expect(quiet(makeRule(), 'w', [99]).said).toEqual([]);
    expect(quiet(makeRule({ noData: { ...noData, level: 'info' } }), 'w', [99]).said).toEqual([]);
    const spec = makeSpec([makeRule({ noData })]);
    const { states } = run(spec, '.');
    expect(stepSilence(states, spec, 'labels', 99 * MINUTE_MS)).toEqual([]);
  });

  it('are windows with too few samples too', () => {
    const spec = makeSpec([makeRule({ noData })]);
    const { states } = run(spec, '.fff');
    expect(stepSilence(states, spec, '', 4 * MINUTE_MS)).toHaveLength(1);
  });
});

/** The same by hand: the whole history, thought through again at each window. */
function slowLevels(rule: RuleSpec, values: readonly number[]): string {
  const names = ['O', 'I', 'W', 'C'] as const;
  const own = [null, rule.info ?? null, rule.warning, rule.critical];
  const resets = [undefined, rule.reset?.info, rule.reset?.warning, rule.reset?.critical];
  let present = 0;
  const asked = values.map((value) => {
    let passed = 0;
    for (let k = 1; k <= 3; k++) if (own[k] !== null && value > own[k]!.value) passed = k;
    if (passed < present && own[present] !== null) {
      const below = (k: number) => own[k] === null || resets[k] === undefined || value < resets[k].value;
      if (!below(present)) passed = present;
      else if (rule.drop === 'staircase')
        for (let k = passed + 1; k < present; k++) if (!below(k)) passed = k;
    }
    present = passed;
    return present;
  });
  const counted = asked.map((_, i) => {
    if (rule.hits === undefined) return asked[i]!;
    const last = asked.slice(Math.max(0, i + 1 - rule.hits.windows), i + 1);
    for (let k = 3; k >= 1; k--) if (last.filter((one) => one >= k).length >= rule.hits.of) return k;
    return 0;
  });
  const forSteps = rule.forMs / MINUTE_MS;
  const keepSteps = (rule.keepMs ?? 0) / MINUTE_MS;
  const on = [0, 1, 2, 3].map((k) => {
    if (own[k] === null || k === 0) return values.map(() => false);
    const fires: boolean[] = [];
    let since = -1;
    values.forEach((_, i) => {
      const holds = counted[i]! >= k;
      if (holds) {
        if (since < 0) since = i;
        fires.push(i - since >= forSteps);
        return;
      }
      // The last window at which it held lies so far back that it is kept no more.
      const last = counted.slice(0, i).findLastIndex((one) => one >= k);
      const isKept = i > 0 && fires[i - 1]! && i - (last + 1) < keepSteps;
      if (!isKept) since = -1;
      fires.push(isKept);
    });
    return fires;
  });
  return values.map((_, i) => names[[3, 2, 1].find((k) => on[k]![i]) ?? 0]).join('');
}

it('does what the slow model does over random rules and series, with a restart at every step', () => {
  const rules = fc
    .record({
      has: fc.subarray(['info', 'warning', 'critical'] as const, { minLength: 1 }),
      resets: fc.subarray(['info', 'warning', 'critical'] as const),
      gap: fc.integer({ min: 0, max: 3 }),
      drop: fc.constantFrom('direct', 'staircase'),
      hits: fc.option(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }))),
      forMinutes: fc.integer({ min: 0, max: 3 }),
      keepMinutes: fc.integer({ min: 0, max: 3 }),
    })
    .map(({ has, resets, gap, drop, hits, forMinutes, keepMinutes }) => {
      const at = { info: 3, warning: 5, critical: 7 };
      const kept = resets.filter((level) => has.includes(level));
      return makeRule({
        ...(has.includes('info') ? { info: OVER(at.info) } : {}),
        warning: has.includes('warning') ? OVER(at.warning) : null,
        critical: has.includes('critical') ? OVER(at.critical) : null,
        reset: Object.fromEntries(kept.map((level) => [level, UNDER(at[level] - gap)])),
        ...(drop === 'staircase' ? { drop } : {}),
        ...(hits === null ? {} : { hits: { of: Math.min(...hits), windows: Math.max(...hits) } }),
        forMs: forMinutes * MINUTE_MS,
        keepMs: keepMinutes * MINUTE_MS,
      });
    });
  fc.assert(
    fc.property(rules, fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 30 }), (rule, values) => {
      const spec = makeSpec([rule]);
      const straight = createAlarmStates();
      let restarted = createAlarmStates();
      const levels = values.map((value, i) => {
        const result = makeResult(i + 1, value);
        const alerts = stepAlarms(straight, spec, result);
        restarted = restart(restarted);
        expect(stepAlarms(restarted, spec, result)).toEqual(alerts);
        return LETTERS[Object.values(straight.alarms)[0]!.firing];
      });
      expect(levels.join('')).toBe(slowLevels(rule, values));
    }),
    { numRuns: 2000, seed: 20261128 },
  );
});
