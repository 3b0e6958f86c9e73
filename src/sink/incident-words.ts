/** An incident in words, for notifications. */

import type { Incident, IncidentAlarm, IncidentWord, NotifyReason } from '../records.ts';
import type { Change } from './subjects.ts';
import { isoTime } from './template.ts';

/** Alarms that a notification shows. */
const SHOWN_MAX = 5;

const REASONS: Record<NotifyReason, string> = {
  first_notification: 'new',
  new_alerts_in_group: 'new alarms',
  raised: 'the level is higher',
  repeat_interval_elapsed: 'still open',
  all_alerts_resolved: 'no alarm fires any more',
};

/** Why a receiver is told now. */
function reasonOf({ state, notify }: Incident, change: Change): string {
  switch (change) {
    case 'fires':
      return notify === '' ? '' : REASONS[notify];
    case 'eases':
      return 'below the level that is told here';
    case 'dropped':
      return 'its service is not configured any more';
    case 'resolves':
      if (state === 'merged') return 'its alarms went over into a storm of incidents';
      return state === 'open' ? 'what still fires is muted' : REASONS.all_alerts_resolved;
  }
}

function stateOf({ state }: Incident, change: Change): string {
  if (change === 'fires') return 'open';
  if (change === 'eases') return 'eased';
  return state === 'merged' ? 'merged' : 'resolved';
}

function mutedOf({ muted, mutedAlarms, firing }: Incident): string {
  if (muted !== '') return muted;
  return mutedAlarms === 0 ? '' : `${mutedAlarms} of ${firing} alarms`;
}

/** What placeholders stand for; empty where the incident has none. */
export function incidentWords(incident: Incident, change: Change): Record<IncidentWord, string> {
  const { service, level, summary, rules, inputs, segments, firing } = incident;
  return {
    service,
    level,
    state: stateOf(incident, change),
    summary,
    reason: reasonOf(incident, change),
    rules: rules.join(', '),
    inputs: inputs.join(', '),
    segments: segments.join(', '),
    firing: String(firing),
    since: isoTime(incident.onsetMs),
    muted: mutedOf(incident),
  };
}

/** 'drift: psi amount country=de' */
export function alarmWords({ rule, metric, subject, model, segment }: IncidentAlarm): string {
  const about = [metric, subject, model, segment === '*' ? '' : segment].filter((word) => word !== '');
  return `${rule}: ${about.join(' ')}`;
}

/** The first alarms that fire and are not muted, and how many more of them there are. */
export function shownAlarms({ alarms, firing, mutedAlarms }: Incident): {
  shown: IncidentAlarm[];
  more: number;
} {
  const shown = alarms.filter(({ muted }) => muted === '').slice(0, SHOWN_MAX);
  return { shown, more: Math.max(0, firing - mutedAlarms - shown.length) };
}
