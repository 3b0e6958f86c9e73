/**
 * Rules over other rules. They see what those told in the order of event time, once all sources have closed that time, so that it does not matter which is
 * read first; between two alerts time goes on by itself, for a `for` or a `keep_firing_for` that ends.
 */

import { assert } from '../errors.ts';
import type { Alert, Level, RuleSpec, ServiceSpec } from '../records.ts';
import { conditionText, holds, rulesIn } from './condition.ts';
import { rankOf } from './levels.ts';
import { type AlarmState, type AlarmStates, fingerprintOf, openAlarmState } from './state.ts';
import { alertOf, conditionOf, tell } from './tell.ts';
import { stepTimes } from './times.ts';

type Composite = RuleSpec & { when: NonNullable<RuleSpec['when']> };

/** In an order in which each stands after those that it asks; the configuration has no circles. */
function compositesOf(spec: ServiceSpec): Composite[] {
  const rules = spec.rules.filter((rule): rule is Composite => rule.when !== undefined);
  const ordered: Composite[] = [];
  const place = (rule: Composite): void => {
    if (ordered.includes(rule)) return;
    for (const name of rulesIn(rule.when.condition)) {
      const asked = rules.find((other) => other.name === name);
      if (asked !== undefined) place(asked);
    }
    ordered.push(rule);
  };
  rules.forEach(place);
  return ordered;
}

/** What an alert makes of what fires. */
export function noteFiring({ fires }: AlarmStates, { fingerprint, rule, state, level }: Alert): void {
  if (state === 'firing') fires[fingerprint] = { rule, level };
  else delete fires[fingerprint];
}

function levelsNow({ fires }: AlarmStates): Map<string, Level> {
  const levels = new Map<string, Level>();
  for (const { rule, level } of Object.values(fires))
    if (rankOf(level) > rankOf(levels.get(rule) ?? 'ok')) levels.set(rule, level);
  return levels;
}

const WHOLE = { metric: '', subject: '', model: '', segment: '*' } as const;

const stateOf = (states: AlarmStates, spec: ServiceSpec, rule: Composite): AlarmState => {
  const fingerprint = fingerprintOf(spec.service, rule.name, WHOLE);
  return states.alarms[fingerprint] ?? openAlarmState(states, fingerprint, rule.name, WHOLE, '');
};

/** When the alarm changes by itself; infinite: it does not. */
function dueOf({ times }: AlarmState, { when, forMs, keepMs = 0 }: Composite): number {
  const own = times[when.level];
  if (own === undefined) return Number.POSITIVE_INFINITY;
  if (own.leftMs !== null) return own.leftMs + keepMs;
  return own.isOn ? Number.POSITIVE_INFINITY : own.sinceMs + forMs;
}

/** Whether a composite waits for time to pass. */
export function isPending(states: AlarmStates, spec: ServiceSpec): boolean {
  return compositesOf(spec).some((rule) => Number.isFinite(dueOf(stateOf(states, spec, rule), rule)));
}

function evaluate(
  states: AlarmStates,
  spec: ServiceSpec,
  rules: readonly Composite[],
  atMs: number,
): Alert[] {
  const alerts: Alert[] = [];
  for (const rule of rules) {
    const alarm = stateOf(states, spec, rule);
    const levels = levelsNow(states);
    const { condition, level } = rule.when;
    const breachMs = alarm.sinceMs;
    alarm.lastWindowEndMs = atMs;
    alarm.level = holds(condition, levels) ? level : 'ok';
    alarm.firing = stepTimes(alarm, rule, alarm.level, atMs);
    alarm.sinceMs = Object.keys(alarm.times).length > 0 ? (breachMs ?? atMs) : null;
    const told = tell(alarm, alarm.firing);
    if (told === null) continue;
    const sinceMs = alarm.sinceMs ?? breachMs;
    assert(sinceMs !== null, 'an alarm that changes is or was in breach');
    const alert = alertOf(alarm, spec, told, {
      reason: `${alarm.level === 'ok' ? 'no longer ' : ''}${conditionText(condition)}${firingText(rule, levels)}`,
      value: null,
      threshold: conditionOf(rule, told.level) ?? alarm.last?.threshold ?? '',
      n: 0,
      windowStartMs: atMs,
      windowEndMs: atMs,
      sinceMs,
    });
    noteFiring(states, alert);
    alerts.push(alert);
  }
  return alerts;
}

/** ' (drift: warning)': what fires of all that it asks. */
function firingText({ when }: Composite, levels: ReadonlyMap<string, Level>): string {
  const firing = rulesIn(when.condition).flatMap((name) =>
    levels.has(name) ? [`${name}: ${levels.get(name)}`] : [],
  );
  return firing.length === 0 ? '' : ` (${firing.join(', ')})`;
}

/** Changes that come by time alone, through `throughMs`; each with the time of its own. */
export function passTime(states: AlarmStates, spec: ServiceSpec, throughMs: number): Alert[] {
  const rules = compositesOf(spec);
  const alerts: Alert[] = [];
  for (;;) {
    const due = Math.min(
      ...rules.map((rule) => dueOf(stateOf(states, spec, rule), rule)),
      Number.POSITIVE_INFINITY,
    );
    if (due > throughMs) return alerts;
    alerts.push(...evaluate(states, spec, rules, due));
  }
}

/** Takes the alerts of one time, when all that came before have been taken; what composites make of them. */
export function stepComposites(
  states: AlarmStates,
  spec: ServiceSpec,
  alerts: readonly Alert[],
  atMs: number,
): Alert[] {
  for (const alert of alerts) noteFiring(states, alert);
  return evaluate(states, spec, compositesOf(spec), atMs);
}
