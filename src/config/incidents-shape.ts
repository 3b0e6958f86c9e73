/** `incidents` of a service: how alarms become incidents, and what receivers hear of these. */
import { z } from 'zod';
import { MATCH_FIELDS, type Result } from '../records.ts';
import { duration, incidentsPerTime, instant, level, spell, text } from './scalar-shapes.ts';

/** The families of metrics, as docs/metrics.md has them. */
export const FAMILIES = [
  'input',
  'output',
  'agreement',
  'performance',
  'feedback',
  'software',
] as const satisfies readonly Result['family'][];
const kind = z.enum(FAMILIES);

/** A text or several of which one has to fit; always a list for us. */
const oneOrMore = <T extends z.ZodType<string>>(one: T) =>
  z.union([one, z.array(one).min(1).max(100)]).transform((given) => (Array.isArray(given) ? given : [given]));
const pattern = oneOrMore(z.string());

const matcherShape = z.strictObject({
  rule: pattern.optional(),
  metric: pattern.optional(),
  subject: pattern.optional(),
  model: pattern.optional(),
  segment: pattern.optional(),
  level: oneOrMore(level).optional(),
  kind: oneOrMore(kind).optional(),
});
const NEEDS_FIELD = `at least one of ${MATCH_FIELDS.join(', ')}, kind`;
/** One that says something. */
export const someMatcher = matcherShape.refine((shape) => Object.keys(shape).length > 0, {
  error: NEEDS_FIELD,
  // What has an unknown key is told of that.
  when: ({ issues }) => issues.length === 0,
});

const inhibitShape = z.strictObject({
  source: someMatcher,
  target: someMatcher,
  equal: z.array(z.enum(MATCH_FIELDS)).prefault([]),
});

const HOURS = /^(\d\d):(\d\d)$/;
const BORDER_WORDS = "a time of day such as '22:00', or a time such as 2026-12-01T22:00Z";

/** As the minute of the day. */
const timeOfDay = z
  .string()
  .regex(/^(?:(?:[01]\d|2[0-3]):[0-5]\d|24:00)$/, BORDER_WORDS)
  .transform((written) => {
    const [, hours, minutes] = HOURS.exec(written) ?? [];
    return { minute: Number(hours) * 60 + Number(minutes) };
  });
const border = z.union([timeOfDay, instant.transform((atMs) => ({ atMs }))], { error: BORDER_WORDS });

export const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

const maintenanceShape = z.strictObject({
  name: text,
  from: border,
  to: border,
  /** On which it begins; with times of day alone, as the time zone. */
  days: z
    .array(z.enum(DAYS))
    .min(1)
    .refine((days) => new Set(days).size === days.length, 'a list without repeats')
    .optional(),
  timezone: text.optional(),
  match: matcherShape.prefault({}),
});

const NEVER_WORDS = 'never, or a duration such as 30m, 4h';

/** What it does not say is as in `DEFAULT_INCIDENTS` of the incidents; a test holds them together. */
export const incidentsShape = z.strictObject({
  within: duration.prefault('1h'),
  share_inputs: z.boolean().prefault(true),
  group_wait: duration.prefault('0s'),
  group_interval: spell.prefault('5m'),
  repeat_interval: z
    .union([z.literal('never').transform(() => null), spell], { error: NEVER_WORDS })
    .prefault('4h'),
  storm: incidentsPerTime.prefault('10 per 1h'),
  inhibit: z.array(inhibitShape).max(100).prefault([]),
  maintenance: z.array(maintenanceShape).max(100).prefault([]),
});

export type IncidentsShape = z.output<typeof incidentsShape>;
export type MatcherShape = z.output<typeof matcherShape>;
export type MaintenanceShape = z.output<typeof maintenanceShape>;
