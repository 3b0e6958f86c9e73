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
