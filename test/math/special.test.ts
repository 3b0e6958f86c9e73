import { expect, test } from 'vitest';
import {
  betaCdf,
  betaQuantile,
  chiSquareCdf,
  chiSquareQuantile,
  chiSquareTail,
  logBeta,
  logGamma,
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

test.each(CASES)('%s', (_, found, expected) => {
  expect(Math.abs(found / expected - 1)).toBeLessThan(1e-9);
});

test('nothing is below or above the support', () => {
  expect([chiSquareCdf(0, 3), chiSquareTail(-1, 3), studentQuantile(0.5, 3)]).toEqual([0, 1, 0]);
});
