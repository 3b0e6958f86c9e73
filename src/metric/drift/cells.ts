/** Distances of a window from the baseline over the cells of the baseline, with one test for all of them. */

import { chiSquareStatistics, homogeneity, sumOf } from '../../math/homogeneity.ts';
import { normalQuantile } from '../../math/special.ts';
import type { TrackState } from '../../profile/registry.ts';
import type { TrackBaseline } from '../../records.ts';
import { type CellCounts, cellCounts, type NoCells } from '../cells.ts';
import type { Ends } from '../intervals.ts';
import { type MetricContext, type MetricKind, measureOf, type Outcome } from '../metric.ts';
import { perCell } from '../per-cell.ts';
import {
  type Divergence,
  divergenceEnds,
  HELLINGER,
  JENSEN_SHANNON,
  likelihoodRatioOf,
  pearsonOf,
  psiEnds,
  rootEnds,
  totalVariationEnds,
} from './divergence-ends.ts';
import { hellingerOf, jsOf, lInfinityOf, psiOf, totalVariationOf } from './measures.ts';

/** Cells with the p-value of the test of homogeneity; counts over cells that rise are pooled with their neighbours. */
export type TestedCells = CellCounts & { p: number };

export function testedCells(
  track: TrackState,
  baseline: TrackBaseline | undefined,
): TestedCells | NoCells | null {
  const cells = cellCounts(track, baseline);
  if (cells === null || 'reason' in cells) return cells;
  const pooling = track.kind === 'numeric' ? 'neighbours' : 'size';
  return { ...cells, p: homogeneity(cells.reference, cells.current, 0, pooling).p };
}

/** All distances of a track share their cells. */
const sharedCells = perCell((track: TrackState, { reference }: MetricContext, subject: string) =>
  testedCells(track, reference.baseline(subject)),
);

/**
 * 95 % interval of the largest change of a share: that of each cell as A. Agresti, B. Caffo 2000 (one row more of either kind
 * on either side), together by Bonferroni.
 */
export function lInfinityEnds({ reference, current }: Pick<CellCounts, 'reference' | 'current'>): Ends {
  const [m, n] = [sumOf(reference), sumOf(current)];
  const cells = reference.filter((count, i) => count + current[i]! > 0).length;
  const z = normalQuantile(1 - 0.025 / cells);
  let [low, high] = [0, 0];
  for (let i = 0; i < reference.length; i++) {
    if (reference[i]! + current[i]! === 0) continue;
    const [p, q] = [(reference[i]! + 1) / (m + 2), (current[i]! + 1) / (n + 2)];
    const half = z * Math.sqrt((p * (1 - p)) / (m + 2) + (q * (1 - q)) / (n + 2));
    low = Math.max(low, Math.abs(q - p) - half);
    high = Math.max(high, Math.abs(q - p) + half);
  }
  const value = lInfinityOf(reference, current);
  return { low: Math.min(low, value), high: Math.min(1, Math.max(high, value)) };
}

const metric = (
  name: string,
  description: string,
  formula: string,
  read: (cells: TestedCells) => Outcome,
  more: { unit?: true } = { unit: true },
): MetricKind => ({
  name,
  description,
  formula: `${formula}; p of homogeneity`,
  family: 'input',
  subjects: 'track',
  ...more,
  roles: ['input'],
  measure(key, track, context) {
    const cells = sharedCells(track, context, key.subject);
    if (cells === null) return [];
    return [measureOf(key.subject, key.model, 'reason' in cells ? cells : read(cells))];
  },
});

/** A divergence, or a function of one: `of` its measure, `ends` its interval. */
const distance =
  (
    of: (reference: number[], current: number[]) => number,
    ends: (value: number, reference: number[], current: number[]) => Ends,
  ) =>
  ({ reference, current, n, p }: TestedCells): Outcome => {
    const value = of(reference, current);
    return { value, n, p, ...ends(value, reference, current) };
  };

/** Of a distance whose square is a divergence. */
const rootOf =
  (divergence: Divergence) =>
  (value: number, reference: number[], current: number[]): Ends =>
    rootEnds(divergenceEnds(value * value, divergence, reference, current));

/** Of a statistic that is a divergence over 1/n + 1/m: of its mean, which is its degrees of freedom where nothing has moved. */
const statisticOf =
  (divergence: (m: number, n: number) => Divergence) =>
  (value: number, reference: number[], current: number[]): Ends => {
    const [m, n] = [sumOf(reference), sumOf(current)];
    const size = 1 / n + 1 / m;
    const { low, high } = divergenceEnds(value * size, divergence(m, n), reference, current);
    if (low === undefined || high === undefined) return {};
    const { df } = chiSquareStatistics(reference, current);
    return { low: Math.min(value, low / size + df), high: Math.max(value, high / size + df) };
  };

const OVER =
  'over its ten cells and what lies below and above, or over the known categories and all new ones together';

/** How the interval of a divergence is made. */
export const INTERVAL = 'interval by noncentral chi-square (Sankaran 1963) and the delta method';

export const CELL_DRIFT_METRICS = [
  metric(
    'psi',
    `Population stability index against the baseline: ${OVER}. With no drift at all it is about (cells - 1) (1/n + 1/m).`,
    `sum (q - p) ln(q / p), every cell counted as half a row more; ${INTERVAL}`,
    distance(psiOf, psiEnds),
    {},
  ),
  metric(
    'js',
    'Jensen-Shannon distance from the baseline to base 2, over the cells of `psi`: 0 for the same shares, 1 if no cell is shared. Its square is the divergence.',
    `sqrt(sum (p log2(p / h) + q log2(q / h)) / 2), h = (p + q) / 2; ${INTERVAL}`,
    distance(jsOf, rootOf(JENSEN_SHANNON)),
  ),
  metric(
    'hellinger',
    'Hellinger distance from the baseline, over the cells of `psi`, 0..1.',
    `sqrt(sum (sqrt p - sqrt q)^2 / 2); ${INTERVAL}`,
    distance(hellingerOf, rootOf(HELLINGER)),
  ),
  metric(
    'total_variation',
    'Total variation distance from the baseline, over the cells of `psi`: the share of the rows that would have to be in another cell.',
    'sum |p - q| / 2; interval of Borell, Sudakov and Tsirelson',
    distance(totalVariationOf, (_, reference, current) => totalVariationEnds(reference, current)),
  ),
  metric(
    'l_infinity',
    'Largest change of the share of one cell against the baseline, over the cells of `psi`.',
    'max |p - q|; interval of Agresti and Caffo 2000 for all cells together',
    (cells) => ({
      value: lInfinityOf(cells.reference, cells.current),
      n: cells.n,
      p: cells.p,
      ...lInfinityEnds(cells),
    }),
  ),
  metric(
    'chi_square',
    'Chi-square of homogeneity (not of fit) against the baseline, over the cells of `psi`. It grows with n: a rule is better put on p or on a distance.',
    `sum (q - p)^2 / pooled share / (1/n + 1/m); ${INTERVAL}`,
    distance((reference, current) => chiSquareStatistics(reference, current).pearson, statisticOf(pearsonOf)),
    {},
  ),
  metric(
    'g_test',
    'Likelihood ratio G of homogeneity against the baseline, over the cells of `psi`. It grows with n as `chi_square` does.',
    `2 sum count ln(count / expected), over both sides; ${INTERVAL}`,
    distance(
      (reference, current) => chiSquareStatistics(reference, current).g,
      statisticOf(likelihoodRatioOf),
    ),
    {},
  ),
];
