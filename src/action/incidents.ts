/** Incidents that ask for retraining: those that stay open at a level, with so many alarms that somebody hears of, for so long. */

import { type Incident, isAtLeast, type RetrainIncidents, type ServiceSpec } from '../records.ts';
import { ask, type RetrainState, type StandingIncident, timeText } from './retrain.ts';

/** Incidents that are followed; of more the newest are not. A storm is one. */
export const STANDING_MAX = 1_000;

/** Takes the records of incidents, in the order of event time. What is due before them is to be passed first. */
export function noteIncidents(
  state: RetrainState,
  { retrain }: ServiceSpec,
  incidents: readonly Incident[],
): void {
  const wanted = retrain?.incidents;
  if (wanted === undefined) {
    delete state.incidents;
    return;
  }
  for (const incident of incidents) {
    state.incidents ??= {};
    const known = state.incidents[incident.incidentId];
    const found: StandingIncident = {
      level: incident.level,
      heard: incident.firing - incident.mutedAlarms,
      summary: incident.summary,
      onsetMs: incident.onsetMs,
      sinceMs: known?.sinceMs ?? incident.atMs,
      isAsked: known?.isAsked ?? false,
    };
    if (incident.state !== 'open' || !isMeant(wanted, found)) delete state.incidents[incident.incidentId];
    else if (known !== undefined || Object.keys(state.incidents).length < STANDING_MAX)
      state.incidents[incident.incidentId] = found;
  }
}

const isMeant = (wanted: RetrainIncidents, { level, heard }: StandingIncident): boolean =>
  isAtLeast(level, wanted.level) && heard >= wanted.alarms;

/** When an incident has lasted long enough; one that has in a cooldown asks at its end. */
const dueOf = ({ forMs }: RetrainIncidents, state: RetrainState, { sinceMs }: StandingIncident): number =>
  Math.max(sinceMs + forMs, state.cooldownUntilMs ?? Number.NEGATIVE_INFINITY);

/** When the next incident asks, if nothing happens meanwhile; infinite: none does. */
export function incidentDueMs(state: RetrainState, { retrain }: ServiceSpec): number {
  const wanted = retrain?.incidents;
  let due = Number.POSITIVE_INFINITY;
  if (wanted === undefined) return due;
  for (const one of Object.values(state.incidents ?? {}))
    if (!one.isAsked && isMeant(wanted, one)) due = Math.min(due, dueOf(wanted, state, one));
  return due;
}

/** Asks for retraining because of the incidents that are due at `atMs`, the earliest onset first; each is considered once. */
export function takeIncidents(state: RetrainState, spec: ServiceSpec, atMs: number): void {
  const wanted = spec.retrain?.incidents;
  if (wanted === undefined) return;
  const due = Object.entries(state.incidents ?? {}).filter(
    ([, one]) => !one.isAsked && isMeant(wanted, one) && dueOf(wanted, state, one) <= atMs,
  );
  due.sort(([a, one], [b, other]) => one.onsetMs - other.onsetMs || (a < b ? -1 : 1));
  for (const [incidentId, one] of due) {
    one.isAsked = true;
    const why = `${one.level} incident since ${timeText(one.sinceMs)}: ${one.summary}`;
    ask(state, spec, { cause: incidentId, why, sinceMs: one.onsetMs, toMs: atMs });
  }
}
