/** In what two configurations of a service differ, in words: why alarms do. */

import { BUDGET_RULE } from '../../alarm/budget.ts';
import { conditionText } from '../../alarm/condition.ts';
import { durationText } from '../../alarm/words.ts';
import { LEVELS, type RuleSpec, type ServiceSpec, type Threshold } from '../../records.ts';

export interface RuleChange {
  rule: string;
  change: 'added' | 'removed' | 'changed' | 'same';
  /** What is changed: 'warning > 0.2 instead of > 0.1'. */
  words: string[];
}

const thresholdWords = (threshold: Threshold | null | undefined): string =>
  threshold === null || threshold === undefined ? 'none' : `${threshold.op} ${threshold.value}`;

/** Options as the file names them, where they are said in full. */
const SHOWN: readonly (readonly [string, (rule: RuleSpec) => string])[] = [
  ['metric', ({ metric }) => metric],
  ['subject', ({ subject }) => subject],
  ['model', ({ model }) => model],
  ['segment', ({ segment }) => segment],
  ...LEVELS.map((level) => [level, (rule: RuleSpec) => thresholdWords(rule[level])] as const),
  ...LEVELS.map(
    (level) => [`reset of ${level}`, (rule: RuleSpec) => thresholdWords(rule.reset?.[level])] as const,
  ),
  ['drop', ({ drop }) => drop ?? 'direct'],
  ['hits', ({ hits }) => (hits === undefined ? 'none' : `${hits.of} of ${hits.windows}`)],
  ['for', ({ forMs }) => durationText(forMs)],
  ['keep_firing_for', ({ keepMs }) => durationText(keepMs ?? 0)],
  ['min_n', ({ nMin }) => String(nMin)],
  ['min_coverage', ({ coverageMin }) => String(coverageMin ?? 'none')],
  ['level', ({ when }) => when?.level ?? 'none'],
  ['when', ({ when }) => (when === undefined ? 'none' : conditionText(when.condition))],
];

/** Options with parts of their own, of which only is said that they differ. */
const PARTED = {
  no_data: 'noData',
  flapping: 'flapping',
  versus: 'versus',
  burn: 'burn',
  detector: 'detector',
} as const;

const differs = (a: unknown, b: unknown): boolean => JSON.stringify(a) !== JSON.stringify(b);

function wordsOf(before: RuleSpec, after: RuleSpec): string[] {
  const words = SHOWN.flatMap(([name, textOf]) => {
    const [from, to] = [textOf(before), textOf(after)];
    return from === to ? [] : [`${name} ${to} instead of ${from}`];
  });
  for (const [name, key] of Object.entries(PARTED)) {
    if (!differs(before[key], after[key])) continue;
    const what = before[key] === undefined ? 'added' : after[key] === undefined ? 'removed' : 'changed';
    words.push(`${name} ${what}`);
  }
  // An option that is not known here must not be taken for none.
  return words.length === 0 && differs(before, after) ? ['another definition'] : words;
}

/** Every rule of either side, in the order of the current file; those that are added behind. */
export function ruleChanges(before: ServiceSpec, after: ServiceSpec): RuleChange[] {
  const [left, right] = [byName(before), byName(after)];
  const changes = [...new Set([...left.keys(), ...right.keys()])].map((rule): RuleChange => {
    const [own, other] = [left.get(rule), right.get(rule)];
    if (own === undefined) return { rule, change: 'added', words: [] };
    if (other === undefined) return { rule, change: 'removed', words: [] };
    const words = wordsOf(own, other);
    return { rule, change: words.length === 0 ? 'same' : 'changed', words };
  });
  return [...changes, ...budgetChange(before, after)];
}

const byName = ({ rules }: ServiceSpec): Map<string, RuleSpec> =>
  new Map(rules.map((rule) => [rule.name, rule]));

function budgetChange({ budget: from }: ServiceSpec, { budget: to }: ServiceSpec): RuleChange[] {
  if (from === undefined && to === undefined) return [];
  const rule = BUDGET_RULE;
  if (from === undefined) return [{ rule, change: 'added', words: [] }];
  if (to === undefined) return [{ rule, change: 'removed', words: [] }];
  if (!differs(from, to)) return [{ rule, change: 'same', words: [] }];
  const per = ({ alarms, periodMs }: typeof from): string => `${alarms} per ${durationText(periodMs)}`;
  const words = per(from) === per(to) ? [] : [`${per(to)} instead of ${per(from)}`];
  if (differs(from.tolerance, to.tolerance)) words.push('other tolerances');
  return [{ rule, change: 'changed', words }];
}

/** Parts of a service as the file names them. */
const PARTS: Partial<Record<keyof ServiceSpec, string>> = {
  maxDelayMs: 'join.max_delay',
  revisionsMs: 'join.revise_after',
  learn: 'baseline.learn',
  season: 'baseline.season',
};
const NO_PARTS: readonly (keyof ServiceSpec)[] = ['service', 'description', 'digest'];

/** The parts of the service that differ: `rules`, `windows` ... What nothing follows from is left out. */
export function differingParts(before: ServiceSpec, after: ServiceSpec): string[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])] as (keyof ServiceSpec)[];
  return keys
    .filter((key) => !NO_PARTS.includes(key) && differs(before[key], after[key]))
    .map((key) => PARTS[key] ?? key);
}
