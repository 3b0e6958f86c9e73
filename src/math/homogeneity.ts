/** Whether two samples of finite size come from one distribution, from counts over the same cells. */

import { hypergeometricTwoSided } from './hypergeometric.ts';
import { noncentralChiSquareTail } from './special.ts';

/** Chi-square is the law of the statistic where every cell lets expect about so many rows (W. G. Cochran 1954). */
const EXPECTED_MIN = 5;

export interface Homogeneity {
  /** The smaller of Pearson's X^2 and G, over the pooled cells. */
  statistic: number;
  /** Pooled cells less one; 0: nothing can be told apart. */
  df: number;
  /** Probability of a statistic at least as large under the null, 0..1; 1 where nothing can be told apart. */
  p: number;
  /** Cells after pooling. */
  pooledCells: number;
}

export interface Counts {
  reference: number[];
  current: number[];
}

/** How small cells find the cells that they are pooled with. `size`: the smallest first; `neighbours`: as they stand. */
export type Pooling = 'size' | 'neighbours';

export const sumOf = (counts: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < counts.length; i++) sum += counts[i]!;
  return sum;
};

/**
 * Pools cells until each lets expect EXPECTED_MIN rows on either side. Only the sums of both sides decide, which
 * under the null say nothing of where their rows came from. What is left over joins the last pool.
 */
export function poolCells(
  reference: ArrayLike<number>,
  current: ArrayLike<number>,
  pooling: Pooling = 'size',
): Counts {
  const total = (i: number): number => reference[i]! + current[i]!;
  const order = Array.from(reference, (_, i) => i).filter((i) => total(i) > 0);
  if (pooling === 'size') order.sort((a, b) => total(a) - total(b) || a - b);
  const [m, n] = [sumOf(reference), sumOf(current)];
  const least = (EXPECTED_MIN * (m + n)) / Math.min(m, n);
  const pooled: Counts = { reference: [], current: [] };
  let [was, is] = [0, 0];
  for (const i of order) {
    was += reference[i]!;
    is += current[i]!;
    if (was + is < least) continue;
    pooled.reference.push(was);
    pooled.current.push(is);
    [was, is] = [0, 0];
  }
  const last = pooled.reference.length - 1;
  if (last < 0) return { reference: [was], current: [is] };
  pooled.reference[last]! += was;
  pooled.current[last]! += is;
  return pooled;
}

/**
 * Pearson's X^2 and the likelihood ratio G of two samples, cells that are empty on both sides left out.
 * X^2 = sum (q - b)^2 / pooled / (1/n + 1/m), with the shares q of the n current and b of the m reference rows.
 */
export function chiSquareStatistics(
  reference: ArrayLike<number>,
  current: ArrayLike<number>,
): { pearson: number; g: number; df: number } {
  const [m, n] = [sumOf(reference), sumOf(current)];
  let [pearson, g, cells] = [0, 0, 0];
  for (let i = 0; i < reference.length; i++) {
    const [was, is] = [reference[i]!, current[i]!];
    const pooled = (was + is) / (m + n);
    if (pooled === 0) continue;
    cells++;
    pearson += (is / n - was / m) ** 2 / pooled;
    g += deviance(is, n * pooled) + deviance(was, m * pooled);
  }
  return { pearson: pearson / (1 / n + 1 / m), g: Math.max(0, g), df: Math.max(0, cells - 1) };
}

const deviance = (count: number, expected: number): number =>
  count === 0 ? 0 : 2 * count * Math.log(count / expected);

/**
 * Test of homogeneity: both sides are samples, neither is known exactly. Small cells are pooled and the smaller of X^2 and G
 * counts, so that p is honest where few rows are expected. Two cells of whole counts without a tolerance are tested exactly, by Fisher.
 *
 * @param reference counts by cell; `current` likewise, both with one row at least
 * @param tolerance how far the truths may be apart, sum (q - b)^2 / pooled, at least 0: the law of X^2 at that
 *   distance is noncentral chi-square with noncentrality tolerance / (1/n + 1/m)
 */
export function homogeneity(
  reference: ArrayLike<number>,
  current: ArrayLike<number>,
  tolerance = 0,
  pooling: Pooling = 'size',
): Homogeneity {
  const filled = Array.from(reference, (_, i) => i).filter((i) => reference[i]! + current[i]! > 0);
  const isExact = filled.length === 2 && tolerance === 0;
  const counts = isExact
    ? { reference: filled.map((i) => reference[i]!), current: filled.map((i) => current[i]!) }
    : poolCells(reference, current, pooling);
  const { pearson, g, df } = chiSquareStatistics(counts.reference, counts.current);
  const statistic = Math.min(pearson, g);
  const about = { statistic, df, pooledCells: counts.reference.length };
  if (df === 0) return { ...about, p: 1 };
  if (isExact || (df === 1 && tolerance === 0)) return { ...about, p: sharesP(counts) };
  const [m, n] = [sumOf(reference), sumOf(current)];
  return { ...about, p: noncentralChiSquareTail(statistic, df, tolerance / (1 / n + 1 / m)) };
}

const sharesP = ({ reference, current }: Counts): number =>
  hypergeometricTwoSided(current[0]!, sumOf(current), reference[0]!, sumOf(reference));
