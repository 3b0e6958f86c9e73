/** Times, numbers and names as a person reads them. All times are event times in UTC. */

import type { SeriesKey } from '../../src/console/source.ts';

const pad = (part: number): string => String(part).padStart(2, '0');

export function day(ms: number): string {
  const at = new Date(ms);
  return `${at.getUTCFullYear()}-${pad(at.getUTCMonth() + 1)}-${pad(at.getUTCDate())}`;
}

export function time(ms: number): string {
  const at = new Date(ms);
  const seconds = at.getUTCSeconds();
  return `${pad(at.getUTCHours())}:${pad(at.getUTCMinutes())}${seconds ? `:${pad(seconds)}` : ''}`;
}

export const moment = (ms: number): string => `${day(ms)} ${time(ms)}`;

const UNITS: readonly [string, number][] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
];

export function span(ms: number): string {
  for (const [name, size] of UNITS) if (ms >= size) return `${Math.round((ms / size) * 10) / 10} ${name}`;
  return `${ms} ms`;
}

export function number(value: number | null | undefined): string {
  if (value === null || value === undefined) return 'n/a';
  const size = Math.abs(value);
  if (Number.isInteger(value) || size >= 10_000)
    return value.toLocaleString('en', { maximumFractionDigits: 0 });
  if (size >= 100) return value.toLocaleString('en', { maximumFractionDigits: 1 });
  if (size !== 0 && size < 0.0001) return value.toExponential(1);
  return String(Number(value.toPrecision(size >= 1 ? 4 : 3)));
}

/** 1,234 as 1.2 k. */
export function short(count: number): string {
  if (count < 10_000) return number(count);
  if (count < 999_950) return `${Number((count / 1_000).toPrecision(3))} k`;
  return `${Number((count / 1_000_000).toPrecision(3))} M`;
}

export const percent = (share: number): string => `${number(Math.round(share * 1_000) / 10)} %`;

/** A difference of shares in percentage points. */
export const points = (rate: number): string =>
  (rate > 0 ? '+' : '') + number(Math.round(rate * 10_000) / 100);

export const plural = (count: number, word: string): string =>
  `${number(count)} ${word}${count === 1 ? '' : 's'}`;

/** 'rolled_back' -> 'rolled back' */
export const words = (name: string): string => name.replaceAll('_', ' ');

export const keyOf = ({ metric, subject, model, segment }: SeriesKey): string =>
  JSON.stringify([metric, subject, model, segment]);

export const about = ({ metric, subject, model, segment }: SeriesKey): string =>
  [words(metric), subject, model, segment === '*' ? '' : segment].filter(Boolean).join(' · ');
