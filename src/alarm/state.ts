import { idOf } from '../math/hash.ts';
import type { Alert, Level, Result, RuleSpec } from '../records.ts';
import type { Detection } from './detection.ts';
import type { Firing } from './transitions.ts';

/**
 * Alarms of one service that are kept at once. It bounds the judge's snapshot (about 1 kB an alarm that has
 * fired). It is far above 20 inputs x 100 segments with two rules each; only a rule over '*' and `each` on
 * a service with very many segments comes near.
 */
export const ALARMS_MAX = 10_000;

/** One rule on one metric, subject, model and segment. Plain JSON: it is part of the judge's snapshot. */
export interface AlarmState {
  fingerprint: string;
  rule: string;
  metric: string;
  subject: string;
  model: string;
  segment: string;
  firing: Firing;
  /** Window end since which the value has been at or beyond the level without a break; null: it is not. */
  warningSinceMs: number | null;
  criticalSinceMs: number | null;
  /** Start of the first window in breach; null: not in breach. */
  sinceMs: number | null;
  /** End of the last window that was judged; windows without enough samples are not judged. */
  lastWindowEndMs: number;
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
  /** Results that no alarm could be opened for because ALARMS_MAX were there; it only grows. */
  untracked: number;
}

export function createAlarmStates(): AlarmStates {
  return { alarms: {}, tracked: 0, untracked: 0 };
}

/** What of a result or an alarm says which rules watch it. */
export type Watched = Pick<Result, 'metric' | 'subject' | 'model' | 'segment'>;

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

/** Pending: in breach at some level, but none of them for long enough to fire. */
export function phaseOf(alarm: AlarmState): 'inactive' | 'pending' | 'firing' {
  if (alarm.firing !== 'ok') return 'firing';
  return alarm.warningSinceMs === null && alarm.criticalSinceMs === null ? 'inactive' : 'pending';
}

export function sinceOf(alarm: AlarmState, level: Level): number | null {
  return level === 'critical' ? alarm.criticalSinceMs : alarm.warningSinceMs;
}
