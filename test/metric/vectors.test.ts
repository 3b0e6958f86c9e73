import { describe, expect, test } from 'vitest';
import { ksOf, psiOf } from '../../src/metric/drift.ts';
import { bucketsOf } from '../../src/profile/sketch.ts';
import {
  absent,
  confusionOf,
  counts,
  input,
  measured,
  numbers,
  only,
  output,
  service,
  vectors,
} from './support.ts';

/** Compares to 1e-9 relative, as the file of the vectors asks. */
const near = (found: number | null, expected: number): void => {
  expect(found).not.toBeNull();
  expect(Math.abs(found! - expected)).toBeLessThanOrEqual(1e-9 * Math.abs(expected));
};

describe.skipIf(vectors === null)(`published vectors${absent}`, () => {
  test('accuracy, precision, recall and F1 of a binary classifier', () => {
    const spec = service({
      outputs: [output('fraud', 'classifier', { classes: ['no', 'yes'], positive: 'yes' })],
    });
    for (const { labels, scores, threshold, ...expected } of vectors!.binary) {
      const table = [
        [0, 0],
        [0, 0],
      ];
      labels.forEach((label, i) => {
        table[scores[i]! >= threshold ? 1 : 0]![label]! += 1;
      });
      const found = measured({ 'performance/mlp/fraud': confusionOf(table) }, spec);
      for (const metric of ['accuracy', 'precision', 'recall', 'f1'] as const)
        near(only(found, metric).value, expected[metric]);
    }
  });

  test('MAE and RMSE of a regressor', () => {
    const spec = service({ outputs: [output('price', 'regressor')] });
    for (const { labels, predictions, mae, rmse } of vectors!.regression) {
      const errors = predictions.map((prediction, i) => prediction - labels[i]!);
      const found = measured(
        {
          'performance/mlp/price': numbers(errors),
          'performance/mlp/price#abs': numbers(errors.map(Math.abs)),
        },
        spec,
      );
      near(only(found, 'mae').value, mae);
      near(only(found, 'rmse').value, rmse);
      expect(only(found, 'mae')).toMatchObject({ subject: 'price', model: 'mlp', n: labels.length });
    }
  });

  test('mean and standard deviation', () => {
    const spec = service({ inputs: [input('amount', 'numeric')] });
    for (const { parts, mean, variance_sample } of vectors!.moments) {
      const found = measured({ 'input//amount': numbers(parts.flat()) }, spec);
      near(only(found, 'mean').value, mean);
      near(only(found, 'std').value, Math.sqrt(variance_sample));
    }
  });

  test('agreement', () => {
    const spec = service({ outputs: [output('fraud', 'classifier')] });
    for (const { matrix, agreement } of vectors!.agreement) {
      const compared = matrix.flat().reduce((sum, count) => sum + count, 0);
      const agreed = matrix.reduce((sum, row, i) => sum + row[i]!, 0);
      const found = measured({ 'agreement/shadow/fraud': counts({ compared, agreed }) }, spec);
      near(only(found, 'agreement').value, agreement);
    }
  });

  // The vectors have no half rows; with cells a million times as full these no longer show.
  test('PSI, in the limit of full cells', () => {
    const withPsi = vectors!.binned_two_sample.filter(({ psi }) => psi !== undefined);
    expect(withPsi.length).toBeGreaterThan(2);
    for (const { ref, cur, psi } of withPsi) {
      const full = (cells: number[]): number[] => cells.map((count) => count * 1e6);
      expect(Math.abs(psiOf(full(ref), full(cur)) / psi! - 1)).toBeLessThan(1e-5);
      // And as they are, the half rows only draw the two sides together.
      expect(psiOf(ref, cur)).toBeLessThan(psi!);
      expect(psiOf(ref, cur)).toBeGreaterThan(0.8 * psi!);
    }
  });

  test('KS, within the mass of a bucket', () => {
    for (const { a, b, ks_d } of vectors!.raw_two_sample) {
      const [left, right] = [a, b].map((values) => bucketsOf(numbers(values).state.sketch));
      const found = ksOf(left!, right!);
      expect(found).toBeLessThanOrEqual(ks_d + 1e-12);
      expect(found).toBeGreaterThanOrEqual(ks_d - 1 / a.length);
    }
  });
});
