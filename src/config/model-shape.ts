/** `inputs`, `outputs` and `models` of a service: its data, and how ONNX models are given and give it. */
import { z } from 'zod';
import { EMBEDDING_DIMENSIONS_MAX, MODEL_NAME, SET_CLASSES_MAX } from '../records.ts';
import { label, labels, name, share, text } from './scalar-shapes.ts';

const from = text.optional().describe('path into the request; by default the name of the input');
const sensitive = z
  .boolean()
  .optional()
  .describe('true: its values leave the process as stand-ins only; by default false');
const INPUT_TYPE = 'what its values are';
const OUTPUT_TYPE = 'what its answers are: one class, a set of classes, a number, boxes or a text';
export const inputShape = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('numeric').describe(INPUT_TYPE),
    from,
    sensitive,
    range: z
      .tuple([z.number(), z.number()])
      .optional()
      .describe('[min, max]: what is outside is counted as a violation'),
  }),
  z.strictObject({
    type: z.literal('categorical').describe(INPUT_TYPE),
    from,
    sensitive,
    categories: labels(1).optional().describe('those that are known; another one is counted as new'),
  }),
  z.strictObject({ type: z.literal('text').describe(INPUT_TYPE), from, sensitive }),
  z.strictObject({ type: z.literal('image').describe(INPUT_TYPE), from, sensitive }),
  z.strictObject({
    type: z.literal('embedding').describe(INPUT_TYPE),
    from,
    sensitive,
    dimensions: z.int().min(1).max(EMBEDDING_DIMENSIONS_MAX).describe('how many numbers a vector has'),
  }),
]);

const THRESHOLD = 'from this score on an answer is the positive class (of two), or a class is in the set';
const CLASSES = "names of the classes, in the model's order";

export const outputShape = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('classifier').describe(OUTPUT_TYPE),
    classes: labels(2).describe(CLASSES),
    positive: label
      .optional()
      .describe('class that precision, recall and F1 speak of; by default the mean over all classes'),
    threshold: share.prefault(0.5).describe(THRESHOLD),
  }),
  z.strictObject({
    type: z.literal('multilabel').describe(OUTPUT_TYPE),
    classes: labels(1).max(SET_CLASSES_MAX, `at most ${SET_CLASSES_MAX} classes`).describe(CLASSES),
    threshold: share.prefault(0.5).describe(THRESHOLD),
  }),
  z.strictObject({
    type: z.literal('regressor').describe(OUTPUT_TYPE),
    tolerance: z.number().min(0).prefault(0).describe('answers that differ by at most so much agree'),
  }),
  z.strictObject({
    type: z.literal('detector').describe(OUTPUT_TYPE),
    classes: labels(1).describe(CLASSES),
    confidence_min: share.prefault(0.5).describe('boxes of less confidence are left out'),
    iou_min: share.prefault(0.5).describe('boxes match from this intersection over union on'),
  }),
  z.strictObject({ type: z.literal('text').describe(OUTPUT_TYPE) }),
]);

const mean = z.number().prefault(0).describe('taken from the value');
const std = z.number().gt(0).prefault(1).describe('what the rest is divided by');
const imageSide = z.int().min(1).max(8192);

const FEATURE_INPUT = 'input that the column is made from';

const featureShape = z.union([
  text,
  z.strictObject({
    input: text.describe(FEATURE_INPUT),
    mean,
    std,
    fill: z.number().prefault(0).describe('stands for a missing value'),
  }),
  z.strictObject({
    input: text.describe(FEATURE_INPUT),
    one_hot: labels(1).describe('categories, one column each: 1 where it is, 0 elsewhere'),
  }),
  z.strictObject({
    input: text.describe(FEATURE_INPUT),
    ordinal: labels(1).describe('categories: the value is their number in this list, from 0'),
    unknown: z.number().prefault(-1).describe('stands for any other category'),
  }),
  z.strictObject({
    input: text.describe(FEATURE_INPUT),
    length: z.literal(true).describe('the value is the number of letters of a text'),
    mean,
    std,
  }),
]);
const imageTensorShape = z.strictObject({
  image: text.describe('input that holds the image'),
  width: imageSide.describe('pixels that it is scaled to'),
  height: imageSide.describe('pixels that it is scaled to'),
  channels: z
    .union([z.literal(1), z.literal(3)], { error: '1 or 3' })
    .prefault(3)
    .describe('1: grey, 3: red, green and blue'),
  layout: z.enum(['nchw', 'nhwc']).prefault('nchw').describe('order of the tensor: channels first or last'),
  scale: z
    .number()
    .prefault(1 / 255)
    .describe('what a pixel, 0 to 255, is multiplied by'),
  shift: z.number().prefault(0).describe('what is added then'),
});
const bindingShape = z.strictObject({
  probabilities: text
    .optional()
    .describe(
      'tensor of a classifier or multilabel output: one number a class, or that of the positive class',
    ),
  value: text.optional().describe('tensor of a regressor: one number a row'),
  boxes: text.optional().describe('tensor of a detector: x1, y1, x2, y2 of each box, in 0..1'),
  labels: text.optional().describe('tensor of a detector: the class of each box'),
  confidences: text.optional().describe('tensor of a detector: the confidence of each box'),
});

export const modelShape = z.strictObject({
  name: z
    .string()
    .regex(MODEL_NAME, 'a name of letters, digits, dots, - and _')
    .describe('letters, digits, dots, - and _; no two of a service are the same'),
  role: z
    .enum(['primary', 'shadow'])
    .describe('primary: acted upon; shadow: scored beside it, never acted upon'),
  file: text.describe('the model, as ONNX'),
  inputs: z
    .record(text, z.union([z.array(featureShape).min(1), imageTensorShape]))
    .describe(
      'tensor: list of features, which stand side by side, or an image. A feature is the name of a numeric input, or a section',
    ),
  outputs: z.record(name, bindingShape).describe('output: the tensors that it is read from'),
});

export type InputShape = z.output<typeof inputShape>;
export type OutputShape = z.output<typeof outputShape>;
export type ModelShape = z.output<typeof modelShape>;
export type FeatureShape = z.output<typeof featureShape>;
export type BindingShape = z.output<typeof bindingShape>;
