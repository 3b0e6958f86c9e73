/** The early drift detection method. */

import { type DetectorKind, restart, unitOf } from './detector.ts';
import { addTo, createRunning, type Running, stdOf } from './running.ts';

export interface EddmState {
  n: number;
  /** Values between two errors. */
  distance: Running;
  lastError: number;
  /** Highest mean plus two standard deviations so far. */
  levelMax: number;
  /** The signal of the last error, which holds until the next. */
  warned: boolean;
}

export const EDDM: DetectorKind<EddmState> = {
  name: 'eddm',
  title: 'EDDM',
  description:
    'The distance between errors (mean plus two standard deviations) fell below a share of its highest value.',
  paper: 'M. Baena-Garcia et al. 2006, Early drift detection method, IWKDDS',
  input: 'error',
  options: {
    warm_start: { default: 30, description: 'errors before it may alarm', min: 1, max: 1e9, integer: true },
    alpha: { default: 0.95, description: 'share below which it warns', min: 0, max: 1 },
    beta: { default: 0.9, description: 'share below which it alarms', min: 0, max: 1 },
  },
  check: ({ alpha, beta }) => (alpha! < beta! ? 'alpha must not lie below beta' : undefined),
  create: () => ({ n: 0, distance: createRunning(), lastError: 0, levelMax: 0, warned: false }),
  step(state, options, value) {
    state.n += 1;
    if (unitOf(value) < 0.5) return state.warned ? 'warning' : 'none';
    addTo(state.distance, state.n - state.lastError);
    state.lastError = state.n;
    if (state.n <= options.warm_start!) return 'none';
    const level = state.distance.mean + 2 * stdOf(state.distance);
    if (level > state.levelMax) state.levelMax = level;
    else if (state.distance.n > options.warm_start!) {
      const share = level / state.levelMax;
      if (share < options.beta!) return restart(EDDM, state, options);
      state.warned = share < options.alpha!;
    }
    return state.warned ? 'warning' : 'none';
  },
};
