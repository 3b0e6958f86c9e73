/**
 * Measures of a square table of counts: two raters' classes of the same rows. Variances are those of the delta method
 * for multinomial counts (J. L. Fleiss, J. Cohen, B. S. Everitt, 1969, for kappa).
 */

import type { ConfusionState } from '../profile/confusion.ts';
import { type Ends, fisherEnds, shareEnds } from './intervals.ts';
import type { Outcome } from './metric.ts';

/** Proportions of a table with its margins: p[i * classes + j], sums of rows and of columns. */
export interface Table {
  classes: number;
  n: number;
  p: Float64Array;
  rows: Float64Array;
  columns: Float64Array;
}

export function tableOf({ classes, counts }: ConfusionState): Table {
  const n = counts.reduce((sum, count) => sum + count, 0);
  const p = counts.map((count) => (n === 0 ? 0 : count / n));
  const [rows, columns] = [new Float64Array(classes), new Float64Array(classes)];
  for (let i = 0; i < classes; i++) {
    for (let j = 0; j < classes; j++) {
      rows[i]! += p[i * classes + j]!;
      columns[j]! += p[i * classes + j]!;
    }
  }
  return { classes, n, p, rows, columns };
}

const agreedOf = ({ classes, p }: Table): number => {
  let agreed = 0;
  for (let i = 0; i < classes; i++) agreed += p[i * (classes + 1)]!;
  return agreed;
};

/** Variance of a function of the table from its gradient g(i, j) by the proportions. */
export function deltaVariance({ classes, n, p }: Table, g: (i: number, j: number) => number): number {
  let [mean, squares] = [0, 0];
  for (let i = 0; i < classes; i++) {
    for (let j = 0; j < classes; j++) {
      const share = p[i * classes + j]!;
      if (share === 0) continue;
      const slope = g(i, j);
      mean += share * slope;
      squares += share * slope * slope;
    }
  }
  return Math.max(0, squares - mean * mean) / n;
}

interface Estimate {
  value: number;
  variance: number;
}
type Measure = (table: Table) => Estimate | { reason: string };

/** Chance-corrected agreement (1 - disagreement / that by chance), with the gradient of the chance agreement. */
function corrected(table: Table, chance: number, slope: (i: number, j: number) => number): Estimate {
  const agreed = agreedOf(table);
  const value = 1 - (1 - agreed) / (1 - chance);
  const variance = deltaVariance(
    table,
    (i, j) => ((i === j ? 1 : 0) - (1 - value) * slope(i, j)) / (1 - chance),
  );
  return { value, variance };
}

/** J. Cohen, A coefficient of agreement for nominal scales, 1960. */
export const cohenKappa: Measure = (table) => {
  const { rows, columns } = table;
  const chance = rows.reduce((sum, share, k) => sum + share * columns[k]!, 0);
  if (chance >= 1) return { reason: 'only one class' };
  return corrected(table, chance, (i, j) => columns[i]! + rows[j]!);
};

/** AC1 of K. L. Gwet, Computing inter-rater reliability in the presence of high agreement, 2008. */
export const gwetAc1: Measure = (table) => {
  const { classes, rows, columns } = table;
  if (classes < 2) return { reason: 'only one class' };
  const share = rows.map((row, k) => (row + columns[k]!) / 2);
  const chance = share.reduce((sum, of) => sum + of * (1 - of), 0) / (classes - 1);
  return corrected(table, chance, (i, j) => (1 - share[i]! - share[j]!) / (classes - 1));
};

/** Matthews correlation; of more than two classes R_K (J. Gorodkin, 2004). */
export const matthews: Measure = (table) => {
  const { rows, columns } = table;
  let [chance, rows2, columns2] = [0, 0, 0];
  rows.forEach((row, k) => {
    chance += row * columns[k]!;
    rows2 += row * row;
    columns2 += columns[k]! ** 2;
  });
  if (rows.some((row) => row >= 1) || columns.some((column) => column >= 1))
    return { reason: 'only one class' };
  const spread = Math.sqrt((1 - rows2) * (1 - columns2));
  const value = (agreedOf(table) - chance) / spread;
  const variance = deltaVariance(
    table,
    (i, j) =>
      ((i === j ? 1 : 0) - columns[i]! - rows[j]!) / spread +
      value * (rows[i]! / (1 - rows2) + columns[j]! / (1 - columns2)),
  );
  return { value, variance };
};

/** A table with half a row more in each cell: where all rows agree it still has a spread. */
function smoothed({ classes, counts }: ConfusionState): Table {
  return tableOf({ classes, counts: counts.map((count) => count + 0.5) });
}

/**
 * A measure within -1..1 of the counts. Where every row agrees (or none) the variance is estimated as 0, and the interval is
 * that of the table with half a row more in each cell.
 */
export function correlationOutcome(state: ConfusionState, measure: Measure, none: string): Outcome {
  const table = tableOf(state);
  if (table.n === 0) return { reason: none, n: 0 };
  const found = measure(table);
  if ('reason' in found) return { reason: found.reason, n: table.n };
  const { value, variance } = found;
  if (Math.abs(value) < 1 && variance > 0) return { value, n: table.n, ...fisherEnds(value, variance) };
  const rough = measure(smoothed(state));
  if ('reason' in rough) return { value, n: table.n };
  const { low, high } = fisherEnds(rough.value, rough.variance);
  return { value, n: table.n, low: Math.min(low!, value), high: Math.max(high!, value) };
}

/**
 * Interval of the mean of F1 over `occurring` classes, each 2 p_kk / (row + column) (K. Takahashi and others, Confidence
 * interval for micro-averaged F1 and macro-averaged F1 scores, Applied Intelligence 52, 2022).
 */
export function macroF1Ends(state: ConfusionState, value: number, occurring: number): Ends {
  const table = tableOf(state);
  const { classes, p, rows, columns } = table;
  const size = rows.map((row, k) => row + columns[k]!);
  const f1 = size.map((of, k) => (of === 0 ? 0 : (2 * p[k * (classes + 1)]!) / of));
  const variance = deltaVariance(
    table,
    (i, j) => ((i === j ? 2 / size[i]! : 0) - f1[i]! / size[i]! - f1[j]! / size[j]!) / occurring,
  );
  return shareEnds(value, variance, table.n);
}
