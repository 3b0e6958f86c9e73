/**
 * Whether the 95 % intervals of distances from a baseline hold the truth in 93 % of seeded samples at least, where nothing has changed and where
 * something has. They may be wider than need be.
 */

import { describe, expect, test } from 'vitest';
import { normalCdf, normalQuantile } from '../../src/math/special.ts';
import { superiorityOf } from '../../src/metric/drift/location.ts';
import { measureCell } from '../../src/metric/registry.ts';
import { createEmbedding, updateEmbedding } from '../../src/profile/embedding.ts';
import { createJoint, JOINT_UNIT, pairAt } from '../../src/profile/joint.ts';
import type { TrackState } from '../../src/profile/registry.ts';
import { expectCovered, type Found, listOf, TRIALS } from './covered.ts';
import { createRandom, type Random } from './random.ts';
import { contextOf, only, service } from './support.ts';

/** What a metric says of a state against that of a baseline. */
function against(key: string, own: TrackState, reference: TrackState, metric: string): Found {
  const context = contextOf(service());
  const found = measureCell(new Map([[key, own]]), {
    ...context,
    reference: { ...context.reference, state: (of) => (of === key ? reference : undefined) },
  });
  return only(found, metric);
}

describe('vectors', () => {
  /** Normal components of falling spread around a mean. */
  function draw(random: Random, n: number, mean: readonly number[], falling: number): TrackState {
    const dimensions = mean.length;
    const state = createEmbedding(dimensions);
    const values = new Float32Array(n * dimensions);
    for (let i = 0; i < values.length; i++) {
      const d = i % dimensions;
      values[i] = mean[d]! + random.normal() * falling ** d;
    }
    const places = Int32Array.from({ length: n }, (_, i) => i);
    const column = {
      kind: 'embedding',
      dimensions,
      places,
      vectors: n,
      values,
      state: new Uint8Array(n),
    } as const;
    updateEmbedding(state, column, places, n);
    return { kind: 'embedding', state };
  }
  const cases = [
    [1, 1],
    [8, 1],
    [8, 0.3],
  ].flatMap(([dimensions, falling]) =>
    [
      [5, 20],
      [40, 100],
    ].flatMap(([n, m]) => [0, 0.5, 3].map((shift) => [dimensions!, falling!, n!, m!, shift] as const)),
  );
  test.each(cases)('of %s dimensions, spread falling by %s, %s against %s, moved by %s', (...of) => {
    const [dimensions, falling, n, m, shift] = of;
    const before = listOf(dimensions, () => 1);
    const after = before.map((x, d) => (d === 0 ? x + shift : x));
    const spread = Math.sqrt(before.reduce((sum, _, d) => sum + falling ** (2 * d), 0));
    const dot = before.reduce((sum, x, d) => sum + x * after[d]!, 0);
    const cosine = dot / Math.hypot(...before) / Math.hypot(...after);
    for (const [metric, truth] of [
      ['embedding_distance', shift / spread],
      ['embedding_shift', 1 - Math.min(1, cosine)],
    ] as const)
      expectCovered(truth, `${metric} ${of.join(' ')}`, (random) =>
        against('embedding//e', draw(random, n, after, falling), draw(random, m, before, falling), metric),
      );
  });

  test('the direction of a centroid that the noise may have put anywhere is not known', () => {
    const random = createRandom('anywhere');
    const [own, reference] = [2, 2].map((n) => draw(random, n, [0.01, 0], 1));
    const { low, high } = against('embedding//e', own!, reference!, 'embedding_shift');
    expect([low, high]).toEqual([0, 2]);
  });

  test('one vector does not say how far its centroid may be off', () => {
    const random = createRandom('one');
    const [own, reference] = [1, 5].map((n) => draw(random, n, [1, 2], 1));
    for (const metric of ['embedding_shift', 'embedding_distance'])
      expect(against('embedding//e', own!, reference!, metric)).toMatchObject({ low: null, high: null });
  });
});

describe('inputs together', () => {
  /** Rows of `size` normal inputs with one common correlation, of which the first is moved. */
  function draw(random: Random, n: number, size: number, correlation: number, shift: number): TrackState {
    const state = createJoint({ size, standard: 1 });
    const row = new Float64Array(size);
    const [common, own] = [Math.sqrt(correlation), Math.sqrt(1 - correlation)];
    state.n = n;
    for (let i = 0; i < n; i++) {
      const shared = common * random.normal();
      for (let j = 0; j < size; j++) {
        row[j] = Math.round((shared + own * random.normal() + (j === 0 ? shift : 0)) * JOINT_UNIT);
        state.sums[j]! += row[j]!;
        for (let k = 0; k <= j; k++) state.products[pairAt(k, j)]! += row[k]! * row[j]!;
      }
    }
    return { kind: 'joint', state };
  }

  const distances = [2, 6].flatMap((size) =>
    [
      [20, 50],
      [100, 1000],
    ].flatMap(([n, m]) => [0, 0.3, 1, 3].map((shift) => [size, n!, m!, shift] as const)),
  );
  test.each(distances)('the distance of the mean: %s inputs, %s against %s, moved by %s', (...of) => {
    const [size, n, m, shift] = of;
    const r = 0.3;
    // The first entry of the inverse of a matrix of ones and r.
    const precision = (1 + (size - 2) * r) / ((1 - r) * (1 + (size - 1) * r));
    expectCovered(
      shift * Math.sqrt(precision),
      `multivariate ${of.join(' ')}`,
      (random) =>
        against(
          'joint//',
          draw(random, n, size, r, shift),
          draw(random, m, size, r, 0),
          'multivariate_drift',
        ),
      m > 100 ? 500 : TRIALS,
    );
  });

  const correlations = [2, 5].flatMap((size) =>
    [
      [15, 60],
      [100, 400],
    ].flatMap(([n, m]) =>
      [
        [0.6, 0.6],
        [0.6, 0.3],
        [0, 0.9],
      ].map(([was, is]) => [size, n!, m!, was!, is!] as const),
    ),
  );
  test.each(correlations)('correlations: %s inputs, %s against %s, of %s and %s', (...of) => {
    const [size, n, m, was, is] = of;
    expectCovered(
      Math.abs(was - is),
      `correlation ${of.join(' ')}`,
      (random) =>
        against('joint//', draw(random, n, size, is, 0), draw(random, m, size, was, 0), 'correlation_shift'),
      m > 100 ? 1000 : TRIALS,
    );
  });
});

