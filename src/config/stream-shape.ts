/** `streams` of a service: the topics that it reads, and where in their records the values stand. */
import { z } from 'zod';
import { label, name, text, topic } from './scalar-shapes.ts';

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

export type StreamShape = z.output<(typeof streamShapes)[keyof typeof streamShapes]>;
