/**
 * Variances behind the intervals, against the same by brute force: pairs of rows one by one, and the infinitesimal
 * jackknife by numeric derivatives: sum over rows of (what a little more weight of the row changes)^2.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../src/metric/metric.ts';
import { averagePrecisionOf, rocAucOf } from '../../src/metric/scored.ts';
import { cohenKappa, gwetAc1, matthews, tableOf } from '../../src/metric/table.ts';
import type { ScoreBin } from '../../src/profile/score-bins.ts';
import { errorsOf, measured, only, output, service } from './support.ts';

const Z = 1.959963984540054;
const readValue = (outcome: Outcome): number => ('value' in outcome ? outcome.value : Number.NaN);

/** The variance that an interval on the logit scale was made of. */
function logitVariance(outcome: Outcome): number {
  if (!('value' in outcome)) return Number.NaN;
  const { value, low, high } = outcome;
  const logit = (share: number): number => Math.log(share / (1 - share));
  return (((logit(high!) - logit(low!)) / 2 / Z) * value * (1 - value)) ** 2;
}

const bins = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 5 })), {
    minLength: 4,
    maxLength: 12,
  })
  .map((counts) =>
    counts.map(
      ([negative, positive], bin): ScoreBin => ({
        bin,
        negative,
        positive,
        asked: 0,
        askedSum: 0,
        labelledSum: 0,
      }),
    ),
  )
  .filter((list) => {
    const [negatives, positives] = [
      list.map(({ negative }) => negative),
      list.map(({ positive }) => positive),
    ];
    const sum = (all: number[]): number => all.reduce((total, one) => total + one, 0);
    return sum(negatives) >= 2 && sum(positives) >= 2;
  })
  .filter((list) => list.every(({ negative, positive }) => negative + positive > 0));

describe('curves', () => {
  test('the area under the ROC curve is the share of pairs in order, with the variance of DeLong', () => {
    fc.assert(
      fc.property(bins, (list) => {
        const scoresOf = (of: 'negative' | 'positive'): number[] =>
          list.flatMap((bin) => new Array<number>(bin[of]).fill(bin.bin));
        const [negatives, positives] = [scoresOf('negative'), scoresOf('positive')];
        const order = (a: number, b: number): number => (a > b ? 1 : a === b ? 0.5 : 0);
        const mean = (all: number[]): number => all.reduce((sum, one) => sum + one, 0) / all.length;
        const ofPositives = positives.map((a) => mean(negatives.map((b) => order(a, b))));
        const ofNegatives = negatives.map((b) => mean(positives.map((a) => order(a, b))));
        const spread = (all: number[]): number =>
          all.reduce((sum, one) => sum + (one - mean(all)) ** 2, 0) / (all.length - 1) / all.length;
        const found = rocAucOf(list);
        const value = mean(ofPositives);
        expect(readValue(found)).toBeCloseTo(value, 12);
        const variance = spread(ofPositives) + spread(ofNegatives);
        if (variance > 1e-9 && value > 0 && value < 1) expect(logitVariance(found)).toBeCloseTo(variance, 10);
      }),
    );
  });

  test('average precision has the variance of its infinitesimal jackknife', () => {
    fc.assert(
      fc.property(bins, (list) => {
        const found = averagePrecisionOf(list);
        const value = readValue(found);
        const n = list.reduce((sum, { negative, positive }) => sum + negative + positive, 0);
        const step = 1e-6;
        let squares = 0;
        list.forEach((bin, i) => {
          for (const label of ['negative', 'positive'] as const) {
            const more = list.with(i, { ...bin, [label]: bin[label] + step });
            const less = list.with(i, { ...bin, [label]: bin[label] - step });
            const slope =
              (readValue(averagePrecisionOf(more)) - readValue(averagePrecisionOf(less))) / (2 * step);
            squares += bin[label] * slope ** 2;
          }
        });
        if (squares > 1e-6 && value < 1)
          expect(logitVariance(found) / ((squares * n) / (n - 1))).toBeCloseTo(1, 4);
      }),
    );
  });
});

test.each([
  ['cohenKappa', cohenKappa],
  ['gwetAc1', gwetAc1],
  ['matthews', matthews],
])('%s has the variance of its infinitesimal jackknife', (_, measure) => {
  const tables = fc
    .integer({ min: 2, max: 4 })
    .chain((classes) =>
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: classes ** 2, maxLength: classes ** 2 }),
    );
  fc.assert(
    fc.property(tables, (cells) => {
      const classes = Math.sqrt(cells.length);
      const read = (counts: readonly number[]) => {
        const found = measure(tableOf({ classes, counts: Float64Array.from(counts) }));
        if ('reason' in found) throw new Error(found.reason);
        return found;
      };
      const step = 1e-5;
      const squares = cells.reduce((sum, count, i) => {
        const slope =
          (read(cells.with(i, count + step)).value - read(cells.with(i, count - step)).value) / (2 * step);
        return sum + count * slope ** 2;
      }, 0);
      expect(read(cells).variance / squares).toBeCloseTo(1, 5);
    }),
  );
});

test('R2 and RMSE have the variance of their infinitesimal jackknife', () => {
  const spec = service({ outputs: [output('price', 'regressor')] });
  const row = fc.tuple(fc.integer({ min: -50, max: 50 }), fc.integer({ min: -50, max: 50 }));
  fc.assert(
    fc.property(fc.array(row, { minLength: 5, maxLength: 20 }), (rows) => {
      const n = rows.length;
      const weighted = (weights: readonly number[]) => {
        const total = (of: (prediction: number, truth: number) => number): number =>
          rows.reduce((sum, [prediction, truth], i) => sum + weights[i]! * of(prediction, truth), 0);
        const all = total(() => 1);
        const mean = total((_, t) => t) / all;
        const square = total((p, t) => (p - t) ** 2) / all;
        return { ratio: square / (total((_, t) => (t - mean) ** 2) / all), square };
      };
      const even = new Array<number>(n).fill(1);
      const { ratio, square } = weighted(even);
      if (!Number.isFinite(ratio) || ratio < 1e-6) return;
      const step = 1e-5;
      let [ofRatio, ofSquare] = [0, 0];
      for (let i = 0; i < n; i++) {
        const [more, less] = [weighted(even.with(i, 1 + step)), weighted(even.with(i, 1 - step))];
        ofRatio += ((more.ratio - less.ratio) / (2 * step)) ** 2;
        ofSquare += ((more.square - less.square) / (2 * step)) ** 2;
      }
      const found = measured({ 'performance/m/price': errorsOf(rows) }, spec);
      const r2 = only(found, 'r2');
      expect(r2.value).toBeCloseTo(1 - ratio, 9);
      const halfOfRatio = Math.log((1 - r2.low!) / (1 - r2.high!)) / 2;
      expect(halfOfRatio).toBeCloseTo((Z * Math.sqrt((ofRatio * n) / (n - 1))) / ratio, 4);
      const rmse = only(found, 'rmse');
      const halfOfSquare = Math.log(rmse.high! / rmse.low!);
      expect(halfOfSquare).toBeCloseTo((Z * Math.sqrt((ofSquare * n) / (n - 1))) / square, 4);
    }),
  );
});
