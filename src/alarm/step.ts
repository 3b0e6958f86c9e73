/**
 * The fold of results into alarms. Pure: the same results in the same order give the same alerts, byte for
 * byte, also when the state went through JSON in between.
 */
import { assert } from '../errors.ts';
import type { Alert, NoDataRule, Result, RuleSpec, ServiceSpec, Watched } from '../records.ts';
import { type Detecting, NO_DETECTORS } from './detection.ts';
import { stepFlaps } from './flapping.ts';
import { forget } from './history.ts';
import { heldLevel, rankOf } from './levels.ts';
import { type Signal, signalOf } from './signal.ts';
import {
  ALARMS_MAX,
  type AlarmState,
  type AlarmStates,
  fingerprintOf,
  isWatched,
  NEVER_MS,
  openAlarmState,
} from './state.ts';
import { alertId, alertOf, conditionOf, tell } from './tell.ts';
import { stepTimes } from './times.ts';
import { type Firing, TRANSITIONS } from './transitions.ts';
import type { ResultOf } from './versus.ts';
import { durationText, reasonOf, silenceText } from './words.ts';

/** What judging takes besides the result. */
export interface Judging {
  /** Steps the detectors of rules that have one. */
  detecting?: Detecting;
  /** The streams whose windows the result is of. */
  source?: string;
  /** Other results of the same window and revision, for rules that compare. */
  resultOf?: ResultOf;
  /** Told of each window that a rule has judged, and of what its alarm became, by those who look back. */
  onJudged?: OnJudged;
}

export type OnJudged = (alarm: Readonly<AlarmState>, rule: RuleSpec, result: Result, signal: Signal) => void;

/**
 * Folds one result into the alarms of its service and returns an alert for every transition, in the order
 * of the rules. A result without a value, or with fewer samples than the rule's nMin, changes nothing: it is
 * neither an alarm nor a recovery. Nor does one whose window does not end after the last judged one. Of the
 * revisions of a window the final one is judged, since labels that come early are not a fair sample of all; a
 * rule with coverageMin takes the first that has enough of them.
 */
export function stepAlarms(
  states: AlarmStates,
  spec: ServiceSpec,
  result: Result,
  { detecting = NO_DETECTORS, source = '', resultOf = () => undefined, onJudged }: Judging = {},
): Alert[] {
  const value = result.value;
  if (value === null || !Number.isFinite(value)) return [];
  const alerts: Alert[] = [];
  for (const rule of spec.rules) {
    // What is summed or remembered counts with few samples too.
    if (result.n < rule.nMin && rule.burn === undefined) continue;
    if (!isMature(rule, result) || !isWatched(rule, result)) continue;
    const alarm = alarmOf(states, spec, rule, result, source);
    if (alarm === null || result.windowEndMs <= alarm.lastWindowEndMs) continue;
    const signal = signalOf(states, alarm, rule, result, value, { detecting, resultOf });
    if (signal === null) continue;
    const alert = judge(alarm, spec, rule, result, signal);
    if (alert !== null) alerts.push(alert);
    onJudged?.(alarm, rule, result, signal);
  }
  return alerts;
}

/** Whether it is the revision that the rule takes, or one that comes later. */
export const isMature = (rule: RuleSpec, { final, coverage }: Pick<Result, 'final' | 'coverage'>): boolean =>
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
    forget(states, alarm);
    delete states.alarms[fingerprint];
    states.tracked--;
    const { alert } = TRANSITIONS[alarm.told].removed;
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

/**
 * What follows from results that stay away: for alarms of rules with `noData` whose last judged window lies so far back, in the windows of a source that are closed
 * through `throughMs`. An alert is of the first window end at which it was long enough, so it does not matter in how many steps a time goes by. Sorted by time
 * and fingerprint.
 */
export function stepSilence(
  states: AlarmStates,
  spec: ServiceSpec,
  source: string,
  throughMs: number,
): Alert[] {
  const rules = new Map(
    spec.rules.filter(({ noData }) => noData !== undefined).map((rule) => [rule.name, rule]),
  );
  if (rules.size === 0) return [];
  const due: { alarm: AlarmState; noData: NoDataRule; atMs: number }[] = [];
  for (const alarm of Object.values(states.alarms)) {
    const noData = rules.get(alarm.rule)?.noData;
    if (noData === undefined || alarm.source !== source || alarm.isSilent) continue;
    // Of what has never been judged nothing is missing.
    if (alarm.lastWindowEndMs === NEVER_MS) continue;
    const { hopMs } = spec.windows;
    const atMs = Math.ceil((alarm.lastWindowEndMs + Math.max(hopMs, noData.forMs)) / hopMs) * hopMs;
    if (atMs <= throughMs) due.push({ alarm, noData, atMs });
  }
  due.sort((a, b) => a.atMs - b.atMs || (a.alarm.fingerprint < b.alarm.fingerprint ? -1 : 1));
  return due.flatMap(({ alarm, noData, atMs }) => silence(alarm, spec, noData, atMs) ?? []);
}

