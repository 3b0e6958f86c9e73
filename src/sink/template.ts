/** Texts of notifications with `{{placeholders}}`. */

import type { Alert, AlertWord } from '../records.ts';

const PLACEHOLDER = /\{\{\s*(\w+)\s*\}\}/g;
/** What a date of four digits can say. */
const TIME_MAX_MS = Date.UTC(9999, 11, 31);

/** A time in UTC as ISO 8601 writes it; times before 1970 and after 9999, which receivers refuse, are the nearest one. */
export const isoTime = (ms: number): string => new Date(Math.min(TIME_MAX_MS, Math.max(0, ms))).toISOString();

/** What placeholders stand for; empty where the alert has none. */
export function wordsOf(alert: Alert): Record<AlertWord, string> {
  const { service, rule, metric, subject, model, segment, level, state, reason, threshold } = alert;
  const value = alert.value === null ? '' : String(alert.value);
  const since = isoTime(alert.sinceMs);
  return { service, rule, metric, subject, model, segment, level, state, reason, value, threshold, since };
}

/** The template with the words of the alert, each of them escaped; unknown placeholders stay as they are. */
export function fill(template: string, alert: Alert, escaped: (text: string) => string): string {
  const words: Record<string, string> = wordsOf(alert);
  return template.replace(PLACEHOLDER, (whole, name: string) =>
    Object.hasOwn(words, name) ? escaped(words[name] ?? '') : whole,
  );
}

/** Where people read more about the alert; null without a template. */
export const linkOf = (template: string | null, alert: Alert): string | null =>
  template === null ? null : fill(template, alert, encodeURIComponent);
