/**
 * Seeded random numbers for the stories. The generator is sfc32, the "small fast chaotic" generator with
 * 128 bits of state from Chris Doty-Humphrey's PractRand test suite; its state is seeded by splitmix32, the
 * finalizer of MurmurHash3 over a Weyl sequence, so that neighbouring seeds give unrelated sequences.
 */

export interface Random {
  /** 32 uniform bits as an unsigned integer. */
  bits(): number;
  /** Uniform in [0, 1), with 32 bits. */
  uniform(): number;
  /** Normal with the given mean and standard deviation. */
  normal(mean: number, std: number): number;
  /** Exponential with the given mean. */
  exponential(mean: number): number;
  /** Whole number in low..high, both inclusive. */
  integer(low: number, high: number): number;
  /** True with the given probability. */
  chance(probability: number): boolean;
  /** One of the names, with probability in proportion to its weight. */
  pick<K extends string>(weights: Readonly<Record<K, number>>): K;
  /** One of the items, all equally likely. The list must not be empty. */
  among<T>(items: readonly T[]): T;
}

/** Makes a generator; the same seed (a 32-bit integer) and stream name give the same sequence. */
export function createRandom(seed: number, stream = ''): Random {
  const bits = sfc32(seed, stream);
  const uniform = () => bits() / 4_294_967_296;
  return {
    bits,
    uniform,
    normal: (mean, std) => mean + std * boxMuller(uniform),
    exponential: (mean) => -mean * Math.log(1 - uniform()),
    integer: (low, high) => low + Math.floor(uniform() * (high - low + 1)),
    chance: (probability) => uniform() < probability,
    pick: (weights) => pickWeighted(weights, uniform()),
    among: (items) => items[Math.floor(uniform() * items.length)]!,
  };
}

/** One standard normal number by the method of Box and Muller (1958). The second one is thrown away: no hidden state. */
function boxMuller(uniform: () => number): number {
  const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
  return radius * Math.cos(2 * Math.PI * uniform());
}

function pickWeighted<K extends string>(weights: Readonly<Record<K, number>>, uniform: number): K {
  const names = Object.keys(weights) as K[];
  let total = 0;
  for (const name of names) total += weights[name];
  let left = uniform * total;
  for (const name of names) {
    left -= weights[name];
    if (left < 0) return name;
  }
  return names[names.length - 1]!;
}

function splitmix32(state: number): () => number {
  let s = state | 0;
  return () => {
    s = (s + 0x9e3779b9) | 0;
    let t = s ^ (s >>> 16);
    t = Math.imul(t, 0x21f0aaad);
    t ^= t >>> 15;
    t = Math.imul(t, 0x735a2d97);
    return (t ^ (t >>> 15)) | 0;
  };
}

function sfc32(seed: number, stream: string): () => number {
  let start = seed | 0;
  for (let i = 0; i < stream.length; i++) start = Math.imul(start ^ stream.charCodeAt(i), 0x01000193);
  const seeder = splitmix32(start);
  let a = seeder();
  let b = seeder();
  let c = seeder();
  let counter = 1;
  const next = () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return sum >>> 0;
  };
  // The author's advice: the first outputs still show the seed.
  for (let i = 0; i < 12; i++) next();
  return next;
}
