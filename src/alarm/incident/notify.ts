/**
 * When receivers are told of a group of alarms: the decision of Prometheus Alertmanager (notify/dedup_stage.go, needsUpdate).
 * An end is told as soon as all that was told is over, whatever is muted meanwhile.
 */

import type { NotifyReason } from '../../records.ts';

/** What the last notification said, and how long ago that was. */
export interface Logged {
  firing: ReadonlySet<string>;
  ageMs: number;
}

/**
 * @param logged null: nothing was told yet
 * @param firing fingerprints of what fires and is not muted
 * @param resolved fingerprints of what does not fire any more
 * @param repeatMs after so long what fires is told again; null: never
 * @returns '': there is nothing to tell
 */
export function notifyReason(
  logged: Logged | null,
  firing: readonly string[],
  resolved: ReadonlySet<string>,
  repeatMs: number | null,
): NotifyReason | '' {
  const known = logged?.firing ?? new Set<string>();
  if (firing.some((fingerprint) => !known.has(fingerprint)))
    return known.size === 0 ? 'first_notification' : 'new_alerts_in_group';
  if (known.size > 0 && [...known].every((fingerprint) => resolved.has(fingerprint)))
    return 'all_alerts_resolved';
  if (firing.length === 0 || logged === null || repeatMs === null) return '';
  return logged.ageMs >= repeatMs ? 'repeat_interval_elapsed' : '';
}
