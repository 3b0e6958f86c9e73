/** Predicted class against true class. */

import { assert } from '../errors.ts';
import type { ProfileKind } from './track.ts';

export interface ConfusionState {
  classes: number;
  /** Row-major counts[predicted * classes + truth]. */
  counts: Float64Array;
}

export const createConfusion = (classes: number): ConfusionState => ({
  classes,
  counts: new Float64Array(classes * classes),
});

export const confusion: ProfileKind<ConfusionState> = {
  name: 'confusion',
  description: 'counts of predicted class against true class',
  merge(into, from) {
    assert(into.classes === from.classes, 'merged confusion counts have the same classes');
    for (let i = 0; i < from.counts.length; i++) into.counts[i]! += from.counts[i]!;
  },
  pack(state, out) {
    out.uint(state.classes);
    for (const count of state.counts) out.uint(count);
  },
  unpack(from) {
    const classes = from.count(1);
    assert(classes * classes <= from.rest, 'profile bytes are whole');
    const state = createConfusion(classes);
    for (let i = 0; i < state.counts.length; i++) state.counts[i] = from.uint();
    return state;
  },
};
