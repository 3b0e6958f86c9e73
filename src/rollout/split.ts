/** Whether requests went where the shares send them; a split that did not do so compares different traffic. */

import { logAverageOf, logESampleRatio, logProductOf } from '../math/e-values.ts';

/** Requests of the versions under one routing table. */
export interface SplitCounts {
  /** Those of the versions that have one, of sum 1. */
  shares: readonly number[];
  counts: readonly number[];
  /** Requests that went to a version without a share. Absent: it is not known. */
  elsewhere?: number;
}

/** The strong prior finds small departures among many requests, the weak one gross ones among few. */
const KAPPAS: readonly number[] = [100, 10_000];

/** Nobody is to go to a version without a share; so few may, since a stray record must not end a roll-out. */
const ELSEWHERE_MAX = 0.001;
/** The high bet finds many strays among few requests, the low one few among many. */
const BETS: readonly number[] = [1, 100];

/**
 * ln e against "every request went to a version with the probability of its share", at all times at once. Tables of the same shares are one sample: a level that
 * moves makes a table each time, and each would have to learn anew. Evidence of different shares multiplies.
 */
export function logESplit(split: readonly SplitCounts[]): number {
  const samples = samplesOf(split);
  const terms = KAPPAS.map(
    (kappa) =>
      [1, logProductOf(samples.map(({ counts, shares }) => logESampleRatio(counts, shares, kappa)))] as const,
  );
  const known = split.filter(({ elsewhere }) => elsewhere !== undefined);
  if (known.length > 0) terms.push(...BETS.map((bet) => [1, logEElsewhere(known, bet)] as const));
  return logAverageOf(terms);
}

function samplesOf(split: readonly SplitCounts[]): Pick<SplitCounts, 'shares' | 'counts'>[] {
  const samples = new Map<string, Pick<SplitCounts, 'shares' | 'counts'>>();
  for (const { shares, counts } of split) {
    const name = shares.join();
    const before = samples.get(name)?.counts ?? shares.map(() => 0);
    samples.set(name, { shares, counts: before.map((n, i) => n + counts[i]!) });
  }
  return [...samples.values()];
}

/** ln e against "at most ELSEWHERE_MAX go elsewhere": the capital of one who bets so much on each that does, a test supermartingale. */
function logEElsewhere(split: readonly SplitCounts[], bet: number): number {
  let [strays, others] = [0, 0];
  for (const { counts, elsewhere = 0 } of split) {
    strays += elsewhere;
    for (const count of counts) others += count;
  }
  return strays * Math.log1p(bet * (1 - ELSEWHERE_MAX)) + others * Math.log1p(-bet * ELSEWHERE_MAX);
}

/**
 * Requests dealt by a share, of which the version with it gets none, until the split would be called broken: before them nobody would notice that the
 * version is not reached.
 */
export function nToNotice(split: readonly SplitCounts[], share: number, logBoundary: number): number {
  const others = split.filter(({ shares }) => !isOf(shares, share));
  const isNoticed = (n: number): boolean =>
    logESplit([...others, { shares: [1 - share, share], counts: [n, 0], elsewhere: 0 }]) >= logBoundary;
  let [from, to] = [0, 1];
  while (!isNoticed(to)) [from, to] = [to, to * 2];
  while (to - from > 1) {
    const middle = Math.floor((from + to) / 2);
    if (isNoticed(middle)) to = middle;
    else from = middle;
  }
  return to;
}

/** Of two versions, the candidate is the last. */
const isOf = (shares: readonly number[], share: number): boolean =>
  shares.length === 2 && shares[1] === share;

/** Requests that were dealt with this share. */
export const dealtBy = (split: readonly SplitCounts[], share: number): number =>
  split
    .filter(({ shares }) => isOf(shares, share))
    .reduce((sum, { counts, elsewhere = 0 }) => sum + elsewhere + counts.reduce((a, b) => a + b, 0), 0);
