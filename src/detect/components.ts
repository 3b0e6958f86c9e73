/**
 * The bets of a mixture e-detector on the mean of values in 0..1. A component bets with L(x) = 1 + slope (x - centre), which
 * is not negative and has mean at most 1 under every distribution whose mean the null hypothesis allows.
 */

import { assert } from '../errors.ts';
import { betaQuantile } from '../math/special.ts';

export interface Component {
  /** Share of the mixture; all of a list sum to 1. */
  weight: number;
  slope: number;
  /** The tolerated mean. */
  centre: number;
}

/**
 * Alternatives as odds ratios, with their weights. A component of odds ratio r bets as the likelihood ratio of
 * the Bernoulli rate p1, of odds r p0 / (1 - p0), against p0: slope = (p1 - p0) / (p0 (1 - p0)) = (r - 1) / (1 + (r - 1) p0).
 * So the grid fits any p0, and the slope lies below 1 / p0, where L would become negative, by construction: a fixed slope of 3
 * is no valid bet from p0 = 1/3 on.
 *
 * Most weight lies at 2.3, about a rate that doubles: with equal weights 0.1 -> 0.2 takes 20 samples longer. 1.2 and 1.05 see
 * small moves (in large windows those of a fraction of a percent), 5 and 20 large ones and losses that vary less than
 * Bernoulli's. Half the weight on them costs 10 % of the time that a move of their size takes.
 */
const ALTERNATIVES: readonly (readonly [oddsRatio: number, weight: number])[] = [
  [1.05, 0.03],
  [1.2, 0.07],
  [1.7, 0.16],
  [2.3, 0.66],
  [5, 0.06],
  [20, 0.02],
];

/** Bets that the mean lies above `p0`, the highest one tolerated, in 0..1. */
export function increaseOf(p0: number): Component[] {
  assert(p0 >= 0 && p0 <= 1, 'a tolerated mean lies in 0..1');
  return ALTERNATIVES.map(([ratio, weight]) => ({
    weight,
    slope: (ratio - 1) / (1 + (ratio - 1) * p0),
    centre: p0,
  }));
}

/** Bets that the mean lies below `p0`, the lowest one tolerated: those on the increase of 1 - x. */
export function decreaseOf(p0: number): Component[] {
  return increaseOf(1 - p0).map(({ weight, slope }) => ({ weight, slope: -slope, centre: p0 }));
}

/** Bets that the mean left `low`..`high`: half of the weight on each side. An average of e-detectors is one. */
export function departureOf(low: number, high: number): Component[] {
  assert(low <= high, 'the lowest tolerated mean lies above the highest');
  return [...increaseOf(high), ...decreaseOf(low)].map((one) => ({ ...one, weight: one.weight / 2 }));
}

/**
 * The Clopper-Pearson bound (1934, Biometrika 26) that a rate lies under with this confidence, one-sided. `successes` may be the sum of
 * losses in 0..1: at equal means none of those varies more than Bernoulli's.
 */
export function upperBoundOf(successes: number, n: number, confidence: number): number {
  assert(successes >= 0 && successes <= n, 'there are more successes than trials');
  return n - successes <= 0 ? 1 : betaQuantile(confidence, successes + 1, n - successes);
}

/** The same from below. */
export const lowerBoundOf = (successes: number, n: number, confidence: number): number =>
  1 - upperBoundOf(n - successes, n, confidence);
