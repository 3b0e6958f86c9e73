/**
 * Burn rates: how many times faster than evenly a budget of bad rows is spent (B. Beyer and others, The Site Reliability Workbook, 2018, chapter 5). A rate fires
 * where it is passed over a long stretch, so that a spike is no alarm, and over a short one, so that it ends soon after its cause.
 */

import type { BurnRule, Level, Result } from '../records.ts';
import type { Past } from './history.ts';
import type { Signal } from './signal.ts';
import { durationText, shortText } from './words.ts';

/** Bad rows over all rows of the windows that ended after `sinceMs`, over what is allowed; and how many rows those are. */
function burnOf(
  history: readonly Past[],
  { allowed, isGood }: BurnRule,
  sinceMs: number,
): { burn: number; rows: number } {
  let [bad, rows] = [0, 0];
  for (let i = history.length - 1; i >= 0 && history[i]![0] > sinceMs; i--) {
    const [, value, n] = history[i]!;
    bad += (isGood ? 1 - value : value) * n;
    rows += n;
  }
  return { burn: rows === 0 ? 0 : bad / rows / allowed, rows };
}

export const longestMs = ({ rates }: BurnRule): number => Math.max(...rates.map(({ longMs }) => longMs));

/** The highest level of which a rate is passed over both of its stretches; the value is the burn rate over the long one. */
export function burnSignal(
  history: readonly Past[],
  burn: BurnRule,
  nMin: number,
  { metric, windowEndMs }: Pick<Result, 'metric' | 'windowEndMs'>,
): Signal | null {
  const found = burn.rates.map((rate) => {
    const long = burnOf(history, burn, windowEndMs - rate.longMs);
    const short = burnOf(history, burn, windowEndMs - rate.shortMs);
    return { rate, long, short, isPassed: long.burn > rate.factor && short.burn > rate.factor };
  });
  const judged = found.filter(({ long }) => long.rows >= nMin && long.rows > 0);
  const told = judged.find(({ isPassed }) => isPassed) ?? judged[0];
  if (told === undefined) return null;
  const { rate, long, short, isPassed } = told;
  const over = `${shortText(long.burn)} times over ${durationText(rate.longMs)} and ${shortText(short.burn)} times over ${durationText(rate.shortMs)}`;
  return {
    level: isPassed ? rate.level : 'ok',
    value: long.burn,
    n: long.rows,
    words: `${metric} spends its budget ${over} the even rate`,
  };
}

/** 'critical: burn rate > 14.4 over 1h'; null: no rate has the level. */
export function burnText({ rates }: BurnRule, level: Level): string | null {
  const own = rates.filter((rate) => rate.level === level);
  if (own.length === 0) return null;
  const texts = own.map(({ factor, longMs }) => `> ${shortText(factor)} over ${durationText(longMs)}`);
  return `${level}: burn rate ${texts.join(' or ')}`;
}
