/** An incident as the world sees it. */

import { idOf } from '../../math/hash.ts';
import {
  INCIDENT_ALARMS_MAX,
  INCIDENT_NAMES_MAX,
  type Incident,
  type IncidentAlarm,
  type NotifyReason,
  type ServiceSpec,
} from '../../records.ts';
import { rankOf } from '../levels.ts';
import type { MutedBy } from './muting.ts';
import type { Member, OpenIncident } from './state.ts';

/** Names that a summary lists. */
const LISTED_MAX = 3;

/** 'a, b, c and 4 more' */
function listed(names: readonly string[]): string {
  const more = names.length - LISTED_MAX;
  return more > 0 ? `${names.slice(0, LISTED_MAX).join(', ')} and ${more} more` : names.join(', ');
}

/** '12 alarms of drift, errors; amount; in country=de'. Of an incident that is over: of all that fired. */
function summaryOf({ rules, inputs, segments, isStorm, fired }: OpenIncident, firing: number): string {
  const count = firing > 0 ? firing : fired;
  const parts = [`${count} ${count === 1 ? 'alarm' : 'alarms'} of ${listed(rules)}`];
  if (inputs.length > 0) parts.push(listed(inputs));
  const own = segments.filter((segment) => segment !== '*');
  if (own.length > 0) parts.push(`in ${listed(own)}`);
  const text = parts.join('; ');
  return isStorm ? `storm of incidents: ${text}` : text;
}

/** What fires, the highest level and then the earliest first. */
export const byWeight = ([a, one]: [string, Member], [b, other]: [string, Member]): number =>
  rankOf(other.level) - rankOf(one.level) || one.sinceMs - other.sinceMs || (a < b ? -1 : 1);

export interface Said {
  state: Incident['state'];
  notify: NotifyReason | '';
  atMs: number;
  mutedBy: MutedBy;
}

/** The next record of an incident; it is noted what it says. */
export function recordOf(incident: OpenIncident, spec: ServiceSpec, said: Said): Incident {
  const { state, notify, atMs, mutedBy } = said;
  const { incidentId, level, isStorm, onsetMs, openedMs, fired, rules, inputs, segments } = incident;
  const firing = Object.entries(incident.members).filter(([, { isFiring }]) => isFiring);
  firing.sort(byWeight);
  const alarms = firing.slice(0, INCIDENT_ALARMS_MAX).map(([fingerprint, member]): IncidentAlarm => {
    const { rule, metric, subject, model, segment, sinceMs, reason } = member;
    const { level } = member;
    const muted = mutedBy(member);
    return { fingerprint, rule, metric, subject, model, segment, level, sinceMs, reason, muted };
  });
  incident.records++;
  return {
    // By its number and not its time: at one time there may be several.
    id: idOf('incident-record', incidentId, incident.records),
    incidentId,
    service: spec.service,
    state,
    level,
    notify,
    summary: summaryOf(incident, firing.length),
    muted: incident.muted,
    isStorm,
    onsetMs,
    openedMs,
    atMs,
    firing: firing.length,
    mutedAlarms: incident.mutedAlarms,
    fired,
    rules: rules.slice(0, INCIDENT_NAMES_MAX),
    inputs: inputs.slice(0, INCIDENT_NAMES_MAX),
    // The state's own list goes on growing.
    segments: [...segments],
    alarms,
    configDigest: spec.digest,
  };
}
