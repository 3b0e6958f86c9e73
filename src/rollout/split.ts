/** Whether requests went where the shares send them; a split that did not do so compares different traffic. */

import { logAverageOf, logESampleRatio, logProductOf } from '../math/e-values.ts';

/** Requests of the versions under one routing table. */
export interface SplitCounts {
  /** Those of the versions that have one, of sum 1. */
  shares: readonly number[];
  counts: readonly number[];
}

/** The strong prior finds small departures among many requests, the weak one gross ones among few. */
const KAPPAS: readonly number[] = [100, 10_000];

/** ln e against "every request went to a version with the probability of its share", at all times at once: tables follow each other, so evidence multiplies. */
export function logESplit(split: readonly SplitCounts[]): number {
  return logAverageOf(
    KAPPAS.map(
      (kappa) =>
        [1, logProductOf(split.map(({ counts, shares }) => logESampleRatio(counts, shares, kappa)))] as const,
    ),
  );
}
