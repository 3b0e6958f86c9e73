import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expand, STEPS_MAX, type Step } from '../../src/cli/test/notation.ts';

const stepsOf = (text: string): Step[] => {
  const found = expand(text);
  if ('fault' in found) throw new Error(found.fault);
  return found.steps;
};
const _ = undefined;

describe('the notation of series', () => {
  it.each<[string, Step[]]>([
    // The examples of promtool's documentation, without `stale`.
    ['-2+4x3', [-2, 2, 6, 10]],
    [' 1-2x4', [1, -1, -3, -5, -7]],
    ['1x4', [1, 1, 1, 1, 1]],
    ['1 _x3', [1, _, _, _]],
    ['0.02x3 0.12+0.02x4 _x2 0.3', [0.02, 0.02, 0.02, 0.02, 0.12, 0.14, 0.16, 0.18, 0.2, _, _, 0.3]],
    ['_', [_]],
    ['null nullx2', [null, null, null]],
    ['_x0 nullx0 1x0', [1]],
    ['1e-3+1e-3x1 .5 5. +7 2E2', [0.001, 0.002, 0.5, 5, 7, 200]],
    ['1\n  2\t3', [1, 2, 3]],
    ['-0.5-0.25x2', [-0.5, -0.75, -1]],
  ])('%j', (text, steps) => {
    expect(stepsOf(text)).toEqual(steps);
  });

  it('computes in decimals: no step is beyond what a person would say', () => {
    expect(stepsOf('0.1+0.1x9')).toEqual([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]);
    expect(0.1 + 2 * 0.1).toBeGreaterThan(0.3);
  });

  const hundredths = fc.integer({ min: -10_000, max: 10_000 });
  const times = fc.option(fc.integer({ min: 0, max: 20 }));
  const item = fc.oneof(
    fc.record({ kind: fc.constantFrom('_', 'null'), times }),
    fc.record({ kind: fc.constant('value'), from: hundredths, times }),
    fc.record({
      kind: fc.constant('slope'),
      from: hundredths,
      by: fc.integer({ min: 0, max: 500 }),
      isUp: fc.boolean(),
      times: fc.integer({ min: 0, max: 20 }),
    }),
  ) as fc.Arbitrary<{ kind: string; from: number; by: number; isUp: boolean; times: number | null }>;
  const textOf = (n: number): string => (n / 100).toFixed(2);

  it('is what a slow model says, over whole hundredths', () => {
    fc.assert(
      fc.property(fc.array(item, { minLength: 1, maxLength: 8 }), (items) => {
        const expected: Step[] = [];
        const words = items.map(({ kind, from, by, isUp, times: count }) => {
          const x = count === null ? '' : `x${count}`;
          if (kind === '_' || kind === 'null') {
            for (let i = 0; i < (count ?? 1); i++) expected.push(kind === '_' ? undefined : null);
            return `${kind}${x}`;
          }
          let now = from;
          expected.push(now / 100);
          for (let i = 0; i < (count ?? 0); i++) {
            if (kind === 'slope') now += isUp ? by : -by;
            expected.push(now / 100);
          }
          return `${textOf(from)}${kind === 'slope' ? `${isUp ? '+' : '-'}${textOf(by)}` : ''}${x}`;
        });
        // toEqual tells -0 from 0, which no threshold does.
        expect(stepsOf(words.join(' ')).map((step) => step ?? step)).toEqual(
          expected.map((step) => (step === 0 ? 0 : step)),
        );
      }),
      { numRuns: 1000, seed: 20261128 },
    );
  });

  it.each([
    [
      '',
      'there are no values, allowed: 0.1, 0.1x3, 0.1+0.02x3, 0.1-0.02x3, null, _ and _x3, with blanks between',
    ],
    [
      '1 stale',
      "found 'stale', but results do not go stale; _ is a window without a result, no_data of a rule says what follows",
    ],
    ['stalex3', "found 'stalex3', but results"],
    ['NaN', "found 'NaN', but values of results are finite; null is a result without a value"],
    ['-Inf', "found '-Inf', but values of results are finite"],
    ['1 x4', "found 'x4' alone; it belongs to the value before it, without a blank"],
    ['1, 2', "found '1,'; values have blanks between them, no commas"],
    ['1+2', "found '1+2', a step without a count; how often? As in 1+2x3"],
    ['1x-2', "found '1x-2', a count that is not a whole number"],
    ['1x2.5', "found '1x2.5', a count that is not a whole number"],
    ['1x', "found '1x', a count that is not a whole number"],
    ['_+1x3', "found '_+1x3', allowed: 0.1,"],
    ['1+-2x3', "found '1+-2x3', allowed: 0.1,"],
    ['high', "found 'high', allowed: 0.1,"],
    ['1e999', "'1e999' is beyond what a number can hold"],
    ['1e-999999999', "'1e-999999999' is beyond what a number can hold"],
    ['1e308+1e308x3', "'1e308+1e308x3' grows beyond what a number can hold"],
    ['1x999999999', `more than ${STEPS_MAX} windows`],
    [`_x${STEPS_MAX} 1`, `more than ${STEPS_MAX} windows`],
  ])('refuses %j', (text, fault) => {
    const found = expand(text);
    expect('fault' in found ? found.fault : found.steps).toContain(fault);
  });
});
