import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addSets, classOfSets, createSets } from '../../src/profile/sets.ts';

const wordsOf = (classes: readonly number[]): number[] => {
  const words = [0, 0];
  for (const index of classes) words[index >> 5]! |= 1 << (index & 31);
  return words;
};
const someClasses = fc.uniqueArray(fc.nat(39));

test('counts are those of the sets', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(someClasses, someClasses)), (rows) => {
      const state = createSets(40);
      for (const [predicted, truth] of rows) addSets(state, wordsOf(predicted), wordsOf(truth));
      const sums = { right: 0, errors: 0, right2: 0, errors2: 0, rightErrors: 0, exact: 0 };
      for (const [predicted, truth] of rows) {
        const right = predicted.filter((index) => truth.includes(index)).length;
        const errors = predicted.length + truth.length - 2 * right;
        sums.right += right;
        sums.errors += errors;
        sums.right2 += right ** 2;
        sums.errors2 += errors ** 2;
        sums.rightErrors += right * errors;
        if (errors === 0) sums.exact++;
      }
      expect(state).toMatchObject({ n: rows.length, ...sums });
      for (let index = 0; index < 40; index++) {
        const count = (test: (inA: boolean, inB: boolean) => boolean): number =>
          rows.filter(([a, b]) => test(a.includes(index), b.includes(index))).length;
        expect(classOfSets(state, index)).toEqual({
          right: count((a, b) => a && b),
          predictedOnly: count((a, b) => a && !b),
          trueOnly: count((a, b) => !a && b),
        });
      }
    }),
  );
});
