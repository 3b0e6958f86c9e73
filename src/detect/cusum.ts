/** The tabular CUSUM chart against a reference that the stream's beginning gives. */

import { type DetectorKind, DIRECTION, realOf, restart } from './detector.ts';
import { addTo, createRunning, type Running, stdOf } from './running.ts';

export interface CusumState {
  /** Of the first values; frozen afterwards, since a running mean would follow the change that is looked for. */
  reference: Running;
  up: number;
  down: number;
}

export const CUSUM: DetectorKind<CusumState> = {
  name: 'cusum',
  title: 'CUSUM',
  description:
    'Sums of deviations from the mean of the first values, in their standard deviations, less a slack, held at 0 from below.',
  paper: 'E. S. Page 1954, Continuous inspection schemes, Biometrika 41',
  input: 'real',
  options: {
    min_instances: {
      default: 30,
      description: 'values that make the reference',
      min: 2,
      max: 1e6,
      integer: true,
    },
    slack: {
      default: 0.5,
      description: 'deviation that does not count, in standard deviations',
      min: 0,
      max: 1e6,
    },
    threshold: { default: 5, description: 'sum that alarms, in standard deviations', min: 1e-9, max: 1e9 },
    direction: DIRECTION,
  },
  create: () => ({ reference: createRunning(), up: 0, down: 0 }),
  step(state, options, value) {
    const x = realOf(value);
    if (state.reference.n < options.min_instances!) {
      addTo(state.reference, x);
      if (state.reference.n < options.min_instances!) return 'none';
    }
    const std = stdOf(state.reference);
    const deviation = x - state.reference.mean;
    const slack = options.slack! * std;
    state.up = Math.max(0, state.up + deviation - slack);
    state.down = Math.max(0, state.down - deviation - slack);
    const limit = options.threshold! * std;
    const rose = options.direction! >= 0 && state.up > limit;
    const fell = options.direction! <= 0 && state.down > limit;
    return rose || fell ? restart(CUSUM, state, options) : 'none';
  },
};
