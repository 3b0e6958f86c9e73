import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  Batch,
  CategoricalColumn,
  Column,
  FeatureSpec,
  ImageColumn,
  InputSpec,
  ModelSpec,
  NumericColumn,
  OutputBinding,
  OutputSpec,
  ServiceSpec,
  TextColumn,
} from '../../../src/records.ts';
import { CELL_MISSING, CELL_OK } from '../../../src/records.ts';
import { createScorer, type Scorer, type ScorerOptions } from '../../../src/score/scorer.ts';

/** A folder for model files, and the scorers that a test has opened, all gone after `dispose`. */
export function workshop() {
  const folder = mkdtempSync(join(tmpdir(), 'telltale-score-'));
  const open: Scorer[] = [];
  return {
    file(name: string, bytes: Buffer): string {
      const path = join(folder, name);
      writeFileSync(path, bytes);
      return path;
    },
    path: (name: string): string => join(folder, name),
    async scorer(spec: ServiceSpec, options: Partial<ScorerOptions> = {}): Promise<Scorer> {
      const all = { threadsMax: 1, shadowTimeoutMs: Infinity, shadowFailuresMax: 5, ...options };
      const scorer = await createScorer(spec, all);
      open.push(scorer);
      return scorer;
    },
    async dispose(): Promise<void> {
      await Promise.all(open.map((scorer) => scorer.close()));
      rmSync(folder, { recursive: true });
    },
  };
}

export function service(part: Partial<ServiceSpec>): ServiceSpec {
  return {
    service: 'test',
    description: '',
    streams: [],
    inputs: [],
    outputs: [],
    models: [],
    segments: [],
    windows: {
      sizeMs: 1,
      hopMs: 1,
      latenessMs: 0,
      graceMs: 0,
      idleAfterMs: 1,
      maxFutureMs: 1,
      maxPastMs: null,
    },
    maxDelayMs: 0,
    revisionsMs: [60_000],
    limits: {
      segmentsMax: 1,
      categoriesMax: 1,
      openWindowsMax: 1,
      pendingJoinsMax: 1,
      messageBytesMax: 1,
    },
    baseline: null,
    rules: [],
    retrain: null,
    digest: '',
    ...part,
  };
}

export function input(name: string, type: InputSpec['type']): InputSpec {
  return { name, type, from: name, range: null, categories: null };
}

export function output(part: Partial<OutputSpec>): OutputSpec {
  return {
    name: 'answer',
    type: 'classifier',
    classes: ['no', 'yes'],
    positive: 'yes',
    threshold: 0.5,
    tolerance: 0,
    confidenceMin: 0.5,
    iouMin: 0.5,
    ...part,
  };
}

export function binding(part: Partial<OutputBinding>): OutputBinding {
  return {
    output: 'answer',
    probabilities: null,
    value: null,
    boxes: null,
    labels: null,
    confidences: null,
    ...part,
  };
}

/** A numeric feature that is fed as it is. */
export function plain(name: string): FeatureSpec {
  return { input: name, encode: 'numeric', fill: 0, mean: 0, std: 1 };
}

/** A model over plain numeric features in one tensor `x`, with one output of probabilities. */
export function tabular(part: Partial<ModelSpec> & { file: string }, features: FeatureSpec[]): ModelSpec {
  return {
    name: 'model',
    role: 'primary',
    tensors: [{ tensor: 'x', kind: 'columns', features }],
    outputs: [binding({ probabilities: 'probability' })],
    ...part,
  };
}

const states = (values: readonly unknown[]): Uint8Array =>
  Uint8Array.from(values, (value) => (value === null ? CELL_MISSING : CELL_OK));

export function numbers(values: (number | null)[]): NumericColumn {
  const filled = Float64Array.from(values, (value) => value ?? 0);
  return { kind: 'numeric', values: filled, state: states(values) };
}

export function categories(values: (string | null)[]): CategoricalColumn {
  const dictionary = [...new Set(values.filter((value) => value !== null))];
  const codes = Int32Array.from(values, (value) => (value === null ? -1 : dictionary.indexOf(value)));
  return { kind: 'categorical', codes, dictionary, state: states(values) };
}

export function texts(values: (string | null)[]): TextColumn {
  return { kind: 'text', values: values.map((value) => value ?? ''), state: states(values) };
}

export function images(bytes: (Uint8Array | null)[]): ImageColumn {
  return { kind: 'image', bytes, state: states(bytes) };
}

export function batch(n: number, inputs: Column[]): Batch {
  return {
    n,
    offsets: Float64Array.from({ length: n }, (_, row) => row),
    times: new Float64Array(n),
    ids: Array.from({ length: n }, (_, row) => `id-${row}`),
    dead: [],
    inputs,
    outputs: [],
    latencyMs: null,
    failed: null,
    feedback: null,
    telemetry: null,
  };
}