test('the interval of a correlation that is the same, by hand', () => {
  const stateOf = (n: number): TrackState => ({
    kind: 'joint',
    state: {
      size: 2,
      standard: 1,
      n,
      sums: new Float64Array(2),
      products: Float64Array.from([1, 0.6, 1], (x) => x * n * JOINT_UNIT ** 2),
    },
  });
  const [n, m] = [100, 20];
  const end = (size: number, z: number): number => Math.tanh(Math.atanh(0.6) + z / Math.sqrt(size - 3));
  const z = normalQuantile(0.975);
  // A correlation that was smaller, since Fisher's interval of few rows reaches further down than up.
  const down = Math.hypot(end(n, z) - 0.6, 0.6 - end(m, -z));
  const up = Math.hypot(0.6 - end(n, -z), end(m, z) - 0.6);
  expect(down).toBeGreaterThan(up);
  const { value, low, high } = against('joint//', stateOf(n), stateOf(m), 'correlation_shift');
  expect(value).toBeCloseTo(0, 12);
  expect(low).toBe(0);
  expect(high).toBeCloseTo(down, 12);
  expect(against('joint//', stateOf(m), stateOf(n), 'correlation_shift').high).toBeCloseTo(down, 12);
});

describe('superiority', () => {
  const points = (values: readonly number[]): [number, number][] => {
    const found = new Map<number, number>();
    for (const value of values) found.set(value, (found.get(value) ?? 0) + 1);
    return [...found].sort(([a], [b]) => a - b);
  };
  const cases = [
    [10, 40],
    [60, 200],
  ].flatMap(([n, m]) =>
    [0, 0.5, 2].flatMap((shift) => [1, 3].map((spread) => [n!, m!, shift, spread] as const)),
  );
  test.each(cases)('%s against %s, moved by %s, spread by %s', (...of) => {
    const [n, m, shift, spread] = of;
    const truth = normalCdf(shift / Math.sqrt(1 + spread ** 2));
    expectCovered(truth, `superiority ${of.join(' ')}`, (random) =>
      superiorityOf(
        points(listOf(m, () => random.normal())),
        points(listOf(n, () => spread * random.normal() + shift)),
      ),
    );
  });

  test('values that are mostly ties', () => {
    // Of 0, 1 and 2 with the shares 0.7, 0.2, 0.1 before and 0.5, 0.3, 0.2 now.
    const of = (random: Random, a: number, b: number): number => {
      const u = random.uniform();
      return u < a ? 0 : u < b ? 1 : 2;
    };
    const truth = 0.3 * 0.7 + 0.2 * 0.9 + (0.5 * 0.7 + 0.3 * 0.2 + 0.2 * 0.1) / 2;
    expectCovered(truth, 'superiority of ties', (random) =>
      superiorityOf(
        points(listOf(80, () => of(random, 0.7, 0.9))),
        points(listOf(40, () => of(random, 0.5, 0.8))),
      ),
    );
  });

  test('the variance is that over pairs, one by one', () => {
    const [was, is] = [
      [1, 2, 2, 5, 7, 9],
      [2, 3, 5, 8],
    ];
    const order = (a: number, b: number): number => (a > b ? 1 : a === b ? 0.5 : 0);
    const mean = (all: readonly number[]): number => all.reduce((sum, one) => sum + one, 0) / all.length;
    const spread = (all: readonly number[]): number =>
      all.reduce((sum, one) => sum + (one - mean(all)) ** 2, 0) / (all.length - 1) / all.length;
    const ofCurrent = is!.map((a) => mean(was!.map((b) => order(a, b))));
    const ofReference = was!.map((b) => mean(is!.map((a) => order(a, b))));
    const { value, low, high } = superiorityOf(points(was!), points(is!));
    const logit = (share: number): number => Math.log(share / (1 - share));
    const error = ((logit(high!) - logit(low!)) / 2 / normalQuantile(0.975)) * value * (1 - value);
    expect(value).toBeCloseTo(mean(ofCurrent), 12);
    expect(error ** 2).toBeCloseTo(spread(ofCurrent) + spread(ofReference), 12);
  });

  test('samples that do not overlap, or do not vary, have the interval of the smaller one', () => {
    const found = superiorityOf(points([1, 2, 3, 4]), points([7, 8]));
    expect(found).toMatchObject({ value: 1, high: 1 });
    expect(found.low).toBeCloseTo(1 / (1 + normalQuantile(0.975) ** 2 / 2), 9);
    const flat = superiorityOf([[1, 50]], [[1, 9]]);
    expect(flat.value).toBe(0.5);
    expect(flat.low).toBeLessThan(0.25);
    expect(superiorityOf([[1, 50]], [[1, 1]]).low).toBeUndefined();
  });
});
