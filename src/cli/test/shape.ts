/** What a test file looks like. Texts of errors follow the rules of src/config/check-shape.ts. */

import { z } from 'zod';
import { duration, durationMs, name, spell, text } from '../../config/scalar-shapes.ts';
import { ruleShape } from '../../config/service-shape.ts';
import { LEVELS } from '../../records.ts';

const level = z.enum(LEVELS);
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

export const testShape = z.strictObject({
  name: text,
  interval: spell.optional(),
  series: z
    .array(seriesShape, { error: 'a list of at least one series' })
    .min(1, 'a list of at least one series'),
  reload_at: z
    .record(
      z.string().refine((key) => durationMs(key) !== null, TIME_WORDS),
      z.union([text, z.strictObject({ rules: rulesShape })]),
    )
    .prefault({}),
  restart_at: z.union([z.array(restart), restart.transform((one) => [one])]).prefault([]),
  expect: z.array(z.strictObject({ at: duration, alarms: z.array(alarmShape) })).prefault([]),
  records: z.array(recordShape).optional(),
});

/** One file of `tests/`. */
export const testFileShape = z.strictObject({
  service: text.optional(),
  rules: rulesShape.optional(),
  windows: z.strictObject({ size: spell.prefault('1m'), hop: spell.optional() }).optional(),
  tests: z.array(testShape),
});

export type TestShape = z.output<typeof testShape>;
export type SeriesShape = z.output<typeof seriesShape>;
export type AlarmShape = z.output<typeof alarmShape>;
export type RecordShape = z.output<typeof recordShape>;
