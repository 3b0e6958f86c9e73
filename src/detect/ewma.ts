/** The chart of an exponentially weighted moving average. */

import { type DetectorKind, DIRECTION, realOf, restart } from './detector.ts';

export interface EwmaState {
  n: number;
  mean: number;
  /** The moving average of the chart, and the moving mean of squares. */
  average: number;
  variance: number;
}

export const EWMA: DetectorKind<EwmaState> = {
  name: 'ewma',
  title: 'EWMA chart',
  description:
    'The exponentially weighted average is further from the running mean than a number of its standard errors.',
  paper: 'S. W. Roberts 1959, Control chart tests based on geometric moving averages, Technometrics 1',
  input: 'real',
  options: {
    alpha: { default: 0.1, description: 'weight of the newest value', min: 1e-6, max: 1 },
    threshold: { default: 4, description: 'standard errors that alarm', min: 1e-9, max: 1e9 },
    min_instances: {
      default: 30,
      description: 'values before it may alarm',
      min: 1,
      max: 1e9,
      integer: true,
    },
    direction: DIRECTION,
  },
  create: () => ({ n: 0, mean: 0, average: 0, variance: 0 }),
  step(state, options, value) {
    const x = realOf(value);
    const alpha = options.alpha!;
    state.n += 1;
    state.mean += (x - state.mean) / state.n;
    if (state.n === 1) state.average = x;
    else {
      // The recursion of the weighted variance (T. Finch 2009), which unlike E(x^2) - E(x)^2 does not cancel.
      const delta = x - state.average;
      state.variance = (1 - alpha) * (state.variance + alpha * delta * delta);
      state.average += alpha * delta;
    }
    if (state.n < options.min_instances!) return 'none';
    const factor = (alpha / (2 - alpha)) * (1 - (1 - alpha) ** (2 * state.n));
    const bound = options.threshold! * Math.sqrt(state.variance * factor);
    const deviation = state.average - state.mean;
    // Of a constant stream bound and deviation are both nothing but rounding.
    const noise = 1e-12 * Math.abs(state.mean);
    const rose = options.direction! >= 0 && deviation > bound + noise;
    const fell = options.direction! <= 0 && -deviation > bound + noise;
    return rose || fell ? restart(EWMA, state, options) : 'none';
  },
};
