/** The alarms of one partition that have to be said again: those that fire, and those that have just resolved. */

import type { Alert } from '../records.ts';

/** How long the end of an alarm is said again: a receiver may have been away, or been told otherwise meanwhile. */
const RESOLVED_REPEATED_MS = 15 * 60_000;

/** One set of labels, as Alertmanager knows an alert. */
export interface Standing {
  alert: Alert;
  labels: Readonly<Record<string, string>>;
  /** Event time of the end; null: it fires. */
  endMs: number | null;
  /** When we learned of the end. */
  resolvedMs: number;
  /** When it is said again; 0: it has not been said yet. */
  dueMs: number;
}

export interface StandingSet {
  /** Takes an alert in and returns what has to be said because of it. */
  apply(alert: Alert, atMs: number): Standing[];
  /** What has to be said again by now, the longest due first. */
  due(nowMs: number): Standing[];
  /** All that fire. */
  firing(): Standing[];
  /** It is over without an alert that says so. */
  end(one: Standing, endMs: number, nowMs: number): void;
  drop(one: Standing): void;
}

export interface StandingOptions {
  labelsOf(alert: Alert): Readonly<Record<string, string>>;
  /** Alarms beyond it are said once. */
  max: number;
  /** One was beyond it. */
  onBeyond(): void;
}

export function createStandingSet({ labelsOf, max, onBeyond }: StandingOptions): StandingSet {
  /** By fingerprint of the alarm, then by labels: the level is one of these. */
  const alarms = new Map<string, Map<string, Standing>>();
  let size = 0;

  const drop = (one: Standing): void => {
    const { fingerprint } = one.alert;
    const known = alarms.get(fingerprint);
    if (known === undefined || !known.delete(keyOf(one))) return;
    size--;
    if (known.size === 0) alarms.delete(fingerprint);
  };

  const all = function* (): Generator<Standing> {
    for (const known of alarms.values()) yield* known.values();
  };

  /** Whether there is room for one more. What has resolved was said already and gives way. */
  const hasRoom = (): boolean => {
    if (size < max) return true;
    for (const one of all()) {
      if (one.endMs === null || one.dueMs === 0) continue;
      drop(one);
      return true;
    }
    return false;
  };

  const end = (one: Standing, endMs: number, nowMs: number): void => {
    one.endMs = endMs;
    one.resolvedMs = nowMs;
    one.dueMs = 0;
  };

  return {
    apply(alert, atMs) {
      const isFiring = alert.state === 'firing';
      const ended = { endMs: isFiring ? null : alert.windowEndMs, resolvedMs: atMs };
      const next: Standing = { alert, labels: labelsOf(alert), ...ended, dueMs: 0 };
      const key = keyOf(next);
      const { fingerprint } = alert;
      const known = alarms.get(fingerprint) ?? new Map<string, Standing>();
      // A new level is another set of labels, so the old one is over; so is any other when the alarm resolves.
      for (const [other, one] of known)
        if (other !== key && one.endMs === null) end(one, alert.windowEndMs, atMs);
      const same = known.get(key);
      const isKept = same !== undefined || hasRoom();
      if (same !== undefined) Object.assign(same, next);
      else if (isKept) {
        alarms.set(fingerprint, known.set(key, next));
        size++;
      } else if (isFiring) onBeyond();
      const told = [...known.values()].filter(({ dueMs }) => dueMs === 0);
      return isKept ? told : [...told, next];
    },
    due(nowMs) {
      const found: Standing[] = [];
      for (const one of all()) {
        const isOver = one.endMs !== null && nowMs - one.resolvedMs > RESOLVED_REPEATED_MS;
        // The end itself is said however late it is.
        if (isOver && one.dueMs > 0) drop(one);
        else if (one.dueMs <= nowMs) found.push(one);
      }
      return found.sort((a, b) => a.dueMs - b.dueMs);
    },
    firing: () => [...all()].filter(({ endMs }) => endMs === null),
    end,
    drop,
  };
}

const keyOf = ({ labels }: Standing): string => JSON.stringify(labels);
