import { expect, test } from 'vitest';
import {
  betaCdf,
  betaQuantile,
  chiSquareCdf,
  chiSquareQuantile,
  chiSquareTail,
  logBeta,
  logGamma,
  noncentralChiSquareTail,
  normalCdf,
  normalQuantile,
  normalTail,
  studentQuantile,
  studentTwoSided,
} from '../../src/math/special.ts';

/** Expected values: SciPy 1.17 (chi2, norm, t, beta, gammaln), and closed forms. */
const CASES: readonly [string, number, number][] = [
  ['a chi-square tail far out', chiSquareTail(72.72727272727273, 3), 1.1120263903286187e-15],
  ['a chi-square tail, two degrees: exp(-x / 2)', chiSquareTail(6.133333333333333, 2), 0.04657615022238343],
  ['a chi-square tail of PSI', chiSquareTail(98.08292530117264, 1), 4.012236043296346e-23],
  ['a chi-square cdf', chiSquareCdf(2, 2), 1 - Math.exp(-1)],
  ['a chi-square quantile', chiSquareQuantile(0.95, 2), -2 * Math.log(0.05)],
  ['a normal cdf', normalCdf(1.959963984540054), 0.975],
  ['a normal tail', normalTail(10), 7.619853024160527e-24],
  ['a normal quantile', normalQuantile(0.975), 1.959963984540054],
  ['a Student tail, one degree: Cauchy', studentTwoSided(1, 1), 0.5],
  ['a Student quantile, one degree', studentQuantile(0.75, 1), 1],
  ['a Student quantile, two degrees', studentQuantile(0.1, 2), -1.8856180831641267],
  ['a beta cdf', betaCdf(0.3, 2, 3), 0.3483],
  ['a beta quantile, uniform', betaQuantile(0.9, 1, 1), 0.9],
  ['a beta quantile, power', betaQuantile(0.5, 2, 1), Math.SQRT1_2],
  ['ln gamma(5) = ln 24', logGamma(5), Math.log(24)],
  ['ln B(2, 3) = -ln 12', logBeta(2, 3), -Math.log(12)],
];

/** Expected values: the mixture summed with 40 digits (mpmath 1.3). */
const NONCENTRAL: readonly [x: number, df: number, noncentrality: number, expected: number][] = [
  [5, 9, 2, 0.9086413197161045],
  [40, 9, 3, 0.0002560048286817016],
  [150, 9, 3, 7.099241045142679e-23],
  [300, 9, 75, 3.714449713273175e-17],
  [60, 3, 100, 0.9910482300151723],
  [12000, 9, 10000, 9.877619226850005e-22],
  [1.5, 1, 0.5, 0.32904430964347625],
  [700, 11, 20, 1.334717751675088e-103],
];

test.each(NONCENTRAL)('P(X > %s), %s degrees, noncentrality %s', (x, df, noncentrality, expected) => {
  expect(Math.abs(noncentralChiSquareTail(x, df, noncentrality) / expected - 1)).toBeLessThan(1e-9);
});

test('without noncentrality, and below its range', () => {
  expect(noncentralChiSquareTail(7, 3, 0)).toBe(chiSquareTail(7, 3));
  expect(noncentralChiSquareTail(0, 3, 2)).toBe(1);
});

test.each(CASES)('%s', (_, found, expected) => {
  expect(Math.abs(found / expected - 1)).toBeLessThan(1e-9);
});

test('nothing is below or above the support', () => {
  expect([chiSquareCdf(0, 3), chiSquareTail(-1, 3), studentQuantile(0.5, 3)]).toEqual([0, 1, 0]);
});
