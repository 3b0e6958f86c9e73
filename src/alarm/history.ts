/** What a rule remembers of past windows. */

import type { AlarmState, AlarmStates } from './state.ts';

/** Windows that are remembered over all alarms of a service: it bounds the judge's snapshot. */
export const HISTORY_MAX = 200_000;

/** A window: its end, the value and its n. Plain JSON. */
export type Past = [endMs: number, value: number, n: number];

/**
 * Takes a window into the history of an alarm and forgets those that end at `forgetMs` or before. False: it ends no later than the last one. Where there is no
 * room it is not remembered, and counted.
 */
export function remember(states: AlarmStates, alarm: AlarmState, past: Past, forgetMs: number): boolean {
  alarm.history ??= [];
  const { history } = alarm;
  if (history.length > 0 && past[0] <= history.at(-1)![0]) return false;
  const first = history.findIndex(([endMs]) => endMs > forgetMs);
  const gone = history.splice(0, first < 0 ? history.length : first).length;
  states.remembered -= gone;
  if (states.remembered >= HISTORY_MAX) states.untracked++;
  else {
    history.push(past);
    states.remembered++;
  }
  return true;
}

/** The value of the window that ended then. */
export function valueAt({ history = [] }: AlarmState, endMs: number): number | null {
  let [low, high] = [0, history.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (history[middle]![0] < endMs) low = middle + 1;
    else high = middle;
  }
  const found = history[low];
  return found !== undefined && found[0] === endMs ? found[1] : null;
}

export function forget(states: AlarmStates, alarm: AlarmState): void {
  states.remembered -= alarm.history?.length ?? 0;
  delete alarm.history;
}
