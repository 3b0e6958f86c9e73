/** `streams` of a service: the topics that it reads, and where in their records the values stand. */
import { z } from 'zod';
import { label, name, text, topic } from './scalar-shapes.ts';

const ENCODING = 'how records are written; avro takes its schema from the registry';
const encoding = z.enum(['json', 'avro', 'avro_file']).prefault('json').describe(ENCODING);
/** Of requests and predictions: model servers log nothing else. */
const servedEncoding = z
  .enum(['json', 'avro', 'avro_file', 'kserve', 'seldon'])
  .prefault('json')
  .describe(`${ENCODING}; kserve and seldon are those of model servers`);
const paths = z.record(name, text);
const topicRead = topic.describe('topic that is read');
const recordStream = {
  topic: topicRead,
  encoding,
  schema_file: text.optional().describe('Avro schema, of the encoding avro_file'),
  id: text
    .optional()
    .describe("path of the request's id; by default id, of model servers the id of the message"),
  time: z
    .string()
    .optional()
    .describe(
      'path of the event time; by default time, of model servers that of the message. Empty: the time stamp of the log',
    ),
};

export const streamShapes = {
  requests: z.strictObject({ ...recordStream, encoding: servedEncoding }),
  predictions: z.strictObject({
    ...recordStream,
    encoding: servedEncoding,
    fields: paths.optional().describe('output: path of its answer; by default the name of the output'),
    score: text.optional().describe('path of the score of the positive class'),
    latency_ms: text.optional().describe('path of how long the answer took, in milliseconds'),
    error: text.optional().describe('path of a flag or text that says that the request failed'),
    by: z
      .enum(['system', 'people'])
      .prefault('system')
      .describe('who predicts; people: what they decided beside the models'),
  }),
  labels: z.strictObject({
    ...recordStream,
    fields: paths.optional().describe('output: path of its label; by default label'),
  }),
  feedback: z.strictObject({
    ...recordStream,
    kind: text.prefault('kind').describe('path of what the user did'),
    kinds: z
      .strictObject({
        click: label.optional().describe('word for: the user took the answer'),
        redo: label.optional().describe('word for: the user did the request again'),
        switch_to_typing: label.optional().describe('word for: the user went on by typing'),
      })
      .optional()
      .describe(
        'the words of the records; by default click, redo and switch_to_typing. What is not named is left out',
      ),
  }),
  telemetry: z.strictObject({
    topic: topicRead,
    encoding: z.enum(['otlp_json']).prefault('otlp_json').describe('OpenTelemetry as JSON'),
  }),
} as const;

/** At least one of them. */
export const streamsShape = z.strictObject({
  requests: streamShapes.requests.optional().describe('what the models are asked'),
  predictions: streamShapes.predictions.optional().describe('what another system, or people, answered'),
  labels: streamShapes.labels.optional().describe('ground truth, or what a person decided'),
  feedback: streamShapes.feedback.optional().describe('what users did with the answers'),
  telemetry: streamShapes.telemetry
    .optional()
    .describe('measures of the software, as OpenTelemetry gives them'),
});

export type StreamShape = z.output<(typeof streamShapes)[keyof typeof streamShapes]>;
