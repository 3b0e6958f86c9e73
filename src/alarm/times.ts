/** How long levels hold, and whether that is long enough. */

import { LEVELS, type RuleSpec } from '../records.ts';
import { rankOf } from './levels.ts';
import type { AlarmState, LevelTimes } from './state.ts';
import { conditionOf } from './tell.ts';
import type { Firing } from './transitions.ts';

/** The highest level that has held for the rule's `for`, or is kept since. */
export function stepTimes(alarm: AlarmState, rule: RuleSpec, asked: Firing, endMs: number): Firing {
  let firing: Firing = 'ok';
  for (const level of LEVELS) {
    const has = conditionOf(rule, level) !== null;
    const times = has ? nextTimes(alarm.times[level], rankOf(asked) >= rankOf(level), rule, endMs) : null;
    delete alarm.times[level];
    if (times === null) continue;
    alarm.times[level] = times;
    if (times.isOn) firing = level;
  }
  return firing;
}

/** Null: it neither holds nor is kept. Equality is enough, so that a `for` of 0 fires at once. */
function nextTimes(
  before: LevelTimes | undefined,
  holds: boolean,
  { forMs, keepMs = 0 }: RuleSpec,
  endMs: number,
): LevelTimes | null {
  if (holds) {
    const sinceMs = before?.sinceMs ?? endMs;
    return { sinceMs, leftMs: null, isOn: endMs - sinceMs >= forMs };
  }
  // Only what fires is kept: what is pending vanishes without a word.
  if (before === undefined || !before.isOn) return null;
  const leftMs = before.leftMs ?? endMs;
  return endMs - leftMs >= keepMs ? null : { ...before, leftMs };
}
