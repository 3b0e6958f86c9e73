import { describe, expect, it } from 'vitest';
import { baseline, contextOf, knownFiles, specOf } from './support.ts';

const full = `
service: fraud
description: Card payments
streams:
  requests: { topic: fraud.requests, encoding: avro, schema_file: query.avsc, id: meta.id, time: '' }
  predictions: { topic: fraud.predictions, score: p, latency_ms: ms, error: err }
  labels: { topic: fraud.labels, fields: { fraud: label, price: paid, parts: boxes } }
  feedback: { topic: fraud.feedback, kind: what, kinds: { click: open, switch_to_typing: typed } }
  telemetry: { topic: fraud.hosts }
inputs:
  amount: { type: numeric, range: [0, 20000], from: payment.amount }
  channel: { type: categorical, categories: [cash, card] }
  country: { type: categorical }
  query: { type: text }
  photo: { type: image }
outputs:
  fraud: { type: classifier, classes: [0, 1], positive: 1, threshold: 0.4 }
  price: { type: regressor, tolerance: 10000 }
  parts: { type: detector, classes: [apple, bolt], confidence_min: 0.3, iou_min: 0.6 }
models:
  - { name: small, role: shadow, file: mlp.onnx, inputs: { X: [amount] }, outputs: { fraud: { probabilities: p } } }
  - name: mlp
    role: primary
    file: mlp.onnx
    inputs:
      X:
        - amount
        - { input: amount, mean: 10, std: 3, fill: 1 }
        - { input: channel, one_hot: [cash, card] }
        - { input: country, ordinal: [de, fr] }
        - { input: query, length: true, mean: 4 }
      image: { image: photo, width: 64, height: 32, layout: nhwc, channels: 1, scale: 0.5, shift: -1 }
    outputs:
      fraud: { probabilities: probabilities }
      price: { value: variable }
      parts: { boxes: b, labels: l, confidences: c }
segments: [[channel], [country, channel]]
baseline: baseline.json
windows: { size: 2m, hop: 30s, max_past: 7d }
join: { max_delay: 30m }
rules:
  - { name: drift, metric: psi, subject: amount, segment: 'country=de,channel=card', warning: '> 0.1', critical: '>= 2.5e-1', min_n: 500, for: 2m }
  - { name: quiet, metric: volume, critical: '< 10' }
retrain: { on: [drift], lookback: 3h }
`;

