/** Which level the values of a rule ask for: thresholds, resets and how many of the last windows count. */

import { LEVELS, type Level, type RuleSpec, type Threshold } from '../records.ts';
import { isBeyond } from './threshold.ts';
import type { Firing } from './transitions.ts';

/** 0: nothing; 3: critical. */
export const rankOf = (level: Firing): number => (level === 'ok' ? 0 : LEVELS.indexOf(level) + 1);

const levelAt = (rank: number): Firing => (rank === 0 ? 'ok' : LEVELS[rank - 1]!);

export const thresholdOf = (rule: RuleSpec, level: Level): Threshold | null => rule[level] ?? null;

/** The levels that a rule with thresholds has, the highest first. */
export const levelsOf = (rule: RuleSpec): Level[] =>
  [...LEVELS].reverse().filter((level) => thresholdOf(rule, level) !== null);

/** The highest level whose threshold is passed. */
export const passedOf = (rule: RuleSpec, value: number): Firing =>
  levelsOf(rule).find((level) => isBeyond(thresholdOf(rule, level)!, value)) ?? 'ok';

/**
 * The level after a value: it rises freely to the highest one whose threshold is passed. It falls when the reset of the present one passes: to
 * the level that the value asks for; or, as a staircase, past each lower level only if its own reset passes too.
 */
export function nextLevel(rule: RuleSpec, present: Firing, value: number): Firing {
  const passed = passedOf(rule, value);
  const isHeld = (level: Level): boolean => {
    const reset = thresholdOf(rule, level) === null ? undefined : rule.reset?.[level];
    return reset !== undefined && !isBeyond(reset, value);
  };
  for (let rank = rankOf(present); rank > rankOf(passed); rank--) {
    const level = levelAt(rank) as Level;
    if (isHeld(level)) return level;
    if (rule.drop !== 'staircase') return passed;
  }
  return passed;
}

/**
 * The highest level that enough of the last judged windows were at, or above.
 *
 * @param recent ranks of the last windows, a digit each, the newest last
 */
export function heldLevel(recent: string, hits: number): Firing {
  for (const level of [...LEVELS].reverse()) {
    let count = 0;
    for (const digit of recent) if (Number(digit) >= rankOf(level)) count++;
    if (count >= hits) return level;
  }
  return 'ok';
}