function silence(alarm: AlarmState, spec: ServiceSpec, noData: NoDataRule, atMs: number): Alert | null {
  const { level, policy } = noData;
  const breachMs = alarm.sinceMs;
  alarm.isSilent = true;
  alarm.sinceMs = policy === 'alarm' ? (breachMs ?? alarm.lastWindowEndMs) : null;
  // What fires already is not made less.
  if (policy === 'alarm') alarm.firing = rankOf(level) > rankOf(alarm.firing) ? level : alarm.firing;
  else Object.assign(alarm, { firing: 'ok', level: 'ok', times: {}, recent: '' });
  const alert = tell(alarm, alarm.firing);
  if (alert === null) return null;
  return alertOf(alarm, spec, alert, {
    reason: silenceText(alarm, atMs, alert.state),
    value: null,
    threshold: `no data for ${durationText(noData.forMs)}`,
    n: 0,
    windowStartMs: atMs - spec.windows.sizeMs,
    windowEndMs: atMs,
    sinceMs: alarm.sinceMs ?? breachMs ?? alarm.lastWindowEndMs,
  });
}

/** The alarm of this rule and result, opened if it is new; null: there is no room for it. */
function alarmOf(
  states: AlarmStates,
  spec: ServiceSpec,
  rule: RuleSpec,
  what: Watched,
  source: string,
): AlarmState | null {
  const fingerprint = fingerprintOf(spec.service, rule.name, what);
  const known = states.alarms[fingerprint];
  if (known !== undefined) {
    known.source = source;
    return known;
  }
  if (states.tracked >= ALARMS_MAX) {
    states.untracked++;
    return null;
  }
  return openAlarmState(states, fingerprint, rule.name, what, source);
}

function judge(
  alarm: AlarmState,
  spec: ServiceSpec,
  rule: RuleSpec,
  result: Result,
  signal: Signal,
): Alert | null {
  const endMs = result.windowEndMs;
  const breachMs = alarm.sinceMs;
  const wasSilent = alarm.isSilent === true;
  alarm.lastWindowEndMs = endMs;
  delete alarm.isSilent;
  alarm.firing = stepTimes(alarm, rule, levelOf(alarm, rule, signal), endMs);
  const isInBreach = Object.keys(alarm.times).length > 0;
  alarm.sinceMs = isInBreach ? (breachMs ?? result.windowStartMs) : null;
  if (rule.flapping === undefined) delete alarm.flaps;
  else alarm.flaps = stepFlaps(alarm.flaps, alarm.firing, rule.flapping);
  if (alarm.flaps?.isFlapping) return null;

  const from = alarm.told;
  const alert = tell(alarm, alarm.firing);
  if (alert === null) return null;
  // While it was flapping it may have left its breach unheard.
  const sinceMs = alarm.sinceMs ?? breachMs ?? alarm.last?.sinceMs;
  assert(sinceMs !== undefined, 'an alarm that changes is or was in breach');
  return alertOf(alarm, spec, alert, {
    reason: reasonOf(rule, alarm, { from, wasSilent }, result, signal),
    value: signal.value,
    // A change of config may have taken the threshold of the level that now resolves.
    threshold: conditionOf(rule, alert.level) ?? alarm.last?.threshold ?? '',
    n: signal.n,
    windowStartMs: result.windowStartMs,
    windowEndMs: endMs,
    sinceMs,
  });
}

/** The level that the last windows ask for. */
function levelOf(alarm: AlarmState, rule: RuleSpec, { level }: Signal): Firing {
  alarm.level = level;
  if (rule.hits === undefined) {
    delete alarm.recent;
    return level;
  }
  const { of, windows } = rule.hits;
  alarm.recent = `${alarm.recent ?? ''}${rankOf(level)}`.slice(-windows);
  return heldLevel(alarm.recent, of);
}