describe('a service file', () => {
  const spec = specOf(full);

  it('gives its streams with defaults filled in', () => {
    expect(spec.streams).toEqual([
      {
        stream: 'requests',
        topic: 'fraud.requests',
        encoding: 'avro',
        schemaFile: '/services/query.avsc',
        id: 'meta.id',
        time: '',
        fields: {},
        score: null,
        latencyMs: null,
        error: null,
        kind: null,
        kinds: {},
      },
      {
        stream: 'predictions',
        topic: 'fraud.predictions',
        encoding: 'json',
        schemaFile: null,
        id: 'id',
        time: 'time',
        fields: { fraud: 'fraud', price: 'price', parts: 'parts' },
        score: 'p',
        latencyMs: 'ms',
        error: 'err',
        kind: null,
        kinds: {},
      },
      expect.objectContaining({
        stream: 'labels',
        fields: { fraud: 'label', price: 'paid', parts: 'boxes' },
      }),
      expect.objectContaining({
        stream: 'feedback',
        kind: 'what',
        kinds: { open: 'click', typed: 'switch_to_typing' },
      }),
      expect.objectContaining({ stream: 'telemetry', encoding: 'otlp_json', kind: null, kinds: {} }),
    ]);
  });

  it('gives its inputs and outputs in the order of the file', () => {
    expect(spec.inputs).toEqual([
      { name: 'amount', type: 'numeric', from: 'payment.amount', range: [0, 20000], categories: null },
      { name: 'channel', type: 'categorical', from: 'channel', range: null, categories: ['cash', 'card'] },
      { name: 'country', type: 'categorical', from: 'country', range: null, categories: null },
      { name: 'query', type: 'text', from: 'query', range: null, categories: null },
      { name: 'photo', type: 'image', from: 'photo', range: null, categories: null },
    ]);
    expect(spec.outputs).toEqual([
      {
        name: 'fraud',
        type: 'classifier',
        classes: ['0', '1'],
        positive: '1',
        threshold: 0.4,
        tolerance: 0,
        confidenceMin: 0.5,
        iouMin: 0.5,
      },
      expect.objectContaining({
        name: 'price',
        type: 'regressor',
        tolerance: 10000,
        classes: [],
        positive: null,
      }),
      expect.objectContaining({ name: 'parts', classes: ['apple', 'bolt'], confidenceMin: 0.3, iouMin: 0.6 }),
    ]);
  });

  it('puts the primary model first and spells its features out', () => {
    expect(spec.models.map(({ name }) => name)).toEqual(['mlp', 'small']);
    expect(spec.models[0]).toEqual({
      name: 'mlp',
      role: 'primary',
      file: '/services/mlp.onnx',
      tensors: [
        {
          tensor: 'X',
          kind: 'columns',
          features: [
            { input: 'amount', encode: 'numeric', fill: 0, mean: 0, std: 1 },
            { input: 'amount', encode: 'numeric', fill: 1, mean: 10, std: 3 },
            { input: 'channel', encode: 'one_hot', categories: ['cash', 'card'] },
            { input: 'country', encode: 'ordinal', categories: ['de', 'fr'], unknown: -1 },
            { input: 'query', encode: 'text_length', mean: 4, std: 1 },
          ],
        },
        {
          tensor: 'image',
          kind: 'image',
          input: 'photo',
          width: 64,
          height: 32,
          channels: 1,
          layout: 'nhwc',
          scale: 0.5,
          shift: -1,
        },
      ],
      outputs: [
        {
          output: 'fraud',
          probabilities: 'probabilities',
          value: null,
          boxes: null,
          labels: null,
          confidences: null,
        },
        {
          output: 'price',
          probabilities: null,
          value: 'variable',
          boxes: null,
          labels: null,
          confidences: null,
        },
        { output: 'parts', probabilities: null, value: null, boxes: 'b', labels: 'l', confidences: 'c' },
      ],
    });
  });

  it('gives windows, limits, rules and retraining in milliseconds', () => {
    expect(spec.segments).toEqual([['channel'], ['country', 'channel']]);
    expect(spec.windows).toEqual({
      sizeMs: 120_000,
      hopMs: 30_000,
      latenessMs: 10_000,
      graceMs: 0,
      idleAfterMs: 30_000,
      maxFutureMs: 600_000,
      maxPastMs: 604_800_000,
    });
    expect(spec.maxDelayMs).toBe(1_800_000);
    expect(spec.limits).toEqual({
      segmentsMax: 50,
      categoriesMax: 200,
      openWindowsMax: 1000,
      pendingJoinsMax: 1_000_000,
      messageBytesMax: 4_194_304,
    });
    expect(spec.baseline).toEqual(baseline);
    expect(spec.rules).toEqual([
      {
        name: 'drift',
        metric: 'psi',
        subject: 'amount',
        model: '*',
        segment: 'country=de,channel=card',
        warning: { op: '>', value: 0.1 },
        critical: { op: '>=', value: 0.25 },
        nMin: 500,
        coverageMin: null,
        forMs: 120_000,
      },
      {
        name: 'quiet',
        metric: 'volume',
        subject: '*',
        model: '*',
        segment: '*',
        warning: null,
        critical: { op: '<', value: 10 },
        nMin: 0,
        coverageMin: null,
        forMs: 0,
      },
    ]);
    expect(spec.retrain).toEqual({
      mode: 'manual',
      on: ['drift'],
      level: 'critical',
      cooldownMs: 86_400_000,
      lookbackMs: 10_800_000,
    });
  });

  it('is frozen to its leaves', () => {
    expect(Object.isFrozen(spec.models[0]!.tensors[0])).toBe(true);
    expect(Object.isFrozen(spec.baseline!.tracks.amount)).toBe(true);
  });

  it('needs a service name and one stream, nothing else', () => {
    const small = specOf('service: s\nstreams: { telemetry: { topic: t } }\n');
    expect(small.windows.hopMs).toBe(60_000);
    expect(small.windows.maxPastMs).toBeNull();
    expect(small.maxDelayMs).toBe(3_600_000);
    expect([small.baseline, small.retrain]).toEqual([null, null]);
  });

  it('maps the label of a single output, and feedback by our own words, without being told', () => {
    const spec = specOf(`service: s
streams: { labels: { topic: t }, feedback: { topic: f } }
outputs: { price: { type: regressor } }
`);
    expect(spec.streams[0]!.fields).toEqual({ price: 'label' });
    expect(spec.streams[1]!.kinds).toEqual({
      click: 'click',
      redo: 'redo',
      switch_to_typing: 'switch_to_typing',
    });
  });

  it('lets a rule without min_n wait for 30 samples, unless it watches the whole service', () => {
    const text = `${full.split('rules:')[0]}rules: [{ name: a, metric: psi, warning: '> 1' }]\n`;
    expect(specOf(text).rules[0]!.nMin).toBe(30);
  });
});

describe('the digest', () => {
  const digest = specOf(full).digest;

  it('is 64 hex digits and does not change with comments, key order and the folder', () => {
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    const moved = full
      .replace('size: 2m, hop: 30s', 'hop: 30s, size: 120s')
      .replace('service: fraud', '# a comment\nservice: fraud')
      .replace('join: { max_delay: 30m }\n', '')
      .concat('join: { max_delay: 30m }\n');
    const elsewhere = contextOf(
      Object.fromEntries(
        Object.entries(knownFiles).map(([path, text]) => [path.replace('/services', '/other'), text]),
      ),
    );
    elsewhere.files.resolve = (path) => `/other/${path}`;
    expect(specOf(moved, elsewhere).digest).toBe(digest);
  });

  it('changes with the meaning and with the content of the baseline', () => {
    expect(specOf(full.replace('threshold: 0.4', 'threshold: 0.5')).digest).not.toBe(digest);
    const other = JSON.stringify({ ...baseline, n: 5 });
    const context = contextOf({ ...knownFiles, '/services/baseline.json': other });
    expect(specOf(full, context).digest).not.toBe(digest);
  });
});
