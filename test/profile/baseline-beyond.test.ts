import { describe, expect, test } from 'vitest';
import { fileReference, measureCell } from '../../src/metric/registry.ts';
import { stateOfText } from '../../src/profile/baseline/states.ts';
import { createBaselineBuilder } from '../../src/profile/baseline.ts';
import { centroidOf } from '../../src/profile/embedding.ts';
import { jointMoments, pairAt } from '../../src/profile/joint.ts';
import type { TrackState } from '../../src/profile/registry.ts';
import { type Baseline, CELL_MISSING, CELL_OK, type Column } from '../../src/records.ts';
import { contextOf, input, only, service } from '../metric/support.ts';

const numbers = (values: readonly (number | null)[]): Column => ({
  kind: 'numeric',
  values: Float64Array.from(values, (value) => value ?? Number.NaN),
  state: Uint8Array.from(values, (value) => (value === null ? CELL_MISSING : CELL_OK)),
});

const pair = service({ inputs: [input('x', 'numeric'), input('y', 'numeric'), input('same', 'numeric')] });

/** y follows x; every seventh x is missing. */
function pairOf(n: number, batch = n): Baseline {
  const builder = createBaselineBuilder(pair);
  const x = Array.from({ length: n }, (_, i) => (i % 7 === 3 ? null : ((i * 7919) % 1000) / 10));
  const y = x.map((value, i) => 2 * (value ?? 0) + ((i * 31) % 11));
  for (let from = 0; from < n; from += batch) {
    const cut = (values: readonly (number | null)[]) => numbers(values.slice(from, from + batch));
    const rows = Math.min(batch, n - from);
    builder.add([cut(x), cut(y), numbers(Array(rows).fill(5))], rows, []);
  }
  return builder.finish();
}

const stateIn = (baseline: Baseline, key: string): TrackState => stateOfText(baseline.states![key]!);

describe('joint sums', () => {
  test('are of the tracks that vary, in rows where both have a value', () => {
    const track = stateIn(pairOf(700), 'joint//');
    if (track.kind !== 'joint') throw new Error('no joint sums');
    expect(track.state).toMatchObject({ size: 2, n: 600 });
    const { covariances } = jointMoments(track.state);
    const [a, b, c] = [covariances[pairAt(0, 0)]!, covariances[pairAt(0, 1)]!, covariances[pairAt(1, 1)]!];
    expect(b / Math.sqrt(a * c)).toBeGreaterThan(0.99);
  });

  test('do not depend on how the rows come, also where only a sample is kept', () => {
    expect(pairOf(3000, 17).states).toEqual(pairOf(3000).states);
    const many = pairOf(150_000, 1000);
    expect(many.states).toEqual(pairOf(150_000, 4321).states);
    const track = stateIn(many, 'joint//');
    // Every fourth of 150,000 rows, less the seventh part.
    expect(track.kind === 'joint' && Math.abs(track.state.n / ((150_000 / 4) * (6 / 7)) - 1)).toBeLessThan(
      0.01,
    );
  });

  test('are what windows of the service are compared with', () => {
    const spec = { ...pair, baseline: pairOf(700) };
    const found = measureCell(new Map([['joint//', stateIn(spec.baseline, 'joint//')]]), {
      ...contextOf(spec),
      reference: fileReference(spec),
    });
    expect(only(found, 'multivariate_drift')).toMatchObject({ value: 0, p: 1, n: 600 });
    expect(only(found, 'correlation_shift')).toMatchObject({ value: 0, p: 1 });
  });

  test('are left out over given cells, and of a single track', () => {
    const over = createBaselineBuilder(pair, pairOf(700));
    over.add([numbers([1, 2]), numbers([1, 2]), numbers([5, 5])], 2, []);
    expect(over.finish().states).not.toHaveProperty('joint//');
    const single = createBaselineBuilder(service({ inputs: [input('x', 'numeric')] }));
    single.add([numbers([1, 2])], 2, []);
    expect(single.finish().states).not.toHaveProperty('joint//');
  });
});

test('characters of texts and the centroid of vectors', () => {
  const spec = service({
    inputs: [input('query', 'text'), { ...input('vector', 'embedding'), dimensions: 2 }],
  });
  const builder = createBaselineBuilder(spec);
  const state = Uint8Array.of(CELL_OK, CELL_MISSING);
  const vector: Column = {
    kind: 'embedding',
    dimensions: 2,
    places: Int32Array.of(0, 0),
    vectors: 1,
    values: Float32Array.of(3, 4),
    state,
  };
  for (let i = 0; i < 2; i++) builder.add([{ kind: 'text', values: ['ab 1', ''], state }, vector], 2, []);
  const baseline = builder.finish();
  const chars = stateIn(baseline, 'chars//query');
  expect(chars.kind === 'counters' && Object.fromEntries(chars.state)).toMatchObject({
    texts: 2,
    letters: 4,
    words: 4,
  });
  const centroid = stateIn(baseline, 'embedding//vector');
  expect(centroid.kind === 'embedding' && [...centroidOf(centroid.state)]).toEqual([3, 4]);
  expect(baseline.tracks['vector.norm']).toMatchObject({ n: 2, missing: 2, mean: 5 });
});
