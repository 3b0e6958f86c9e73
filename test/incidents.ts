import type { Incident } from '../src/records.ts';

const HOUR_MS = 3_600_000;
const T0 = Date.UTC(2026, 2, 1);

/** An incident of one alarm that fires and is told first. */
export function makeIncident(over: Partial<Incident> = {}): Incident {
  return {
    id: 'i1',
    incidentId: 'incident-1',
    service: 'fraud',
    state: 'open',
    level: 'critical',
    notify: 'first_notification',
    summary: '1 alarm of amount-drift; amount',
    muted: '',
    isStorm: false,
    onsetMs: T0,
    openedMs: T0 + HOUR_MS,
    atMs: T0 + HOUR_MS,
    firing: 1,
    mutedAlarms: 0,
    fired: 1,
    rules: ['amount-drift'],
    inputs: ['amount'],
    segments: ['*'],
    alarms: [
      {
        fingerprint: 'f1',
        rule: 'amount-drift',
        metric: 'psi',
        subject: 'amount',
        model: '',
        segment: '*',
        level: 'critical',
        sinceMs: T0 + HOUR_MS,
        reason: 'psi 0.25 >= 0.2',
        muted: '',
      },
    ],
    configDigest: 'd1',
    ...over,
  };
}
