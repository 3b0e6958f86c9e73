/**
 * The default rules of the peers on one window of one input, as their sources have them (Evidently 0.7, NannyML 0.13, whylogs 1.6), beside a dummy.
 * Distances over bins use ten quantile bins of the reference.
 */

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

/** Root of the Jensen-Shannon divergence, natural logarithm. */
function jensenShannon(p: readonly number[], q: readonly number[]): number {
  let sum = 0;
  p.forEach((a, i) => {
    const b = q[i]!;
    const middle = (a + b) / 2;
    if (a > 0) sum += (a / 2) * Math.log(a / middle);
    if (b > 0) sum += (b / 2) * Math.log(b / middle);
  });
  return Math.sqrt(Math.max(0, sum));
}

/** Both sorted: area between the two distribution functions, and the largest distance between them. */
function distances(a: Float64Array, b: Float64Array): { area: number; largest: number } {
  let [i, j, area, largest] = [0, 0, 0, 0];
  let at = Math.min(a[0]!, b[0]!);
  while (i < a.length || j < b.length) {
    const next = Math.min(a[i] ?? Number.POSITIVE_INFINITY, b[j] ?? Number.POSITIVE_INFINITY);
    const gap = Math.abs(i / a.length - j / b.length);
    area += gap * (next - at);
    largest = Math.max(largest, gap);
    at = next;
    while (i < a.length && a[i] === at) i++;
    while (j < b.length && b[j] === at) j++;
  }
  return { area, largest };
}

function deviationOf(values: Float64Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}

/** Asymptotic two-sided p-value of Kolmogorov and Smirnov. */
function ksP(largest: number, m: number, n: number): number {
  const z = largest * Math.sqrt((m * n) / (m + n));
  let sum = 0;
  for (let k = 1; k <= 100; k++) sum += 2 * (-1) ** (k - 1) * Math.exp(-2 * k * k * z * z);
  return z < 0.2 ? 1 : Math.min(1, Math.max(0, sum));
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
      const ranked = sorted(reference);
      const deviation = Math.max(0.001, deviationOf(reference));
      return ({ values }) => distances(ranked, sorted(values)).area / deviation >= 0.1;
    },
  },
  {
    name: 'KS p < 0.05',
    create(reference) {
      const ranked = sorted(reference);
      return ({ values }) =>
        ksP(distances(ranked, sorted(values)).largest, reference.length, values.length) < 0.05;
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
