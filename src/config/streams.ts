/** The spec of a stream, with the defaults that depend on its encoding and on the outputs. */

import { FEEDBACK_KINDS, type FeedbackKind, type StreamName, type StreamSpec } from '../records.ts';
import type { StreamShape } from './stream-shape.ts';
import type { View } from './view.ts';

/** A stream of a view without problems. */
export function streamOf(
  stream: StreamName,
  shape: StreamShape,
  view: View,
  resolve: (path: string) => string,
): StreamSpec {
  const schemaFile = 'schema_file' in shape ? shape.schema_file : undefined;
  return {
    stream,
    topic: shape.topic,
    encoding: shape.encoding,
    schemaFile: schemaFile === undefined ? null : resolve(schemaFile),
    ...placesOf(shape),
    fields: fieldsOf(stream, 'fields' in shape ? shape.fields : undefined, view),
    score: ('score' in shape ? shape.score : undefined) ?? null,
    latencyMs: ('latency_ms' in shape ? shape.latency_ms : undefined) ?? null,
    error: ('error' in shape ? shape.error : undefined) ?? null,
    kind: 'kind' in shape ? shape.kind : null,
    kinds: stream === 'feedback' ? kindsOf('kinds' in shape ? shape.kinds : undefined) : {},
    ...('by' in shape && shape.by === 'people' ? { by: shape.by } : {}),
  };
}

/** Messages of model servers have ids, and times where these are known, outside of what the model is given. */
function placesOf(shape: StreamShape): Pick<StreamSpec, 'id' | 'time'> {
  // OTLP names its own time in every data point and has no ids.
  if (shape.encoding === 'otlp_json') return { id: '', time: '' };
  const isServed = shape.encoding === 'kserve' || shape.encoding === 'seldon';
  return { id: shape.id ?? (isServed ? '' : 'id'), time: shape.time ?? (isServed ? '' : 'time') };
}

function fieldsOf(
  stream: StreamName,
  fields: Record<string, string> | undefined,
  view: View,
): Record<string, string> {
  const outputs = [...view.outputs.keys()];
  if (stream === 'labels') return fields ?? Object.fromEntries(outputs.map((output) => [output, 'label']));
  if (stream === 'predictions')
    return fields ?? Object.fromEntries(outputs.map((output) => [output, output]));
  return {};
}

/** Theirs -> ours. Without a mapping they use our words; with one, only what it names. */
function kindsOf(ours: Partial<Record<FeedbackKind, string>> | undefined): Record<string, FeedbackKind> {
  const kinds: Record<string, FeedbackKind> = {};
  for (const kind of FEEDBACK_KINDS) {
    const theirs = ours === undefined ? kind : ours[kind];
    if (theirs !== undefined) kinds[theirs] = kind;
  }
  return kinds;
}
