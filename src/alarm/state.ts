import { idOf } from '../math/hash.ts';
import type { Alert, Level, RuleSpec, Watched } from '../records.ts';
import type { Detection } from './detection.ts';
import type { Flaps } from './flapping.ts';
import type { Past } from './history.ts';
import type { Firing } from './transitions.ts';

/**
 * Alarms of one service that are kept at once. It bounds the judge's snapshot (about 1 kB an alarm that has
 * fired). It is far above 20 inputs x 100 segments with two rules each; only a rule over '*' and `each` on
 * a service with very many segments comes near.
 */
export const ALARMS_MAX = 10_000;

/** How long a level has held. */
export interface LevelTimes {
  /** Window end since which it has held without a break. */
  sinceMs: number;
  /** Window end since which it holds no more, and is kept all the same; null: it holds. */
  leftMs: number | null;
  /** It has held for long enough to fire. */
  isOn: boolean;
}

/** One rule on one metric, subject, model and segment. Plain JSON: it is part of the judge's snapshot. */
export interface AlarmState {
  fingerprint: string;
  rule: string;
  metric: string;
  subject: string;
  model: string;
  segment: string;
  /** The source whose windows it judges. */
  source: string;
  firing: Firing;
  /** What the world was told last: less than `firing` while it is flapping. */
  told: Firing;
  /** What thresholds and resets say of the last judged window. */
  level: Firing;
  /** Ranks of the levels of the last windows, for a rule that counts them. */
  recent?: string;
  /** The levels that hold, or did until now. */
  times: Partial<Record<Level, LevelTimes>>;
  flaps?: Flaps;
  /** Its results have stayed away for as long as the rule allows. */
  isSilent?: true;
  /** Start of the first window in breach; null: not in breach. */
  sinceMs: number | null;
  /** End of the last window that was judged; windows without enough samples are not judged. */
  lastWindowEndMs: number;
  /** Past windows, of a rule that looks back. */
  history?: Past[];
  /** Of a rule with a detector. */
  detection?: Detection;
  /** The last alert that went out. */
  last: Alert | null;
}

/** All alarms of one service. */
export interface AlarmStates {
  /** Keyed by fingerprint. */
  alarms: Record<string, AlarmState>;
  /** Entries of `alarms`: counting the keys for each new one would be quadratic. */
  tracked: number;
  /** Results that no alarm could be opened for because ALARMS_MAX were there, and windows that could not be remembered; it only grows. */
  untracked: number;
  /** Windows in the histories of all alarms. */
  remembered: number;
  /** What fires by what was told in the order of event time, by fingerprint: what rules over other rules see. */
  fires: Record<string, { rule: string; level: Level }>;
}

export function createAlarmStates(): AlarmStates {
  return { alarms: {}, tracked: 0, untracked: 0, remembered: 0, fires: {} };
}

/** Whether the rule watches it. Segment '*' is the whole traffic alone; 'each' is every segment but that. */
export function isWatched(rule: RuleSpec, what: Watched): boolean {
  if (rule.metric !== what.metric) return false;
  if (rule.subject !== '*' && rule.subject !== what.subject) return false;
  if (rule.model !== '*' && rule.model !== what.model) return false;
  return rule.segment === 'each' ? what.segment !== '*' : rule.segment === what.segment;
}

export function fingerprintOf(service: string, rule: string, what: Watched): string {
  return idOf('alarm', service, rule, what.metric, what.subject, what.model, what.segment);
}

/** Before every window; a number that JSON keeps, unlike -Infinity. */
export const NEVER_MS = Number.MIN_SAFE_INTEGER;

/** A new alarm of a rule, taken into the states. */
export function openAlarmState(
  states: AlarmStates,
  fingerprint: string,
  rule: string,
  { metric, subject, model, segment }: Watched,
  source: string,
): AlarmState {
  const alarm: AlarmState = {
    ...{ fingerprint, rule, metric, subject, model, segment, source },
    firing: 'ok',
    told: 'ok',
    level: 'ok',
    times: {},
    sinceMs: null,
    lastWindowEndMs: NEVER_MS,
    last: null,
  };
  states.alarms[fingerprint] = alarm;
  states.tracked++;
  return alarm;
}

/** Pending: in breach at some level, but none of them for long enough to fire. */
export function phaseOf({
  firing,
  times,
  isSilent,
}: AlarmState): 'inactive' | 'pending' | 'firing' | 'no-data' {
  if (isSilent) return 'no-data';
  if (firing !== 'ok') return 'firing';
  return Object.keys(times).length === 0 ? 'inactive' : 'pending';
}
