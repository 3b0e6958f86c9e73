/** Thresholds against what was observed. */

import { quantileSorted } from 'simple-statistics';
import { thresholdOf } from '../../alarm/levels.ts';
import { conditionOf } from '../../alarm/tell.ts';
import { isBeyond, thresholdText } from '../../alarm/threshold.ts';
import { LEVELS, type Level, type RuleSpec, type Threshold } from '../../records.ts';
import { percent, plural, short } from '../results/blocks.ts';
import { traitsOf } from '../results/traits.ts';
import {
  type Change,
  type Finding,
  hasThresholds,
  isUpward,
  levelsIn,
  nearestLevel,
  type ReviewLimits,
  type RuleView,
  totalOf,
  wouldFire,
} from './finding.ts';

/** With fewer windows the far quantiles say nothing. */
const TIGHT_WINDOWS_MIN = 50;
const LOOSE_WINDOWS_MIN = 200;
/** One or two breaches that last are changes of the world, not a tight threshold. */
const SPELLS_MIN = 3;
/** So far out the suggested thresholds lie: they would have been reached in 5 %, 1 % and 0.1 % of the windows. */
const QUANTILES: Record<Level, number> = { info: 0.95, warning: 0.99, critical: 0.999 };
/** A threshold that is more than twice as far from the median as the 99.9 % quantile is out of reach. */
const REACH_QUANTILE = 0.999;
const REACH_MIN = 0.5;
/** Beyond the 99.9 % quantile, in parts of its distance from the median. */
const MARGIN = 0.5;

/** Mirrored for rules that look downward, so that more is always worse. */
interface Observed {
  at(quantile: number): number;
  middle: number;
}

function observedOf({ rule, values }: RuleView): Observed {
  const up = isUpward(rule);
  return {
    at: (quantile) => quantileSorted(values, up ? quantile : 1 - quantile),
    middle: quantileSorted(values, 0.5),
  };
}

/** Away from the median to a step of a tenth of the distance's magnitude, so that it is short and no nearer. */
export function roundedOut(value: number, middle: number): number {
  const distance = Math.abs(value - middle) || Math.abs(value) || 1;
  const step = 10 ** (Math.floor(Math.log10(distance)) - 1);
  const steps = value >= middle ? Math.ceil(value / step - 1e-9) : Math.floor(value / step + 1e-9);
  return Number((steps * step).toPrecision(12));
}

const written = ({ op }: Threshold, value: number): string => `${op} ${value}`;

