/** The Page-Hinkley test. */

import { type DetectorKind, DIRECTION, realOf, restart } from './detector.ts';

export interface PageHinkleyState {
  n: number;
  mean: number;
  /** Faded sums of deviations from the mean, less and plus the slack, and their extremes. */
  up: number;
  upMin: number;
  down: number;
  downMax: number;
}

export const PAGE_HINKLEY: DetectorKind<PageHinkleyState> = {
  name: 'page_hinkley',
  title: 'Page-Hinkley',
  description:
    'The faded sum of deviations from the running mean has moved by more than a threshold from its extreme.',
  paper: 'E. S. Page 1954, Continuous inspection schemes, Biometrika 41',
  input: 'real',
  options: {
    min_instances: {
      default: 30,
      description: 'values before it may alarm',
      min: 1,
      max: 1e9,
      integer: true,
    },
    delta: { default: 0.005, description: 'slack: deviations up to it do not count', min: 0, max: 1e9 },
    threshold: { default: 50, description: 'distance from the extreme that alarms', min: 1e-9, max: 1e12 },
    alpha: { default: 0.9999, description: 'what is left of the sum at each value', min: 0, max: 1 },
    direction: DIRECTION,
  },
  create: () => ({ n: 0, mean: 0, up: 0, upMin: 0, down: 0, downMax: 0 }),
  step(state, options, value) {
    const x = realOf(value);
    state.n += 1;
    state.mean += (x - state.mean) / state.n;
    const deviation = x - state.mean;
    state.up = options.alpha! * state.up + deviation - options.delta!;
    state.down = options.alpha! * state.down + deviation + options.delta!;
    // The extremes are those of the sums after a value; the zero before the first one is none of them.
    state.upMin = state.n === 1 ? state.up : Math.min(state.upMin, state.up);
    state.downMax = state.n === 1 ? state.down : Math.max(state.downMax, state.down);
    if (state.n < options.min_instances!) return 'none';
    const rose = options.direction! >= 0 && state.up - state.upMin > options.threshold!;
    const fell = options.direction! <= 0 && state.downMax - state.down > options.threshold!;
    return rose || fell ? restart(PAGE_HINKLEY, state, options) : 'none';
  },
};
