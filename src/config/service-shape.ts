import { z } from 'zod';
import { EMBEDDING_DIMENSIONS_MAX, MODEL_NAME, SET_CLASSES_MAX } from '../records.ts';
import { automationShape } from './automation-shape.ts';
import { baselineShape } from './baseline-shape.ts';
import { incidentsShape } from './incidents-shape.ts';
import { rolloutShape } from './rollout-shape.ts';
import {
  alarmsPerTime,
  duration,
  durationOrNone,
  label,
  labels,
  name,
  positiveInt,
  requestsPerTime,
  share,
  spell,
  text,
  topic,
} from './scalar-shapes.ts';

const encoding = z.enum(['json', 'avro', 'avro_file']).prefault('json');
/** Of requests and predictions: model servers log nothing else. */
const servedEncoding = z.enum(['json', 'avro', 'avro_file', 'kserve', 'seldon']).prefault('json');
const paths = z.record(name, text);
const recordStream = {
  topic,
  encoding,
  schema_file: text.optional(),
  /** Default: `id`; of the encodings of model servers the id of the message. */
  id: text.optional(),
  /** Default: `time`; of the encodings of model servers that of the message. Empty: the time stamp of the log. */
  time: z.string().optional(),
};

export const streamShapes = {
  requests: z.strictObject({ ...recordStream, encoding: servedEncoding }),
  predictions: z.strictObject({
    ...recordStream,
    encoding: servedEncoding,
    fields: paths.optional(),
    score: text.optional(),
    latency_ms: text.optional(),
    error: text.optional(),
    by: z.enum(['system', 'people']).prefault('system'),
  }),
  labels: z.strictObject({ ...recordStream, fields: paths.optional() }),
  feedback: z.strictObject({
    ...recordStream,
    kind: text.prefault('kind'),
    kinds: z
      .strictObject({ click: label.optional(), redo: label.optional(), switch_to_typing: label.optional() })
      .optional(),
  }),
  telemetry: z.strictObject({ topic, encoding: z.enum(['otlp_json']).prefault('otlp_json') }),
} as const;

const from = text.optional();
const sensitive = z.boolean().optional();
export const inputShape = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('numeric'),
    from,
    sensitive,
    range: z.tuple([z.number(), z.number()]).optional(),
  }),
  z.strictObject({ type: z.literal('categorical'), from, sensitive, categories: labels(1).optional() }),
  z.strictObject({ type: z.literal('text'), from, sensitive }),
  z.strictObject({ type: z.literal('image'), from, sensitive }),
  z.strictObject({
    type: z.literal('embedding'),
    from,
    sensitive,
    dimensions: z.int().min(1).max(EMBEDDING_DIMENSIONS_MAX),
  }),
]);

export const outputShape = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('classifier'),
    classes: labels(2),
    positive: label.optional(),
    threshold: share.prefault(0.5),
  }),
  z.strictObject({
    type: z.literal('multilabel'),
    classes: labels(1).max(SET_CLASSES_MAX, `at most ${SET_CLASSES_MAX} classes`),
    threshold: share.prefault(0.5),
  }),
  z.strictObject({ type: z.literal('regressor'), tolerance: z.number().min(0).prefault(0) }),
  z.strictObject({
    type: z.literal('detector'),
    classes: labels(1),
    confidence_min: share.prefault(0.5),
    iou_min: share.prefault(0.5),
  }),
  z.strictObject({ type: z.literal('text') }),
]);

const mean = z.number().prefault(0);
const std = z.number().gt(0).prefault(1);
const imageSide = z.int().min(1).max(8192);

const featureShape = z.union([
  text,
  z.strictObject({ input: text, mean, std, fill: z.number().prefault(0) }),
  z.strictObject({ input: text, one_hot: labels(1) }),
  z.strictObject({ input: text, ordinal: labels(1), unknown: z.number().prefault(-1) }),
  z.strictObject({ input: text, length: z.literal(true), mean, std }),
]);
const imageTensorShape = z.strictObject({
  image: text,
  width: imageSide,
  height: imageSide,
  channels: z.union([z.literal(1), z.literal(3)], { error: '1 or 3' }).prefault(3),
  layout: z.enum(['nchw', 'nhwc']).prefault('nchw'),
  scale: z.number().prefault(1 / 255),
  shift: z.number().prefault(0),
});
const bindingShape = z.strictObject({
  probabilities: text.optional(),
  value: text.optional(),
  boxes: text.optional(),
  labels: text.optional(),
  confidences: text.optional(),
});

export const modelShape = z.strictObject({
  name: z.string().regex(MODEL_NAME, 'a name of letters, digits, dots, - and _'),
  role: z.enum(['primary', 'shadow']),
  file: text,
  inputs: z.record(text, z.union([z.array(featureShape).min(1), imageTensorShape])),
  outputs: z.record(name, bindingShape),
});

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

const THRESHOLD = /^(>=|>|<=|<)\s*(-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)$/;
const THRESHOLD_WORDS = "a comparison with a number, such as '> 0.25'";
const threshold = z
  .string({ error: THRESHOLD_WORDS })
  .regex(THRESHOLD, THRESHOLD_WORDS)
  .transform((written) => {
    const [, op, value] = THRESHOLD.exec(written) ?? [];
    return { op: op as '>' | '>=' | '<' | '<=', value: Number(value) };
  });

const level = z.enum(['info', 'warning', 'critical']);

