/** The mixture e-detectors as detectors of the registry: a step for each value. */

import {
  type Component,
  decreaseOf,
  departureOf,
  increaseOf,
  lowerBoundOf,
  upperBoundOf,
} from './components.ts';
import { type DetectorKind, DIRECTION, type Options, restart, unitOf } from './detector.ts';
import type { Variant } from './e-detector.ts';

export interface EKindState {
  /** Values that the baseline was learned from, where the options give none, and their sum. */
  learned: number;
  sum: number;
  /** null until the baseline is known. */
  components: Component[] | null;
  /** M of each component. It begins again at the boundary, so that it needs no logarithm. */
  masses: number[];
  /** All values so far were 0 or 1, so that no bet need pass the boundary. */
  isBinary: boolean;
}

const massesOf = (components: readonly Component[] | null): number[] =>
  new Array<number>(components?.length ?? 0).fill(0);

const share = (value: number): number => Math.min(1, Math.max(0, value));

/** The bets for a mean that lies in `low`..`high`, widened by the tolerance. */
function componentsOf(low: number, high: number, { direction, tolerance }: Options): Component[] {
  const from = share(low - tolerance!);
  const to = share(high + tolerance!);
  if (direction === 0) return departureOf(from, to);
  return direction! > 0 ? increaseOf(to) : decreaseOf(from);
}

/** The bets against a baseline of `n` values with this sum. */
const fromBaseline = (sum: number, n: number, options: Options): Component[] =>
  componentsOf(lowerBoundOf(sum, n, options.confidence!), upperBoundOf(sum, n, options.confidence!), options);

function createState(options: Options): EKindState {
  const { p0, successes, n } = options;
  const known =
    p0! >= 0 ? componentsOf(p0!, p0!, options) : n! > 0 ? fromBaseline(successes!, n!, options) : null;
  return {
    learned: 0,
    sum: 0,
    components: known,
    masses: massesOf(known),
    isBinary: true,
  };
}

function learn(state: EKindState, options: Options, value: number): void {
  state.learned += 1;
  state.sum += value;
  if (state.learned < options.warm_up!) return;
  state.components = fromBaseline(Math.min(state.sum, state.learned), state.learned, options);
  state.masses = massesOf(state.components);
}

/**
 * How much of each bet to stake, in 0..1, so that Shiryaev-Roberts reaches the boundary on the next value but does not
 * pass it. What lies beyond is of no use, and staking less for it loses less when the value speaks for the null. It
 * follows from the past alone, so L keeps its mean. Only for values that are all 0 or 1: others would come ever nearer and
 * not arrive. It takes 4 samples off the delay of a rate of 0.1 that doubles.
 */
function stakeOf(components: readonly Component[], masses: readonly number[], boundary: number): number {
  let [idle, atZero, atOne] = [0, 0, 0];
  for (let k = 0; k < masses.length; k++) {
    const { weight, slope, centre } = components[k]!;
    const mass = weight * (masses[k]! + 1);
    idle += mass;
    atZero += mass * (1 - slope * centre);
    atOne += mass * (1 + slope * (1 - centre));
  }
  const most = Math.max(atZero, atOne);
  if (most <= boundary || idle >= boundary) return 1;
  // A hair more, so that rounding does not leave it a hair below.
  return Math.min(1, ((boundary - idle) / (most - idle)) * (1 + 1e-9) + 1e-9);
}

/** One value; M of the mixture afterwards. */
function fold(
  { components, masses, isBinary }: EKindState,
  x: number,
  boundary: number,
  variant: Variant,
): number {
  const isSum = variant === 'shiryaev_roberts';
  const stake = isSum && isBinary ? stakeOf(components!, masses, boundary) : 1;
  let mixture = 0;
  for (let k = 0; k < masses.length; k++) {
    const { weight, slope, centre } = components![k]!;
    const start = isSum ? masses[k]! + 1 : Math.max(masses[k]!, 1);
    masses[k] = start * (1 + stake * slope * (x - centre));
    mixture += weight * masses[k]!;
  }
  return mixture;
}

const OPTIONS = {
  direction: { ...DIRECTION, default: 1 },
  p0: { default: -1, description: 'tolerated mean; below 0: from the baseline', min: -1, max: 1 },
  successes: { default: 0, description: 'sum of the values of the baseline', min: 0, max: 1e15 },
  n: { default: 0, description: 'values of the baseline; 0: it is learned', min: 0, max: 1e15 },
  warm_up: {
    default: 1000,
    description: 'first values to learn a baseline from',
    min: 1,
    max: 1e9,
    integer: true,
  },
  confidence: {
    default: 0.9,
    description: 'of the bound on the mean of the baseline',
    min: 0.5,
    max: 1 - 1e-9,
  },
  tolerance: { default: 0, description: 'how much further the mean may move', min: 0, max: 1 },
  arl: { default: 1e5, description: 'least mean number of values between false alarms', min: 1, max: 1e12 },
} as const;

function kindOf(
  name: string,
  title: string,
  variant: Variant,
  description: string,
): DetectorKind<EKindState> {
  const kind: DetectorKind<EKindState> = {
    name,
    title,
    description,
    paper:
      'J. Shin, A. Ramdas, A. Rinaldo 2024, E-detectors: a nonparametric framework for sequential change detection, NEJSDS 2',
    input: 'unit',
    options: OPTIONS,
    check: ({ successes, n }) => (successes! > n! ? 'successes must not be more than n' : undefined),
    create: createState,
    step(state, options, value) {
      const x = unitOf(value);
      if (state.components === null) {
        learn(state, options, x);
        return 'none';
      }
      const mixture = fold(state, x, options.arl!, variant);
      state.isBinary &&= x === 0 || x === 1;
      return mixture >= options.arl! ? restart(kind, state, options) : 'none';
    },
  };
  return kind;
}

export const E_SR = kindOf(
  'e_sr',
  'Mixture e-detector, Shiryaev-Roberts',
  'shiryaev_roberts',
  'M <- (M + 1)(1 + slope (x - p0)), mixed over slopes, has passed the run length that was asked for. It keeps that run length for values in 0..1 of any distribution.',
);

export const E_CUSUM = kindOf(
  'e_cusum',
  'Mixture e-detector, CUSUM',
  'cusum',
  'M <- max(M, 1)(1 + slope (x - p0)), mixed over slopes, has passed the run length that was asked for. Slower than `e_sr`.',
);
