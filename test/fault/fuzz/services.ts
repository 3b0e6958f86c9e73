/** The service whose streams are fuzzed: inputs and outputs of every type, with paths one level down. */
import type { ServiceSpec, StreamSpec } from '../../../src/records.ts';
import { input, output, service, stream } from '../../decode/helpers.ts';

/** Small, so that inputs on both sides of the limit are cheap. */
export const MESSAGE_BYTES_MAX = 60_000;

const base = service();

export const spec: ServiceSpec = {
  ...base,
  inputs: [
    input('number', 'numeric'),
    input('whole', 'numeric'),
    input('category', 'categorical'),
    input('kind', 'categorical', 'inner.kind'),
    input('comment', 'text'),
    input('photo', 'image'),
    { ...input('vector', 'embedding'), dimensions: 3 },
    input('proto', 'text', '__proto__.constructor'),
  ],
  outputs: [
    output('fraud', 'classifier', ['no', 'yes']),
    output('price', 'regressor'),
    output('parts', 'detector', ['bolt', 'nut']),
    output('tags', 'multilabel', ['bolt', 'nut', 'screw']),
    output('words', 'text'),
  ],
  limits: { ...base.limits, messageBytesMax: MESSAGE_BYTES_MAX },
};

export const fields = {
  fraud: 'fraud',
  price: 'inner.price',
  parts: 'parts',
  tags: 'tags',
  words: 'comment',
};

export const streams: Record<'requests' | 'predictions' | 'labels' | 'feedback', StreamSpec> = {
  requests: stream(),
  predictions: stream({
    stream: 'predictions',
    fields,
    score: 'number',
    latencyMs: 'whole',
    error: 'category',
  }),
  labels: stream({ stream: 'labels', fields }),
  feedback: stream({
    stream: 'feedback',
    kind: 'category',
    kinds: { clicked: 'click', again: 'redo', __proto__typed: 'switch_to_typing' },
  }),
};

export const STREAMS = ['requests', 'predictions', 'labels', 'feedback'] as const;
