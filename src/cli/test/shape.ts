/** What a test file looks like. Texts of errors follow the rules of src/config/check-shape.ts. */

import { z } from 'zod';
import { incidentsShape, someMatcher } from '../../config/incidents-shape.ts';
import { ruleShape } from '../../config/rule-shape.ts';
import { duration, durationMs, instant, level, name, spell, text } from '../../config/scalar-shapes.ts';
import { LEVELS, NOTIFY_REASONS } from '../../records.ts';

const NOTATION = "values such as '0.02x3 0.12+0.02x4 _x2 0.3'";
const notation = z.union([z.number(), z.string()], { error: NOTATION }).transform(String);
const of = {
  metric: text.optional(),
  subject: z.string().optional(),
  model: z.string().optional(),
  segment: text.optional(),
};

const seriesShape = z.strictObject({
  metric: text,
  subject: z.string().prefault(''),
  model: z.string().prefault(''),
  segment: text.prefault('*'),
  values: notation,
  n: notation.optional(),
});

export const alarmShape = z.strictObject({
  rule: name,
  ...of,
  state: z.enum(['pending', 'firing', 'no-data']),
  level: level.optional(),
  told: z.enum(['ok', ...LEVELS]).optional(),
  /** Its beginning is enough. */
  muted: z.string().optional(),
});

const names = z.array(text).optional();
const ofIncident = {
  level: level.optional(),
  firing: z.int().min(0).optional(),
  muted: z.string().optional(),
  muted_alarms: z.int().min(0).optional(),
  storm: z.boolean().optional(),
  onset: duration.optional(),
  opened: duration.optional(),
  rules: names,
  inputs: names,
  segments: names,
  summary: z.string().optional(),
};

export const incidentShape = z.strictObject(ofIncident);

export const notificationShape = z.strictObject({
  at: duration,
  notify: z.enum(NOTIFY_REASONS),
  state: z.enum(['open', 'resolved']).optional(),
  ...ofIncident,
});

export const recordShape = z.strictObject({
  at: duration,
  rule: name,
  ...of,
  state: z.enum(['firing', 'resolved']),
  level: level.optional(),
  value: z.number().nullable().optional(),
  threshold: z.string().optional(),
  n: z.int().min(0).optional(),
  since: duration.optional(),
  reason: z.string().optional(),
});

const TIME_WORDS = 'a time such as 30m';
const RESTART_WORDS = "times such as 10m, or 'every'";
const restart = z.union([z.literal('every'), duration], { error: RESTART_WORDS });

export const rulesShape = z.array(ruleShape);

const listOrOne = <T extends z.ZodType>(one: T) =>
  z.union([z.array(one), one.transform((given) => [given])]).prefault([]);

const silence = z.strictObject({
  at: duration,
  /** By which `expire_at` ends it. */
  id: text.optional(),
  match: someMatcher,
  for: spell,
  by: text.prefault('test'),
  reason: z.string().prefault(''),
});
/** Without an id: all that there are. */
const expiry = z.union([
  duration.transform((at) => ({ at, id: undefined })),
  z.strictObject({ at: duration, id: text.optional() }),
]);

export const testShape = z.strictObject({
  name: text,
  start: instant.optional(),
  interval: spell.optional(),
  series: z
    .array(seriesShape, { error: 'a list of at least one series' })
    .min(1, 'a list of at least one series'),
  reload_at: z
    .record(
      z.string().refine((key) => durationMs(key) !== null, TIME_WORDS),
      z.union([text, z.strictObject({ rules: rulesShape, incidents: incidentsShape.optional() })]),
    )
    .prefault({}),
  restart_at: z.union([z.array(restart), restart.transform((one) => [one])]).prefault([]),
  silence_at: listOrOne(silence),
  expire_at: listOrOne(expiry),
  expect: z
    .array(
      z.strictObject({
        at: duration,
        alarms: z.array(alarmShape).optional(),
        incidents: z.array(incidentShape).optional(),
      }),
    )
    .prefault([]),
  records: z.array(recordShape).optional(),
  notifications: z.array(notificationShape).optional(),
});

/** One file of `tests/`. */
export const testFileShape = z.strictObject({
  service: text.optional(),
  rules: rulesShape.optional(),
  windows: z.strictObject({ size: spell.prefault('1m'), hop: spell.optional() }).optional(),
  incidents: incidentsShape.optional(),
  tests: z.array(testShape),
});

export type TestShape = z.output<typeof testShape>;
export type SeriesShape = z.output<typeof seriesShape>;
export type AlarmShape = z.output<typeof alarmShape>;
export type RecordShape = z.output<typeof recordShape>;
export type IncidentShape = z.output<typeof incidentShape>;
export type NotificationShape = z.output<typeof notificationShape>;
