import { z } from 'zod';
import { automationShape } from './automation-shape.ts';
import { baselineShape } from './baseline-shape.ts';
import { incidentsShape } from './incidents-shape.ts';
import { inputShape, modelShape, outputShape } from './model-shape.ts';
import { retrainShape } from './retrain-shape.ts';
import { rolloutShape } from './rollout-shape.ts';
import { ruleShape } from './rule-shape.ts';
import { alarmsPerTime, duration, durationOrNone, name, positiveInt, spell, text } from './scalar-shapes.ts';
import { streamsShape } from './stream-shape.ts';

const segmentShape = z
  .array(name)
  .min(1, 'a list of one or two inputs')
  .max(2, 'a list of one or two inputs')
  .refine((list) => new Set(list).size === list.length, 'two different inputs');

export const windowsShape = z.strictObject({
  size: spell.prefault('1m').describe('length of a window'),
  hop: spell
    .optional()
    .describe('from the start of a window to that of the next; by default the size, and a divisor of it'),
  lateness: duration
    .prefault('10s')
    .describe(
      'how far out of order records of a partition may come: the watermark is its maximum event time less this',
    ),
  grace: duration.prefault('0s').describe('a window closes when the watermark has passed its end by so much'),
  idle_after: spell.prefault('30s').describe('a source that is silent for so long holds no window open'),
  max_future: duration
    .prefault('10m')
    .describe("an event time so far beyond the log's time stamp is a dead letter"),
  max_past: durationOrNone
    .prefault('none')
    .describe("an event time so far before the log's time stamp is a dead letter; none: any past is good"),
});

/** `budget: 1 per 30d`, or with more to say. */
export const budgetShape = z.union(
  [
    alarmsPerTime.transform((alarms) => ({ alarms, tolerance: {} })),
    z.strictObject({
      alarms: alarmsPerTime.describe("false alarms that are acceptable, such as '1 per 30d'"),
      tolerance: z
        .record(text, z.number().min(0).max(100))
        .prefault({})
        .describe(
          'metric, or metric/subject: how much worse than the baseline is no alarm; by default that of the metric',
        ),
    }),
  ],
  { error: "false alarms in a time such as '1 per 30d', or a mapping of alarms and tolerance" },
);

export const limitsShape = z.strictObject({
  segments_max: positiveInt.prefault(50).describe('segments of a window; those beyond count as (other)'),
  categories_max: positiveInt
    .prefault(200)
    .describe('categories of an input that are counted one by one; those beyond count as other'),
  open_windows_max: positiveInt
    .prefault(1000)
    .describe('open windows of a partition; rows of further ones count as late'),
  pending_joins_max: positiveInt
    .prefault(1_000_000)
    .describe(
      'ids of a partition that wait for labels, feedback or predictions; at the bound a fair sample is kept',
    ),
  message_bytes_max: positiveInt
    .prefault(4_194_304)
    .describe('bytes of a record; a larger one is a dead letter'),
});

export const joinShape = z.strictObject({
  max_delay: spell
    .prefault('1h')
    .describe(
      'a label, feedback or prediction is matched when it became known at most so long after (or before) its request',
    ),
  revise_after: z
    .array(spell)
    .optional()
    .describe(
      'how long after the end of a window its label-dependent results are given before they are final; by default 1/16 and 1/4 of max_delay. []: only final ones',
    ),
});
export const serviceName = z.string().regex(/^[a-z0-9-]+$/, 'a name of a-z, 0-9 and -');
export const segmentsShape = z.array(segmentShape);

/** One file of `services/`. */
export const serviceShape = z
  .strictObject({
    service: serviceName.describe('a-z, 0-9 and -; name of the service'),
    description: z.string().prefault('').describe('shown on the live page'),
    streams: streamsShape
      .refine((streams) => Object.values(streams).some((stream) => stream !== undefined), {
        error: 'at least one of requests, predictions, labels, feedback, telemetry',
      })
      .describe('what is read: at least one, each with a topic of its own'),
    inputs: z
      .record(name, inputShape)
      .optional()
      .describe('values of a request that are watched, or that models are given'),
    outputs: z
      .record(name, outputShape)
      .optional()
      .describe('what is answered, by models or by another system'),
    models: z.array(modelShape).optional().describe('a primary and its shadows, which Telltale runs itself'),
    segments: segmentsShape
      .optional()
      .describe('slices of the traffic: lists of one or two categorical inputs'),
    baseline: baselineShape
      .optional()
      .describe(
        'reference that windows are compared with: a file of telltale baseline build, or what is learned',
      ),
    windows: windowsShape.optional().describe('windows of event time'),
    join: joinShape.optional().describe('how requests meet their labels, feedback and predictions'),
    limits: limitsShape.optional().describe('bounds of what is kept'),
    rules: z.array(ruleShape).optional().describe('what raises alarms'),
    budget: budgetShape
      .optional()
      .describe("false alarms that are acceptable, such as '1 per 30d'; thresholds follow from it"),
    incidents: incidentsShape
      .optional()
      .describe('which alarms are of one cause, and when receivers are told'),
    rollout: rolloutShape.optional().describe('how a shadow takes over from the primary, and what stops it'),
    automation: automationShape
      .optional()
      .describe('how much the model decides by itself, and what takes it further or back'),
    retrain: retrainShape.optional().describe('what asks for a new model'),
  })
  .meta({ title: 'A service that Telltale watches', description: 'One file of config/services.' });

export type BudgetShape = z.output<typeof budgetShape>;
export type WindowsShape = z.output<typeof windowsShape>;
export type JoinShape = z.output<typeof joinShape>;
export type LimitsShape = z.output<typeof limitsShape>;
