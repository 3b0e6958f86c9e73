/**
 * The `for` cases of the shared vectors: what a trusted engine does, restated as facts. Keeping an alarm
 * firing after the breach is not ours yet, so those cases are compared up to where it begins to matter.
 */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createAlarmStates, phaseOf } from '../../src/alarm/state.ts';
import { stepAlarms } from '../../src/alarm/step.ts';
import type { Comparison } from '../../src/records.ts';
import { MINUTE_MS, makeResult, makeRule, makeSpec } from './support.ts';

const VECTORS = new URL('../../../shared/vectors/alarms.json', import.meta.url);

interface ForCase {
  rule: string;
  step: string;
  values: number[];
  states: string[];
}

/** 'value < 100 for 1m' and what may follow. */
const RULE = /^value ([<>]=?) (\d+) for (\d+)m(?:, keep firing for \d+m)?$/;

function phasesOf(test: ForCase): string[] {
  const [, op, threshold, forMinutes] = RULE.exec(test.rule) ?? [];
  if (op === undefined) throw new Error(`the rule of this case is new: ${test.rule}`);
  const warning = { op: op as Comparison, value: Number(threshold) };
  const spec = makeSpec([makeRule({ warning, critical: null, forMs: Number(forMinutes) * MINUTE_MS })]);
  const minutes = Number(/^(\d+)m$/.exec(test.step)?.[1]);
  const states = createAlarmStates();
  return test.values.map((value, i) => {
    stepAlarms(states, spec, makeResult((i + 1) * minutes, value));
    return phaseOf(Object.values(states.alarms)[0]!);
  });
}

/** Steps before the first value that is fine while the vector says that a kept alarm goes on firing. */
function stepsWithoutKeep(test: ForCase): number {
  if (!test.rule.includes('keep firing')) return test.values.length;
  const limit = Number(RULE.exec(test.rule)![2]);
  const kept = test.values.findIndex((value, i) => value <= limit && test.states[i] === 'firing');
  return kept < 0 ? test.values.length : kept;
}

if (existsSync(VECTORS)) {
  const cases = (JSON.parse(readFileSync(VECTORS, 'utf8')) as { for: ForCase[] }).for;
  describe('shared vectors', () => {
    it('are there', () => expect(cases.length).toBeGreaterThanOrEqual(3));
    it.each(cases)('$rule, every $step: $values', (test) => {
      const steps = stepsWithoutKeep(test);
      expect(steps).toBeGreaterThan(1);
      expect(phasesOf(test).slice(0, steps)).toEqual(test.states.slice(0, steps));
    });
  });
} else {
  it.skip('the shared vectors are absent: no ../shared/vectors/alarms.json beside the repository');
}
