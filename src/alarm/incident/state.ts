/** What is kept of the incidents of one service. Plain JSON: it is part of the judge's snapshot. */

import type { Level, SilenceSpec, Watched } from '../../records.ts';
import { NEVER_MS } from '../state.ts';
import type { Firing } from '../transitions.ts';

/** An alarm of an incident: it fires, or receivers know it from the last notification. */
export interface Member extends Watched {
  rule: string;
  level: Level;
  sinceMs: number;
  reason: string;
  isFiring: boolean;
  /** Receivers were told of it with the last notification. */
  isTold: boolean;
}

export interface OpenIncident {
  incidentId: string;
  isStorm: boolean;
  openedMs: number;
  onsetMs: number;
  /** By fingerprint. */
  members: Record<string, Member>;
  /** Alarms that began to fire since it was opened, each time anew. */
  fired: number;
  rules: string[];
  inputs: string[];
  segments: string[];
  /** The highest level when something fired last. */
  level: Level;
  /** When receivers were told last; null: never. */
  toldMs: number | null;
  /** The level that they know of, and the highest one that they were told; 'ok': nothing fires, for all they know. */
  toldLevel: Firing;
  peakLevel: Firing;
  /** Since when something waits for its first notification; null: nothing does. */
  waitingMs: number | null;
  /** When it has to be told, if nothing happens meanwhile; null: never. */
  dueMs: number | null;
  /** Records of it that went out. */
  records: number;
  /** What the last one said of muting: changes of it are worth one, too. */
  mutedAlarms: number;
  muted: string;
}

export interface Silence extends SilenceSpec {
  by: string;
  reason: string;
}

export interface IncidentStates {
  /** The oldest first. */
  open: OpenIncident[];
  /** Incidents that were ever opened. */
  opened: number;
  /** By the id of the command that asked for it; until it is over. */
  silences: Record<string, Silence>;
  /** When incidents were told first, as far back as the storm limit looks. */
  firstToldMs: number[];
  /** Event time that was judged last. */
  nowMs: number;
  /** When a silence or a maintenance begins or ends next while an incident is open; null: never. */
  mutingChangesMs: number | null;
}

export function createIncidentStates(): IncidentStates {
  return { open: [], opened: 0, silences: {}, firstToldMs: [], nowMs: NEVER_MS, mutingChangesMs: null };
}
