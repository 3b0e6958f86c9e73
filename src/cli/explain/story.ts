/** The story of an alarm, from what is recorded: data for `--json` and for the text. */

import type { Alert, Incident, Result, Retrain, RolloutRecord } from '../../records.ts';
import type { Recorded, Series } from './read.ts';
import { isWorseHigh } from './threshold.ts';

/** Alarms that began so close to this one are told with it. */
const NEAR_MS = 3_600_000;
const SEGMENTS_MAX = 8;
const OTHERS_MAX = 12;

export interface Story {
  alert: Alert;
  /** Alerts of the same alarm since it began to fire, in order. */
  episode: Alert[];
  /** Null: it still fires. */
  endedMs: number | null;
  /** How often the alarm has begun to fire, this time included, as far as alerts are kept. */
  times: number;
  windows: Result[];
  /** The same metric in the window of the alert, the worst first; without the alarm's own. */
  segments: Result[];
  /** The last record of the one that it is part of. */
  incident: Incident | null;
  /** The first alert of each other alarm of the service that began to fire about then. */
  others: Alert[];
  /** The last record of each request that it has triggered. */
  retrains: Retrain[];
  /** What stood when it began, and what happened while it fired. */
  rollouts: RolloutRecord[];
}

/** When the alarm of an alert began and ended: from the alert that fired out of nothing to the one that resolved. */
export function episodeOf(
  { alerts }: Recorded,
  alert: Alert,
): { episode: Alert[]; endedMs: number | null; times: number } {
  const own = alerts.filter(({ fingerprint }) => fingerprint === alert.fingerprint);
  const at = own.findIndex(({ id }) => id === alert.id);
  let first = at;
  while (first > 0 && own[first - 1]!.state === 'firing') first--;
  const end = own.findIndex(({ state }, i) => i >= at && state === 'resolved');
  const episode = own.slice(first, end < 0 ? own.length : end + 1);
  const times = own.filter(({ state }, i) => state === 'firing' && own[i - 1]?.state !== 'firing').length;
  return { episode, endedMs: end < 0 ? null : own[end]!.windowEndMs, times };
}

export function storyOf(recorded: Recorded, alert: Alert, series: Series): Story {
  const { episode, endedMs, times } = episodeOf(recorded, alert);
  const untilMs = endedMs ?? Number.POSITIVE_INFINITY;
  return {
    alert,
    episode,
    endedMs,
    times,
    windows: series.windows,
    segments: worstSegments(series.segments, alert),
    incident: incidentOf(recorded, alert),
    others: othersOf(recorded, alert),
    retrains: retrainsOf(recorded, alert),
    rollouts: rolloutsOf(recorded, alert, untilMs),
  };
}

function worstSegments(results: readonly Result[], alert: Alert): Result[] {
  const sign = isWorseHigh(alert) ? -1 : 1;
  return results
    .filter(({ segment, value }) => segment !== alert.segment && value !== null)
    .sort((a, b) => sign * (a.value! - b.value!) || (a.segment < b.segment ? -1 : 1))
    .slice(0, SEGMENTS_MAX);
}

/** Of several that have had the alarm, the one that was open then. */
function incidentOf({ incidents }: Recorded, alert: Alert): Incident | null {
  const having = incidents.filter(
    ({ service, alarms, openedMs }) =>
      service === alert.service &&
      openedMs <= alert.windowEndMs &&
      alarms.some(({ fingerprint }) => fingerprint === alert.fingerprint),
  );
  const id = having.findLast(({ atMs }) => atMs <= alert.windowEndMs)?.incidentId ?? having[0]?.incidentId;
  return incidents.findLast(({ incidentId }) => incidentId === id) ?? null;
}

function othersOf({ alerts }: Recorded, alert: Alert): Alert[] {
  const firsts = new Map<string, Alert>();
  for (const other of alerts) {
    if (other.service !== alert.service || other.fingerprint === alert.fingerprint) continue;
    const isNear = Math.abs(other.sinceMs - alert.sinceMs) <= NEAR_MS;
    if (isNear && other.state === 'firing' && !firsts.has(other.fingerprint))
      firsts.set(other.fingerprint, other);
  }
  return [...firsts.values()].sort((a, b) => a.sinceMs - b.sinceMs).slice(0, OTHERS_MAX);
}

function retrainsOf({ retrains }: Recorded, { service, fingerprint, sinceMs }: Alert): Retrain[] {
  const last = new Map<string, Retrain>();
  for (const retrain of retrains) if (retrain.service === service) last.set(retrain.retrainId, retrain);
  return [...last.values()].filter(({ triggers }) =>
    triggers.some((trigger) => trigger.fingerprint === fingerprint && trigger.windowEndMs >= sinceMs),
  );
}

function rolloutsOf({ rollouts }: Recorded, { service, sinceMs }: Alert, untilMs: number): RolloutRecord[] {
  const own = rollouts.filter((record) => record.service === service && record.atMs <= untilMs);
  const before = own.findLast(({ atMs }) => atMs <= sinceMs);
  const during = own.filter(({ atMs }) => atMs > sinceMs);
  return before === undefined ? during : [before, ...during];
}
