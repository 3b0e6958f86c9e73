/** Moments about the mean from exact sums of powers, without rounding until the end. */

import { UNIT_EXPONENT, unitsOf } from '../math/exact-sum.ts';
import type { PowerSums } from './powers.ts';

/** A big number as m 2^e. */
interface Scaled {
  m: number;
  e: number;
}

function scaledOf(value: bigint): Scaled {
  const magnitude = value < 0n ? -value : value;
  const bits = magnitude.toString(16).length * 4;
  const shift = Math.max(0, bits - 64);
  return { m: Number(value >> BigInt(shift)), e: shift };
}

const UNIT = BigInt(-UNIT_EXPONENT);

/** n sum x^2 - (sum x)^2, in units of 2^(2 UNIT_EXPONENT): n times the sum of squares about the mean, never negative. */
function secondOf(sums: PowerSums, n: bigint): bigint {
  const s1 = unitsOf(sums[0]);
  const second = ((n * unitsOf(sums[1])) << UNIT) - s1 * s1;
  return second < 0n ? 0n : second;
}

/** Sample variance (divisor n - 1), n at least 2. */
export function varianceOfPowers(sums: PowerSums, n: number): number {
  const { m, e } = scaledOf(secondOf(sums, BigInt(n)));
  const exponent = e + 2 * UNIT_EXPONENT;
  const half = Math.floor(exponent / 2);
  // In two steps: 2^exponent alone may be beyond the range of doubles.
  return (m / n / (n - 1)) * 2 ** half * 2 ** (exponent - half);
}

export interface Shape {
  /** g1 = m3 / m2^1.5 */
  skewness: number;
  /** b2 = m4 / m2^2, 3 for a normal law. */
  kurtosis: number;
}

/**
 * Skewness and kurtosis of the values themselves, m_k = sum (x - mean)^k / n; undefined where all are equal. They are the
 * g1 and g2 + 3 of D. N. Joanes, C. A. Gill, Comparing measures of sample skewness and kurtosis, The Statistician 47, 1998.
 */
export function shapeOf(sums: PowerSums, count: number): Shape | undefined {
  const n = BigInt(count);
  const [s1, s2, s3, s4] = sums.map(unitsOf) as [bigint, bigint, bigint, bigint];
  const second = secondOf(sums, n);
  if (second === 0n) return undefined;
  const [two, three] = [UNIT * 2n, UNIT * 3n];
  const third = ((n * n * s3) << two) - 3n * ((n * s1 * s2) << UNIT) + 2n * s1 * s1 * s1;
  const fourth =
    ((n * n * n * s4) << three) -
    4n * ((n * n * s1 * s3) << two) +
    6n * ((n * s1 * s1 * s2) << UNIT) -
    3n * s1 ** 4n;
  const [a, b, c] = [scaledOf(second), scaledOf(third), scaledOf(fourth)];
  // Units and powers of n cancel: third / second^1.5 and fourth / second^2.
  const odd = a.e % 2;
  const skewness = (b.m / (a.m * 2 ** odd) ** 1.5) * 2 ** (b.e - 1.5 * (a.e - odd));
  return { skewness, kurtosis: (c.m / a.m / a.m) * 2 ** (c.e - 2 * a.e) };
}
