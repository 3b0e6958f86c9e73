import { describe, expect, test } from 'vitest';
import type { CellMeasure } from '../../src/metric/registry.ts';
import { createDistinct, distinctOf, updateDistinct } from '../../src/profile/distinct.ts';
import { hashesOf, idHashes } from '../../src/profile/hashes.ts';
import { createHeavy, HEAVY_ROWS, updateHeavy } from '../../src/profile/heavy.ts';
import type { TrackState } from '../../src/profile/registry.ts';
import { categories, measured, only } from './support.ts';

/** The tracks of a text or categorical input with these values, one a request. */
function tracksOf(values: readonly string[], withCounts = true): Record<string, TrackState> {
  const hashed = hashesOf({ kind: 'text', values: [...values], state: new Uint8Array(values.length) });
  const rows = Int32Array.from(values, (_, i) => i);
  const [distinct, heavy] = [createDistinct(), createHeavy()];
  updateDistinct(distinct, hashed, rows, rows.length);
  const ids = idHashes(values.map((_, i) => `request ${i}`));
  updateHeavy(heavy, ids, hashed, rows, rows.length);
  return {
    'distinct//country': { kind: 'distinct', state: distinct },
    'heavy//country': { kind: 'heavy', state: heavy },
    ...(withCounts ? { 'input//country': categories(values) } : {}),
  };
}

const of = (values: readonly string[], withCounts = true): CellMeasure[] =>
  measured(tracksOf(values, withCounts));
const many = (n: number, prefix = 'v'): string[] => Array.from({ length: n }, (_, i) => `${prefix}${i}`);

describe('distinct values', () => {
  test('of categories that are all counted there is nothing to estimate', () => {
    const found = of(['de', 'fr', 'de', 'at']);
    expect(only(found, 'distinct_count')).toMatchObject({
      subject: 'country',
      value: 3,
      n: 4,
      low: 3,
      high: 3,
    });
    // Declared categories have no sketch.
    const declared = measured({ 'input//country': categories(['de', 'de']) });
    expect(only(declared, 'distinct_count')).toMatchObject({ value: 1, n: 2 });
    expect(only(declared, 'top_share')).toMatchObject({ value: 1, n: 2 });
  });

  test.each([0, 1, 2, 10, 100, 1000, 5000, 20_000, 300_000])(
    '%d of a text, within three standard errors',
    (n) => {
      const state = createDistinct();
      const hashed = hashesOf({ kind: 'text', values: many(n), state: new Uint8Array(n) });
      updateDistinct(
        state,
        hashed,
        Int32Array.from({ length: n }, (_, i) => i),
        n,
      );
      const { estimate, least } = distinctOf(state);
      expect(Math.abs(estimate - n)).toBeLessThanOrEqual(0.07 * n);
      expect(least).toBeLessThanOrEqual(n);
    },
  );

  test('the error is what is said, without a bias', () => {
    const errors: number[] = [];
    for (let trial = 0; trial < 100; trial++) {
      const track = tracksOf(many(4000, `trial ${trial} `), false)['distinct//country']!;
      if (track.kind === 'distinct') errors.push(distinctOf(track.state).estimate / 4000 - 1);
    }
    const mean = errors.reduce((sum, x) => sum + x, 0) / errors.length;
    const spread = Math.sqrt(errors.reduce((sum, x) => sum + x * x, 0) / errors.length);
    expect(errors).toHaveLength(100);
    expect(Math.abs(mean)).toBeLessThan(0.006);
    expect(spread).toBeGreaterThan(0.013);
    expect(spread).toBeLessThan(0.029);
  });

  test('an interval lies between what was surely seen and the number of values', () => {
    const { value, low, high, n } = only(of(many(3000), false), 'distinct_count');
    expect(n).toBe(3000);
    expect(low!).toBeGreaterThan(1500);
    expect(low!).toBeLessThanOrEqual(value!);
    expect(high!).toBeLessThanOrEqual(3000);
    expect(only(of(['a'], false), 'distinct_count')).toMatchObject({ value: 1, low: 1, high: 1 });
  });

  test('more categories than are kept, without a sketch', () => {
    const found = measured({ 'input//country': categories(many(50)) });
    expect(only(found, 'distinct_count')).toMatchObject({
      value: null,
      reason: 'more categories than limits.categories_max',
    });
    expect(only(of([], false), 'distinct_count')).toMatchObject({ value: null, reason: 'no values' });
  });
});

describe('the most frequent value', () => {
  test('is certain where it outdoes all that are not kept', () => {
    const values = [...Array(60).fill('top'), ...many(40)];
    const kept = measured({ 'input//country': categories([...Array(60).fill('top'), 'b', 'c']) });
    expect(only(kept, 'top_share')).toMatchObject({ value: 60 / 62, n: 62 });
    const { value, low, high } = only(of(values, false), 'top_share');
    // All 100 rows are in the sample.
    expect(value).toBe(0.6);
    expect(low!).toBeCloseTo(0.502, 3);
    expect(high!).toBeCloseTo(0.6906, 3);
  });

  test('is estimated from a sample that the ids choose', () => {
    const values = Array.from({ length: 20_000 }, (_, i) => (i % 10 < 3 ? 'top' : `v${i}`));
    const { value, low, high, n } = only(of(values, false), 'top_share');
    expect(n).toBe(20_000);
    expect(low!).toBeLessThan(0.3);
    expect(high!).toBeGreaterThan(0.3);
    expect(Math.abs(value! - 0.3)).toBeLessThan(0.09);
    expect(high! - low!).toBeLessThan(0.13);
  });

  test('in 95 of 100 samples the interval holds the share', () => {
    let held = 0;
    for (let trial = 0; trial < 200; trial++) {
      const n = 2000;
      const hashed = hashesOf({
        kind: 'text',
        values: Array.from({ length: n }, (_, i) => (i % 5 === 0 ? 'top' : `v${i}`)),
        state: new Uint8Array(n),
      });
      const heavy = createHeavy();
      const ids = idHashes(Array.from({ length: n }, (_, i) => `${trial}/${i}`));
      const rows = Int32Array.from({ length: n }, (_, i) => i);
      updateHeavy(heavy, ids, hashed, rows, n);
      const { low, high } = only(measured({ 'heavy//q': { kind: 'heavy', state: heavy } }), 'top_share');
      if (low! <= 0.2 && 0.2 <= high!) held++;
    }
    expect(held).toBeGreaterThan(181);
  });

  test('is at least what the counts of the kept categories say', () => {
    const values = many(1000);
    const found = only(of(values), 'top_share');
    expect(found.value!).toBeGreaterThanOrEqual(1 / 1000);
    expect(found.value!).toBeLessThanOrEqual(2 / HEAVY_ROWS);
    expect(only(of([], false), 'top_share')).toMatchObject({ value: null, reason: 'no values' });
  });
});
