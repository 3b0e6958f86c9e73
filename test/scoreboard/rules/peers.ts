/**
 * The default rules of the peers on one window of one input, as their sources have them (Evidently 0.7, NannyML 0.13, whylogs 1.6), beside a dummy.
 * Distances over bins use ten quantile bins of the reference. PSI fills empty bins as they do, with 0.0001; the rest is computed by Telltale's own measures.
 */

import { jsOf } from '../../../src/metric/drift/measures.ts';
import { ksOf, ksP, type Points, transportOf } from '../../../src/metric/drift/ordered.ts';

export interface Sample {
  values: Float64Array;
  /** Index of the window, from 0. */
  index: number;
}

export interface PeerRule {
  name: string;
  /** Learns from reference values; says of each window whether it alarms. */
  create(reference: Float64Array, windowRows: number): (window: Sample) => boolean;
}

const BINS = 10;

const sorted = (values: ArrayLike<number>): Float64Array => Float64Array.from(values).sort();

function edgesOf(reference: Float64Array): number[] {
  const ranked = sorted(reference);
  return Array.from({ length: BINS - 1 }, (_, k) => ranked[Math.floor(((k + 1) * ranked.length) / BINS)]!);
}

function sharesOf(values: ArrayLike<number>, edges: readonly number[]): number[] {
  const counts = new Array<number>(BINS).fill(0);
  for (let i = 0; i < values.length; i++) {
    let cell = 0;
    while (cell < edges.length && values[i]! >= edges[cell]!) cell++;
    counts[cell]!++;
  }
  return counts.map((count) => count / values.length);
}

/** Sum (r - c) ln(r / c), empty cells as 0.0001. */
function psi(reference: readonly number[], current: readonly number[]): number {
  return reference.reduce((sum, r, i) => {
    const [a, b] = [Math.max(1e-4, r), Math.max(1e-4, current[i]!)];
    return sum + (a - b) * Math.log(a / b);
  }, 0);
}

/** With the natural logarithm, where `jsOf` has that to base 2. */
const jensenShannon = (reference: readonly number[], current: readonly number[]): number =>
  jsOf(reference, current) * Math.sqrt(Math.LN2);

const pointsOf = (values: Float64Array): Points => Array.from(sorted(values), (value) => [value, 1] as const);

function deviationOf(values: Float64Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}

const overBins = (
  name: string,
  distance: (p: readonly number[], q: readonly number[]) => number,
  threshold: number,
): PeerRule => ({
  name,
  create(reference) {
    const edges = edgesOf(reference);
    const shares = sharesOf(reference, edges);
    return ({ values }) => distance(shares, sharesOf(values, edges)) >= threshold;
  },
});

const CHUNKS = 10;

export const PEER_RULES: readonly PeerRule[] = [
  overBins('PSI >= 0.1', psi, 0.1),
  overBins('PSI >= 0.2', psi, 0.2),
  overBins('JS >= 0.1', jensenShannon, 0.1),
  {
    name: 'normed Wasserstein >= 0.1',
    create(reference) {
      const points = pointsOf(reference);
      const deviation = Math.max(0.001, deviationOf(reference));
      return ({ values }) => transportOf(points, pointsOf(values)).distance / deviation >= 0.1;
    },
  },
  {
    name: 'KS p < 0.05',
    create(reference) {
      const points = pointsOf(reference);
      return ({ values }) => ksP(ksOf(points, pointsOf(values)), reference.length, values.length) < 0.05;
    },
  },
  {
    // Chunks of the size of a window, compared with the reference that they are part of.
    name: 'JS, mean + 3 std of 10 chunks',
    create(reference, rows) {
      const edges = edgesOf(reference);
      const shares = sharesOf(reference, edges);
      const found = Array.from({ length: CHUNKS }, (_, k) =>
        jensenShannon(shares, sharesOf(reference.subarray(k * rows, (k + 1) * rows), edges)),
      );
      const mean = found.reduce((sum, value) => sum + value, 0) / CHUNKS;
      const deviation = Math.sqrt(found.reduce((sum, value) => sum + (value - mean) ** 2, 0) / CHUNKS);
      return ({ values }) => jensenShannon(shares, sharesOf(values, edges)) > mean + 3 * deviation;
    },
  },
  {
    name: 'a dummy, every 10th window',
    create:
      () =>
      ({ index }) =>
        index % 10 === 9,
  },
];
