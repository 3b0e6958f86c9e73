/** Seeded numbers of the scoreboard. */

export interface Random {
  /** In [0, 1). */
  uniform(): number;
  /** Standard normal. */
  normal(): number;
  /** Below `n`. */
  below(n: number): number;
}

/** mulberry32 and Box-Muller. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  let spare: number | null = null;
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
  return {
    uniform,
    below: (n) => Math.floor(uniform() * n),
    normal() {
      if (spare !== null) {
        const value = spare;
        spare = null;
        return value;
      }
      const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
      const angle = 2 * Math.PI * uniform();
      spare = radius * Math.sin(angle);
      return radius * Math.cos(angle);
    },
  };
}

/** Successes of n trials, by inversion from the mode's side where few are expected, else one by one. */
export function binomial({ uniform }: Random, n: number, p: number): number {
  if (p <= 0 || n === 0) return 0;
  if (p >= 1) return n;
  if (p > 0.5) return n - binomialOf(uniform, n, 1 - p);
  return binomialOf(uniform, n, p);
}

/** Waiting times between successes are geometric: as many draws as successes. */
function binomialOf(uniform: () => number, n: number, p: number): number {
  const scale = 1 / Math.log1p(-p);
  let [count, at] = [0, 0];
  for (;;) {
    at += Math.floor(Math.log(1 - uniform()) * scale) + 1;
    if (at > n) return count;
    count++;
  }
}

/** Distribution function of a binomial law from `from` on, as far as it is not 0 or 1 in what a draw can tell. */
interface Table {
  from: number;
  upTo: Float64Array;
}

/** Eight standard deviations: further draws are rarer than one in 10^14. */
const SIGMAS = 8;
const TABLES_MAX = 50_000;
const tables = new Map<number, Map<number, Table>>();
let tableCount = 0;

function createTable(n: number, p: number): Table {
  const mode = Math.floor((n + 1) * p);
  const reach = Math.ceil(SIGMAS * Math.sqrt(n * p * (1 - p))) + SIGMAS;
  const from = Math.max(0, mode - reach);
  const upTo = new Float64Array(Math.min(n, mode + reach) - from + 1);
  // Ratios of neighbours, from the mode outwards: no factorials.
  upTo[mode - from] = 1;
  for (let k = mode; k > from; k--) upTo[k - 1 - from] = (upTo[k - from]! * k * (1 - p)) / ((n - k + 1) * p);
  for (let k = mode + 1; k - from < upTo.length; k++)
    upTo[k - from] = (upTo[k - 1 - from]! * (n - k + 1) * p) / (k * (1 - p));
  let sum = 0;
  for (let k = 0; k < upTo.length; k++) {
    sum += upTo[k]!;
    upTo[k] = sum;
  }
  for (let k = 0; k < upTo.length; k++) upTo[k]! /= sum;
  return { from, upTo };
}

/** Successes of n trials by inversion of a kept table: for laws that are drawn from again and again. */
function keptBinomial(uniform: () => number, n: number, p: number): number {
  let byN = tables.get(p);
  if (byN === undefined) {
    byN = new Map();
    tables.set(p, byN);
  }
  let table = byN.get(n);
  if (table === undefined) {
    if (tableCount++ >= TABLES_MAX) {
      tables.clear();
      tableCount = 0;
    }
    table = createTable(n, p);
    byN.set(n, table);
  }
  const { from, upTo } = table;
  const u = uniform();
  let [low, high] = [0, upTo.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (u < upTo[middle]!) high = middle;
    else low = middle + 1;
  }
  return from + low;
}

/** Counts of n draws over cells with these shares: each cell is binomial given those before it. */
export function multinomial({ uniform }: Random, n: number, shares: readonly number[]): number[] {
  const counts = new Array<number>(shares.length).fill(0);
  let rest = 0;
  for (const share of shares) rest += share;
  let left = n;
  for (let k = 0; k < shares.length - 1 && left > 0; k++) {
    const p = shares[k]! / rest;
    const count = p <= 0 ? 0 : p >= 1 ? left : keptBinomial(uniform, left, p);
    counts[k] = count;
    left -= count;
    rest -= shares[k]!;
  }
  counts[shares.length - 1]! += left;
  return counts;
}
