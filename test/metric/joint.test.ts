import { describe, expect, test } from 'vitest';
import type { CellMeasure } from '../../src/metric/registry.ts';
import { measureCell } from '../../src/metric/registry.ts';
import {
  createJoint,
  JOINT_INPUTS_MAX,
  type JointState,
  jointMoments,
  jointParametersOf,
  pairAt,
  standardized,
  updateJoint,
} from '../../src/profile/joint.ts';
import type { NumericBaseline } from '../../src/records.ts';
import { contextOf, input, only, service } from './support.ts';

/** States of rows of standardized values; null is missing. */
function jointOf(rows: readonly (readonly (number | null)[])[], standard = 1): JointState {
  const size = rows[0]?.length ?? 2;
  const state = createJoint({ size, standard });
  const columns = Array.from({ length: size }, (_, c) =>
    standardized(
      Float64Array.from(rows, (row) => row[c] ?? 0),
      Uint8Array.from(rows, (row) => (row[c] === null ? 1 : 0)),
      0,
      1,
    ),
  );
  updateJoint(
    state,
    columns,
    Int32Array.from(rows, (_, i) => i),
    rows.length,
  );
  return state;
}

function compare(own: JointState, reference: JointState | null): CellMeasure[] {
  const context = contextOf(service());
  const state = reference === null ? undefined : { kind: 'joint' as const, state: reference };
  return measureCell(new Map([['joint//', { kind: 'joint', state: own }]]), {
    ...context,
    reference: { ...context.reference, state: (key) => (key === 'joint//' ? state : undefined) },
  });
}

