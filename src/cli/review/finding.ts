/** What the review says of one rule. */

import { levelsOf, thresholdOf } from '../../alarm/levels.ts';
import type { Level, RuleSpec } from '../../records.ts';
import type { Watch } from './watch.ts';

export type FindingKind =
  | 'unwatched'
  | 'impossible'
  | 'never judged'
  | 'rarely judged'
  | 'too tight'
  | 'lasting'
  | 'flapping'
  | 'too loose'
  | 'for too long'
  | 'for without use'
  | 'duplicate';

/** Keys of the rule as the configuration writes them; `remove`: the rule goes. */
export type Change = Partial<Record<Level | 'for', string>> & { min_n?: number } & {
  remove?: true;
};

export interface Finding {
  kind: FindingKind;
  /** What was seen, in words, with the number of windows. */
  evidence: string;
  /** Null: nothing can be suggested, or nothing should be changed. */
  change: Change | null;
  windows: number;
}

/** All that was seen of one rule. */
export interface RuleView {
  rule: RuleSpec;
  watches: readonly Watch[];
  /** Values of judged windows of all series that the rule watches, rising; thinned where there are very many. */
  values: number[];
  /** Sample sizes of the windows, rising. */
  ns: number[];
  /** Alarms that fired by the alerts that were recorded. */
  fired: number;
  /** From window to window. */
  hopMs: number;
}

export interface ReviewLimits {
  /** A rule that is beyond its threshold in a larger share of windows is too tight. */
  firesMax: number;
}

export const isUpward = (rule: RuleSpec): boolean => {
  const op = thresholdOf(rule, nearestLevel(rule))?.op;
  return op === '>' || op === '>=';
};

/** The level that is reached first. */
export const nearestLevel = (rule: RuleSpec): Level => levelsOf(rule).at(-1) ?? 'critical';

export function totalOf(view: RuleView, level: Level) {
  let [judged, few, empty, breaches, spells] = [0, 0, 0, 0, 0];
  for (const watch of view.watches) {
    judged += watch.judged;
    few += watch.few;
    empty += watch.empty;
    breaches += watch.levels[level].breaches;
    spells += watch.levels[level].spellCount;
  }
  return { judged, few, empty, all: judged + few + empty, breaches, spells };
}
