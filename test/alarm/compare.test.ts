/** Rules that look beyond one window: comparisons with other times, segments and models, and burn rates. */

import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HISTORY_MAX } from '../../src/alarm/history.ts';
import { createAlarmStates } from '../../src/alarm/state.ts';
import { dropRemovedRules, stepAlarms, stepSilence } from '../../src/alarm/step.ts';
import type { Alert, BurnRule, Result, RuleSpec } from '../../src/records.ts';
import { MINUTE_MS, makeResult, makeRule, makeSpec, restart } from './support.ts';

const OVER = (value: number) => ({ op: '>', value }) as const;

function follow(rule: RuleSpec, values: readonly (number | null)[], ns: readonly number[] = []) {
  const spec = makeSpec([rule]);
  let states = createAlarmStates();
  const alerts: Alert[] = [];
  values.forEach((value, i) => {
    const result = makeResult(i + 1, value, { metric: rule.metric, n: ns[i] ?? 1000 });
    alerts.push(...stepAlarms(states, spec, result));
    // The same window again, as after a restart.
    expect(stepAlarms(states, spec, result)).toEqual([]);
    states = restart(states);
  });
  return { alerts, states, said: alerts.map((a) => `${a.windowEndMs / MINUTE_MS} ${a.state} ${a.level}`) };
}

describe('another time', () => {
  const versus = { with: { agoMs: 3 * MINUTE_MS }, as: 'ratio' } as const;
  const rule = makeRule({ warning: OVER(1.5), critical: null, versus });

  it('is that of the window that ended so long ago', () => {
    const { said, alerts } = follow(rule, [10, 20, 30, 14, 31, 30, 30]);
    expect(said).toEqual(['5 firing warning', '6 resolved warning', '7 firing warning']);
    expect(alerts.map(({ value }) => value)).toEqual([31 / 20, 1, 30 / 14]);
    expect(alerts[0]!.reason).toBe(
      'psi of amount is 1.55 times that of 3m ago (31, 20), beyond warning > 1.5 (1,000 rows)',
    );
  });

  it('is nothing where that window had no value, or a ratio has no base', () => {
    expect(follow(rule, [10, null, 10, 10, 99, 10]).said).toEqual([]);
    expect(follow(rule, [0, 1, 1, 99]).said).toEqual([]);
    expect(follow(rule, [10, 10, 10, 99], [1, 1000, 1000, 1000]).said).toEqual([]);
  });

  it('is a difference, if that is asked for', () => {
    const less = makeRule({
      warning: { op: '<', value: -5 },
      critical: null,
      versus: { ...versus, as: 'difference' },
    });
    const { said, alerts } = follow(less, [10, 10, 10, 6, 4]);
    expect(said).toEqual(['5 firing warning']);
    expect(alerts[0]!.reason).toBe(
      'psi of amount is 6 less than that of 3m ago (4, 10), beyond warning < -5 (1,000 rows)',
    );
  });

  it('remembers no more than it needs, and forgets with the rule', () => {
    const { states } = follow(rule, [1, 1, 1, 1, 1, 1, 1, 1, 1]);
    expect(Object.values(states.alarms)[0]!.history).toHaveLength(3);
    expect(states.remembered).toBe(3);
    dropRemovedRules(states, makeSpec([]), 0);
    expect(states.remembered).toBe(0);
  });

  it('has room for so many windows over all alarms', () => {
    const states = { ...createAlarmStates(), remembered: HISTORY_MAX };
    stepAlarms(states, makeSpec([rule]), makeResult(1, 1));
    expect([states.remembered, states.untracked]).toEqual([HISTORY_MAX, 1]);
  });

  it('that has never been compared is not missed', () => {
    const quiet = makeRule({
      ...rule,
      noData: { policy: 'alarm', level: 'critical', forMs: MINUTE_MS },
    });
    const { states } = follow(quiet, [1, 1]);
    expect(stepSilence(states, makeSpec([quiet]), '', 99 * MINUTE_MS)).toEqual([]);
  });
});

describe('another segment or model', () => {
  const resultOf = (values: Record<string, number>) => (what: Pick<Result, 'segment' | 'model'>) => {
    const value = values[`${what.model} ${what.segment}`];
    return value === undefined ? undefined : { value, n: 1000 };
  };
  const own = { segment: 'country=de', model: 'mlp' };
  const versus = { with: { segment: '*' }, as: 'difference' } as const;

  it('is of the same window', () => {
    const rule = makeRule({ segment: 'each', warning: OVER(3), critical: null, versus });
    const states = createAlarmStates();
    const alerts = stepAlarms(states, makeSpec([rule]), makeResult(1, 9, own), {
      resultOf: resultOf({ 'mlp *': 5 }),
    });
    expect(alerts.map(({ reason }) => reason)).toEqual([
      'psi of amount by mlp in country=de is 4 more than that of all (9, 5), beyond warning > 3 (1,203 rows)',
    ]);
    expect(stepAlarms(states, makeSpec([rule]), makeResult(2, 1, own), { resultOf: resultOf({}) })).toEqual(
      [],
    );
  });

  it('of another model', () => {
    const rule = makeRule({
      segment: 'each',
      model: 'mlp',
      warning: OVER(2),
      critical: null,
      versus: { with: { model: 'forest' }, as: 'ratio' },
    });
    const alerts = stepAlarms(createAlarmStates(), makeSpec([rule]), makeResult(1, 9, own), {
      resultOf: resultOf({ 'forest country=de': 3 }),
    });
    expect(alerts[0]!.reason).toContain('is 3 times that of forest (9, 3)');
  });
});

