/** What a test file looks like. Texts of errors follow the rules of src/config/check-shape.ts. */

import { z } from 'zod';
import { incidentsShape, someMatcher } from '../../config/incidents-shape.ts';
import { ruleShape } from '../../config/rule-shape.ts';
import { duration, durationMs, instant, level, name, spell, text } from '../../config/scalar-shapes.ts';
import { LEVELS, NOTIFY_REASONS } from '../../records.ts';

const NOTATION = "values such as '0.02x3 0.12+0.02x4 _x2 0.3'";
const notation = z.union([z.number(), z.string()], { error: NOTATION }).transform(String);
const METRIC = 'what is measured';
const SUBJECT = 'what it is measured on';
const MODEL = 'whose answers it speaks of';
const SEGMENT = 'segment, such as country=de; of the whole traffic *';
const MUTED = 'why receivers do not hear of it, of which the beginning is enough; empty: they do';
const RULE = 'name of the rule';
const of = {
  metric: text.optional().describe(METRIC),
  subject: z.string().optional().describe(SUBJECT),
  model: z.string().optional().describe(MODEL),
  segment: text.optional().describe(SEGMENT),
};

const seriesShape = z.strictObject({
  metric: text.describe(METRIC),
  subject: z.string().prefault('').describe(SUBJECT),
  model: z.string().prefault('').describe(MODEL),
  segment: text.prefault('*').describe(SEGMENT),
  values: notation.describe("a value a window, such as '0.02x3 0.12+0.04x3 _x2 0.3'"),
  n: notation
    .optional()
    .describe(
      'samples: one number, or as many as there are values; by default as many as every rule asks for',
    ),
});

export const alarmShape = z.strictObject({
  rule: name.describe(RULE),
  ...of,
  state: z.enum(['pending', 'firing', 'no-data']).describe('where the alarm stands'),
  level: level.optional().describe('level that fires, or the highest that is pending'),
  told: z
    .enum(['ok', ...LEVELS])
    .optional()
    .describe('level that was told last; ok: it is silenced by flapping'),
  muted: z.string().optional().describe(MUTED),
});

const ofIncident = {
  level: level.optional().describe('highest level that fires'),
  firing: z.int().min(0).optional().describe('how many alarms fire'),
  muted: z.string().optional().describe(MUTED),
  muted_alarms: z.int().min(0).optional().describe('how many alarms are muted'),
  storm: z.boolean().optional().describe('whether it is a storm'),
  onset: duration.optional().describe('when the change began'),
  opened: duration.optional().describe('when it was opened'),
  rules: z.array(text).optional().describe('rules of its alarms, in any order'),
  inputs: z.array(text).optional().describe('inputs of its alarms, in any order'),
  segments: z.array(text).optional().describe('segments of its alarms, in any order'),
  summary: z.string().optional().describe('what receivers read'),
};

export const incidentShape = z.strictObject(ofIncident);

export const notificationShape = z.strictObject({
  at: duration.describe('when it is told'),
  notify: z.enum(NOTIFY_REASONS).describe('why it is told'),
  state: z.enum(['open', 'resolved']).optional().describe('whether the incident is over'),
  ...ofIncident,
});

export const recordShape = z.strictObject({
  at: duration.describe('end of the window'),
  rule: name.describe(RULE),
  ...of,
  state: z.enum(['firing', 'resolved']).describe('whether the alarm fires or is over'),
  level: level.optional().describe('level that fires, or that was firing'),
  value: z.number().nullable().optional().describe('value of the window'),
  threshold: z.string().optional().describe('threshold that decided'),
  n: z.int().min(0).optional().describe('samples of the window'),
  since: duration.optional().describe('onset of the alarm'),
  reason: z.string().optional().describe('why, in words'),
});

const TIME_WORDS = 'a time such as 30m';
const RESTART_WORDS = "times such as 10m, or 'every'";
const restart = z.union([z.literal('every'), duration], { error: RESTART_WORDS });

export const rulesShape = z.array(ruleShape);

const listOrOne = <T extends z.ZodType>(one: T) =>
  z.union([z.array(one), one.transform((given) => [given])]).prefault([]);

const silence = z.strictObject({
  at: duration.describe('when it begins'),
  id: text.optional().describe('by which expire_at ends it'),
  match: someMatcher.describe('alarms that are silenced'),
  for: spell.describe('how long it holds'),
  by: text.prefault('test').describe('who silences'),
  reason: z.string().prefault('').describe('why'),
});
const expiry = z.union([
  duration.transform((at) => ({ at, id: undefined })),
  z.strictObject({
    at: duration.describe('when it is ended'),
    id: text.optional().describe('of the silence; by default all that there are'),
  }),
]);

export const testShape = z.strictObject({
  name: text.describe('no two of a file are the same'),
  start: instant.optional().describe('what time 0 is: a multiple of the hop; by default 1970-01-01T00:00Z'),
  interval: spell.optional().describe('from window to window of the series; by default the hop'),
  series: z
    .array(seriesShape, { error: 'a list of at least one series' })
    .min(1, 'a list of at least one series')
    .describe('results that the rules are given'),
  reload_at: z
    .record(
      z.string().refine((key) => durationMs(key) !== null, TIME_WORDS),
      z.union([
        text,
        z.strictObject({
          rules: rulesShape.describe('as in a service'),
          incidents: incidentsShape.optional().describe('as in a service'),
        }),
      ]),
    )
    .prefault({})
    .describe('time: a service file, or rules and incidents, that holds from then on'),
  restart_at: z
    .union([z.array(restart), restart.transform((one) => [one])])
    .prefault([])
    .describe('times, or every: the state goes through its snapshot, which must change nothing'),
  silence_at: listOrOne(silence).describe('silences: one or a list'),
  expire_at: listOrOne(expiry).describe('when silences end before: times, or sections with an id'),
  expect: z
    .array(
      z.strictObject({
        at: duration.describe('when it is looked'),
        alarms: z.array(alarmShape).optional().describe('all alarms that are not ok then, in any order'),
        incidents: z
          .array(incidentShape)
          .optional()
          .describe('all incidents that are open then, in any order'),
      }),
    )
    .prefault([])
    .describe('what must hold at a time'),
  records: z
    .array(recordShape)
    .optional()
    .describe('the alerts that go out, all of them, in order; by default they are not compared'),
  notifications: z
    .array(notificationShape)
    .optional()
    .describe('what receivers are told of incidents, all of it, in order; by default it is not compared'),
});

/** One file of `tests/`. */
export const testFileShape = z.strictObject({
  service: text.optional().describe('service file whose rules are under test, from this file; or rules'),
  rules: rulesShape
    .optional()
    .describe('instead of a service: rules as it has them, of which any subject may be measured'),
  windows: z
    .strictObject({
      size: spell.prefault('1m').describe('length of a window'),
      hop: spell.optional().describe('from the start of a window to that of the next; by default the size'),
    })
    .optional()
    .describe('windows of rules'),
  incidents: incidentsShape.optional().describe('incidents of rules, as in a service'),
  tests: z.array(testShape).describe('what the rules are put through'),
});

export type TestShape = z.output<typeof testShape>;
export type SeriesShape = z.output<typeof seriesShape>;
export type AlarmShape = z.output<typeof alarmShape>;
export type RecordShape = z.output<typeof recordShape>;
export type IncidentShape = z.output<typeof incidentShape>;
export type NotificationShape = z.output<typeof notificationShape>;
