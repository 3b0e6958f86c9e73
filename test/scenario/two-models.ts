/** A service with two models whose scores are its inputs, so that a scenario decides what each of them answers. */

import type { Batch, OutputColumn, RolloutSpec } from '../../src/records.ts';
import { MINUTE, scorerOf } from './support.ts';

/** All but `join`. */
export const TWO_MODELS = `
service: shop
streams:
  requests: { topic: shop.requests }
  labels: { topic: shop.labels, fields: { fraud: fraud } }
inputs:
  a: { type: numeric }
  b: { type: numeric }
outputs:
  fraud: { type: classifier, classes: ['no', 'yes'], positive: 'yes' }
models:
  - { name: old, role: primary, file: none.onnx, inputs: { X: [a] }, outputs: { fraud: { probabilities: p } } }
  - { name: new, role: shadow, file: none.onnx, inputs: { X: [b] }, outputs: { fraud: { probabilities: p } } }
windows: { size: 1m, lateness: 5s }
`;

/** The score of each model is an input: of the first the first, of the second the second. */
export const scorer = scorerOf((batch: Batch) => {
  const models = batch.inputs.slice(0, 2).map((column): OutputColumn[] => {
    const scores = column.kind === 'numeric' ? column.values.slice() : new Float64Array(batch.n);
    const codes = Int32Array.from(scores, (score) => (score >= 0.5 ? 1 : 0));
    return [{ kind: 'class', codes, scores, state: new Uint8Array(batch.n) }];
  });
  return { models, images: [] };
});

/** The second takes over from the first: two minutes beside it, three with a tenth, four with all. */
export const PLAN: RolloutSpec = {
  ...{ strategy: 'canary', candidate: 'new', output: 'fraud', alpha: 0.05, margin: 0.02, tolerance: 0 },
  stages: [
    { kind: 'shadow', share: 1, durationMs: 2 * MINUTE, nMin: 50, gate: 'auto', needs: 'keep' },
    { kind: 'canary', share: 0.1, durationMs: 3 * MINUTE, nMin: 100, gate: 'auto', needs: 'promote' },
    { kind: 'live', share: 1, durationMs: 4 * MINUTE, nMin: 0, gate: 'auto', needs: 'keep' },
  ],
  ...{ coverageMin: 0.5, rollbackOn: { rules: [], level: 'critical' }, deadlineMs: null },
  ...{ keepMs: 600 * MINUTE, isDryRun: false },
};
