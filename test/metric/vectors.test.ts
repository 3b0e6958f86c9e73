import { describe, expect, test } from 'vitest';
import { cramerVonMisesP } from '../../src/math/cramer-von-mises.ts';
import { chiSquareStatistics } from '../../src/math/homogeneity.ts';
import { smirnovOneSampleTail } from '../../src/math/smirnov.ts';
import { chiSquareTail, studentQuantile } from '../../src/math/special.ts';
import { superiorityOf, welch } from '../../src/metric/drift/location.ts';
import { hellingerOf, jsOf, lInfinityOf, psiOf, totalVariationOf } from '../../src/metric/drift/measures.ts';
import { cramerVonMisesOf, energyOf, ksOf, ksP, transportOf } from '../../src/metric/drift/ordered.ts';
import { calibrationErrorOf, equalWidthGroups } from '../../src/metric/scored.ts';
import { scoreBinsOf } from '../../src/profile/score-bins.ts';
import { bucketsOf, middleOf } from '../../src/profile/sketch.ts';
import {
  absent,
  confusionOf,
  errorsOf,
  input,
  measured,
  numbers,
  only,
  output,
  scoresOf,
  service,
  vectors,
} from './support.ts';

/** Compares to 1e-9 relative, as the file of the vectors asks. */
const near = (found: number | null, expected: number): void => {
  expect(found).not.toBeNull();
  expect(Math.abs(found! - expected)).toBeLessThanOrEqual(1e-9 * Math.abs(expected));
};

function momentsOf(values: readonly number[]) {
  const n = values.length;
  const mean = values.reduce((sum, x) => sum + x, 0) / n;
  return { n, mean, variance: values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (n - 1) };
}

