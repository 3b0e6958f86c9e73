/** What the world is told of an alarm. */

import { idOf } from '../math/hash.ts';
import type { Alert, Level, RuleSpec, ServiceSpec } from '../records.ts';
import { burnText } from './burn.ts';
import { conditionText } from './condition.ts';
import { detectorText } from './detection.ts';
import { thresholdOf } from './levels.ts';
import type { AlarmState } from './state.ts';
import { thresholdText } from './threshold.ts';
import { type Firing, type Outcome, TRANSITIONS } from './transitions.ts';

/** Takes what fires to the table; what is to be said of it, if anything. */
export function tell(alarm: AlarmState, firing: Firing): Outcome['alert'] {
  const { next, alert } = TRANSITIONS[alarm.told][firing === 'ok' ? 'none' : firing];
  alarm.told = next;
  return alert;
}

export type Told = Pick<
  Alert,
  'reason' | 'value' | 'threshold' | 'n' | 'windowStartMs' | 'windowEndMs' | 'sinceMs'
>;

export function alertOf(
  alarm: AlarmState,
  spec: ServiceSpec,
  alert: NonNullable<Outcome['alert']>,
  told: Told,
): Alert {
  const { fingerprint, rule, metric, subject, model, segment } = alarm;
  const { reason, value, threshold, n, windowStartMs, windowEndMs, sinceMs } = told;
  alarm.last = {
    id: alertId(spec, alarm, windowEndMs, alert),
    fingerprint,
    service: spec.service,
    rule,
    metric,
    subject,
    model,
    segment,
    state: alert.state,
    level: alert.level,
    reason,
    value,
    threshold,
    n,
    windowStartMs,
    windowEndMs,
    sinceMs,
    evidence: null,
    configDigest: spec.digest,
  };
  return alarm.last;
}

/** What the level stands for, in words; null: the rule has no such level. */
export function conditionOf(rule: RuleSpec, level: Level): string | null {
  if (rule.detector !== undefined) return detectorText(rule.detector, level);
  if (rule.when !== undefined)
    return level === rule.when.level ? `${level}: ${conditionText(rule.when.condition)}` : null;
  if (rule.burn !== undefined) return burnText(rule.burn, level);
  const threshold = thresholdOf(rule, level);
  return threshold === null ? null : thresholdText(level, threshold);
}

export function alertId(
  spec: ServiceSpec,
  alarm: AlarmState,
  endMs: number,
  alert: NonNullable<Outcome['alert']>,
): string {
  return idOf('alert', spec.service, alarm.fingerprint, endMs, alert.state, alert.level);
}
