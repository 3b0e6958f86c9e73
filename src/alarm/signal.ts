/** What a rule makes of a result: the value that it judges, and the level that this asks for. */

import type { Result, RuleSpec } from '../records.ts';
import { burnSignal, longestMs } from './burn.ts';
import { type Detecting, detectedLevel } from './detection.ts';
import { remember } from './history.ts';
import { nextLevel } from './levels.ts';
import type { AlarmState, AlarmStates } from './state.ts';
import type { Firing } from './transitions.ts';
import { comparedBy, otherOf, type ResultOf, versusText } from './versus.ts';
import { measuredText } from './words.ts';

export interface Signal {
  level: Firing;
  value: number;
  n: number;
  /** What is said of the value, where there is more to say than the value. */
  words?: string;
}

/** Null: there is nothing to judge, and the alarm stays as it is. */
export function signalOf(
  states: AlarmStates,
  alarm: AlarmState,
  rule: RuleSpec,
  result: Result,
  value: number,
  { detecting, resultOf }: { detecting: Detecting; resultOf: ResultOf },
): Signal | null {
  const { n, windowEndMs } = result;
  if (rule.burn !== undefined) {
    // Windows of few rows count in the sums.
    const isNew = remember(states, alarm, [windowEndMs, value, n], windowEndMs - longestMs(rule.burn));
    return isNew ? burnSignal(alarm.history!, rule.burn, rule.nMin, result) : null;
  }
  if (n < rule.nMin) return null;
  const seen = rule.versus === undefined ? { value } : compare(states, alarm, rule, result, value, resultOf);
  if (seen === null) return null;
  if (rule.detector !== undefined) {
    const level = detectedLevel(alarm, rule.detector, seen.value, detecting);
    return { ...seen, level, n };
  }
  delete alarm.detection;
  return { ...seen, level: nextLevel(rule, alarm.level, seen.value), n };
}

function compare(
  states: AlarmStates,
  alarm: AlarmState,
  rule: RuleSpec,
  result: Result,
  value: number,
  resultOf: ResultOf,
): { value: number; words: string } | null {
  const versus = rule.versus!;
  const other = otherOf(alarm, rule, versus, result, resultOf);
  if ('agoMs' in versus.with) {
    const { windowEndMs, n } = result;
    remember(states, alarm, [windowEndMs, value, n], windowEndMs - versus.with.agoMs);
  }
  if (other === null) return null;
  const compared = comparedBy(versus, value, other);
  if (compared === null) return null;
  return {
    value: compared,
    words: `${measuredText(result)} is ${versusText(versus, compared, value, other)}`,
  };
}
