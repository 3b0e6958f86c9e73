/**
 * Microseconds per row of scoring: an MLP (20 -> 32 -> 1) and an ensemble of 100 trees of depth 6, alone and as primary
 * and shadow. Run after `npm run build`: node test/bench/score.mjs [ROWS_PER_BATCH]
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runnerImport } from 'vite';
import { createScorer } from '../../dist/score/scorer.js';

const { module: onnx } = await runnerImport(new URL('../score/support/onnx.ts', import.meta.url).pathname);
const rows = Number(process.argv[2] ?? 4096);
const batches = Math.ceil(200_000 / rows);
const folder = mkdtempSync(join(tmpdir(), 'telltale-bench-'));
const numericNames = Array.from({ length: 15 }, (_, at) => `n${at}`);
const categoryNames = Array.from({ length: 5 }, (_, at) => `c${at}`);
const categories = Array.from({ length: 10 }, (_, at) => `category-${at}`);
const features = [
  ...numericNames.map((input) => ({ input, encode: 'numeric', fill: 0, mean: 0.1, std: 2 })),
  ...categoryNames.map((input) => ({ input, encode: 'ordinal', categories, unknown: -1 })),
];

function model(name, role, bytes) {
  const file = join(folder, `${name}.onnx`);
  writeFileSync(file, bytes);
  const unbound = { value: null, boxes: null, labels: null, confidences: null };
  const outputs = [{ output: 'answer', probabilities: 'probability', ...unbound }];
  return { name, role, file, tensors: [{ tensor: 'x', kind: 'columns', features }], outputs };
}

function batchOf(n) {
  const state = new Uint8Array(n);
  const next = onnx.seededNumbers(11);
  const inputs = [
    ...numericNames.map(() => ({ kind: 'numeric', values: Float64Array.from({ length: n }, next), state })),
    ...categoryNames.map(() => ({
      kind: 'categorical',
      codes: Int32Array.from({ length: n }, () => Math.floor((next() + 1) * 5)),
      dictionary: categories,
      state,
    })),
  ];
  return { n, inputs };
}

const mlp = onnx.mlp({ features: 20, hidden: 32, seed: 1 });
const trees = onnx.seededTrees({ trees: 100, depth: 6, features: 20, seed: 2 });
const forest = onnx.treeEnsemble({ kind: 'classifier', features: 20, trees });
const service = {
  inputs: [
    ...numericNames.map((name) => ({ name, type: 'numeric' })),
    ...categoryNames.map((name) => ({ name, type: 'categorical' })),
  ],
  outputs: [{ name: 'answer', type: 'classifier', classes: ['no', 'yes'], positive: 'yes', threshold: 0.5 }],
};
const cases = {
  'mlp primary': [model('mlp', 'primary', mlp)],
  'forest primary': [model('forest', 'primary', forest)],
  'mlp primary, forest shadow': [model('mlp', 'primary', mlp), model('forest', 'shadow', forest)],
};

const batch = batchOf(rows);
for (const [what, models] of Object.entries(cases)) {
  const options = { threadsMax: 2, shadowTimeoutMs: Infinity, shadowFailuresMax: 5 };
  const scorer = await createScorer({ ...service, models }, options);
  for (let turn = 0; turn < 5; turn++) await scorer.score(batch);
  const cpu = process.cpuUsage();
  const startedMs = performance.now();
  for (let turn = 0; turn < batches; turn++) await scorer.score(batch);
  const wallUs = ((performance.now() - startedMs) * 1000) / (batches * rows);
  const { user, system } = process.cpuUsage(cpu);
  const cpuUs = (user + system) / (batches * rows);
  const inModels = scorer
    .stats()
    .map((stats) => `${stats.model} ${((stats.meanMsPerBatch * 1000) / rows).toFixed(2)}`);
  const rssMb = Math.round(process.memoryUsage.rss() / 1e6);
  console.log(
    `${what}: ${wallUs.toFixed(2)} us/row wall, ${cpuUs.toFixed(2)} us/row CPU of this process, ` +
      `in the models ${inModels.join(', ')} us/row, RSS ${rssMb} MB`,
  );
  await scorer.close();
}
rmSync(folder, { recursive: true });
