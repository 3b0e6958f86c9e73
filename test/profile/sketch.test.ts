import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  addBucket,
  borderOf,
  bucketOf,
  bucketsOf,
  createSketch,
  middleOf,
  quantileOf,
} from '../../src/profile/sketch.ts';

const magnitude = fc.double({ min: 2 ** -40, max: 2 ** 63, noNaN: true });
const value = fc.oneof(
  fc.constant(0),
  magnitude,
  magnitude.map((x) => -x),
);

test('the middle of a value’s bucket is within 1/128 of it', () => {
  fc.assert(
    fc.property(value, (x) => {
      expect(Math.abs(middleOf(bucketOf(x)) - x)).toBeLessThanOrEqual(Math.abs(x) / 128);
      expect(Math.abs(borderOf(bucketOf(x)))).toBeLessThanOrEqual(Math.abs(x));
    }),
    { numRuns: 2000 },
  );
});

test('quantiles have the relative error that is promised, against sorting', () => {
  fc.assert(
    fc.property(
      fc.array(value, { minLength: 1, maxLength: 200 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (values, q) => {
        const sketch = createSketch();
        for (const x of values) addBucket(sketch, bucketOf(x), 1);
        const exact = [...values].sort((a, b) => a - b)[Math.max(1, Math.ceil(q * values.length)) - 1]!;
        expect(Math.abs(quantileOf(sketch, q)! - exact)).toBeLessThanOrEqual(Math.abs(exact) / 128);
      },
    ),
    { numRuns: 500 },
  );
});

test('extremes are clamped, and the buckets stay in order', () => {
  const values = [
    -Number.MAX_VALUE,
    -(2 ** 63),
    -1,
    -(2 ** -41),
    0,
    2 ** -1074,
    2 ** -40,
    1,
    2 ** 63,
    Number.MAX_VALUE,
  ];
  const sketch = createSketch();
  for (const x of values) addBucket(sketch, bucketOf(x), 1);
  const middles = bucketsOf(sketch).map(([bucket]) => middleOf(bucket));
  expect(middles).toEqual([...middles].sort((a, b) => a - b));
  expect(bucketsOf(sketch).reduce((sum, [, count]) => sum + count, 0)).toBe(values.length);
  expect(quantileOf(sketch, 0)).toBeLessThan(-(2 ** 63));
  expect(quantileOf(sketch, 0.5)).toBe(0);
  expect(quantileOf(createSketch(), 0.5)).toBeUndefined();
});
