import { describe, expect, test } from 'vitest';
import { studentQuantile } from '../../src/math/special.ts';
import { type CellMeasure, measureCell } from '../../src/metric/registry.ts';
import {
  centroidOf,
  createEmbedding,
  type EmbeddingState,
  normsOf,
  updateEmbedding,
} from '../../src/profile/embedding.ts';
import { packState } from '../../src/profile/registry.ts';
import { EMBEDDING_DIMENSIONS_MAX, type EmbeddingColumn } from '../../src/records.ts';
import { contextOf, only, service } from './support.ts';

const columnOf = (vectors: readonly (readonly number[])[]): EmbeddingColumn => ({
  kind: 'embedding',
  dimensions: vectors[0]?.length ?? 2,
  places: Int32Array.from(vectors, (_, i) => i),
  vectors: vectors.length,
  values: Float32Array.from(vectors.flat()),
  state: new Uint8Array(vectors.length),
});

function stateOf(vectors: readonly (readonly number[])[]): EmbeddingState {
  const column = columnOf(vectors);
  const state = createEmbedding(column.dimensions);
  updateEmbedding(
    state,
    column,
    Int32Array.from(vectors, (_, i) => i),
    vectors.length,
  );
  return state;
}

function compare(own: EmbeddingState, reference: EmbeddingState | null): CellMeasure[] {
  const context = contextOf(service());
  const state = reference === null ? undefined : { kind: 'embedding' as const, state: reference };
  return measureCell(new Map([['embedding//words', { kind: 'embedding', state: own }]]), {
    ...context,
    reference: { ...context.reference, state: (key) => (key === 'embedding//words' ? state : undefined) },
  });
}

describe('the profile', () => {
  test('centroid and lengths', () => {
    const vectors = [
      [3, 4],
      [-1, 0],
    ];
    expect([...centroidOf(stateOf(vectors))]).toEqual([1, 2]);
    expect([...normsOf(columnOf(vectors))]).toEqual([5, 1]);
  });

  test('of large and of small components', () => {
    const vectors = Array.from({ length: 3000 }, (_, i) => [i % 2 === 0 ? 2 ** 20 : -(2 ** 20), 2 ** -20]);
    expect([...centroidOf(stateOf(vectors))]).toEqual([0, 2 ** -20]);
  });
});

test('a part of a slot, of 24 tracks, holds a dozen inputs of the most dimensions', () => {
  const vectors = Array.from({ length: 50 }, (_, i) =>
    Array.from({ length: EMBEDDING_DIMENSIONS_MAX }, (_, d) => (i % 2 === 0 ? 2 ** 20 : -1e6) / (d + 1)),
  );
  const bytes = packState({ kind: 'embedding', state: stateOf(vectors) });
  expect(bytes.length).toBeLessThan(50_000);
  // The other track is the numeric one of the norm; rule R4.
  expect(12 * bytes.length).toBeLessThan(900_000 - 12 * 20_000);
});

describe('drift', () => {
  test('of direction and of distance, by hand', () => {
    const own = stateOf([
      [0, 1],
      [0, 3],
    ]);
    const reference = stateOf([
      [1, 0],
      [3, 0],
      [2, 0],
    ]);
    const found = compare(own, reference);
    expect(only(found, 'embedding_shift')).toMatchObject({ subject: 'words', value: 1, n: 2 });
    // Centroids (0, 2) and (2, 0); squared distances 2 and 2 over 2 + 3 - 2.
    expect(only(found, 'embedding_distance').value).toBeCloseTo(Math.sqrt(8) / Math.sqrt(4 / 3), 12);
  });

  test('the intervals, by hand', () => {
    const N = 50;
    // Centroids (2, 0) and (0, 2); each has a scatter of 50, so a noise of 50 / 49 / 50 = 1 / 49.
    const own = stateOf(Array.from({ length: N }, (_, i) => [2, i % 2 === 0 ? 1 : -1]));
    const reference = stateOf(Array.from({ length: N }, (_, i) => [i % 2 === 0 ? 1 : -1, 2]));
    const found = compare(own, reference);
    const angle = 2 * Math.asin((1 + studentQuantile(0.975, N - 1)) / 7 / 2);
    const shift = only(found, 'embedding_shift');
    expect(shift.low).toBeCloseTo(1 - Math.cos(Math.PI / 2 - angle), 12);
    expect(shift.high).toBeCloseTo(1 - Math.cos(Math.PI / 2 + angle), 12);
    // The variance is 100 / 98, so s = 2 / 49 / variance = 0.04.
    const { value, low, high } = only(found, 'embedding_distance');
    const half = studentQuantile(0.975, 98) * Math.sqrt(0.04 + value! ** 2 / 196);
    expect(low).toBeCloseTo(value! - 0.2 - half, 12);
    expect(high).toBeCloseTo(value! + half, 12);
  });

  test('none is 0', () => {
    const state = stateOf([
      [0.1, 0.7],
      [0.3, -0.2],
      [0.5, 0.11],
    ]);
    const found = compare(state, state);
    expect(only(found, 'embedding_shift').value).toBeCloseTo(0, 12);
    expect(only(found, 'embedding_distance').value).toBe(0);
  });

  test('without drift the squared distance is about 1/n + 1/m', () => {
    let seed = 1;
    const next = (): number => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      return seed / 2 ** 32 - 0.5;
    };
    const sample = (n: number) => stateOf(Array.from({ length: n }, () => Array.from({ length: 50 }, next)));
    const reference = sample(1000);
    let total = 0;
    for (let i = 0; i < 20; i++)
      total += only(compare(sample(100), reference), 'embedding_distance').value! ** 2;
    expect(total / 20 / (1 / 100 + 1 / 1000)).toBeGreaterThan(0.85);
    expect(total / 20 / (1 / 100 + 1 / 1000)).toBeLessThan(1.15);
  });

  test('no value has its reason', () => {
    const reasons = (own: EmbeddingState, reference: EmbeddingState | null): string[] =>
      ['embedding_shift', 'embedding_distance'].map((name) => only(compare(own, reference), name).reason);
    const some = stateOf([
      [1, 1],
      [1, 1],
    ]);
    expect(reasons(some, null)).toEqual(['no baseline', 'no baseline']);
    expect(reasons(some, stateOf([[1, 2, 3]]))).toEqual(Array(2).fill('the baseline has other dimensions'));
    expect(reasons(stateOf([]), some)).toEqual(['no vectors', 'no vectors']);
    expect(reasons(some, stateOf([]))).toEqual(Array(2).fill('no vectors in the baseline'));
    expect(reasons(stateOf([[0, 0]]), some)).toEqual([
      'a centroid is zero and has no direction',
      'the vectors do not differ from their centroid',
    ]);
    expect(reasons(some, some)).toEqual(['', 'the vectors do not differ from their centroid']);
    expect(reasons(stateOf([[1, 2]]), stateOf([[1, 2]]))).toEqual(['', 'fewer than three vectors']);
  });
});
