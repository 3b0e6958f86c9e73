/** Values beside others: the same series at another time, or another segment or model in the same window. */

import type { Result, RuleSpec, VersusRule, Watched } from '../records.ts';
import { valueAt } from './history.ts';
import type { AlarmState } from './state.ts';
import { durationText, shortText } from './words.ts';

/** Finds another result of the same window and revision. */
export type ResultOf = (what: Watched) => Pick<Result, 'value' | 'n'> | undefined;

/** The other value; null: there is none, or it is of too few samples. */
export function otherOf(
  alarm: AlarmState,
  rule: RuleSpec,
  versus: VersusRule,
  result: Result,
  resultOf: ResultOf,
): number | null {
  const { with: other } = versus;
  if ('agoMs' in other) return valueAt(alarm, result.windowEndMs - other.agoMs);
  const { metric, subject, model, segment } = result;
  const found = resultOf({ metric, subject, model, segment, ...other });
  return found === undefined || found.value === null || found.n < rule.nMin ? null : found.value;
}

/** What thresholds are compared with; null: a ratio to 0. */
export function comparedBy({ as }: VersusRule, value: number, other: number): number | null {
  if (as === 'difference') return value - other;
  return other === 0 ? null : value / other;
}

export function versusText(
  { with: other, as }: VersusRule,
  compared: number,
  value: number,
  before: number,
): string {
  const what =
    'agoMs' in other
      ? `${durationText(other.agoMs)} ago`
      : 'segment' in other
        ? other.segment === '*'
          ? 'all'
          : other.segment
        : other.model;
  const how =
    as === 'ratio'
      ? `${shortText(compared)} times that of`
      : `${shortText(Math.abs(compared))} ${compared < 0 ? 'less' : 'more'} than that of`;
  return `${how} ${what} (${shortText(value)}, ${shortText(before)})`;
}