function normals(seed: number): () => number {
  let state = seed;
  const uniform = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** Rows of three inputs, of which the first two correlate by r. */
function sample(seed: number, n: number, r: number, shift = 0): number[][] {
  const next = normals(seed);
  return Array.from({ length: n }, () => {
    const [a, b, c] = [next(), next(), next()];
    return [a + shift, r * a + Math.sqrt(1 - r * r) * b, c];
  });
}

describe('the profile', () => {
  test('means and covariances are those of the rows that are whole', () => {
    const { means, covariances } = jointMoments(
      jointOf([
        [1, 2],
        [3, null],
        [-1, 0.5],
      ]),
    );
    expect([...means]).toEqual([0, 1.25]);
    expect(covariances[pairAt(0, 0)]).toBe(1);
    expect(covariances[pairAt(0, 1)]).toBe(0.75);
    expect(covariances[pairAt(1, 1)]).toBe(0.5625);
  });

  test('outliers count as four deviations', () => {
    expect(jointMoments(jointOf([[1e300, -1e300]])).means).toEqual(Float64Array.of(4, -4));
  });

  const track = (std: number): NumericBaseline => ({
    type: 'numeric',
    n: 10,
    missing: 0,
    invalid: 0,
    mean: 1,
    std,
    min: 0,
    max: 2,
    edges: [],
    counts: [0, 10, 0],
    sketch: [],
  });
  const specOf = (stds: readonly number[]) =>
    service({
      inputs: stds.map((_, i) => input(`x${i}`, 'numeric')),
      baseline: {
        format: 'telltale-baseline/1',
        service: 'fraud',
        n: 10,
        tracks: Object.fromEntries(stds.map((std, i) => [`x${i}`, track(std)])),
      },
    });

  test('is of the first numeric tracks that vary, two at least', () => {
    expect(jointParametersOf(specOf([1, 0, 2]))?.tracks).toEqual(['x0', 'x2']);
    expect(jointParametersOf(specOf([1, 0]))).toBeNull();
    expect(jointParametersOf(service({ inputs: [input('a', 'numeric'), input('b', 'numeric')] }))).toBeNull();
    expect(jointParametersOf(specOf(Array(30).fill(1)))?.tracks).toHaveLength(JOINT_INPUTS_MAX);
    expect(jointParametersOf(specOf([1, 2]))?.standard).not.toBe(jointParametersOf(specOf([1, 3]))?.standard);
  });
});

describe('drift', () => {
  test('of one direction is the t-test of two samples', () => {
    // The second input is the first: the covariance has rank one. x = 0, 1, 2 and 1, 2, 3, 4.
    const [own, reference] = [
      [0, 1, 2],
      [1, 2, 3, 4],
    ].map((xs) => jointOf(xs.map((x) => [x, x])));
    const { value, p, n } = only(compare(own!, reference!), 'multivariate_drift');
    const pooled = (2 + 5) / 5;
    expect(value).toBeCloseTo(1.5 / Math.sqrt(pooled), 12);
    // t = 1.659850, 5 degrees of freedom, two-sided.
    expect(p).toBeCloseTo(0.157839, 5);
    expect(n).toBe(3);
  });

  test('of two inputs by hand', () => {
    const shape = [
      [0, 0],
      [1, 1],
      [2, 0],
      [1, -1],
    ];
    const moved = shape.map(([x, y]) => [x! + 0.5, y! + 1]);
    // S = diag(4 / 6, 4 / 6): D^2 = 1.25 / (2 / 3), T^2 = 2 D^2, F = T^2 5 / 12, P(F(2, 5) > f) = (1 + 2 f / 5)^-2.5.
    const { value, p } = only(compare(jointOf(moved), jointOf(shape)), 'multivariate_drift');
    expect(value).toBeCloseTo(Math.sqrt(1.875), 12);
    expect(p).toBeCloseTo((1 + (2 / 5) * ((3.75 * 5) / 12)) ** -2.5, 12);
  });

  test('p is uniform without drift, and small with one that no input shows alone', () => {
    const reference = jointOf(sample(1, 5000, 0.95));
    let below = 0;
    for (let seed = 10; seed < 210; seed++)
      if (only(compare(jointOf(sample(seed, 100, 0.95)), reference), 'multivariate_drift').p! < 0.1) below++;
    // 20 of 200, three standard errors.
    expect(below).toBeGreaterThan(7);
    expect(below).toBeLessThan(33);
    const moved = only(compare(jointOf(sample(5, 100, 0.95, 0.2)), reference), 'multivariate_drift');
    expect(moved.p).toBeLessThan(1e-3);
    expect(moved.value).toBeGreaterThan(0.35);
  });

  test('a correlation that is gone', () => {
    const reference = jointOf(sample(1, 2000, 0.8));
    const gone = only(compare(jointOf(sample(2, 200, 0)), reference), 'correlation_shift');
    expect(gone.value).toBeGreaterThan(0.6);
    expect(gone.p).toBeLessThan(1e-6);
    const kept = only(compare(jointOf(sample(3, 200, 0.8)), reference), 'correlation_shift');
    expect(kept.value).toBeLessThan(0.25);
    expect(kept.p).toBeGreaterThan(0.01);
  });

  test('no value has its reason', () => {
    const rows = sample(1, 50, 0.5);
    const reasons = (own: JointState, reference: JointState | null): string[] =>
      ['multivariate_drift', 'correlation_shift'].map((name) => only(compare(own, reference), name).reason);
    expect(reasons(jointOf(rows), null)).toEqual(['no baseline', 'no baseline']);
    expect(reasons(jointOf(rows), jointOf(rows, 2))).toEqual(
      Array(2).fill('the baseline is of other inputs'),
    );
    expect(reasons(jointOf([[1, null, 2]]), jointOf(rows))).toEqual(
      Array(2).fill('no row has a value in every input'),
    );
    expect(reasons(jointOf(rows), createJoint({ size: 3, standard: 1 }))).toEqual(
      Array(2).fill('no values in the baseline'),
    );
    expect(reasons(jointOf([[1, 2, 3]]), jointOf(rows.slice(0, 2)))).toEqual([
      'fewer rows than inputs',
      'fewer than four rows',
    ]);
    const steady = jointOf(Array(9).fill([1, 1, 1]));
    expect(reasons(steady, steady)).toEqual(['no input varies', 'no two inputs vary']);
  });
});