const HITS = /^([1-9]\d{0,3}) of ([1-9]\d{0,3})$/;
const HITS_WORDS = "how many of the last windows, such as '3 of 5'";
const hits = z
  .string({ error: HITS_WORDS })
  .regex(HITS, HITS_WORDS)
  .transform((written) => {
    const [, of, windows] = HITS.exec(written) ?? [];
    return { of: Number(of), windows: Number(windows) };
  });

const flappingShape = z.strictObject({
  history: z.int().min(3).max(1_000).prefault(21),
  enter: share.prefault(0.5),
  leave: share.prefault(0.25),
});

const noDataShape = z.strictObject({
  policy: z.enum(['alarm', 'ok', 'keep']),
  level: level.optional(),
  for: spell.optional(),
});

const versusShape = z.strictObject({
  ago: spell.optional(),
  segment: text.optional(),
  model: text.optional(),
  as: z.enum(['difference', 'ratio']).prefault('ratio'),
});

const PERCENT = /^(\d+(?:\.\d+)?)\s*%$/;
const PERCENT_WORDS = "a share in percent, such as '2%'";
const percent = z
  .string({ error: PERCENT_WORDS })
  .regex(PERCENT, PERCENT_WORDS)
  .transform((written) => Number(PERCENT.exec(written)![1]) / 100)
  .refine((found) => found > 0 && found <= 1, 'more than 0% and at most 100%');

const burnShape = z.strictObject({
  objective: threshold,
  period: spell.prefault('30d'),
  rates: z
    .array(
      z
        .strictObject({
          budget: percent,
          long: spell,
          short: spell.optional(),
          level: level.prefault('warning'),
        })
        .transform(({ long, short = long / 12, ...rate }) => ({ ...rate, long, short })),
    )
    .min(1)
    .max(10)
    .optional(),
});

const CONDITION_WORDS =
  'names of other rules, such as { all: [drift, { not: late }] }, or { rule: drift, level: critical }';
const askedRule = z.union([name, z.strictObject({ rule: name, level: level.prefault('info') })]);
const askedRules = z.array(askedRule).min(1);
const askedPart = z.union([
  askedRule,
  z.strictObject({ not: askedRule }),
  z.strictObject({ all: askedRules }),
  z.strictObject({ any: askedRules }),
]);
/** Deeper ones name a rule that has a condition itself. */
const condition = z.union(
  [
    z.strictObject({ all: z.array(askedPart).min(1) }),
    z.strictObject({ any: z.array(askedPart).min(1) }),
    z.strictObject({ not: askedPart }),
  ],
  { error: CONDITION_WORDS },
);

export const ruleShape = z.strictObject({
  name,
  // Empty: the rule has a condition over other rules.
  metric: z.string().prefault(''),
  when: condition.optional(),
  subject: z.string().prefault('*'),
  model: text.prefault('*'),
  segment: text.prefault('*'),
  info: threshold.optional(),
  warning: threshold.optional(),
  critical: threshold.optional(),
  versus: versusShape.optional(),
  burn: burnShape.optional(),
  reset: z
    .strictObject({
      info: threshold.optional(),
      warning: threshold.optional(),
      critical: threshold.optional(),
    })
    .optional(),
  drop: z.enum(['direct', 'staircase']).optional(),
  hits: hits.optional(),
  keep_firing_for: spell.optional(),
  flapping: flappingShape.optional(),
  no_data: noDataShape.optional(),
  detector: text.optional(),
  options: z.record(text, z.number()).optional(),
  level: level.optional(),
  warn: z.boolean().optional(),
  hold: z.int().min(1).max(1_000_000).optional(),
  min_n: z.int().min(0).optional(),
  min_coverage: share.optional(),
  for: duration.prefault('0s'),
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

const cost = z.number().gt(0);
const regretShape = z.strictObject({
  metric: text,
  subject: z.string().prefault('*'),
  model: text.optional(),
  reference: z.number().optional(),
  cost_per_row: cost,
  cost_of_training: cost,
});

const retrainIncidentsShape = z.strictObject({
  level: level.prefault('critical'),
  alarms: positiveInt.prefault(1),
  for: duration.prefault('0s'),
});

export const retrainShape = z.strictObject({
  mode: z.enum(['automatic', 'manual']).prefault('manual'),
  on: z.array(text).min(1).optional(),
  regret: regretShape.optional(),
  incidents: retrainIncidentsShape.optional(),
  shadow: z.boolean().prefault(false),
  level: level.prefault('critical'),
  cooldown: duration.prefault('24h'),
  lookback: duration.prefault('2h'),
  max: requestsPerTime.optional(),
});

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

export type StreamShape = z.output<(typeof streamShapes)[keyof typeof streamShapes]>;
export type InputShape = z.output<typeof inputShape>;
export type OutputShape = z.output<typeof outputShape>;
export type ModelShape = z.output<typeof modelShape>;
export type FeatureShape = z.output<typeof featureShape>;
export type BindingShape = z.output<typeof bindingShape>;
export type RuleShape = z.output<typeof ruleShape>;
export type ConditionShape =
  | string
  | { rule: string; level: z.output<typeof level> }
  | { not: ConditionShape }
  | { all: ConditionShape[] }
  | { any: ConditionShape[] };
export type BudgetShape = z.output<typeof budgetShape>;
export type RetrainShape = z.output<typeof retrainShape>;
export type WindowsShape = z.output<typeof windowsShape>;
export type JoinShape = z.output<typeof joinShape>;
export type LimitsShape = z.output<typeof limitsShape>;
