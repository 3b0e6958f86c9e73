/** What follows from alerts, in the order of event time: rules over other rules, and incidents. */

import type { Alert, Incident, ServiceSpec } from '../records.ts';
import { isPending, passTime, stepComposites } from './composite.ts';
import type { IncidentStates } from './incident/state.ts';
import { passIncidents, stepIncidents } from './incident/step.ts';
import type { AlarmStates } from './state.ts';

export interface ConsequenceStates {
  alarms: AlarmStates;
  incidents: IncidentStates;
}

export interface Consequences {
  /** Of rules over other rules, each with the time of its own: before the time that is stepped, and at it. */
  passed: Alert[];
  composed: Alert[];
  incidents: Incident[];
}

/** An alert, and the event time from which on it is known. */
export interface DueAlert {
  dueMs: number;
  alert: Alert;
}

/** The times at which alerts are due, in order, each with its alerts in an order that does not depend on what was read first. */
export function alertsByTime(due: readonly DueAlert[]): [atMs: number, alerts: Alert[]][] {
  const byTime = new Map<number, Alert[]>();
  for (const { dueMs, alert } of due) {
    const alerts = byTime.get(dueMs);
    if (alerts === undefined) byTime.set(dueMs, [alert]);
    else alerts.push(alert);
  }
  for (const alerts of byTime.values()) alerts.sort(byWindow);
  return [...byTime].sort(([a], [b]) => a - b);
}

/** An alarm that a change of config ends has fired before. */
const byWindow = (a: Alert, b: Alert): number =>
  a.windowEndMs - b.windowEndMs ||
  Number(a.state === 'resolved') - Number(b.state === 'resolved') ||
  (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

/** Whether the passing of time matters. */
export const waits = ({ alarms, incidents }: ConsequenceStates, spec: ServiceSpec): boolean =>
  isPending(alarms, spec) || incidents.open.length > 0;

/** What comes by time alone, through `throughMs`. */
export function passConsequences(
  { alarms, incidents }: ConsequenceStates,
  spec: ServiceSpec,
  throughMs: number,
): Consequences {
  const passed = passTime(alarms, spec, throughMs);
  const records: Incident[] = [];
  for (const atMs of new Set(passed.map(({ windowEndMs }) => windowEndMs))) {
    const now = passed.filter(({ windowEndMs }) => windowEndMs === atMs);
    records.push(...stepIncidents(incidents, spec, now, atMs));
  }
  records.push(...passIncidents(incidents, spec, throughMs));
  return { passed, composed: [], incidents: records };
}

/** Takes all alerts of one time, when those that came before have been taken. */
export function stepConsequences(
  states: ConsequenceStates,
  spec: ServiceSpec,
  alerts: readonly Alert[],
  atMs: number,
): Consequences {
  const { passed, incidents } = passConsequences(states, spec, atMs - 1);
  const composed = stepComposites(states.alarms, spec, alerts, atMs);
  incidents.push(...stepIncidents(states.incidents, spec, [...alerts, ...composed], atMs));
  return { passed, composed, incidents };
}