/** What the rule judges can be at least and at most: the metric, or how two of its values compare. */
function rangeOf({ metric, versus }: RuleSpec): readonly [number, number] {
  const [least, greatest] = traitsOf(metric).range;
  if (versus === undefined) return [least, greatest];
  if (versus.as === 'difference') return [least - greatest, greatest - least];
  return least >= 0 ? [0, Number.POSITIVE_INFINITY] : [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
}

/** Of what the thresholds are: `psi`, or `the ratio of psi`. */
const judgedText = ({ metric, versus }: RuleSpec): string =>
  versus === undefined ? metric : `the ${versus.as} of ${metric}`;

/** Whether what is judged can be at or beyond the threshold at all. */
function isPossible(rule: RuleSpec, { op, value }: Threshold): boolean {
  const [least, greatest] = rangeOf(rule);
  if (op === '>') return greatest > value;
  if (op === '>=') return greatest >= value;
  return op === '<' ? least < value : least <= value;
}

export function impossibleOf({ rule, watches }: RuleView): Finding[] {
  const never = LEVELS.filter((level) => {
    const threshold = thresholdOf(rule, level);
    return threshold !== null && !isPossible(rule, threshold);
  });
  if (never.length === 0) return [];
  const [least, greatest] = rangeOf(rule);
  const texts = never.map((level) => thresholdText(level, thresholdOf(rule, level)!));
  const what = `${judgedText(rule)} lies within ${short(least)} and ${short(greatest)}`;
  const windows = watches.reduce((sum, { judged }) => sum + judged, 0);
  return [
    { kind: 'impossible', evidence: `${texts.join(' and ')} can never be: ${what}`, change: null, windows },
  ];
}

/** Firing in too many windows. */
export function tightOf(view: RuleView, { firesMax }: ReviewLimits): Finding[] {
  const { rule } = view;
  for (const level of levelsIn(rule)) {
    const { judged, beyond, told } = totalOf(view, level);
    if (judged < TIGHT_WINDOWS_MIN || told.windows / judged <= firesMax) continue;
    const share = `${conditionOf(rule, level)!} fires in ${percent(told.windows / judged)}`;
    const seen = `${share} of ${plural(judged, 'window')}, in ${plural(told.count, 'alarm')}`;
    // By the values: resets, hits and what is kept make one alarm of many breaches.
    const longest = beyond.list.reduce((most, { windows }) => Math.max(most, windows), 0);
    if (beyond.count < SPELLS_MIN || longest > beyond.windows / 2) {
      const evidence = `${seen}; the longest breach was of ${plural(longest, 'window')}: a lasting change, no reason to move the threshold`;
      return [{ kind: 'lasting', evidence, change: null, windows: judged }];
    }
    if (!hasThresholds(rule)) return [{ kind: 'too tight', evidence: seen, change: null, windows: judged }];
    const { change, why } = widened(view, firesMax);
    return [{ kind: 'too tight', evidence: `${seen}. ${why}`, change, windows: judged }];
  }
  return [];
}

/** Levels that fire too often go to their quantiles; the other one only where it would no longer lie beyond. */
function widened(view: RuleView, firesMax: number): { change: Change | null; why: string } {
  const { rule, values } = view;
  const up = isUpward(rule);
  const observed = observedOf(view);
  const further = (a: number, b: number): boolean => (up ? a > b : a < b);
  const change: Change = {};
  const moved = { ...rule };
  const words: string[] = [];
  let last: number | null = null;
  for (const level of LEVELS) {
    const threshold = thresholdOf(rule, level);
    if (threshold === null) continue;
    const { judged, told } = totalOf(view, level);
    const isFine = told.windows / judged <= firesMax && (last === null || further(threshold.value, last));
    if (isFine) {
      last = threshold.value;
      continue;
    }
    // Fewer windows than the quantile needs: beyond the furthest that was seen.
    const isSeen = values.length * (1 - QUANTILES[level]) >= 1;
    const reach = observed.at(isSeen ? QUANTILES[level] : 1);
    let value = roundedOut(reach, observed.middle);
    if (last !== null && !further(value, last)) {
      value = roundedOut(last + MARGIN * (last - observed.middle), observed.middle);
    }
    if (!isPossible(rule, { op: threshold.op, value })) {
      return { change: null, why: `No threshold that ${judgedText(rule)} can reach would be quiet` };
    }
    change[level] = written(threshold, value);
    moved[level] = { op: threshold.op, value };
    const name = isSeen ? `the ${percent(QUANTILES[level])} quantile` : 'the furthest window';
    words.push(`${name} is ${short(reach)}`);
    last = value;
  }
  const seen = `Over ${plural(values.length, 'window')} ${words.join(', ')}`;
  return { change, why: `${seen}. With what is suggested it fires in ${wouldFire(view, moved).text}` };
}

/** Never within reach of what was observed. */
export function looseOf(view: RuleView): Finding[] {
  const { rule, values } = view;
  const level = nearestLevel(rule);
  const threshold = thresholdOf(rule, level)!;
  const { judged, beyond } = totalOf(view, level);
  if (beyond.windows > 0 || judged < LOOSE_WINDOWS_MIN || values.length < LOOSE_WINDOWS_MIN) return [];
  const observed = observedOf(view);
  const reach = observed.at(REACH_QUANTILE) - observed.middle;
  const distance = threshold.value - observed.middle;
  // A metric that never moves, such as a rate that is 0, shows no reach: its rule is a guard.
  if (reach === 0 || reach / distance >= REACH_MIN || distance === 0) return [];
  const value = roundedOut(observed.middle + (1 + MARGIN) * reach, observed.middle);
  const { middle } = observed;
  // Of a reset that the new threshold would lie beyond nobody knows where it should be.
  const reset = rule.reset?.[level];
  const isPast = reset !== undefined && isBeyond(reset, value);
  const more = isPast
    ? `. A nearer threshold, such as ${written(threshold, value)}, needs another reset`
    : '';
  const evidence =
    `${level} ${written(threshold, threshold.value)} is out of reach: in ${plural(judged, 'window')} the median is ` +
    `${short(middle)} and the ${percent(REACH_QUANTILE)} quantile ${short(middle + reach)}, ` +
    `${percent(reach / distance)} of the way. Leave it if a smaller change does not matter to you${more}`;
  const isNearer =
    !isPast && Math.abs(value - middle) < Math.abs(distance) && isPossible(rule, { op: threshold.op, value });
  const change = isNearer ? { [level]: written(threshold, value) } : null;
  return [{ kind: 'too loose', evidence, change, windows: judged }];
}
