/** Requests for retraining as time goes by: what comes due by itself, and what happens, in the order of event time. */

import type { Alert, Incident, OffsetRange, Retrain, ServiceSpec } from '../records.ts';
import { incidentDueMs, noteIncidents, takeIncidents } from './incidents.ts';
import { regretDueMs, takeRegret } from './regret.ts';
import { noteAlerts, type RetrainState, stepRetrain } from './retrain.ts';

export type RangesOf = (fromMs: number, toMs: number) => OffsetRange[];

/**
 * Lets time pass through `throughMs`, which all sources have closed: what comes due by itself asks in the order of time, and the requests whose data are
 * complete go out, as of `stepRetrain`.
 */
export function passRetrain(
  state: RetrainState,
  spec: ServiceSpec,
  throughMs: number,
  rangesOf: RangesOf,
): Retrain[] {
  const records: Retrain[] = [];
  for (;;) {
    const due = Math.min(regretDueMs(state), incidentDueMs(state, spec));
    if (due > throughMs) break;
    takeRegret(state, spec, due);
    takeIncidents(state, spec, due);
    records.push(...stepRetrain(state, spec, due, rangesOf));
  }
  records.push(...stepRetrain(state, spec, throughMs, rangesOf));
  return records;
}

/** What happened up to a time. */
export interface Happened {
  /** Alerts that came by time alone, each at the end of its window. */
  passed: readonly Alert[];
  /** Alerts of the time itself, and what rules over other rules made of them. */
  alerts: readonly Alert[];
  composed: readonly Alert[];
  incidents: readonly Incident[];
}

/** Takes what happened through `atMs`, each thing at its time, when all that came before has been taken. */
export function followRetrain(
  state: RetrainState,
  spec: ServiceSpec,
  { passed, alerts, composed, incidents }: Happened,
  atMs: number,
  rangesOf: RangesOf,
): Retrain[] {
  const timeOf = (ms: number): number => Math.min(ms, atMs);
  const times = [...passed.map((alert) => alert.windowEndMs), ...incidents.map((incident) => incident.atMs)];
  if (alerts.length + composed.length > 0) times.push(atMs);
  const records: Retrain[] = [];
  for (const timeMs of [...new Set(times.map(timeOf))].sort((a, b) => a - b)) {
    records.push(...passRetrain(state, spec, timeMs - 1, rangesOf));
    noteAlerts(
      state,
      spec,
      passed.filter(({ windowEndMs }) => timeOf(windowEndMs) === timeMs),
    );
    if (timeMs === atMs) noteAlerts(state, spec, [...alerts, ...composed]);
    noteIncidents(
      state,
      spec,
      incidents.filter((incident) => timeOf(incident.atMs) === timeMs),
    );
  }
  records.push(...passRetrain(state, spec, atMs, rangesOf));
  return records;
}
