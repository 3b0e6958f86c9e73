/**
 * The whole life of one alarm as a table: for every state and every event there is one outcome. The fold
 * in `step.ts` finds out which event happened; what follows from it is decided here and nowhere else.
 */
import { LEVELS, type Level } from '../records.ts';

/** The level that is firing; 'ok': none (nothing wrong, or not for long enough yet). */
export type Firing = 'ok' | Level;

/**
 * `unknown`: too few samples or no value. `none` and levels: the highest level whose condition
 * has held for long enough. `removed`: the config no longer has a rule for this alarm.
 */
export type AlarmEvent = 'unknown' | 'none' | Level | 'removed';

export interface Outcome {
  next: Firing;
  /** What the world is told; null: nothing changed. */
  alert: { state: 'firing' | 'resolved'; level: Level } | null;
}

export const FIRINGS: readonly Firing[] = ['ok', ...LEVELS];
export const ALARM_EVENTS: readonly AlarmEvent[] = ['unknown', 'none', ...LEVELS, 'removed'];

const stay = (next: Firing): Outcome => ({ next, alert: null });
const fire = (level: Level): Outcome => ({ next: level, alert: { state: 'firing', level } });
const resolve = (level: Level): Outcome => ({ next: 'ok', alert: { state: 'resolved', level } });

/** A resolved alert carries the level that was firing, so that its receiver can find what it opened. */
export const TRANSITIONS: Readonly<Record<Firing, Readonly<Record<AlarmEvent, Outcome>>>> = {
  ok: {
    unknown: stay('ok'),
    none: stay('ok'),
    info: fire('info'),
    warning: fire('warning'),
    critical: fire('critical'),
    removed: stay('ok'),
  },
  info: {
    unknown: stay('info'),
    none: resolve('info'),
    info: stay('info'),
    warning: fire('warning'),
    critical: fire('critical'),
    removed: resolve('info'),
  },
  warning: {
    unknown: stay('warning'),
    none: resolve('warning'),
    info: fire('info'),
    warning: stay('warning'),
    critical: fire('critical'),
    removed: resolve('warning'),
  },
  critical: {
    unknown: stay('critical'),
    none: resolve('critical'),
    info: fire('info'),
    warning: fire('warning'),
    critical: stay('critical'),
    removed: resolve('critical'),
  },
};
