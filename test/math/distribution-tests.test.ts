/** Laws of distances of distribution functions, against SciPy 1.17 and against each other. */

import { describe, expect, test } from 'vitest';
import { cramerVonMisesP, cramerVonMisesTail, pathsTail } from '../../src/math/cramer-von-mises.ts';
import { kolmogorovTail, smirnovOneSampleTail } from '../../src/math/smirnov.ts';

/** To nine digits. */
const near = (found: number, expected: number): void => expect(found / expected).toBeCloseTo(1, 9);

describe('Kolmogorov and Smirnov', () => {
  test('one sample: that of SciPy where both sides cannot pass together, from above by less than 0.3 % where they can', () => {
    near(smirnovOneSampleTail(0.6, 20), 2.0483011649719853e-7);
    for (const [d, n, exact] of [
      [0.3, 20, 0.04306706665851623],
      [0.1, 150, 0.09292132232164585],
    ] as const) {
      const found = smirnovOneSampleTail(d, n) / exact;
      expect(found).toBeGreaterThanOrEqual(1 - 1e-9);
      expect(found).toBeLessThan(1.003);
    }
  });

  test('where doubling would say too much it is the limit law', () => {
    expect(smirnovOneSampleTail(0.02, 900)).toBe(kolmogorovTail(0.6));
    expect(smirnovOneSampleTail(1, 5)).toBe(0);
  });
});

describe('Cramer and von Mises', () => {
  test('the limit law', () => {
    for (const [x, p] of [
      [0.05, 0.876280931041351],
      [0.2, 0.2674704305407771],
      [0.461, 0.05010712720175847],
      [1, 0.002460452180135797],
    ] as const)
      near(cramerVonMisesTail(x), p);
    expect(cramerVonMisesTail(3) / 7.567778648187584e-8).toBeCloseTo(1, 4);
  });

  test('far out it falls on, without a step', () => {
    const tails = [3.9, 3.99, 4.01, 4.1, 5, 20, 200].map(cramerVonMisesTail);
    for (let i = 1; i < tails.length; i++) expect(tails[i]!).toBeLessThan(tails[i - 1]!);
    expect(tails[2]! / tails[1]!).toBeGreaterThan(0.85);
    expect([cramerVonMisesTail(0), cramerVonMisesTail(1e6)]).toEqual([1, 0]);
  });

  test('small samples: the paths', () => {
    near(pathsTail(0.25753968253968273, 5, 7), 0.20707070707070707);
    near(pathsTail(0.25753968253968273, 7, 5), 0.20707070707070707);
    // Of the two values on one side and the one on the other only the middle one is nearer.
    near(pathsTail(0.2, 2, 1), 2 / 3);
    expect(pathsTail(0, 3, 4)).toBe(1);
  });

  test('larger ones: the limit at their mean and variance', () => {
    near(cramerVonMisesP(0.062181818181818116, 30, 25), 0.8259572842201603);
    expect(cramerVonMisesP(0.3, 11, 9)).toBe(pathsTail(0.3, 11, 9));
    expect(Math.abs(cramerVonMisesP(0.3, 11, 10) - pathsTail(0.3, 11, 10))).toBeLessThan(0.01);
  });
});
