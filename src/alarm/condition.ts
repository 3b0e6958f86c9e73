/** Conditions over what other rules say. */

import type { Condition, Level } from '../records.ts';
import { rankOf } from './levels.ts';

/** The highest level that fires, by the name of a rule. */
export type Levels = ReadonlyMap<string, Level>;

export function holds(condition: Condition, levels: Levels): boolean {
  if ('rule' in condition) return rankOf(levels.get(condition.rule) ?? 'ok') >= rankOf(condition.level);
  if ('all' in condition) return condition.all.every((one) => holds(one, levels));
  if ('any' in condition) return condition.any.some((one) => holds(one, levels));
  return !holds(condition.not, levels);
}

/** Names of the rules that it asks, each once. */
export function rulesIn(condition: Condition): string[] {
  if ('rule' in condition) return [condition.rule];
  const parts = 'all' in condition ? condition.all : 'any' in condition ? condition.any : [condition.not];
  return [...new Set(parts.flatMap(rulesIn))];
}

/** 'drift and not (late or slow at critical)' */
export function conditionText(condition: Condition): string {
  if ('rule' in condition)
    return `${condition.rule}${condition.level === 'info' ? '' : ` at ${condition.level}`}`;
  const inner = (one: Condition): string =>
    'all' in one || 'any' in one ? `(${conditionText(one)})` : conditionText(one);
  if ('not' in condition) return `not ${inner(condition.not)}`;
  const [word, parts] = 'all' in condition ? ['and', condition.all] : ['or', condition.any];
  return parts.map(inner).join(` ${word} `);
}
