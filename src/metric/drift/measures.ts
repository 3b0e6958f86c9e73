/** Distances of two tables of counts over the same cells. */

import { sumOf } from '../../math/homogeneity.ts';

type Counts = ArrayLike<number>;

/** Added to every cell of both sides, so that an empty one does not make the index infinite. */
const JEFFREYS = 0.5;

/**
 * Population stability index: sum (q - p) ln(q / p) over the shares of two tables of counts with the same
 * cells (S. Kullback, R. A. Leibler, 1951, in its symmetric form). Each cell is counted as half a row more
 * (Jeffreys' prior). Cells that are empty on both sides say nothing and are left out. Never negative.
 *
 * @param more rows that every cell is counted as more; 0 is the index as published, infinite where a cell is empty
 */
export function psiOf(reference: Counts, current: Counts, more = JEFFREYS): number {
  let [cells, m, n] = [0, 0, 0];
  for (let i = 0; i < reference.length; i++) {
    if (reference[i] === 0 && current[i] === 0) continue;
    cells++;
    m += reference[i]!;
    n += current[i]!;
  }
  let psi = 0;
  for (let i = 0; i < reference.length; i++) {
    if (reference[i] === 0 && current[i] === 0) continue;
    const p = (reference[i]! + more) / (m + more * cells);
    const q = (current[i]! + more) / (n + more * cells);
    psi += (q - p) * Math.log(q / p);
  }
  return psi;
}

/** Sum of a function of the shares p of the reference and q of the current rows. */
function overShares(reference: Counts, current: Counts, of: (p: number, q: number) => number): number {
  const [m, n] = [sumOf(reference), sumOf(current)];
  let sum = 0;
  for (let i = 0; i < reference.length; i++) sum += of(reference[i]! / m, current[i]! / n);
  return sum;
}

/** x log2(x / y), 0 where x is. */
const information = (x: number, y: number): number => (x === 0 ? 0 : x * Math.log2(x / y));

/** A square that rounding may have made negative or larger than 1. */
const rootWithin = (square: number): number => Math.sqrt(Math.min(1, Math.max(0, square)));

/**
 * Jensen-Shannon distance to base 2, 0..1: the square root of the mean of the divergences of both sides from their middle (J. Lin 1991;
 * D. M. Endres, J. E. Schindelin 2003).
 */
export const jsOf = (reference: Counts, current: Counts): number =>
  rootWithin(
    overShares(reference, current, (p, q) => (information(p, (p + q) / 2) + information(q, (p + q) / 2)) / 2),
  );

/** Hellinger distance, 0..1: sqrt(sum (sqrt p - sqrt q)^2 / 2). */
export const hellingerOf = (reference: Counts, current: Counts): number =>
  rootWithin(overShares(reference, current, (p, q) => (Math.sqrt(p) - Math.sqrt(q)) ** 2 / 2));

/** Total variation distance, 0..1: the share of the rows that would have to move to another cell. */
export const totalVariationOf = (reference: Counts, current: Counts): number =>
  Math.min(
    1,
    overShares(reference, current, (p, q) => Math.abs(p - q) / 2),
  );

/** The largest change of the share of a cell, 0..1. */
export function lInfinityOf(reference: Counts, current: Counts): number {
  const [m, n] = [sumOf(reference), sumOf(current)];
  let largest = 0;
  for (let i = 0; i < reference.length; i++)
    largest = Math.max(largest, Math.abs(reference[i]! / m - current[i]! / n));
  return largest;
}
