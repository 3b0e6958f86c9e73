import { describe, expect, it } from 'vitest';
import { dropRemovedRules, stepAlarms } from '../../src/alarm/step.ts';
import { idOf } from '../../src/math/hash.ts';
import { MINUTE_MS, makeRule, makeSpec, resultOf, run } from './support.ts';

describe('a change of config', () => {
  it('resolves and forgets the alarms of a rule that is gone', () => {
    const spec = makeSpec([makeRule(), makeRule({ name: 'stays' })]);
    const { states, alerts } = run(spec, '.c');
    const next = makeSpec([makeRule({ name: 'stays' })], { digest: 'digest-2' });
    const dropped = dropRemovedRules(states, next, 5 * MINUTE_MS);
    const fired = alerts[0]!;
    expect(dropped).toEqual([
      {
        ...fired,
        id: idOf('alert', 'fraud', fired.fingerprint, 5 * MINUTE_MS, 'resolved', 'critical'),
        state: 'resolved',
        reason: 'rule removed',
        value: null,
        n: 0,
        windowStartMs: 5 * MINUTE_MS,
        windowEndMs: 5 * MINUTE_MS,
        configDigest: 'digest-2',
      },
    ]);
    expect(Object.values(states.alarms).map((a) => a.rule)).toEqual(['stays']);
    expect(states.tracked).toBe(1);
    expect(dropRemovedRules(states, next, 6 * MINUTE_MS)).toEqual([]);
  });

  it('forgets a pending alarm without a word', () => {
    const { states } = run(makeSpec([makeRule({ forMs: MINUTE_MS })]), 'c');
    expect(dropRemovedRules(states, makeSpec([]), 2 * MINUTE_MS)).toEqual([]);
    expect(states.alarms).toEqual({});
  });

  it('resolves an alarm that the rule of its name no longer watches', () => {
    const { states } = run(makeSpec([makeRule()]), 'c');
    const dropped = dropRemovedRules(states, makeSpec([makeRule({ subject: 'age' })]), 2 * MINUTE_MS);
    expect(dropped.map((a) => a.reason)).toEqual(['rule changed: it no longer watches this']);
    expect(states.alarms).toEqual({});
  });

  it('goes back to pending when `for` is raised, until the time since the onset is reached', () => {
    const { states } = run(makeSpec([makeRule({ critical: null })]), 'ww');
    const raised = makeSpec([makeRule({ critical: null, forMs: 4 * MINUTE_MS })]);
    const alerts = [3, 4, 5].flatMap((i) => stepAlarms(states, raised, resultOf('w', i)));
    expect(alerts.map((a) => `${a.windowEndMs / MINUTE_MS} ${a.state} ${a.sinceMs}`)).toEqual([
      '3 resolved 0',
      '5 firing 0',
    ]);
    expect(alerts[0]!.reason).toBe(
      'psi of amount is 0.2, beyond warning > 0.1 for 2m, but the rule asks for 4m now (1,203 rows)',
    );
  });

  it('resolves a level whose threshold is taken away, with the threshold that was passed', () => {
    const { states } = run(makeSpec([makeRule({ warning: null })]), 'c');
    const next = makeSpec([makeRule({ warning: { op: '>', value: 1 }, critical: null })]);
    const alerts = stepAlarms(states, next, resultOf('c', 2));
    expect(alerts.map((a) => [a.state, a.level, a.threshold, a.reason])).toEqual([
      [
        'resolved',
        'critical',
        'critical > 0.25',
        'psi of amount is 0.42, and the rule has no critical threshold any more (1,203 rows)',
      ],
    ]);
  });
});
