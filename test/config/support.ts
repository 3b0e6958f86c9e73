import { parseService, type ServiceContext } from '../../src/config/service.ts';
import type { ConfigProblem, Registries } from '../../src/config/types.ts';
import { factsOfState } from '../../src/profile/baseline/facts.ts';
import type { Baseline, NumericBaseline, ServiceSpec } from '../../src/records.ts';
import { blueGreenStages, canaryFaults, canaryStages, shadowStage } from '../../src/rollout/steps.ts';

/** A small metric registry with a metric of every kind of subject. */
export const registries: Registries = {
  metrics: new Map([
    ['psi', { family: 'input', subjects: 'track' }],
    ['mean', { family: 'input', subjects: 'numeric_track' }],
    ['new_categories', { family: 'input', subjects: 'categorical_track' }],
    ['null_rate', { family: 'output', subjects: 'output' }],
    ['agreement', { family: 'agreement', subjects: 'model_output' }],
    ['class_share', { family: 'output', subjects: 'class' }],
    ['memory', { family: 'software', subjects: 'telemetry' }],
    ['volume', { family: 'input', subjects: 'service' }],
  ]),
  readState: factsOfState,
  rollout: { canaryFaults, canaryStages, blueGreenStages, shadowStage },
};

const constant: NumericBaseline = {
  type: 'numeric',
  n: 1,
  missing: 3,
  invalid: 0,
  mean: 5,
  std: 0,
  min: 5,
  max: 5,
  edges: [],
  counts: [0, 1, 0],
  sketch: [[1, 1]],
};

export const baseline: Baseline = {
  format: 'telltale-baseline/1',
  service: 'fraud',
  n: 4,
  tracks: {
    amount: {
      type: 'numeric',
      n: 4,
      missing: 0,
      invalid: 0,
      mean: 2.5,
      std: 1,
      min: 1,
      max: 4,
      edges: [2.5],
      counts: [0, 2, 2, 0],
      sketch: [[1, 4]],
    },
    'query.length': constant,
    'photo.brightness': constant,
    'photo.contrast': constant,
    'photo.sharpness': constant,
    'photo.width': constant,
    'photo.height': constant,
    country: { type: 'categorical', n: 4, missing: 0, invalid: 0, counts: { de: 2, fr: 2 } },
    channel: { type: 'categorical', n: 4, missing: 0, invalid: 0, counts: { cash: 1, card: 3 } },
  },
};

/** The context of a parse whose only files are those given, by absolute path below /services. */
export function contextOf(
  files: Record<string, string> = {},
  env: Record<string, string> = {},
): ServiceContext {
  return {
    registries,
    env,
    files: {
      resolve: (path) => `/services/${path}`,
      exists: (path) => Object.hasOwn(files, path),
      read: (path) => files[path] ?? null,
    },
  };
}

export const knownFiles = {
  '/services/mlp.onnx': '',
  '/services/query.avsc': '',
  '/services/baseline.json': JSON.stringify(baseline),
};

export function problemsOf(text: string, context = contextOf(knownFiles)): ConfigProblem[] {
  const parsed = parseService(text, 'fraud.yaml', context);
  return 'problems' in parsed ? parsed.problems : [];
}

export function specOf(text: string, context = contextOf(knownFiles)): ServiceSpec {
  const parsed = parseService(text, 'fraud.yaml', context);
  if ('problems' in parsed) throw new Error(parsed.problems.map((problem) => problem.message).join('\n'));
  return parsed.spec;
}

/** A file without faults, to put faults into. */
export const good = `service: fraud
streams:
  requests:
    topic: fraud.requests
    encoding: json
  labels: { topic: fraud.labels }
  feedback:
    topic: fraud.feedback
    kinds: { click: open, redo: again }
inputs:
  amount: { type: numeric, range: [0, 10] }
  channel: { type: categorical, categories: [cash, card] }
  query: { type: text }
outputs:
  fraud: { type: classifier, classes: [legit, fraud], positive: fraud }
models:
  - name: mlp
    role: primary
    file: mlp.onnx
    inputs:
      X: [amount, { input: channel, one_hot: [cash, card] }]
    outputs:
      fraud: { probabilities: p }
segments: [[channel]]
baseline: baseline.json
windows: { size: 1m }
rules:
  - name: drift
    metric: psi
    subject: amount
    warning: '> 0.1'
    critical: '> 0.25'
retrain:
  on: [drift]
`;
