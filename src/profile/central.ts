/** Moments about the mean from exact sums of powers, without rounding until the end. */

import { type Dyadic, dyadicOf } from '../math/exact-sum.ts';
import type { PowerSums } from './powers.ts';

const times = (a: Dyadic, b: Dyadic): Dyadic => ({ m: a.m * b.m, e: a.e + b.e });
const scaled = (a: Dyadic, by: bigint): Dyadic => ({ m: a.m * by, e: a.e });

function plus(a: Dyadic, b: Dyadic): Dyadic {
  const e = Math.min(a.e, b.e);
  return { m: (a.m << BigInt(a.e - e)) + (b.m << BigInt(b.e - e)), e };
}

/** The leading bits as a double with an exponent of its own: the number alone may be beyond the range of doubles. */
function leading({ m, e }: Dyadic): { m: number; e: number } {
  const magnitude = m < 0n ? -m : m;
  const shift = Math.max(0, magnitude.toString(16).length * 4 - 64);
  return { m: Number(m >> BigInt(shift)), e: e + shift };
}

/** n sum x^2 - (sum x)^2: n times the sum of squares about the mean, never negative. */
function secondOf([s1, s2]: readonly Dyadic[], n: bigint): Dyadic {
  const second = plus(scaled(s2!, n), scaled(times(s1!, s1!), -1n));
  return second.m < 0n ? { m: 0n, e: 0 } : second;
}

/** Sample variance (divisor n - 1), n at least 2. */
export function varianceOfPowers(sums: PowerSums, n: number): number {
  const { m, e } = leading(secondOf([dyadicOf(sums[0]), dyadicOf(sums[1])], BigInt(n)));
  const half = Math.floor(e / 2);
  // In two steps: 2^e alone may be beyond the range of doubles.
  return (m / n / (n - 1)) * 2 ** half * 2 ** (e - half);
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
  const [s1, s2, s3, s4] = sums.map(dyadicOf) as [Dyadic, Dyadic, Dyadic, Dyadic];
  const second = secondOf([s1, s2], n);
  if (second.m === 0n) return undefined;
  const square = times(s1, s1);
  // n^3 m3 and n^4 m4.
  const third = plus(scaled(s3, n * n), plus(scaled(times(s1, s2), -3n * n), scaled(times(square, s1), 2n)));
  const fourth = plus(
    plus(scaled(s4, n * n * n), scaled(times(s1, s3), -4n * n * n)),
    plus(scaled(times(square, s2), 6n * n), scaled(times(square, square), -3n)),
  );
  const [a, b, c] = [leading(second), leading(third), leading(fourth)];
  // Powers of n cancel: third / second^1.5 and fourth / second^2.
  const odd = Math.abs(a.e % 2);
  const skewness = (b.m / (a.m * 2 ** odd) ** 1.5) * 2 ** (b.e - 1.5 * (a.e - odd));
  return { skewness, kurtosis: (c.m / a.m / a.m) * 2 ** (c.e - 2 * a.e) };
}
