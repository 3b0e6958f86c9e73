/** Texts of notifications with `{{placeholders}}`. */

import type { Alert, AlertWord } from '../records.ts';

const PLACEHOLDER = /\{\{\s*(\w+)\s*\}\}/g;
/** What a date of four digits can say. */
const TIME_MAX_MS = Date.UTC(9999, 11, 31);

/** A time in UTC as ISO 8601 writes it; times before 1970 and after 9999, which receivers refuse, are the nearest one. */
export const isoTime = (ms: number): string => new Date(Math.min(TIME_MAX_MS, Math.max(0, ms))).toISOString();

/** What placeholders stand for, by name. */
export type Words = Readonly<Record<string, string>>;

/** Of an alert; empty where it has none. */
export function wordsOf(alert: Alert): Record<AlertWord, string> {
  const { service, rule, metric, subject, model, segment, level, state, reason, threshold } = alert;
  const value = alert.value === null ? '' : String(alert.value);
  const since = isoTime(alert.sinceMs);
  return { service, rule, metric, subject, model, segment, level, state, reason, value, threshold, since };
}

/** The template with the words, each of them escaped; unknown placeholders stay as they are. */
export function fill(template: string, words: Words, escaped: (text: string) => string): string {
  return template.replace(PLACEHOLDER, (whole, name: string) =>
    Object.hasOwn(words, name) ? escaped(words[name] ?? '') : whole,
  );
}

/** A text of the owner's, or ours without one or where nothing is left of it: receivers refuse empty texts. */
export function textOf(
  template: string | null,
  ours: string,
  words: Words,
  escaped: (text: string) => string,
): string {
  const text = template === null ? '' : fill(template, words, escaped);
  return text.trim() === '' ? fill(ours, words, escaped) : text;
}

/** At most `max` UTF-16 units, the last of which says that something is missing. */
export function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  // Half of a pair is no letter.
  return `${text.slice(0, max - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

/** Where people read more; null without a template. */
export const linkOf = (template: string | null, words: Words): string | null =>
  template === null ? null : fill(template, words, encodeURIComponent);
