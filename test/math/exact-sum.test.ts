import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  addExact,
  createExactSum,
  type ExactSum,
  totalOf as exactValue,
  mergeExact,
} from '../../src/math/exact-sum.ts';

const view = new DataView(new ArrayBuffer(8));
/** Units of 2^-1074, which every double is a whole number of. */
function unitsOf(value: number): bigint {
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const exponent = (bits >> 52n) & 0x7ffn;
  const fraction = bits & 0xfffffffffffffn;
  const magnitude = exponent === 0n ? fraction : (fraction | (1n << 52n)) << (exponent - 1n);
  return value < 0 ? -magnitude : magnitude;
}

/** Exact sum in the accumulator's own units, 2^-1023 and finer chunks cut off: for values >= 2^-927 it is whole. */
function unitsIn(sum: ExactSum): bigint {
  exactValue(sum);
  let units = 0n;
  // Chunk c counts units of 2^(32 c - 1023) = 2^(32 c + 51) units of 2^-1074.
  sum.chunks.forEach((chunk, c) => {
    units += BigInt(chunk) << BigInt(32 * c + 51);
  });
  return units;
}

const sumOf = (values: readonly number[]): ExactSum => {
  const sum = createExactSum();
  for (const value of values) addExact(sum, value);
  return sum;
};

const TINY = 2 ** -927;
const wide = fc
  .double({ noNaN: true, noDefaultInfinity: true })
  .map((value) => (Math.abs(value) < TINY ? 0 : value));

test('the accumulator holds the exact sum, for any doubles', () => {
  fc.assert(
    fc.property(fc.array(wide, { maxLength: 60 }), (values) => {
      const exact = values.reduce((total, value) => total + unitsOf(value), 0n);
      const sum = createExactSum();
      for (const value of values) addExact(sum, value);
      let total = 0n;
      // Not through totalOf: the sum of the largest doubles may itself be no double.
      sum.chunks.forEach((chunk, c) => {
        total += BigInt(chunk) << BigInt(32 * c + 51);
      });
      expect(total).toBe(exact);
    }),
    { numRuns: 300 },
  );
});

test('the value is the exact sum to the last bits', () => {
  const ordinary = fc
    .double({ min: -1e15, max: 1e15, noNaN: true })
    .map((value) => (Math.abs(value) < TINY ? 0 : value));
  fc.assert(
    fc.property(fc.array(ordinary, { maxLength: 60 }), (values) => {
      const exact = values.reduce((total, value) => total + unitsOf(value), 0n);
      const sum = sumOf(values);
      expect(unitsIn(sum)).toBe(exact);
      const off = unitsOf(exactValue(sum)) - exact;
      const error = off < 0n ? -off : off;
      const magnitude = exact < 0n ? -exact : exact;
      // Two units in the last place of a double.
      expect(error << 51n <= magnitude).toBe(true);
    }),
    { numRuns: 300 },
  );
});

test.each([
  ['cancellation', [1e16, 1, -1e16], 1],
  ['cancellation of the largest', [1e308, 1e-200, -1e308], 1e-200],
  ['tenths', Array.from({ length: 10 }, () => 0.1), 1],
  ['many magnitudes', [2 ** 900, 2 ** 100, 2 ** -900, -(2 ** 900), -(2 ** 100)], 2 ** -900],
  ['negative', [-1e100, -1, 1e100], -1],
  ['nothing', [], 0],
  ['below the smallest', [2 ** -1000], 0],
])('%s', (_, values, expected) => {
  expect(exactValue(sumOf(values))).toBe(expected);
});

test('a million and more additions of the largest chunk lose nothing', () => {
  const sum = createExactSum();
  const count = 2 ** 20 + 5;
  const value = 2 ** 32 - 1;
  for (let i = 0; i < count; i++) addExact(sum, value);
  expect(exactValue(sum)).toBe(count * value);
});

test('any split and any order gives the same bits', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.double({ min: -1e200, max: 1e200, noNaN: true }), fc.nat(3)), { maxLength: 50 }),
      (values) => {
        const parts = [0, 1, 2, 3].map((part) =>
          sumOf(values.filter(([, of]) => of === part).map(([v]) => v)),
        );
        const merged = createExactSum();
        for (const part of parts.reverse()) mergeExact(merged, part);
        const whole = sumOf(values.map(([value]) => value));
        expect(Object.is(exactValue(merged), exactValue(whole))).toBe(true);
        expect([...merged.chunks]).toEqual([...whole.chunks]);
      },
    ),
  );
});
