/** Flap damping: an alarm that goes back and forth is silent until it has settled. */

import type { FlappingRule } from '../records.ts';
import { rankOf } from './levels.ts';
import type { Firing } from './transitions.ts';

/** Plain JSON: part of the alarm's state. */
export interface Flaps {
  /** Ranks of the last levels, a digit each, the newest last. */
  history: string;
  isFlapping: boolean;
}

/** A change counts the more the newer it is (as in Nagios, by the weights of Kapacitor). */
const WEIGHT_MIN = 0.8;
const WEIGHT_MAX = 1.2;

/** The weighted share of steps at which the level changed. Steps before the first window count as quiet. */
export function changedShare(history: string, size: number): number {
  const steps = size - 1;
  const all = history.padStart(size, '0');
  let sum = 0;
  for (let i = 1; i < size; i++)
    if (all[i] !== all[i - 1]) sum += WEIGHT_MIN + ((WEIGHT_MAX - WEIGHT_MIN) * (i - 1)) / steps;
  return sum / steps;
}

/** Takes the level of a judged window. */
export function stepFlaps(before: Flaps | undefined, level: Firing, rule: FlappingRule): Flaps {
  const history = `${before?.history ?? ''}${rankOf(level)}`.slice(-rule.history);
  const share = changedShare(history, rule.history);
  const isFlapping = before?.isFlapping ? share >= rule.leave : share > rule.enter;
  return { history, isFlapping };
}
