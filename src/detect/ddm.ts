/** The drift detection method. */

import { type DetectorKind, restart, unitOf } from './detector.ts';

export interface DdmState {
  n: number;
  /** Error rate so far. */
  rate: number;
  /** Rate and standard error where their sum was lowest; null before the warm start is over. */
  rateMin: number | null;
  errorMin: number;
}

export const DDM: DetectorKind<DdmState> = {
  name: 'ddm',
  title: 'DDM',
  description:
    'Error rate plus standard error is more than a number of standard errors above where it was lowest.',
  paper: 'J. Gama, P. Medas, G. Castillo, P. Rodrigues 2004, Learning with drift detection, SBIA',
  input: 'error',
  options: {
    warm_start: { default: 30, description: 'values before it may alarm', min: 1, max: 1e9, integer: true },
    warning: { default: 2, description: 'standard errors that warn', min: 0, max: 1e6 },
    drift: { default: 3, description: 'standard errors that alarm', min: 0, max: 1e6 },
  },
  check: ({ warning, drift }) => (warning! > drift! ? 'warning must not lie above drift' : undefined),
  create: () => ({ n: 0, rate: 0, rateMin: null, errorMin: 0 }),
  step(state, options, value) {
    state.n += 1;
    state.rate += (unitOf(value) - state.rate) / state.n;
    if (state.n <= options.warm_start!) return 'none';
    const error = Math.sqrt(Math.max(0, state.rate * (1 - state.rate)) / state.n);
    const level = state.rate + error;
    if (state.rateMin === null || level <= state.rateMin + state.errorMin) {
      state.rateMin = state.rate;
      state.errorMin = error;
    }
    if (level > state.rateMin + options.drift! * state.errorMin) return restart(DDM, state, options);
    return level > state.rateMin + options.warning! * state.errorMin ? 'warning' : 'none';
  },
};
