/** What is recorded of an alarm, and of what went on around it. */

import { TelltaleError } from '../../errors.ts';
import type { Alert, Incident, Result, Retrain, RolloutRecord } from '../../records.ts';
import type { PublicSource } from '../public/records.ts';

/** Of a hash, so that a short one can be typed. */
const PREFIX_MIN = 6;
const SHOWN_MAX = 5;
/** Windows before the change, and after the end, that show what is usual. */
const WINDOWS_BEFORE = 12;
const WINDOWS_AFTER = 4;

/** All but results: these topics are small. */
export interface Recorded {
  alerts: Alert[];
  incidents: Incident[];
  retrains: Retrain[];
  rollouts: RolloutRecord[];
}

export interface Series {
  /** Of the alarm's segment: the last revision of each window around it, in order. */
  windows: Result[];
  /** Of the alarm's window: the same metric in every segment. */
  segments: Result[];
}

export async function readRecorded(source: PublicSource): Promise<Recorded> {
  const found: Recorded = { alerts: [], incidents: [], retrains: [], rollouts: [] };
  await source.read(['alert', 'incident', 'retrain', 'rollout'], (told) => {
    if (told.type === 'alert') found.alerts.push(told.record);
    if (told.type === 'incident') found.incidents.push(told.record);
    if (told.type === 'retrain') found.retrains.push(told.record);
    if (told.type === 'rollout') found.rollouts.push(told.record);
  });
  return found;
}

const isMeant = (id: string, given: string): boolean =>
  id === given || (given.length >= PREFIX_MIN && id.startsWith(given));

/**
 * The alert that an id, a fingerprint or an incident's id means: of an alarm the newest one, of an incident the alarm
 * that it shows first.
 * @throws TelltaleError usage, with the alerts that there are
 */
export function alertNamed({ alerts, incidents }: Recorded, given: string): Alert {
  const exact = alerts.filter(({ id }) => isMeant(id, given));
  const incident = incidents.findLast(
    ({ id, incidentId, alarms }) => (isMeant(incidentId, given) || isMeant(id, given)) && alarms.length > 0,
  );
  const ofIncident = incident?.alarms[0]?.fingerprint ?? null;
  const meant =
    exact.length > 0
      ? exact
      : alerts.filter(({ fingerprint }) => isMeant(fingerprint, given) || fingerprint === ofIncident);
  const found = meant.at(-1);
  if (new Set(meant.map(({ fingerprint }) => fingerprint)).size > 1)
    throw new TelltaleError(
      'usage',
      `'${given}' is the begin of several: ${meant.map(({ id }) => id).join(', ')}`,
    );
  if (found !== undefined) return found;
  const newest = alerts.slice(-SHOWN_MAX).map(({ id, service, rule }) => `${id} (${service}, ${rule})`);
  const there = newest.length === 0 ? 'there are none yet' : `the newest are ${newest.join(', ')}`;
  throw new TelltaleError('usage', `no alert, alarm or incident '${given}'; ${there}`);
}

/** The last alert of each alarm that fires. */
export function firingAlerts({ alerts }: Recorded): Alert[] {
  const last = new Map(alerts.map((alert) => [alert.fingerprint, alert]));
  return [...last.values()].filter(({ state }) => state === 'firing');
}

/** @param endedMs null: it still fires */
export async function readSeries(
  source: PublicSource,
  alert: Alert,
  endedMs: number | null,
): Promise<Series> {
  const windowMs = Math.max(1, alert.windowEndMs - alert.windowStartMs);
  const fromMs = alert.sinceMs - WINDOWS_BEFORE * windowMs;
  const toMs = (endedMs ?? Number.POSITIVE_INFINITY) + WINDOWS_AFTER * windowMs;
  const windows = new Map<number, Result>();
  const segments = new Map<string, Result>();
  await source.read(['result'], ({ record }) => {
    const result = record as Result;
    if (result.service !== alert.service || result.metric !== alert.metric) return;
    if (result.subject !== alert.subject || result.model !== alert.model) return;
    if (result.segment === alert.segment && result.windowEndMs > fromMs && result.windowEndMs <= toMs)
      keepNewest(windows, result.windowEndMs, result);
    if (result.windowEndMs === alert.windowEndMs) keepNewest(segments, result.segment, result);
  });
  return {
    windows: [...windows.values()].sort((a, b) => a.windowEndMs - b.windowEndMs),
    segments: [...segments.values()],
  };
}

function keepNewest<K>(of: Map<K, Result>, key: K, result: Result): void {
  const known = of.get(key);
  if (known === undefined || result.revision >= known.revision) of.set(key, result);
}
