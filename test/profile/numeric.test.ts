import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dyadicOf } from '../../src/math/exact-sum.ts';
import { ByteWriter } from '../../src/profile/bytes.ts';
import {
  createNumeric,
  NO_PARAMETERS,
  type NumericState,
  numeric,
  updateNumeric,
} from '../../src/profile/numeric.ts';
import { CELL_INVALID, CELL_MISSING, CELL_OK } from '../../src/records.ts';

function fold(values: readonly number[], batch: number, states?: Uint8Array): NumericState {
  const state = createNumeric(NO_PARAMETERS);
  const column = Float64Array.from(values);
  const of = states ?? new Uint8Array(values.length).fill(CELL_OK);
  for (let from = 0; from < values.length; from += batch) {
    const n = Math.min(batch, values.length - from);
    updateNumeric(
      state,
      NO_PARAMETERS,
      column,
      of,
      Int32Array.from({ length: n }, (_, i) => from + i),
      n,
    );
  }
  return state;
}

function bytesOf(state: NumericState): string {
  const out = new ByteWriter();
  numeric.pack(state, out);
  return Buffer.from(out.take()).toString('hex');
}

test('blocks of a long batch are the same as single rows', () => {
  const values = Array.from({ length: 2500 }, (_, i) => Math.sin(i) * 10 ** (i % 40));
  const states = Uint8Array.from(values, (_, i) =>
    i % 7 === 3 ? CELL_MISSING : i % 11 === 5 ? CELL_INVALID : CELL_OK,
  );
  expect(bytesOf(fold(values, 2500, states))).toBe(bytesOf(fold(values, 1, states)));
});

test('powers of whole numbers are exact, though they are no doubles', () => {
  const whole = fc.array(fc.integer({ min: -(2 ** 26), max: 2 ** 26 }), { minLength: 1, maxLength: 50 });
  fc.assert(
    fc.property(whole, (values) => {
      const { sums } = fold(values, 7);
      sums.forEach((sum, k) => {
        const exact = values.reduce((total, x) => total + BigInt(x) ** BigInt(k + 1), 0n);
        const { m, e } = dyadicOf(sum);
        expect(m << BigInt(e + 1023)).toBe(exact << 1023n);
      });
    }),
  );
});

test('a profile of 300 filled buckets takes about a kilobyte', () => {
  const values = Array.from({ length: 5000 }, (_, i) => Math.exp(((i * 37) % 1000) / 200) - 3);
  expect(bytesOf(fold(values, 500)).length / 2).toBeLessThan(1500);
});
