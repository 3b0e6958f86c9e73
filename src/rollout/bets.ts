/**
 * Evidence on the mean of bounded differences, for any stopping time: the wealth of a gambler who bets against "the mean is at most m" and
 * puts 1 + lambda (x - m) on each value x (I. Waudby-Smith, A. Ramdas 2024, Estimating means of bounded random variables by betting, Journal of the Royal
 * Statistical Society B 86). Values take few places, so that wealth is a function of counts, and lambda is a mixture that is fixed beforehand.
 */

import { assert } from '../errors.ts';
import { logSumOf } from '../math/log-sum.ts';

/** Values whose bets have one scale: those of one comparison under one split. */
export interface Outcomes {
  /** What a value can be. */
  values: readonly number[];
  /** How often it was. */
  counts: readonly number[];
  /** The inverse of what the variance of the values is thought to be before any of them was seen: bets are effects times it. */
  scale: number;
}

/**
 * Effects of 0.25 % to 32 %, each twice the one before, and their weights. Of 10 % -> 8 % bad answers it needs 1,800 pairs or 6,500 dealt requests in
 * the median; with even weights over 14 effects from 0.4 % on it was 2,100 and 7,800.
 */
const EFFECTS: readonly (readonly [weight: number, effect: number])[] = [1, 2, 4, 6, 6, 4, 2, 1].map(
  (weight, i) => [weight / 26, 0.0025 * 2 ** i] as const,
);

/** No bet loses more than this share of the wealth at once. */
const LOSS_MAX = 0.95;

/** ln e against "the mean is at most `mean`". Outcomes of several groups follow each other in time, in any order. */
export function logEAbove(groups: readonly Outcomes[], mean: number): number {
  return logSumOf(EFFECTS.map(([weight, effect]) => [weight, logWealth(groups, mean, effect)] as const));
}

/** ln e against "the mean is at least `mean`". */
export const logEBelow = (groups: readonly Outcomes[], mean: number): number =>
  logEAbove(
    groups.map((one) => ({ ...one, values: one.values.map((value) => -value) })),
    -mean,
  );

function logWealth(groups: readonly Outcomes[], mean: number, effect: number): number {
  let wealth = 0;
  for (const { values, counts, scale } of groups) {
    const least = Math.min(...values);
    // At the least value itself no bet can lose.
    assert(least <= mean, 'the mean is one that the values can have');
    const bet = Math.min(effect * scale, LOSS_MAX / (mean - least));
    for (let i = 0; i < values.length; i++)
      if (counts[i]! > 0) wealth += counts[i]! * Math.log1p(bet * (values[i]! - mean));
  }
  return wealth;
}

const HALVINGS = 40;

/** The place between `inside` and `outside` where `holds` ends; it holds at `inside`. */
export function borderBetween(inside: number, outside: number, holds: (at: number) => boolean): number {
  let [from, to] = [inside, outside];
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (from + to) / 2;
    if (holds(middle)) from = middle;
    else to = middle;
  }
  return (from + to) / 2;
}

/** Means in -1..1 that are not refuted at `logBoundary` from either side, at all times at once. `at` is the estimate. */
export function meansLeft(
  groups: readonly Outcomes[],
  at: number,
  logBoundary: number,
): { low: number; high: number } {
  return {
    low: borderBetween(at, -1, (mean) => logEAbove(groups, mean) < logBoundary),
    high: borderBetween(at, 1, (mean) => logEBelow(groups, mean) < logBoundary),
  };
}
