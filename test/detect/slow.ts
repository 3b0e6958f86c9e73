/**
 * The charts as their definitions say, from all values since the last alarm, with nothing kept between steps: the
 * indices that the detectors must alarm at come from here.
 */

const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
const meanOf = (values: readonly number[]): number => sumOf(values) / values.length;

/** Indices of alarms: `alarms` sees the values since the last one, and `keep` of them stay. */
export function alarmsOf(
  values: readonly number[],
  alarms: (since: readonly number[]) => boolean,
  keep = 0,
): number[] {
  const found: number[] = [];
  let from = 0;
  for (let i = 0; i < values.length; i++) {
    if (!alarms(values.slice(from, i + 1))) continue;
    found.push(i);
    from = i + 1 - keep;
  }
  return found;
}

/** Some stretch after the reference sums to more than the threshold, less the slack of each of its values. */
export function cusumAlarms(since: readonly number[], n = 30, slack = 0.5, threshold = 5): boolean {
  if (since.length < n) return false;
  const mean = meanOf(since.slice(0, n));
  const std = Math.sqrt(sumOf(since.slice(0, n).map((x) => (x - mean) ** 2)) / (n - 1));
  for (const sign of [1, -1]) {
    let stretch = 0;
    for (let from = since.length - 1; from >= n - 1; from--) {
      stretch += (sign * (since[from]! - mean)) / std - slack;
      if (stretch > threshold) return true;
    }
  }
  return false;
}

/** Weights of an exponential average that begins at the first value, oldest first. */
const weightsOf = (n: number, alpha: number): number[] =>
  Array.from({ length: n }, (_, i) =>
    i === 0 ? (1 - alpha) ** (n - 1) : alpha * (1 - alpha) ** (n - 1 - i),
  );

export function ewmaAlarms(since: readonly number[], alpha = 0.1, threshold = 4, n = 30): boolean {
  if (since.length < n) return false;
  const weights = weightsOf(since.length, alpha);
  const average = sumOf(since.map((x, i) => weights[i]! * x));
  const variance = sumOf(since.map((x, i) => weights[i]! * (x - average) ** 2));
  const factor = (alpha / (2 - alpha)) * (1 - (1 - alpha) ** (2 * since.length));
  return Math.abs(average - meanOf(since)) > threshold * Math.sqrt(variance * factor);
}

/** Two empirical distribution functions, compared at every value. */
function ksOf(a: readonly number[], b: readonly number[]): number {
  const share = (of: readonly number[], at: number): number => of.filter((x) => x <= at).length / of.length;
  return Math.max(...[...a, ...b].map((at) => Math.abs(share(a, at) - share(b, at))));
}

/** P(D >= d) for two samples of n: the share of lattice paths from (0, 0) to (n, n) that leave the band |i - j| < n d. */
export function ksP(d: number, n: number): number {
  const all = Array.from({ length: n + 1 }, () => new Array<bigint>(n + 1).fill(1n));
  const inside = Array.from({ length: n + 1 }, () => new Array<bigint>(n + 1).fill(0n));
  for (let i = 0; i <= n; i++) {
    for (let j = 0; j <= n; j++) {
      if (i > 0 && j > 0) all[i]![j] = all[i - 1]![j]! + all[i]![j - 1]!;
      if (Math.abs(i - j) >= n * d - 1e-9) continue;
      inside[i]![j] =
        i + j === 0 ? 1n : (i > 0 ? inside[i - 1]![j]! : 0n) + (j > 0 ? inside[i]![j - 1]! : 0n);
    }
  }
  const total = all[n]![n]!;
  return Number(total - inside[n]![n]!) / Number(total);
}

export function kswinAlarms(since: readonly number[], alpha = 0.005, size = 100, n = 30): boolean {
  if (since.length < size) return false;
  const window = since.slice(-size);
  const older = Array.from({ length: n }, (_, i) => window[Math.floor((i * (size - n)) / n)]!);
  const d = ksOf(older, window.slice(size - n));
  return d > 0.1 && ksP(d, n) <= alpha;
}

/** Buckets of the exponential histogram as lists of values; sums and variance anew at each look. */
export function adwinAlarms(since: readonly number[], delta = 0.002, bucketsMax = 5): boolean {
  const width = since.length;
  if (width % 32 !== 0) return false;
  const bounds = boundsOf(width, bucketsMax);
  const mean = meanOf(since);
  const variance = meanOf(since.map((x) => (x - mean) ** 2));
  const confidence = Math.log((2 * Math.log(width)) / delta);
  return bounds.some((n) => {
    if (n < 5 || width - n < 5) return false;
    const m = 1 / (n - 4) + 1 / (width - n - 4);
    const bound = Math.sqrt(2 * m * variance * confidence) + (2 / 3) * confidence * m;
    return Math.abs(meanOf(since.slice(0, n)) - meanOf(since.slice(n))) > bound;
  });
}

/** Where buckets end after `width` values: two oldest of a size merge when there are more than the bound. */
function boundsOf(width: number, bucketsMax: number): number[] {
  const sizes: number[] = [];
  for (let i = 0; i < width; i++) {
    sizes.push(1);
    for (let size = 1; ; size *= 2) {
      const first = sizes.indexOf(size);
      if (sizes.filter((one) => one === size).length <= bucketsMax) break;
      sizes.splice(first, 2, 2 * size);
    }
  }
  let end = 0;
  return sizes.map((size) => {
    end += size;
    return end;
  });
}
