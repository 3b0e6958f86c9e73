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
  rule: pattern.optional().describe('name of the rule, or budget'),
  metric: pattern.optional().describe('metric of the rule'),
  subject: pattern.optional().describe('what it is measured on'),
  model: pattern.optional().describe('whose answers it speaks of'),
  segment: pattern.optional().describe('segment, such as country=de'),
  level: oneOrMore(level).optional().describe('level that fires'),
  kind: oneOrMore(kind).optional().describe('family of the metric'),
});
const NEEDS_FIELD = `at least one of ${MATCH_FIELDS.join(', ')}, kind`;
/** One that says something. */
export const someMatcher = matcherShape.refine((shape) => Object.keys(shape).length > 0, {
  error: NEEDS_FIELD,
  // What has an unknown key is told of that.
  when: ({ issues }) => issues.length === 0,
});

const inhibitShape = z.strictObject({
  source: someMatcher.describe('while an alarm of these fires'),
  target: someMatcher.describe('these are not told'),
  equal: z.array(z.enum(MATCH_FIELDS)).prefault([]).describe('fields in which both must agree'),
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
  name: text.describe('why alarms are expected'),
  from: border.describe('a time of day: every week; or a date and time with its zone: once'),
  to: border.describe('a time of day, of the next day if it is not after from; or a date and time'),
  days: z
    .array(z.enum(DAYS))
    .min(1)
    .refine((days) => new Set(days).size === days.length, 'a list without repeats')
    .optional()
    .describe('on which it begins, with times of day; by default all'),
  timezone: text.optional().describe('of times of day, such as Europe/Berlin; by default UTC'),
  match: matcherShape.prefault({}).describe('alarms that are expected; by default all'),
});

const NEVER_WORDS = 'never, or a duration such as 30m, 4h';

/** What it does not say is as in `DEFAULT_INCIDENTS` of the incidents; a test holds them together. */
export const incidentsShape = z.strictObject({
  within: duration.prefault('1h').describe('alarms whose onsets are so close are of one cause'),
  share_inputs: z.boolean().prefault(true).describe('alarms of one input are of one cause too'),
  group_wait: duration.prefault('0s').describe('from the first alarm until it is told'),
  group_interval: spell
    .prefault('5m')
    .describe('alarms that have joined are told so long after the last time at the earliest'),
  repeat_interval: z
    .union([z.literal('never').transform(() => null), spell], { error: NEVER_WORDS })
    .prefault('4h')
    .describe('what still fires is told again after so long; or never'),
  storm: incidentsPerTime.prefault('10 per 1h').describe('more incidents than that are told as one'),
  inhibit: z
    .array(inhibitShape)
    .max(100)
    .prefault([])
    .describe('alarms that need no telling while others fire'),
  maintenance: z
    .array(maintenanceShape)
    .max(100)
    .prefault([])
    .describe('times in which alarms are expected, and not told'),
});

export type IncidentsShape = z.output<typeof incidentsShape>;
export type MatcherShape = z.output<typeof matcherShape>;
export type MaintenanceShape = z.output<typeof maintenanceShape>;
