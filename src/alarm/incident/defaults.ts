import type { IncidentSpec } from '../../records.ts';

const MINUTE_MS = 60_000;

/** Of a service whose file says nothing; the defaults of its section `incidents`, key by key, too. */
export const DEFAULT_INCIDENTS: IncidentSpec = {
  // What spreads from one cause shows in slow windows, and in labels, later than in fast ones.
  withinMs: 60 * MINUTE_MS,
  sharesInputs: true,
  groupWaitMs: 0,
  groupIntervalMs: 5 * MINUTE_MS,
  repeatIntervalMs: 4 * 60 * MINUTE_MS,
  storm: { count: 10, periodMs: 60 * MINUTE_MS },
  inhibit: [],
  maintenance: [],
};
