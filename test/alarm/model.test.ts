/** stepAlarms against a slow model that keeps the whole history and thinks it through again at each step. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createAlarmStates } from '../../src/alarm/state.ts';
import { stepAlarms } from '../../src/alarm/step.ts';
import type { Comparison, Level, RuleSpec } from '../../src/records.ts';
import { makeResult, makeRule, makeSpec, restart } from './support.ts';

interface Step {
  end: number;
  value: number | null;
  n: number;
}

const COMPARE: Record<Comparison, (a: number, b: number) => boolean> = {
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
};

/** The steps that count: with enough samples, each later than all before it that count. */
function judged(rule: RuleSpec, steps: Step[]): Step[] {
  const kept: Step[] = [];
  for (const step of steps) {
    if (step.value === null || step.n < rule.nMin) continue;
    if (kept.every((old) => old.end < step.end)) kept.push(step);
  }
  return kept;
}

function levelAt(rule: RuleSpec, kept: Step[]): 'ok' | Level {
  for (const level of ['critical', 'warning'] as const) {
    const threshold = rule[level];
    if (threshold === null || kept.length === 0) continue;
    const isIn = (step: Step) => COMPARE[threshold.op](step.value!, threshold.value);
    const lastFine = kept.findLastIndex((step) => !isIn(step));
    const onset = kept[lastFine + 1];
    if (onset !== undefined && (kept.at(-1)!.end - onset.end) * 60_000 >= rule.forMs) return level;
  }
  return 'ok';
}

function modelOf(rule: RuleSpec, steps: Step[]): string[] {
  const said: string[] = [];
  for (let i = 0; i < steps.length; i++) {
    const before = levelAt(rule, judged(rule, steps.slice(0, i)));
    const keptNow = judged(rule, steps.slice(0, i + 1));
    const now = levelAt(rule, keptNow);
    if (now === before) continue;
    const isIn = (step: Step) =>
      [rule.warning, rule.critical].some((t) => t !== null && COMPARE[t.op](step.value!, t.value));
    const breach = now === 'ok' && !isIn(keptNow.at(-1)!) ? keptNow.slice(0, -1) : keptNow;
    const onset = breach[breach.findLastIndex((step) => !isIn(step)) + 1]!;
    said.push(`${i} ${now === 'ok' ? `resolved ${before}` : `firing ${now}`} since ${onset.end - 1}`);
  }
  return said;
}

const rules = fc
  .record({
    isUp: fc.boolean(),
    isStrict: fc.boolean(),
    has: fc.constantFrom('both', 'warning', 'critical'),
    forMinutes: fc.integer({ min: 0, max: 4 }),
  })
  .map(({ isUp, isStrict, has, forMinutes }) => {
    const op: Comparison = isUp ? (isStrict ? '>' : '>=') : isStrict ? '<' : '<=';
    return makeRule({
      warning: has === 'critical' ? null : { op, value: isUp ? 2 : 4 },
      critical: has === 'warning' ? null : { op, value: isUp ? 4 : 2 },
      nMin: 10,
      forMs: forMinutes * 60_000,
    });
  });

const series = fc
  .array(
    fc.record({
      // Mostly forward, with holes; now and then the same window again or an older one.
      advance: fc.constantFrom(1, 1, 1, 1, 2, 3, 0, -2),
      value: fc.oneof({ weight: 8, arbitrary: fc.integer({ min: 0, max: 6 }) }, fc.constant(null)),
      n: fc.constantFrom(10, 10, 10, 11, 9),
    }),
    { maxLength: 40 },
  )
  .map((steps) => {
    let end = 10;
    return steps.map(({ advance, value, n }): Step => {
      end += advance;
      return { end, value, n };
    });
  });

it('says what the slow model says, with a restart at every step', () => {
  fc.assert(
    fc.property(rules, series, (rule, steps) => {
      const spec = makeSpec([rule]);
      const straight = createAlarmStates();
      let restarted = createAlarmStates();
      const said: string[] = [];
      steps.forEach(({ end, value, n }, i) => {
        const result = makeResult(end, value, { n });
        const alerts = stepAlarms(straight, spec, result);
        restarted = restart(restarted);
        expect(stepAlarms(restarted, spec, result)).toEqual(alerts);
        for (const a of alerts) said.push(`${i} ${a.state} ${a.level} since ${a.sinceMs / 60_000}`);
      });
      expect(said).toEqual(modelOf(rule, steps));
    }),
    { numRuns: 1000, seed: 20260801 },
  );
});
