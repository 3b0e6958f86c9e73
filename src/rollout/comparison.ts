/**
 * Candidate and primary on one rate of bad answers (wrong, failed, redone ...): counts in, evidence out. Everything holds at all times
 * at once, for rates that change with the hour too.
 */

import { assert } from '../errors.ts';
import { logAverageOf } from '../math/e-values.ts';
import { logEAbove, logEBelow, meansLeft, type Outcomes } from './bets.ts';

/** Requests that both answered: a shadow and the primary. */
export interface Pairs {
  n: number;
  /** Only the candidate was right. */
  better: number;
  /** Only the primary was right. */
  worse: number;
}

/** Requests that one or the other answered, dealt by a known share. */
export interface Tally {
  /** Of the candidate, in 0..1; a tally is of one share. */
  share: number;
  /** The rate of bad answers as it was thought to be before the first request of this tally. Any number in 0..1 is honest; a good one needs fewer requests. */
  centre: number;
  candidate: Arm;
  primary: Arm;
}

export interface Arm {
  n: number;
  bad: number;
}

/** Outcomes of one kind of comparison, before anything is said about them. */
export interface Side {
  /** Requests that count: pairs, or those of both arms. */
  n: number;
  /** Bad rate of the candidate less that of the primary; 0 without data. */
  difference: number;
  groups: readonly Outcomes[];
}

export interface Weight {
  /** ln e against "the candidate is worse by at most the tolerance". */
  logEWorse: number;
  /** ln e against "the candidate is worse by at least the margin". */
  logEBetter: number;
}

/** As if one pair in ten were discordant; other shares take other bets of the mixture. */
const PAIRED_SCALE = 10;

/** +1 where the candidate alone is wrong, -1 where the primary is. */
const outcomesOfPairs = ({ n, better, worse }: Pairs): Outcomes => ({
  values: [1, -1, 0],
  counts: [worse, better, n - better - worse],
  scale: PAIRED_SCALE,
});

/** Below it a guess of the variance says more about the guess than about the rate. */
const VARIANCE_MIN = 0.01;

/**
 * (y - centre) / share for the candidate and -(y - centre) / (1 - share) for the primary, y = 1 if bad: of mean candidate - primary, whatever the rate is at the
 * time, since nothing but the split decides who answers (D. G. Horvitz, D. J. Thompson 1952). At a difference of 0 this is
 * the e-variable of two samples by R. Turner, A. Ly, P. Gruenwald 2024.
 */
function outcomesOfTally({ share, centre, candidate, primary }: Tally): Outcomes {
  const [mine, other] = [1 / share, -1 / (1 - share)];
  return {
    values: [(1 - centre) * mine, -centre * mine, (1 - centre) * other, -centre * other],
    counts: [candidate.bad, candidate.n - candidate.bad, primary.bad, primary.n - primary.bad],
    scale: (share * (1 - share)) / Math.max(VARIANCE_MIN, centre * (1 - centre)),
  };
}

/** On the same requests: McNemar's test, with bets. */
export function sideOfPairs(pairs: Pairs): Side {
  const { n, better, worse } = pairs;
  assert(better >= 0 && worse >= 0 && better + worse <= n * (1 + 1e-9), 'discordant pairs are pairs');
  if (n === 0) return { n, difference: 0, groups: [] };
  return { n, difference: (worse - better) / n, groups: [outcomesOfPairs(pairs)] };
}

/** On requests of their own. A request counts once, and of a key that stays with its version the first one alone. */
export function sideOfTallies(tallies: readonly Tally[]): Side {
  const used = tallies.filter(({ candidate, primary }) => candidate.n + primary.n > 0);
  for (const { share, centre, candidate, primary } of used) {
    assert(share > 0 && share < 1, 'both sides of a tally have a share');
    assert(centre >= 0 && centre <= 1, 'a centre is a rate');
    for (const { n, bad } of [candidate, primary]) assert(bad >= 0 && bad <= n, 'bad answers are answers');
  }
  const n = used.reduce((sum, { candidate, primary }) => sum + candidate.n + primary.n, 0);
  return { n, difference: pooledDifference(used), groups: used.map(outcomesOfTally) };
}

/** The difference in each tally, weighted by how well it is known, n share (1 - share): a rate that moved between tallies is no difference. */
function pooledDifference(tallies: readonly Tally[]): number {
  let [sum, weights] = [0, 0];
  for (const { candidate, primary } of tallies) {
    if (candidate.n === 0 || primary.n === 0) continue;
    const weight = 1 / (1 / candidate.n + 1 / primary.n);
    sum += weight * (candidate.bad / candidate.n - primary.bad / primary.n);
    weights += weight;
  }
  return weights === 0 ? 0 : sum / weights;
}

/**
 * Pairs and tallies may be of the same requests, so evidence is averaged, which holds under any dependence. A side without data takes part: whether it has
 * some must not decide how much it counts.
 */
export function weightOf(sides: readonly Side[], margin: number, tolerance: number): Weight {
  const mean = (of: (side: Side) => number): number =>
    logAverageOf(sides.map((side) => [1, of(side)] as const));
  return {
    logEWorse: mean(({ groups }) => logEAbove(groups, tolerance)),
    logEBetter: mean(({ groups }) => logEBelow(groups, margin)),
  };
}

/** Differences that the side does not refute; -1 to 1 without data. */
export const intervalOf = (
  { groups, difference }: Side,
  logBoundary: number,
): { low: number; high: number } =>
  groups.length === 0 ? { low: -1, high: 1 } : meansLeft(groups, difference, logBoundary);

/** As if `times` as many requests had gone as these did; counts need not be whole. */
export const scaledPairs = ({ n, better, worse }: Pairs, times: number): Pairs => ({
  n: n * times,
  better: better * times,
  worse: worse * times,
});

const scaledArm = ({ n, bad }: Arm, times: number): Arm => ({ n: n * times, bad: bad * times });

export const scaledTally = (tally: Tally, times: number): Tally => ({
  ...tally,
  candidate: scaledArm(tally.candidate, times),
  primary: scaledArm(tally.primary, times),
});
