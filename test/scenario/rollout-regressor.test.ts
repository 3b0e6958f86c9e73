/** A roll-out of a model that answers with numbers, which are right within a tolerance. */

import { expect, test } from 'vitest';
import type { OutputColumn } from '../../src/records.ts';
import { drive, randomOf, type Sent, scorerOf, specOf, T0 } from './support.ts';
import { PLAN } from './two-models.ts';

const SPEC = specOf(`
service: homes
streams:
  requests: { topic: homes.requests }
  labels: { topic: homes.labels, fields: { price: price } }
inputs: { a: { type: numeric }, b: { type: numeric } }
outputs: { price: { type: regressor, tolerance: 5 } }
models:
  - { name: old, role: primary, file: none.onnx, inputs: { X: [a] }, outputs: { price: { value: p } } }
  - { name: new, role: shadow, file: none.onnx, inputs: { X: [b] }, outputs: { price: { value: p } } }
windows: { size: 1m, lateness: 5s }
join: { max_delay: 2m, revise_after: [] }
`);

const scorer = scorerOf((batch) => ({
  models: batch.inputs.map((column): OutputColumn[] => {
    const values = column.kind === 'numeric' ? column.values.slice() : new Float64Array(batch.n);
    return [{ kind: 'number', values, state: new Uint8Array(batch.n) }];
  }),
  images: [],
}));

/** Both are off by a little; now and then one of them is far off. */
function rows(far: { old: number; new: number }): Sent[] {
  const random = randomOf(5);
  return Array.from({ length: 1_200 }, (_, i) => {
    const [id, time, price] = [`r${i}`, T0 + i * 1_000, 100 + 50 * random()];
    const said = (rate: number): number => price + (random() < rate ? 40 : 10 * random() - 5);
    const value = { id, time, a: said(far.old), b: said(far.new) };
    return [
      { stream: 'requests', key: id, value },
      { stream: 'labels', key: id, value: { id, time: time + 500, price } },
    ] satisfies Sent[];
  }).flat();
}

test.each([
  ['takes over where it is seldom far off', { old: 0.3, new: 0.05 }, 'promoted'],
  ['is taken back where it is so more often', { old: 0.05, new: 0.3 }, 'rolled_back'],
] as const)('a candidate %s', async (_, far, end) => {
  const spec = { ...SPEC, rollout: { ...PLAN, output: 'price' } };
  const { rollouts, results } = await drive(spec, rows(far), { scorer });
  expect(rollouts.filter(({ event }) => event === end)).toHaveLength(1);
  const { counts } = rollouts.at(-1)!;
  expect(Math.sign(counts.better - counts.worse)).toBe(end === 'promoted' ? 1 : -1);
  expect(results.filter(({ metric }) => metric === 'discordant_gain').length).toBeGreaterThan(0);
});

test('without a tolerance nothing is right or wrong', async () => {
  const spec = { ...SPEC, outputs: SPEC.outputs.map((one) => ({ ...one, tolerance: 0 })) };
  const { results } = await drive(spec, rows({ old: 0.3, new: 0.05 }), { scorer });
  expect(results.some(({ metric }) => metric === 'discordant_gain')).toBe(false);
});
