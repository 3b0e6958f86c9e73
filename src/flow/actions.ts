/**
 * What follows from results in the order of event time: rules over rules, incidents, requests for retraining and roll-outs. They wait until every group of sources
 * has closed a time, so that they do not depend on which was read first, and the ranges of data are whole.
 */

import { followRetrain, passRetrain } from '../action/follow.ts';
import { lastRegretDueMs } from '../action/regret.ts';
import { createRetrainState, type RetrainState } from '../action/retrain.ts';
import {
  alertsByTime,
  type Consequences,
  type DueAlert,
  passConsequences,
  stepConsequences,
  waits,
} from '../alarm/consequences.ts';
import { createIncidentStates, type IncidentStates } from '../alarm/incident/state.ts';
import { type AlarmStates, createAlarmStates } from '../alarm/state.ts';
import { messageOf } from '../errors.ts';
import type { Alert, Retrain, ServiceSpec } from '../records.ts';
import { TIME_MAX_MS } from '../window/watermarks.ts';
import { createEvidence, type Evidence, isWaiting, tellEvidence } from './evidence.ts';
import type { Output } from './messages.ts';
import { type PaneRange, rangesOf } from './pane-ranges.ts';
import { concerns, createRollouts, followRollouts, type Rollouts, type TimedAlert } from './rollouts.ts';

export interface Acting {
  alarms: AlarmStates;
  incidents: IncidentStates;
  evidence: Evidence;
  /** Alerts of which nothing has followed yet, with the time that made them due. */
  waiting: DueAlert[];
  retrain: RetrainState;
  rollouts: Rollouts;
  ranges: PaneRange[];
  /** What went wrong in the last step, for its caller to tell and to clear. */
  faults: string[];
}

export const createActing = (): Acting => ({
  alarms: createAlarmStates(),
  incidents: createIncidentStates(),
  evidence: createEvidence(),
  waiting: [],
  retrain: createRetrainState(),
  rollouts: createRollouts(),
  ranges: [],
  faults: [],
});

/** Whether nothing waits to follow. */
const isIdle = (acting: Acting, spec: ServiceSpec): boolean =>
  acting.waiting.length === 0 &&
  !isWaiting(acting.evidence) &&
  !waits(acting, spec) &&
  lastRegretDueMs(acting.retrain) === Number.NEGATIVE_INFINITY &&
  !concerns(acting.rollouts, spec);

/** @param throughMs event time through which all groups have closed their windows */
export function stepActions(acting: Acting, spec: ServiceSpec, throughMs: number): Output[] {
  if (isIdle(acting, spec)) return [];
  const regretMs = lastRegretDueMs(acting.retrain);
  const outputs: Output[] = [];
  for (const waiting of tellEvidence(acting.evidence, spec, throughMs)) {
    outputs.push({ type: 'alert', record: waiting.alert });
    acting.waiting.push(waiting);
  }
  const ready = acting.waiting.filter(({ dueMs }) => dueMs <= throughMs);
  acting.waiting = acting.waiting.filter(({ dueMs }) => dueMs > throughMs);
  const ranges = (from: number, to: number) => rangesOf(acting.ranges, spec.windows.hopMs, from, to);
  const retrain = (records: readonly Retrain[]): void => {
    for (const record of records) outputs.push({ type: 'retrain', record });
  };
  const timed: TimedAlert[] = [];
  const take = (follows: Consequences, alerts: readonly Alert[], atMs: number): void => {
    for (const record of [...follows.passed, ...follows.composed]) outputs.push({ type: 'alert', record });
    for (const record of follows.incidents) outputs.push({ type: 'incident', record });
    retrain(followRetrain(acting.retrain, spec, { ...follows, alerts }, atMs, ranges));
    for (const alert of follows.passed) timed.push({ atMs: alert.windowEndMs, alert });
    for (const alert of [...alerts, ...follows.composed]) timed.push({ atMs, alert });
  };
  for (const [timeMs, alerts] of alertsByTime(ready))
    take(stepConsequences(acting, spec, alerts, timeMs), alerts, timeMs);
  // Behind the end of all sources there is no time to pass.
  if (throughMs < TIME_MAX_MS) take(passConsequences(acting, spec, throughMs), [], throughMs);
  else retrain(passRetrain(acting.retrain, spec, regretMs, ranges));
  try {
    outputs.push(...followRollouts(acting.rollouts, spec, timed, throughMs));
  } catch (cause) {
    // A roll-out that cannot be judged must not keep alarms from being told.
    acting.faults.push(`roll-out at ${throughMs}: ${messageOf(cause)}`);
  }
  return outputs;
}
