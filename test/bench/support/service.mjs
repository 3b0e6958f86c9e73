// The configuration, models and baseline of the benchmark's service.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runnerImport } from 'vite';
import { stringify } from 'yaml';
import { createBaselineBuilder } from '../../../dist/profile/baseline.js';
import { categoriesOf, categoryNames, numericNames, rowsFrom } from './records.mjs';

const BASELINE_ROWS = 20_000;
const { module: onnx } = await runnerImport(new URL('../../score/support/onnx.ts', import.meta.url).pathname);

/** Numbers in [-1, 1) that are the same on every machine. */
export const seededNumbers = onnx.seededNumbers;

function baseline() {
  const rows = Array.from({ length: BASELINE_ROWS }, rowsFrom(seededNumbers(99)));
  const numeric = numericNames.map((_, at) => ({
    kind: 'numeric',
    values: Float64Array.from(rows, ({ numbers }) => numbers[at] ?? 0),
    state: Uint8Array.from(rows, ({ numbers }) => (numbers[at] === null ? 1 : 0)),
  }));
  const categorical = categoryNames.map((_, at) => ({
    kind: 'categorical',
    codes: Int32Array.from(rows, ({ codes }) => codes[at]),
    dictionary: categoriesOf(at),
    state: new Uint8Array(BASELINE_ROWS),
  }));
  const builder = createBaselineBuilder({
    service: 'bench',
    inputs: [
      ...numericNames.map((name) => ({ name, type: 'numeric', from: name, range: null, categories: null })),
      ...categoryNames.map((name) => ({
        name,
        type: 'categorical',
        from: name,
        range: null,
        categories: null,
      })),
    ],
    limits: { categoriesMax: 1000 },
  });
  builder.add([...numeric, ...categorical], BASELINE_ROWS, []);
  return builder.finish();
}

const modelSpec = (name, role) => ({
  name,
  role,
  file: `../${name}.onnx`,
  inputs: {
    x: [
      ...numericNames.map((input) => ({ input, fill: 0, mean: 25, std: 500 })),
      ...categoryNames.map((input, at) => ({ input, ordinal: categoriesOf(at), unknown: -1 })),
    ],
  },
  outputs: { answer: { probabilities: 'probability' } },
});

const serviceOf = (topic) => ({
  service: 'bench',
  streams: { requests: { topic, encoding: 'avro', id: 'id', time: 'time' } },
  inputs: Object.fromEntries([
    ...numericNames.map((name) => [name, { type: 'numeric' }]),
    ...categoryNames.map((name) => [name, { type: 'categorical' }]),
  ]),
  outputs: { answer: { type: 'classifier', classes: ['no', 'yes'], positive: 'yes', threshold: 0.5 } },
  models: [modelSpec('mlp', 'primary'), modelSpec('forest', 'shadow')],
  segments: [[categoryNames[0]]],
  baseline: '../baseline.json',
  windows: { size: '1m', hop: '1m', lateness: '10s', grace: '0s', idle_after: '30s', max_future: '10m' },
  rules: [
    {
      name: 'drift',
      metric: 'psi',
      subject: numericNames[0],
      warning: '> 0.1',
      critical: '> 0.25',
      min_n: 500,
    },
  ],
});

/**
 * Writes a configuration folder for `telltale run`: a classifier with an MLP of one hidden layer of 32 as primary and
 * 100 trees of depth 6 as shadow, windows of a minute, one segmentation, a baseline for every input.
 */
export function writeConfig(folder, { brokers, registryUrl, prefix, group, topic, httpPort, instanceId }) {
  mkdirSync(join(folder, 'services'), { recursive: true });
  const trees = onnx.seededTrees({ trees: 100, depth: 6, features: 20, seed: 2 });
  writeFileSync(join(folder, 'mlp.onnx'), onnx.mlp({ features: 20, hidden: 32, seed: 1 }));
  writeFileSync(join(folder, 'forest.onnx'), onnx.treeEnsemble({ kind: 'classifier', features: 20, trees }));
  writeFileSync(join(folder, 'baseline.json'), JSON.stringify(baseline()));
  writeFileSync(join(folder, 'services', 'bench.yaml'), stringify(serviceOf(topic)));
  const daemon = {
    kafka: {
      brokers: brokers.split(','),
      client_id: 'bench',
      group,
      ...(instanceId ? { instance_id: instanceId } : {}),
    },
    registry: { url: registryUrl },
    topics: { prefix, partitions: 4, replication: 1, retention: '1h' },
    http: { port: httpPort },
    metrics: false,
    services: 'services',
    // The line that tells when the inputs' group was joined is one of this level.
    log: { level: 'debug' },
  };
  writeFileSync(join(folder, 'telltale.yaml'), stringify(daemon));
}
