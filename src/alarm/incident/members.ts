/** How alerts become members of incidents. */

import { idOf } from '../../math/hash.ts';
import { type Alert, INCIDENT_NAMES_MAX, type IncidentSpec, type ServiceSpec } from '../../records.ts';
import { incidentFor, inputsOf, onsetOf } from './cause.ts';
import type { IncidentStates, OpenIncident } from './state.ts';

function addNames(known: string[], names: readonly string[], max: number): void {
  for (const name of names) if (known.length < max && !known.includes(name)) known.push(name);
}

export function openIncident(
  states: IncidentStates,
  spec: ServiceSpec,
  { about, isStorm, onsetMs, atMs }: { about: string; isStorm: boolean; onsetMs: number; atMs: number },
): OpenIncident {
  const incident: OpenIncident = {
    // The number tells incidents of one alarm at one time apart.
    incidentId: idOf('incident', spec.service, about, atMs, states.opened),
    isStorm,
    openedMs: atMs,
    onsetMs,
    members: {},
    fired: 0,
    rules: [],
    inputs: [],
    segments: [],
    level: 'info',
    toldMs: null,
    toldLevel: 'ok',
    peakLevel: 'ok',
    waitingMs: null,
    dueMs: null,
    records: 0,
    mutedAlarms: 0,
    muted: '',
  };
  states.opened++;
  states.open.push(incident);
  return incident;
}

/** Takes an alert; the incident that it has changed, or null: it was of none. */
export function takeAlert(
  states: IncidentStates,
  spec: ServiceSpec,
  wanted: IncidentSpec,
  alert: Alert,
  atMs: number,
): OpenIncident | null {
  const { fingerprint, rule, metric, subject, model, segment, level, reason, sinceMs } = alert;
  const holder = states.open.find(({ members }) => members[fingerprint] !== undefined);
  const known = holder?.members[fingerprint];
  if (alert.state === 'resolved') {
    if (known === undefined || !known.isFiring) return null;
    known.isFiring = false;
    if (!known.isTold) delete holder!.members[fingerprint];
    return holder!;
  }
  const onsetMs = onsetOf(alert);
  const incident =
    holder ??
    incidentFor(states.open, spec, wanted, alert) ??
    openIncident(states, spec, { about: fingerprint, isStorm: false, onsetMs, atMs });
  if (!known?.isFiring) incident.fired++;
  incident.members[fingerprint] = {
    ...{ rule, metric, subject, model, segment, level, sinceMs, reason },
    isFiring: true,
    isTold: known?.isTold ?? false,
  };
  incident.onsetMs = Math.min(incident.onsetMs, onsetMs);
  addNames(incident.rules, [rule], Number.POSITIVE_INFINITY);
  addNames(incident.inputs, inputsOf(spec, alert), Number.POSITIVE_INFINITY);
  addNames(incident.segments, [segment], INCIDENT_NAMES_MAX);
  return incident;
}

/** All alarms of one incident go over into another one. */
export function mergeInto(storm: OpenIncident, from: OpenIncident): void {
  for (const [fingerprint, member] of Object.entries(from.members)) {
    // Its receivers never heard of it.
    if (member.isFiring) storm.members[fingerprint] = { ...member, isTold: false };
  }
  storm.fired += from.fired;
  storm.onsetMs = Math.min(storm.onsetMs, from.onsetMs);
  addNames(storm.rules, from.rules, Number.POSITIVE_INFINITY);
  addNames(storm.inputs, from.inputs, Number.POSITIVE_INFINITY);
  addNames(storm.segments, from.segments, INCIDENT_NAMES_MAX);
}
