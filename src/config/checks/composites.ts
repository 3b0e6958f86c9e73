/** Rules over other rules: their names, what does not go with them, and circles. */

import type { Report } from '../document.ts';
import type { ConditionShape, RuleShape } from '../rule-shape.ts';
import type { View } from '../view.ts';

type Asked = { name: string; path: (string | number)[] };

/** The rules that a condition asks, with the place of each name. */
function askedIn(shape: ConditionShape, path: (string | number)[]): Asked[] {
  if (typeof shape === 'string') return [{ name: shape, path }];
  if ('rule' in shape) return [{ name: shape.rule, path: [...path, 'rule'] }];
  if ('not' in shape) return askedIn(shape.not, [...path, 'not']);
  const [word, parts] = 'all' in shape ? (['all', shape.all] as const) : (['any', shape.any] as const);
  return parts.flatMap((part, i) => askedIn(part, [...path, word, i]));
}

/** What is of results alone. */
const OTHERS = [
  'info',
  'warning',
  'critical',
  'reset',
  'drop',
  'hits',
  'flapping',
  'no_data',
  'detector',
  'versus',
  'burn',
  'min_n',
  'min_coverage',
] as const;

/** False: the rule is of a metric. */
export function checkComposite(rule: RuleShape, i: number, view: View, report: Report): boolean {
  const { when } = rule;
  if (when === undefined) return false;
  for (const key of OTHERS)
    if (rule[key] !== undefined)
      report(['rules', i, key], {
        message: `${key} goes with a metric, and this rule has a condition over other rules`,
      });
  for (const key of ['metric', 'subject', 'model', 'segment'] as const)
    if (rule[key] !== (key === 'metric' ? '' : '*'))
      report(['rules', i, key], {
        message: `${key} says what results a rule watches; this one has a condition over other rules`,
      });
  const names = view.ruleNames.filter((name) => name !== null && name !== rule.name);
  if (view.budget !== undefined) names.push('budget');
  for (const { name, path } of askedIn(when, ['rules', i, 'when'])) {
    if (name === rule.name) report(path, { message: `the rule '${name}' asks itself` });
    else if (!names.includes(name))
      report(path, { found: `the rule '${name}'`, word: name, allowed: names as string[] });
  }
  const circle = circleOf(rule.name, view);
  // Told once, at the first rule of it.
  if (circle !== null && view.ruleNames.find((name) => name !== null && circle.includes(name)) === rule.name)
    report(['rules', i, 'when'], {
      message: `rules ask each other in a circle: ${[...circle, circle[0]].join(' -> ')}`,
    });
  return true;
}

/** The names on the way from a rule back to itself; null: there is no such way. A rule that asks itself alone is told elsewhere. */
function circleOf(start: string, view: View): string[] | null {
  const seen = new Set<string>();
  const follow = (name: string, way: string[]): string[] | null => {
    const rule = view.rules[view.ruleNames.indexOf(name)];
    if (rule?.when === undefined) return null;
    for (const { name: next } of askedIn(rule.when, [])) {
      if (next === start && way.length > 1) return way;
      if (seen.has(next)) continue;
      seen.add(next);
      const found = follow(next, [...way, next]);
      if (found !== null) return found;
    }
    return null;
  };
  return follow(start, [start]);
}
