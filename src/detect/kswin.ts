/** Kolmogorov-Smirnov windowing, without the random sample of the paper. */

import { type DetectorKind, realOf } from './detector.ts';

export interface KswinState {
  /** The last values, oldest first. */
  window: number[];
}

/** Largest difference, in values, between the empirical distributions of two samples of equal size. */
function distanceOf(a: readonly number[], b: readonly number[]): number {
  const left = Float64Array.from(a).sort();
  const right = Float64Array.from(b).sort();
  let [i, j, distance] = [0, 0, 0];
  while (i < left.length && j < right.length) {
    const at = Math.min(left[i]!, right[j]!);
    while (i < left.length && left[i]! === at) i++;
    while (j < right.length && right[j]! === at) j++;
    distance = Math.max(distance, Math.abs(i - j));
  }
  return distance;
}

/**
 * P(D >= distance / n) for two samples of n values of one continuous distribution, exact:
 * 2 sum over i >= 1 of (-1)^(i-1) C(2n, n - i distance) / C(2n, n) (B. V. Gnedenko, V. S. Korolyuk 1951). With ties
 * the true probability is smaller.
 */
export function equalSizesP(distance: number, n: number): number {
  if (distance === 0) return 1;
  let p = 0;
  for (let i = 1; i * distance <= n; i++) {
    let ratio = 1;
    for (let j = 0; j < i * distance; j++) ratio *= (n - j) / (n + 1 + j);
    p += i % 2 === 1 ? 2 * ratio : -2 * ratio;
  }
  return Math.min(1, p);
}

export const KSWIN: DetectorKind<KswinState> = {
  name: 'kswin',
  title: 'KSWIN',
  description:
    'The last values of a window and as many of its older ones, evenly spaced, differ by the Kolmogorov-Smirnov test. The paper draws the older ones at random, which no replay could repeat.',
  paper:
    'C. Raab, M. Heusinger, F. Schleif 2020, Reactive soft prototype computing for concept drift streams, Neurocomputing 416',
  input: 'real',
  options: {
    alpha: {
      default: 0.005,
      description: 'significance of a comparison; there is one at each value',
      min: 1e-300,
      max: 1,
    },
    window_size: { default: 100, description: 'values in the window', min: 4, max: 10_000, integer: true },
    stat_size: {
      default: 30,
      description: 'values on each side of a comparison',
      min: 2,
      max: 5000,
      integer: true,
    },
  },
  check: ({ window_size, stat_size }) =>
    window_size! < 2 * stat_size! ? 'window_size must be at least twice stat_size' : undefined,
  create: () => ({ window: [] }),
  step(state, options, value) {
    const size = options.window_size!;
    const n = options.stat_size!;
    state.window.push(realOf(value));
    if (state.window.length > size) state.window.shift();
    if (state.window.length < size) return 'none';
    const older = size - n;
    const sample = Array.from({ length: n }, (_, i) => state.window[Math.floor((i * older) / n)]!);
    const distance = distanceOf(sample, state.window.slice(older));
    // With few values a significant distance is a large one; the tenth guards windows of thousands.
    if (distance <= 0.1 * n || equalSizesP(distance, n) > options.alpha!) return 'none';
    // The last values are of the new concept, and its first reference.
    state.window = state.window.slice(older);
    return 'drift';
  },
};
