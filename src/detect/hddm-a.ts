/** Drift detection by Hoeffding's bound on averages. */

import { type DetectorKind, restart, unitOf } from './detector.ts';

export interface HddmAState {
  n: number;
  mean: number;
  /** The average where its upper bound was lowest, and where its lower bound was highest. */
  minN: number;
  minMean: number;
  maxN: number;
  maxMean: number;
}

const DIRECTION_UP = {
  default: 1,
  description: '1: only increases alarm; 0: decreases too',
  min: 0,
  max: 1,
  integer: true,
} as const;

/** Confidences and direction, which both methods have. */
export const HDDM_OPTIONS = {
  drift: { default: 0.001, description: 'significance that alarms', min: 1e-300, max: 1 },
  warning: { default: 0.005, description: 'significance that warns', min: 1e-300, max: 1 },
  direction: DIRECTION_UP,
} as const;

const hoeffding = (n: number, delta: number): number => Math.sqrt(Math.log(1 / delta) / (2 * n));

/** Whether the mean over all differs from the mean up to the cut by more than chance, section III of the paper. */
function moved(difference: number, n: number, cut: number, delta: number): boolean {
  if (cut === n) return false;
  const m = (n - cut) / cut / n;
  return difference >= Math.sqrt((m / 2) * Math.log(2 / delta));
}

export const HDDM_A: DetectorKind<HddmAState> = {
  name: 'hddm_a',
  title: 'HDDM-A',
  description: "The mean of all values differs from that of a first part by more than Hoeffding's bound.",
  paper:
    "I. Frias-Blanco et al. 2014, Online and non-parametric drift detection methods based on Hoeffding's bounds, IEEE TKDE 27",
  input: 'unit',
  options: HDDM_OPTIONS,
  create: () => ({ n: 0, mean: 0, minN: 0, minMean: 0, maxN: 0, maxMean: 0 }),
  step(state, options, value) {
    const x = unitOf(value);
    const drift = options.drift!;
    state.n += 1;
    state.mean += (x - state.mean) / state.n;
    const { n, mean } = state;
    const bound = hoeffding(n, drift);
    if (n === 1 || state.minMean + hoeffding(state.minN, drift) >= mean + bound) {
      state.minN = n;
      state.minMean = mean;
    }
    if (n === 1 || state.maxMean - hoeffding(state.maxN, drift) <= mean - bound) {
      state.maxN = n;
      state.maxMean = mean;
    }
    const rise = mean - state.minMean;
    const fall = state.maxMean - mean;
    const both = options.direction === 0;
    const at = (delta: number): boolean =>
      moved(rise, n, state.minN, delta) || (both && moved(fall, n, state.maxN, delta));
    if (at(drift)) return restart(HDDM_A, state, options);
    return at(options.warning!) ? 'warning' : 'none';
  },
};
