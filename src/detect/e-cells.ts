/**
 * Evidence that counts over cells, or over strata of bad and good rows, are not those of a reference of finite size, beyond a
 * tolerance: a p-value of the homogeneity statistic under the worst null, made an e-value by the calibrators of `logEOfP`.
 *
 * The null hypothesis is about the truth behind the reference: it lies within sqrt(tolerance) of what the window is drawn from, in the metric of
 * chi-square. The reference itself lies within sqrt(chi2_df(confidence) / m) of it. By the triangle inequality n T is then at most
 * noncentral chi-square with noncentrality n (sqrt(tolerance) + sqrt(chi2_df(confidence) / m))^2, window after window, although all
 * are compared with the same reference.
 *
 * Chi-square is an approximation: where few rows are expected in a cell its tail is too light for Pearson's statistic or for G. So cells are
 * pooled until the reference has EXPECTED_MIN rows and lets expect as many, and the smaller of both statistics counts. In simulations with 20 to
 * 5,000 rows a window and 500 to 10,000 in the reference the mean e-value under the null is 0.3 to 0.9 at tolerance 0.
 */

import { assert } from '../errors.ts';
import { logEOfP } from '../math/e-values.ts';
import { type Counts, chiSquareStatistics, sumOf } from '../math/homogeneity.ts';
import { chiSquareQuantile, noncentralChiSquareTail } from '../math/special.ts';

const EXPECTED_MIN = 5;

/**
 * Cells of few expected rows together, by what the reference expects alone: the window has no say in it, as it has in the pooling of a single
 * test of homogeneity.
 */
function poolCells(reference: readonly number[], current: readonly number[], m: number, n: number): Counts {
  const expected = reference.map((count) => (count * n) / m);
  const order = reference.map((_, i) => i).sort((a, b) => expected[a]! - expected[b]! || a - b);
  const pooled: Counts = { reference: [], current: [] };
  let [sum, was, is] = [0, 0, 0];
  for (const i of order) {
    sum += expected[i]!;
    was += reference[i]!;
    is += current[i]!;
    if (Math.min(sum, was) < EXPECTED_MIN) continue;
    pooled.reference.push(was);
    pooled.current.push(is);
    [sum, was, is] = [0, 0, 0];
  }
  const last = pooled.reference.length - 1;
  if (last >= 0) {
    pooled.reference[last]! += was;
    pooled.current[last]! += is;
  }
  return pooled;
}

/** The smaller of n T, T = sum (q - b)^2 / pooled, and of G on the same scale. */
function statisticOf({ reference, current }: Counts, m: number, n: number): number {
  const { pearson, g } = chiSquareStatistics(reference, current);
  return Math.min(pearson, g) * (1 + n / m);
}

/** chi2_df(confidence), of those that were asked for: it takes a root search, and a reference is the same for many windows. */
const quantiles = new Map<string, number>();
const QUANTILES_MAX = 10_000;

function quantileOf(confidence: number, df: number): number {
  const key = `${confidence}/${df}`;
  let quantile = quantiles.get(key);
  if (quantile !== undefined) return quantile;
  quantile = chiSquareQuantile(confidence, df);
  if (quantiles.size >= QUANTILES_MAX) quantiles.clear();
  quantiles.set(key, quantile);
  return quantile;
}

/** How far the window may lie from the reference without being any worse. */
export interface Allowance {
  /** In units of sum (q - b)^2 / b, of strata the mean over the rows of (q - b)^2 / (b (1 - b)); at least 0. */
  tolerance: number;
  /** That the reference is no further from its truth than is granted to it, in 0..1. */
  confidence: number;
}

function logEOf(statistic: number, df: number, n: number, err: number, { tolerance, confidence }: Allowance) {
  const noncentrality = (Math.sqrt(n * tolerance) + Math.sqrt(err * quantileOf(confidence, df))) ** 2;
  return logEOfP(noncentralChiSquareTail(statistic, df, noncentrality));
}

/**
 * ln e of the cells of a window; undefined: too few rows to tell two groups of cells apart.
 */
export function logEOfCells(
  reference: readonly number[],
  current: readonly number[],
  allowance: Allowance,
): number | undefined {
  assert(reference.length === current.length, 'both sides count the same cells');
  const [m, n] = [sumOf(reference), sumOf(current)];
  if (m === 0 || n === 0) return undefined;
  const groups = poolCells(reference, current, m, n);
  const df = groups.reference.length - 1;
  if (df < 1) return undefined;
  return logEOf(statisticOf(groups, m, n), df, n, n / m, allowance);
}

/**
 * ln e of strata, given how many rows each of them has: a change of their sizes alone is no evidence. Neighbours are pooled until the
 * reference lets expect EXPECTED_MIN bad and as many good rows.
 *
 * @param reference bad and good rows of each stratum in turn; `current` alike
 */
export function logEOfStrata(
  reference: readonly number[],
  current: readonly number[],
  allowance: Allowance,
): number | undefined {
  assert(reference.length === current.length && reference.length % 2 === 0, 'strata are pairs of counts');
  const strata: Counts[] = [];
  let [was, is] = [
    [0, 0],
    [0, 0],
  ];
  for (let i = 0; i < reference.length; i += 2) {
    was = [was[0]! + reference[i]!, was[1]! + reference[i + 1]!];
    is = [is[0]! + current[i]!, is[1]! + current[i + 1]!];
    const m = was[0]! + was[1]!;
    if (m === 0 || (Math.min(was[0]!, was[1]!) / m) * (is[0]! + is[1]!) < EXPECTED_MIN) continue;
    strata.push({ reference: was, current: is });
    was = [0, 0];
    is = [0, 0];
  }
  if (strata.length === 0) return undefined;
  let [statistic, rows, err] = [0, 0, 0];
  for (const stratum of strata) {
    const [m, n] = [sumOf(stratum.reference), sumOf(stratum.current)];
    statistic += statisticOf(stratum, m, n);
    rows += n;
    // Errors of the strata's references are independent; the largest ratio of sizes bounds their sum.
    err = Math.max(err, n / m);
  }
  return logEOf(statistic, strata.length, rows, err, allowance);
}
