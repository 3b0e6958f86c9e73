import { expect, test } from 'vitest';
import { chiSquareStatistics, homogeneity, poolCells, sumOf } from '../../src/math/homogeneity.ts';
import { hypergeometricTails, hypergeometricTwoSided } from '../../src/math/hypergeometric.ts';
import { chiSquareTail, noncentralChiSquareTail } from '../../src/math/special.ts';

const near = (found: number, expected: number): void =>
  expect(Math.abs(found - expected)).toBeLessThanOrEqual(1e-9 * Math.abs(expected));

/** Expected values: SciPy 1.17, hypergeom. */
test.each([
  [2, 200, 0, 10_000, 0.00038258268303889835, 1],
  [0, 200, 50, 10_000, 1, 0.37063363785441017],
  [5, 20, 1, 30, 0.031709112877343355, 0.9975608374709736],
  [300, 5000, 400, 10_000, 4.728135834022998e-8, 0.9999999695682025],
  [10, 10, 0, 5, 0.000333000333000333, 1],
  [0, 7, 0, 9, 1, 1],
  [17, 200, 800, 10_000, 0.4359432747016032, 0.6624988369510747],
])('tails of %s of %s marked, against %s of %s', (k, n, j, m, upper, lower) => {
  const found = hypergeometricTails(k, n, j, m);
  near(found.upper, upper);
  near(found.lower, lower);
  near(hypergeometricTwoSided(k, n, j, m), Math.min(1, 2 * Math.min(upper, lower)));
  // The other sample tells the same, from its side.
  const mirrored = hypergeometricTails(j, m, k, n);
  near(mirrored.upper, lower);
});

test('X^2 and G of two samples, over the cells that are not empty on both sides', () => {
  // SciPy's chi2_contingency without Yates' correction, and with the log-likelihood ratio.
  const found = chiSquareStatistics([4, 2, 0, 0], [1, 1, 0, 4]);
  near(found.pearson, 6.133333333333333);
  near(found.g, 7.812423088287932);
  expect(found.df).toBe(2);
  expect(chiSquareStatistics([7], [3])).toEqual({ pearson: 0, g: 0, df: 0 });
});

test('full cells are left as they are: the smaller statistic, its chi-square tail', () => {
  const found = homogeneity([30, 30, 40], [20, 40, 40]);
  const { pearson, g } = chiSquareStatistics([30, 30, 40], [20, 40, 40]);
  expect(found.statistic).toBe(Math.min(pearson, g));
  expect(found).toMatchObject({ df: 2, pooledCells: 3, p: chiSquareTail(found.statistic, 2) });
});

test('with a tolerance p is that of the noncentral law', () => {
  const [reference, current] = [
    [300, 300, 400],
    [20, 40, 40],
  ];
  const { statistic, p } = homogeneity(reference, current, 0.02);
  near(p, noncentralChiSquareTail(statistic, 2, 0.02 / (1 / 1000 + 1 / 100)));
  expect(p).toBeGreaterThan(homogeneity(reference, current).p);
});

test('cells that let expect fewer than five rows on a side are pooled, small ones with small ones', () => {
  // Least sum of a cell: 5 * 120 / 20 = 30.
  expect(poolCells([70, 9, 12, 9], [0, 11, 4, 5])).toEqual({ reference: [21, 79], current: [9, 11] });
  expect(poolCells([40, 5, 30, 3, 22], [5, 1, 9, 2, 3], 'neighbours')).toEqual({
    reference: [40, 35, 25],
    current: [5, 10, 5],
  });
  // What is left over joins the last pool.
  expect(poolCells([40, 30, 20, 10], [5, 5, 5, 5], 'neighbours')).toEqual({
    reference: [40, 30, 30],
    current: [5, 5, 10],
  });
  expect(homogeneity([3, 3, 3], [1, 1, 1])).toEqual({ statistic: 0, df: 0, p: 1, pooledCells: 1 });
});

test('two cells are compared exactly, however small', () => {
  near(homogeneity([10_000, 0], [198, 2]).p, 2 * 0.00038258268303889835);
  near(homogeneity([0, 9, 0, 1], [0, 15, 0, 5]).p, hypergeometricTwoSided(15, 20, 9, 10));
  expect(homogeneity([7], [9]).p).toBe(1);
});

test('which sample is the reference does not matter', () => {
  const [a, b] = [
    [812, 90, 41, 7, 3, 0],
    [60, 15, 9, 4, 0, 2],
  ];
  near(homogeneity(a, b).p, homogeneity(b, a).p);
  expect(sumOf(poolCells(a, b).reference)).toBe(sumOf(a));
});
