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

/** Counts of n draws over cells with these shares. */
export function multinomial(random: Random, n: number, shares: readonly number[]): number[] {
  const counts = new Array<number>(shares.length).fill(0);
  let total = 0;
  for (const share of shares) total += share;
  for (let i = 0; i < n; i++) {
    let u = random.uniform() * total;
    let k = 0;
    while (k < shares.length - 1 && u >= shares[k]!) u -= shares[k++]!;
    counts[k]!++;
  }
  return counts;
}