const HOUR_MS = 60 * MINUTE_MS;
const burn: BurnRule = {
  allowed: 0.01,
  isGood: false,
  periodMs: 30 * 24 * HOUR_MS,
  rates: [
    { longMs: 60 * MINUTE_MS, shortMs: 5 * MINUTE_MS, factor: 14.4, level: 'critical' },
    { longMs: 360 * MINUTE_MS, shortMs: 30 * MINUTE_MS, factor: 6, level: 'warning' },
  ],
};
const budgeted = makeRule({ metric: 'error_rate', warning: null, critical: null, burn });

describe('burn rates', () => {
  it('fire where both stretches are passed, and end with the short one', () => {
    const calm = Array<number>(60).fill(0.005);
    const bad = Array<number>(60).fill(0.3);
    const { said, alerts } = follow(budgeted, [...calm, ...bad, ...calm]);
    // Of an hour, 0.005 (60 - k) + 0.3 k > 0.144 x 60 from k = 29 on; of what there is of six hours 0.06 from k = 14 on.
    const first = [...Array(60).keys()]
      .map((k) => k + 1)
      .find((k) => 0.005 * (60 - k) + 0.3 * k > 0.144 * 60)!;
    const slow = [...Array(60).keys()]
      .map((k) => k + 1)
      .find((k) => (0.005 * 60 + 0.3 * k) / (60 + k) > 0.06)!;
    expect(said.slice(0, 2)).toEqual([`${60 + slow} firing warning`, `${60 + first} firing critical`]);
    // Five calm minutes hold the short stretch down: four bad ones of five are 0.24, one is 0.064.
    expect(said[2]).toBe('123 firing warning');
    expect(said.at(-1)).toMatch(/resolved warning$/);
    expect(alerts[1]!.threshold).toBe('critical: burn rate > 14.4 over 1h');
    expect(alerts[1]!.reason).toMatch(
      /^error_rate spends its budget 14\.\d+ times over 1h and 30 times over 5m the even rate \(60,000 rows\)$/,
    );
  });

  it('weigh windows by their rows, and read shares of good rows too', () => {
    const values = [0, 1, 0];
    expect(follow(budgeted, values, [1000, 10, 1000]).said).toEqual([]);
    expect(follow(budgeted, values, [1000, 1000, 1000]).said).toEqual(['2 firing critical']);
    const good = makeRule({ ...budgeted, metric: 'accuracy', burn: { ...burn, isGood: true } });
    expect(follow(good, [1, 0, 1], [1000, 1000, 1000]).said).toEqual(['2 firing critical']);
  });

  it('wait for as many rows as the rule asks for', () => {
    expect(follow({ ...budgeted, nMin: 3000 }, [1, 1, 1, 1]).said).toEqual(['3 firing critical']);
    // Windows with fewer count in the sums.
    expect(follow({ ...budgeted, nMin: 100 }, [1, 1, 1], [60, 60, 60]).said).toEqual(['2 firing critical']);
  });

  it('are the sums over the windows of both stretches, by a slow model', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom(0, 0.01, 0.1, 0.5), fc.integer({ min: 1, max: 50 })), {
          maxLength: 80,
        }),
        (windows) => {
          const rule = makeRule({
            ...budgeted,
            nMin: 0,
            burn: {
              ...burn,
              rates: [{ longMs: 12 * MINUTE_MS, shortMs: 3 * MINUTE_MS, factor: 5, level: 'critical' }],
            },
          });
          const { said } = follow(
            rule,
            windows.map(([value]) => value),
            windows.map(([, n]) => n),
          );
          const rate = (upTo: number, size: number): number => {
            const part = windows.slice(Math.max(0, upTo - size), upTo);
            const rows = part.reduce((sum, [, n]) => sum + n, 0);
            return part.reduce((sum, [value, n]) => sum + value * n, 0) / rows / 0.01;
          };
          const fires = windows.map((_, i) => rate(i + 1, 12) > 5 + 1e-9 && rate(i + 1, 3) > 5 + 1e-9);
          const expected = fires.flatMap((now, i) =>
            now === (fires[i - 1] ?? false) ? [] : [`${i + 1} ${now ? 'firing' : 'resolved'} critical`],
          );
          expect(said).toEqual(expected);
        },
      ),
      { numRuns: 300, seed: 20261128 },
    );
  });
});

const VECTORS = new URL('../../../shared/vectors/alarms.json', import.meta.url);
if (existsSync(VECTORS)) {
  interface Rate {
    budget: string;
    long: string;
    short: string;
    factor: number;
  }
  const { burn_rate_30d: rates } = JSON.parse(readFileSync(VECTORS, 'utf8')) as { burn_rate_30d: Rate[] };
  it('the default rates are those of the shared vectors', async () => {
    const { specOf } = await import('../scenario/support.ts');
    const spec = specOf(`
service: shop
streams: { requests: { topic: shop.requests } }
inputs: { amount: { type: numeric } }
rules:
  - { name: slow, metric: missing_rate, subject: amount, burn: { objective: "< 0.01" } }
  - name: own
    metric: missing_rate
    subject: amount
    burn:
      objective: "< 0.01"
      rates: [${rates.map(({ budget, long, short }) => `{ budget: ${budget}, long: ${long}, short: ${short} }`).join(', ')}]
`);
    const hours = (text: string): number =>
      Number.parseFloat(text) * { m: 1 / 60, h: 1, d: 24 }[text.at(-1) as 'h'];
    const expected = rates.map(({ factor, long, short }) => [factor, hours(long), hours(short)]);
    for (const rule of spec.rules) {
      const found = rule.burn!.rates.map(({ factor, longMs, shortMs }) => [
        Number(factor.toPrecision(12)),
        longMs / HOUR_MS,
        shortMs / HOUR_MS,
      ]);
      expect(found).toEqual(expected);
    }
  });
} else {
  it.skip('the shared vectors are absent: no ../shared/vectors/alarms.json beside the repository');
}
