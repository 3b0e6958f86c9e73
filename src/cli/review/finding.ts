/** What the review says of one rule. */

import { levelsOf, thresholdOf } from '../../alarm/levels.ts';
import { conditionOf } from '../../alarm/tell.ts';
import { LEVELS, type Level, type RuleSpec } from '../../records.ts';
import { percent, plural } from '../results/blocks.ts';
import type { Judged, LevelWatch, Watch } from './watch.ts';

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
  /** What was judged of all series that the rule watches, rising; thinned where there are very many. */
  values: number[];
  /** Sample sizes of the windows, rising. */
  ns: number[];
  /** Alarms that the rule would have fired, as it is now. */
  fired: number;
  /** From window to window. */
  hopMs: number;
  /** What another rule in its place would make of the same results. */
  tryRule(rule: RuleSpec): Judged;
}

export interface ReviewLimits {
  /** A rule that fires in a larger share of windows is too tight. */
  firesMax: number;
}

/** Whether its thresholds are for values or comparisons; detectors and burn rates have none. */
export const hasThresholds = (rule: RuleSpec): boolean => levelsOf(rule).length > 0;

export const isUpward = (rule: RuleSpec): boolean => {
  const op = thresholdOf(rule, nearestLevel(rule))?.op;
  return op === '>' || op === '>=';
};

/** The levels that can fire, the highest first. */
export const levelsIn = (rule: RuleSpec): Level[] =>
  [...LEVELS].reverse().filter((level) => conditionOf(rule, level) !== null);

/** The level that is reached first. */
export const nearestLevel = (rule: RuleSpec): Level => levelsIn(rule).at(-1) ?? 'critical';

export function totalOf({ watches }: Pick<RuleView, 'watches'>, level: Level) {
  let [judged, few, empty, alone] = [0, 0, 0, 0];
  for (const watch of watches) {
    judged += watch.judged;
    few += watch.few;
    empty += watch.empty;
    alone += watch.alone;
  }
  const of = (what: keyof LevelWatch) => {
    const spells = watches.map(({ levels }) => levels[level][what]);
    return {
      windows: spells.reduce((sum, { windows }) => sum + windows, 0),
      count: spells.reduce((sum, own) => sum + own.count, 0),
      list: spells.flatMap(({ list }) => list),
    };
  };
  const all = judged + few + empty + alone;
  return { judged, few, empty, alone, all, beyond: of('beyond'), holds: of('holds'), told: of('told') };
}

/** '0.9 % of 1,000 windows, in 9 alarms': what another rule in its place would do. */
export function wouldFire(view: RuleView, rule: RuleSpec): { text: string; alarms: number } {
  const watches = view.tryRule(rule).watchesOf(rule);
  const { judged, told } = totalOf({ watches }, nearestLevel(rule));
  const share = judged === 0 ? 0 : told.windows / judged;
  const text = `${percent(share)} of ${plural(judged, 'window')}, in ${plural(told.count, 'alarm')}`;
  return { text, alarms: told.count };
}
