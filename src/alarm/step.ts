/**
 * The fold of results into alarms. Pure: the same results in the same order give the same alerts, byte for
 * byte, also when the state went through JSON in between.
 */
import { assert } from '../errors.ts';
import { idOf } from '../math/hash.ts';
import type { Alert, Level, Result, RuleSpec, ServiceSpec } from '../records.ts';
import { type Detecting, detectorText, NO_DETECTORS, reachedByDetector } from './detection.ts';
import {
  ALARMS_MAX,
  type AlarmState,
  type AlarmStates,
  fingerprintOf,
  isWatched,
  sinceOf,
  type Watched,
} from './state.ts';
import { reachedBy, thresholdText } from './threshold.ts';
import { type AlarmEvent, type Outcome, TRANSITIONS } from './transitions.ts';
import { reasonOf } from './words.ts';

/**
 * Folds one result into the alarms of its service and returns an alert for every transition, in the order
 * of the rules. A result without a value, or with fewer samples than the rule's nMin, changes nothing: it is
 * neither an alarm nor a recovery. Nor does one whose window does not end after the last judged one. Of the
 * revisions of a window the final one is judged, since labels that come early are not a fair sample of all; a
 * rule with coverageMin takes the first that has enough of them. `detecting` steps the detectors of rules
 * that have one.
 */
export function stepAlarms(
  states: AlarmStates,
  spec: ServiceSpec,
  result: Result,
  detecting: Detecting = NO_DETECTORS,
): Alert[] {
  const value = result.value;
  if (value === null || !Number.isFinite(value)) return [];
  const alerts: Alert[] = [];
  for (const rule of spec.rules) {
    if (result.n < rule.nMin || !isMature(rule, result) || !isWatched(rule, result)) continue;
    const alarm = alarmOf(states, spec, rule, result);
    if (alarm === null || result.windowEndMs <= alarm.lastWindowEndMs) continue;
    const alert = judge(alarm, spec, rule, result, value, detecting);
    if (alert !== null) alerts.push(alert);
  }
  return alerts;
}

const isMature = (rule: RuleSpec, { final, coverage }: Result): boolean =>
  final || (rule.coverageMin !== null && coverage !== null && coverage >= rule.coverageMin);

/**
 * After a change of config: forgets the alarms that no rule of the same name watches any more, and resolves
 * those that were firing. `atMs` is the event time of the change; the alerts' window is empty and lies there,
 * since nothing was measured. Sorted by fingerprint.
 */
export function dropRemovedRules(states: AlarmStates, spec: ServiceSpec, atMs: number): Alert[] {
  const rules = new Map(spec.rules.map((rule) => [rule.name, rule]));
  const alerts: Alert[] = [];
  for (const fingerprint of Object.keys(states.alarms).sort()) {
    const alarm = states.alarms[fingerprint]!;
    const rule = rules.get(alarm.rule);
    if (rule !== undefined && isWatched(rule, alarm)) continue;
    delete states.alarms[fingerprint];
    states.tracked--;
    const { alert } = TRANSITIONS[alarm.firing].removed;
    if (alert === null) continue;
    assert(alarm.last !== null, 'an alarm that fires has sent an alert');
    const endMs = Math.max(atMs, alarm.lastWindowEndMs);
    alerts.push({
      ...alarm.last,
      ...alert,
      id: alertId(spec, alarm, endMs, alert),
      reason: rule === undefined ? 'rule removed' : 'rule changed: it no longer watches this',
      value: null,
      n: 0,
      windowStartMs: endMs,
      windowEndMs: endMs,
      configDigest: spec.digest,
    });
  }
  return alerts;
}

/** The alarm of this rule and result, opened if it is new; null: there is no room for it. */
function alarmOf(states: AlarmStates, spec: ServiceSpec, rule: RuleSpec, what: Watched): AlarmState | null {
  const fingerprint = fingerprintOf(spec.service, rule.name, what);
  const known = states.alarms[fingerprint];
  if (known !== undefined) return known;
  if (states.tracked >= ALARMS_MAX) {
    states.untracked++;
    return null;
  }
  const alarm: AlarmState = {
    fingerprint,
    rule: rule.name,
    metric: what.metric,
    subject: what.subject,
    model: what.model,
    segment: what.segment,
    firing: 'ok',
    warningSinceMs: null,
    criticalSinceMs: null,
    sinceMs: null,
    // Before every window; a number that JSON keeps, unlike -Infinity.
    lastWindowEndMs: Number.MIN_SAFE_INTEGER,
    last: null,
  };
  states.alarms[fingerprint] = alarm;
  states.tracked++;
  return alarm;
}

function judge(
  alarm: AlarmState,
  spec: ServiceSpec,
  rule: RuleSpec,
  result: Result,
  value: number,
  detecting: Detecting,
): Alert | null {
  const endMs = result.windowEndMs;
  const breachMs = alarm.sinceMs;
  const reached =
    rule.detector === undefined
      ? reachedBy(rule, value)
      : reachedByDetector(alarm, rule.detector, value, detecting);
  if (rule.detector === undefined) delete alarm.detection;
  alarm.lastWindowEndMs = endMs;
  alarm.warningSinceMs = reached.warning ? (alarm.warningSinceMs ?? endMs) : null;
  alarm.criticalSinceMs = reached.critical ? (alarm.criticalSinceMs ?? endMs) : null;
  alarm.sinceMs = reached.warning || reached.critical ? (breachMs ?? result.windowStartMs) : null;

  const from = alarm.firing;
  const { next, alert } = TRANSITIONS[from][eventOf(alarm, rule, endMs)];
  alarm.firing = next;
  if (alert === null) return null;
  const sinceMs = alarm.sinceMs ?? breachMs;
  assert(sinceMs !== null, 'an alarm that changes is or was in breach');
  alarm.last = {
    id: alertId(spec, alarm, endMs, alert),
    fingerprint: alarm.fingerprint,
    service: spec.service,
    rule: rule.name,
    metric: alarm.metric,
    subject: alarm.subject,
    model: alarm.model,
    segment: alarm.segment,
    state: alert.state,
    level: alert.level,
    reason: reasonOf(rule, alarm, from, next, result, value),
    value,
    // A change of config may have taken the threshold of the level that now resolves.
    threshold: conditionOf(rule, alert.level) ?? alarm.last?.threshold ?? '',
    n: result.n,
    windowStartMs: result.windowStartMs,
    windowEndMs: endMs,
    sinceMs,
    evidence: null,
    configDigest: spec.digest,
  };
  return alarm.last;
}

/** What the level stands for, in words; null: the rule has no such level. */
function conditionOf(rule: RuleSpec, level: Level): string | null {
  if (rule.detector !== undefined) return detectorText(rule.detector, level);
  const threshold = rule[level];
  return threshold === null ? null : thresholdText(level, threshold);
}

/** The highest level that has held for the rule's `for`; equality is enough, so 0 fires at once. */
function eventOf(alarm: AlarmState, rule: RuleSpec, endMs: number): AlarmEvent {
  const holds = (level: Level): boolean => {
    const sinceMs = sinceOf(alarm, level);
    return sinceMs !== null && endMs - sinceMs >= rule.forMs;
  };
  if (holds('critical')) return 'critical';
  return holds('warning') ? 'warning' : 'none';
}

function alertId(
  spec: ServiceSpec,
  alarm: AlarmState,
  endMs: number,
  alert: NonNullable<Outcome['alert']>,
): string {
  return idOf('alert', spec.service, alarm.fingerprint, endMs, alert.state, alert.level);
}