describe.skipIf(vectors === null)(`published vectors${absent}`, () => {
  test('a binary classifier', () => {
    const spec = service({
      outputs: [output('fraud', 'classifier', { classes: ['no', 'yes'], positive: 'yes' })],
    });
    expect(vectors!.binary.length).toBeGreaterThan(0);
    for (const { labels, scores, threshold, ...expected } of vectors!.binary) {
      const table = [
        [0, 0],
        [0, 0],
      ];
      labels.forEach((label, i) => {
        table[scores[i]! >= threshold ? 1 : 0]![label]! += 1;
      });
      const scored = scoresOf(
        scores.map((score, i) => [score, labels[i]!]),
        threshold,
      );
      const found = measured(
        { 'performance/mlp/fraud': confusionOf(table), 'scores/mlp/fraud': scored },
        spec,
      );
      for (const metric of [
        'accuracy',
        'precision',
        'recall',
        'f1',
        'balanced_accuracy',
        'mcc',
        'roc_auc',
        'log_loss',
        'brier',
      ] as const)
        near(only(found, metric).value, expected[metric]);
      near(only(found, 'pr_auc').value, expected.average_precision);
      if (scored.kind !== 'score_bins') throw new Error('not scores');
      near(calibrationErrorOf(equalWidthGroups(scoreBinsOf(scored.state))), expected.ece_10_equal_width);
      for (const { measure } of found) expect(measure.n).toBeGreaterThan(0);
    }
  });

  test('a regressor', () => {
    const spec = service({ outputs: [output('price', 'regressor')] });
    expect(vectors!.regression.length).toBeGreaterThan(0);
    for (const { labels, predictions, ...expected } of vectors!.regression) {
      const errors = predictions.map((prediction, i) => prediction - labels[i]!);
      const found = measured(
        {
          'performance/mlp/price': errorsOf(predictions.map((prediction, i) => [prediction, labels[i]!])),
          'performance/mlp/price#abs': numbers(errors.map(Math.abs)),
        },
        spec,
      );
      for (const metric of ['mae', 'rmse', 'mape', 'r2'] as const)
        near(only(found, metric).value, expected[metric]);
      expect(Math.abs(only(found, 'median_ae').value! / expected.median_ae - 1)).toBeLessThanOrEqual(1 / 128);
      expect(only(found, 'mae')).toMatchObject({ subject: 'price', model: 'mlp', n: labels.length });
    }
  });

  test('the first four moments', () => {
    const spec = service({ inputs: [input('amount', 'numeric')] });
    for (const { parts, mean, n, variance_sample, variance_population, skewness, kurtosis_excess } of vectors!
      .moments) {
      const found = measured({ 'input//amount': numbers(parts.flat()) }, spec);
      near(only(found, 'mean').value, mean);
      near(only(found, 'std').value, Math.sqrt(variance_sample));
      near(only(found, 'std').value! ** 2 * (1 - 1 / n), variance_population);
      near(only(found, 'skewness').value, skewness);
      near(only(found, 'kurtosis').value, kurtosis_excess);
    }
  });

  test('agreement, kappa and AC1, of shadow and primary and of answers and labels', () => {
    const spec = service({ outputs: [output('fraud', 'classifier', { classes: ['no', 'yes'] })] });
    expect(vectors!.agreement.length).toBeGreaterThan(1);
    for (const { matrix, agreement, cohen_kappa, gwet_ac1 } of vectors!.agreement) {
      const found = measured(
        { 'agreement/shadow/fraud': confusionOf(matrix), 'performance/shadow/fraud': confusionOf(matrix) },
        spec,
      );
      near(only(found, 'agreement').value, agreement);
      near(only(found, 'accuracy').value, agreement);
      for (const metric of ['cohen_kappa', 'label_kappa']) near(only(found, metric).value, cohen_kappa);
      for (const metric of ['gwet_ac1', 'label_ac1']) near(only(found, metric).value, gwet_ac1);
    }
  });

  test('PSI as published, and with the half rows of ours', () => {
    const withPsi = vectors!.binned_two_sample.filter(({ psi }) => psi !== undefined);
    expect(withPsi.length).toBeGreaterThan(2);
    for (const { ref, cur, psi, psi_scaled, psi_p, df } of withPsi) {
      near(psiOf(ref, cur, 0), psi!);
      const sum = (counts: number[]): number => counts.reduce((total, count) => total + count, 0);
      const scaled = psiOf(ref, cur, 0) / (1 / sum(ref) + 1 / sum(cur));
      near(scaled, psi_scaled!);
      near(chiSquareTail(scaled, df), psi_p!);
      // Half rows only draw the two sides together.
      expect(psiOf(ref, cur)).toBeLessThan(psi!);
      expect(psiOf(ref, cur)).toBeGreaterThan(0.8 * psi!);
    }
  });

  test('distances and tests over cells', () => {
    expect(vectors!.binned_two_sample.length).toBeGreaterThan(3);
    for (const { ref, cur, ...expected } of vectors!.binned_two_sample) {
      const { pearson, g, df } = chiSquareStatistics(ref, cur);
      near(pearson, expected.chi2_homogeneity);
      near(chiSquareTail(pearson, df), expected.chi2_p);
      expect(df).toBe(expected.df);
      near(g, expected.g);
      near(chiSquareTail(g, df), expected.g_p);
      near(jsOf(ref, cur), expected.js_distance_base2);
      near(jsOf(ref, cur) * Math.sqrt(Math.LN2), expected.js_distance_nat);
      near(hellingerOf(ref, cur), expected.hellinger);
      near(totalVariationOf(ref, cur), expected.tvd);
      near(lInfinityOf(ref, cur), expected.l_infinity);
    }
  });

  test('distances and tests of values', () => {
    const pointsOf = (values: number[]): [number, number][] =>
      [...values].sort((x, y) => x - y).map((value) => [value, 1]);
    expect(vectors!.raw_two_sample.length).toBeGreaterThan(0);
    for (const { a, b, ...expected } of vectors!.raw_two_sample) {
      const [reference, current] = [pointsOf(a), pointsOf(b)];
      near(ksOf(reference, current), expected.ks_d);
      near(ksP(expected.ks_d, a.length, b.length), expected.ks_p_exact);
      const size = (a.length * b.length) / (a.length + b.length);
      near(smirnovOneSampleTail(expected.ks_d, size), expected.ks_p_asymptotic);
      const criterion = cramerVonMisesOf(reference, current).distance ** 2;
      near(criterion, expected.cvm);
      near(cramerVonMisesP(criterion, a.length, b.length), expected.cvm_p);
      const { distance } = transportOf(reference, current);
      near(distance, expected.wasserstein);
      const { variance, n } = momentsOf(a);
      near(distance / Math.sqrt((variance * (n - 1)) / n), expected.wasserstein_over_std_a);
      near(energyOf(reference, current).distance, expected.energy);
      // Of two samples of one size: t is the difference over its error, of which the interval is a quantile.
      const welched = welch(momentsOf(b), momentsOf(a)) as { value: number; high: number; p: number };
      near(welched.p, expected.welch_p);
      const [was, is] = [momentsOf(a).variance, momentsOf(b).variance];
      const df = ((a.length - 1) * (was + is) ** 2) / (was ** 2 + is ** 2);
      near((welched.value * studentQuantile(0.975, df)) / (welched.high - welched.value), expected.welch_t);
      const { value, p } = superiorityOf(reference, current);
      near((1 - value) * a.length * b.length, expected.mann_whitney_u);
      near(p, expected.mann_whitney_p);
    }
  });

  test('KS and Wasserstein of sketches, within a bucket', () => {
    for (const { a, b, ...expected } of vectors!.raw_two_sample) {
      const [reference, current] = [a, b].map((values) =>
        bucketsOf(numbers(values).state.sketch).map(([bucket, count]): [number, number] => [
          middleOf(bucket),
          count,
        ]),
      );
      const found = ksOf(reference!, current!);
      expect(found).toBeLessThanOrEqual(expected.ks_d + 1e-12);
      expect(found).toBeGreaterThanOrEqual(expected.ks_d - 1 / a.length);
      const { distance } = transportOf(reference!, current!);
      expect(Math.abs(distance - expected.wasserstein)).toBeLessThan(58 / 64);
    }
  });
});
