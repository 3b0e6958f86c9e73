/**
 * E-values: evidence against a null hypothesis, not negative and of mean at most 1 under it (V. Vovk, R. Wang 2021, E-values: calibration,
 * combination and applications, Annals of Statistics 49). All are given as logarithms, since they overflow.
 */

import { assert } from '../errors.ts';
import { logSumOf } from './log-sum.ts';
import { betaCdf, logBeta, logGamma } from './special.ts';

const KAPPAS: readonly number[] = [0.05, 0.1, 0.2, 0.4, 0.7];

/** No test reports less in earnest; 0 would be infinite evidence. */
const P_MIN = 1e-300;

/** ln e of a p-value by the mean of the calibrators kappa p^(kappa - 1), each of integral 1 over 0..1. */
export function logEOfP(p: number): number {
  assert(p >= 0 && p <= 1, 'a p-value lies in 0..1');
  const log = Math.log(Math.max(P_MIN, p));
  return logSumOf(KAPPAS.map((kappa) => [kappa / KAPPAS.length, (kappa - 1) * log] as const));
}

/** A p-value that is valid with this e-value, by Markov's inequality. */
export const pOfLogE = (logE: number): number => Math.min(1, Math.exp(-logE));

/**
 * ln e of the discordant pairs of two models on the same requests against "either is right as often", for any stopping time:
 * the uniform mixture over the share q of pairs that `first` wins, B(first + 1, second + 1) 2^n. The sequential
 * form of McNemar's test.
 */
export const logEPaired = (first: number, second: number): number =>
  logBeta(first + 1, second + 1) + (first + second) * Math.LN2;

/**
 * The same against "`first` is no worse": the mixture over q < 1/2 alone, 2 I_1/2(first + 1, second + 1) times the above, with I the
 * regularised incomplete beta function.
 */
export function logEFirstWorse(first: number, second: number): number {
  const tail = betaCdf(0.5, first + 1, second + 1);
  // Far on the other side I underflows; there is no evidence, and its logarithm is that of the smallest number.
  return Math.LN2 + Math.log(Math.max(Number.MIN_VALUE, tail)) + logEPaired(first, second);
}

/**
 * ln e of counts against the shares they were to have, for any stopping time: the Bayes factor of Dirichlet(kappa shares) against the shares themselves
 * (M. Lindon, A. Malek 2022, Anytime-valid inference for multinomial count data, NeurIPS). Large `kappa` looks for small departures.
 */
export function logESampleRatio(
  counts: readonly number[],
  shares: readonly number[],
  kappa = 10_000,
): number {
  assert(counts.length === shares.length, 'every count has a share');
  assert(
    shares.every((share) => share > 0),
    'shares are positive',
  );
  let n = 0;
  let log = 0;
  counts.forEach((count, i) => {
    const prior = kappa * shares[i]!;
    n += count;
    log += logGamma(prior + count) - logGamma(prior) - count * Math.log(shares[i]!);
  });
  return log + logGamma(kappa) - logGamma(kappa + n);
}

/** ln of the weighted average, an e-value under any dependence. Weights are positive; they are divided by their sum. */
export function logAverageOf(terms: readonly (readonly [weight: number, logE: number])[]): number {
  const total = terms.reduce((sum, [weight]) => sum + weight, 0);
  assert(total > 0, 'an average needs a weight');
  return logSumOf(terms) - Math.log(total);
}

/** ln of the product, an e-value when each has mean at most 1 given those before it: independent or sequential ones. */
export const logProductOf = (logEs: readonly number[]): number => logEs.reduce((sum, logE) => sum + logE, 0);
