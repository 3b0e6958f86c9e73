import { z } from 'zod';
import { LEVELS } from '../records.ts';

const UNIT_MS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const DURATION = /^(\d{1,9})(ms|s|m|h|d)$/;
const DURATION_WORDS = 'a duration such as 250ms, 10s, 1m, 2h, 7d';

/** Milliseconds of `250ms`, `10s`, `1m`, `2h` or `7d`; null for anything else. */
export function durationMs(text: string): number | null {
  const match = DURATION.exec(text);
  return match === null ? null : Number(match[1]) * UNIT_MS[match[2]!]!;
}

/** A duration of 0 or more, as milliseconds. */
export const duration = z
  .string({ error: DURATION_WORDS })
  .regex(DURATION, DURATION_WORDS)
  .transform((text) => durationMs(text) ?? 0);

/** A duration longer than 0, as milliseconds. */
export const spell = z
  .string({ error: DURATION_WORDS })
  .regex(DURATION, DURATION_WORDS)
  .refine((text) => !/^0+[a-z]/.test(text), 'a duration longer than 0')
  .transform((text) => durationMs(text) ?? 0);

/** Null for the word `none`. */
export const durationOrNone = z
  .string({ error: `none or ${DURATION_WORDS}` })
  .regex(/^(none|\d{1,9}(ms|s|m|h|d))$/, `none or ${DURATION_WORDS}`)
  .transform(durationMs);

/** Text that is not empty. */
export const text = z.string().min(1, 'text that is not empty');

/** Starts with a letter, so that no name looks like a number, a path or a segment. */
export const name = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_-]*$/, 'a name of letters, digits, - and _ that starts with a letter or _');

export const topic = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,249}$/, 'a topic of at most 249 letters, digits, dots, - and _');

const LABEL_WORDS = 'text, a number, true or false';

/** A class or category: always text for us, although YAML reads 0 and true as something else. */
export const label = z.union([z.string(), z.number(), z.boolean()], { error: LABEL_WORDS }).transform(String);

/** At least `min` different labels, in the given order. */
export const labels = (min: number) =>
  z
    .array(label)
    .min(min, `a list of at least ${min}`)
    .refine((list) => new Set(list).size === list.length, 'a list without repeats');

export const level = z.enum(LEVELS);
export const positiveInt = z.int().min(1);
export const share = z.number().min(0).max(1);
export const port = z.int().min(0).max(65_535);
export const httpUrl = z
  .string()
  .regex(/^https?:\/\/[^\s/]+/, 'a URL such as http://localhost:8086')
  .transform((url) => url.replace(/\/+$/, ''));

const BUDGET = /^(\d{1,6}(?:\.\d{1,6})?) per (\d{1,9}(?:ms|s|m|h|d))$/;
const BUDGET_WORDS = "false alarms in a time such as '1 per 30d' or '0.5 per 7d'";

/** `1 per 30d`. */
export const alarmsPerTime = z
  .string({ error: BUDGET_WORDS })
  .regex(BUDGET, BUDGET_WORDS)
  .refine((text) => Number.parseFloat(text) > 0 && !/ per 0+[a-z]/.test(text), BUDGET_WORDS)
  .transform((text) => {
    const [, alarms, period] = BUDGET.exec(text) ?? [];
    return { alarms: Number(alarms), periodMs: durationMs(period ?? '') ?? 0 };
  });

const COUNT = /^([1-9]\d{0,2}) per (.+)$/;

/** '2 per 30d'; `words` say what is counted. */
const countPerTime = (words: string) =>
  z
    .string({ error: words })
    .regex(COUNT, words)
    // A text of another form is told by the line above.
    .refine((text) => !COUNT.test(text) || (durationMs(COUNT.exec(text)![2]!) ?? 0) > 0, words)
    .transform((text) => {
      const [, count, period] = COUNT.exec(text) ?? [];
      return { count: Number(count), periodMs: durationMs(period ?? '') ?? 0 };
    });
export const requestsPerTime = countPerTime("requests in a time, such as '2 per 30d'");
export const incidentsPerTime = countPerTime("incidents in a time, such as '10 per 1h'");

const INSTANT_WORDS = 'a time such as 2026-01-31T08:00:00Z';

/** With its zone, as milliseconds: what a file means must not depend on where the daemon runs. */
export const instant = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/, INSTANT_WORDS)
  .refine((written) => !Number.isNaN(Date.parse(written)) && isDay(written.slice(0, 10)), INSTANT_WORDS)
  .transform((written) => Date.parse(written));

/** Dates take February 30 for March 2. */
const isDay = (day: string): boolean => new Date(`${day}T00:00Z`).toISOString().startsWith(day);
