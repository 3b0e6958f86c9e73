/** `inputs`, `outputs` and `models` of a service: its data, and how ONNX models are given and give it. */
import { z } from 'zod';
import { EMBEDDING_DIMENSIONS_MAX, MODEL_NAME, SET_CLASSES_MAX } from '../records.ts';
import { label, labels, name, share, text } from './scalar-shapes.ts';

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

export type InputShape = z.output<typeof inputShape>;
export type OutputShape = z.output<typeof outputShape>;
export type ModelShape = z.output<typeof modelShape>;
export type FeatureShape = z.output<typeof featureShape>;
export type BindingShape = z.output<typeof bindingShape>;
