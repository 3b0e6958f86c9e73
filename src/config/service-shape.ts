import { z } from 'zod';
import { automationShape } from './automation-shape.ts';
import { baselineShape } from './baseline-shape.ts';
import { incidentsShape } from './incidents-shape.ts';
import { inputShape, modelShape, outputShape } from './model-shape.ts';
import { retrainShape } from './retrain-shape.ts';
import { rolloutShape } from './rollout-shape.ts';
import { ruleShape } from './rule-shape.ts';
import { alarmsPerTime, duration, durationOrNone, name, positiveInt, spell, text } from './scalar-shapes.ts';
import { streamShapes } from './stream-shape.ts';

const segmentShape = z
  .array(name)
  .min(1, 'a list of one or two inputs')
  .max(2, 'a list of one or two inputs')
  .refine((list) => new Set(list).size === list.length, 'two different inputs');

export const windowsShape = z.strictObject({
  size: spell.prefault('1m'),
  hop: spell.optional(),
  lateness: duration.prefault('10s'),
  grace: duration.prefault('0s'),
  idle_after: spell.prefault('30s'),
  max_future: duration.prefault('10m'),
  max_past: durationOrNone.prefault('none'),
});

/** `budget: 1 per 30d`, or with more to say. */
export const budgetShape = z.union(
  [
    alarmsPerTime.transform((alarms) => ({ alarms, tolerance: {} })),
    z.strictObject({
      alarms: alarmsPerTime,
      tolerance: z.record(text, z.number().min(0).max(100)).prefault({}),
    }),
  ],
  { error: "false alarms in a time such as '1 per 30d', or a mapping of alarms and tolerance" },
);

export const limitsShape = z.strictObject({
  segments_max: positiveInt.prefault(50),
  categories_max: positiveInt.prefault(200),
  open_windows_max: positiveInt.prefault(1000),
  pending_joins_max: positiveInt.prefault(1_000_000),
  message_bytes_max: positiveInt.prefault(4_194_304),
});

export const joinShape = z.strictObject({
  max_delay: spell.prefault('1h'),
  revise_after: z.array(spell).optional(),
});
export const serviceName = z.string().regex(/^[a-z0-9-]+$/, 'a name of a-z, 0-9 and -');
export const segmentsShape = z.array(segmentShape);

/** One file of `services/`. */
export const serviceShape = z
  .strictObject({
    service: serviceName,
    description: z.string().prefault(''),
    streams: z
      .strictObject({
        requests: streamShapes.requests.optional(),
        predictions: streamShapes.predictions.optional(),
        labels: streamShapes.labels.optional(),
        feedback: streamShapes.feedback.optional(),
        telemetry: streamShapes.telemetry.optional(),
      })
      .refine((streams) => Object.values(streams).some((stream) => stream !== undefined), {
        error: 'at least one of requests, predictions, labels, feedback, telemetry',
      }),
    inputs: z.record(name, inputShape).optional(),
    outputs: z.record(name, outputShape).optional(),
    models: z.array(modelShape).optional(),
    segments: segmentsShape.optional(),
    baseline: baselineShape.optional(),
    windows: windowsShape.optional(),
    join: joinShape.optional(),
    limits: limitsShape.optional(),
    rules: z.array(ruleShape).optional(),
    budget: budgetShape.optional(),
    incidents: incidentsShape.optional(),
    rollout: rolloutShape.optional(),
    automation: automationShape.optional(),
    retrain: retrainShape.optional(),
  })
  .meta({ title: 'A service that Telltale watches', description: 'One file of config/services.' });

export type BudgetShape = z.output<typeof budgetShape>;
export type WindowsShape = z.output<typeof windowsShape>;
export type JoinShape = z.output<typeof joinShape>;
export type LimitsShape = z.output<typeof limitsShape>;
