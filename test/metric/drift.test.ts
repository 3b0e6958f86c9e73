import { describe, expect, test } from 'vitest';
import { homogeneity } from '../../src/math/homogeneity.ts';
import { hypergeometricTails, outsideTail } from '../../src/math/hypergeometric.ts';
import { kolmogorovTail, smirnovTail } from '../../src/math/smirnov.ts';
import { lInfinityEnds } from '../../src/metric/drift/cells.ts';
import { hellingerOf, jsOf, lInfinityOf, psiOf, totalVariationOf } from '../../src/metric/drift/measures.ts';
import { ksOf, ksP, transportOf, transportP } from '../../src/metric/drift/ordered.ts';
import { textOfState } from '../../src/profile/baseline/states.ts';
import { createBaselineBuilder } from '../../src/profile/baseline.ts';
import type { Baseline } from '../../src/records.ts';
import { categories, input, measured, numbers, only, output, service } from './support.ts';

const CELL_METRICS = {
  psi: psiOf,
  js: jsOf,
  hellinger: hellingerOf,
  total_variation: totalVariationOf,
  l_infinity: lInfinityOf,
} as const;

const inputs = [input('amount', 'numeric'), input('channel', 'categorical')];
const outputs = [
  output('fraud', 'classifier', { classes: ['no', 'yes'], positive: 'yes' }),
  output('tags', 'multilabel', { classes: ['a', 'b'] }),
];

/** 1..1000, and 900 card, 90 cash, 10 cheque. */
function baselineOf(states: Baseline['states'] = {}): Baseline {
  const bare = service({ inputs, outputs });
  const builder = createBaselineBuilder(bare);
  const n = 1000;
  const values = Float64Array.from({ length: n }, (_, i) => i + 1);
  const codes = Int32Array.from({ length: n }, (_, i) => (i < 900 ? 0 : i < 990 ? 1 : 2));
  const state = new Uint8Array(n);
  builder.add(
    [
      { kind: 'numeric', values, state },
      { kind: 'categorical', codes, dictionary: ['card', 'cash', 'cheque'], state },
    ],
    n,
    [],
  );
  const built = builder.finish();
  return { ...built, states: { ...built.states, ...states } };
}

const spec = service({
  inputs,
  outputs,
  baseline: baselineOf({
    'class/mlp/fraud': textOfState(categories([...Array(95).fill('no'), ...Array(5).fill('yes')])),
    'score/mlp/fraud': textOfState(numbers(Array.from({ length: 100 }, (_, i) => (i + 0.5) / 100))),
  }),
});
const amounts = (values: number[]) => measured({ 'input//amount': numbers(values, spec, 'amount') }, spec);
const channels = (values: string[]) =>
  measured({ 'input//channel': categories(values, spec, 'channel') }, spec);
const steps = (n: number, from: number, to: number): number[] =>
  Array.from({ length: n }, (_, i) => from + ((i + 0.5) * (to - from)) / n);

describe('cells', () => {
  test('every distance, with the one p of homogeneity', () => {
    const found = channels([...Array(60).fill('card'), ...Array(30).fill('cash'), ...Array(10).fill('coin')]);
    const [before, now] = [
      [900, 90, 10, 0],
      [60, 30, 0, 10],
    ];
    const { p } = homogeneity(before!, now!);
    expect(p).toBeLessThan(1e-9);
    for (const [metric, of] of Object.entries(CELL_METRICS)) {
      expect(only(found, metric)).toMatchObject({ subject: 'channel', n: 100, p });
      expect(only(found, metric).value).toBeCloseTo(of(before!, now!), 14);
    }
    expect(only(found, 'chi_square').p).toBe(p);
    expect(only(found, 'g_test').p).toBe(p);
    expect(only(found, 'g_test').value).toBeGreaterThan(0);
    expect(found.filter(({ metric }) => metric === 'wasserstein')).toEqual([]);
  });

  test('the same shares are no distance, disjoint ones the largest', () => {
    for (const of of Object.values(CELL_METRICS)) expect(of([300, 100, 0], [300, 100, 0])).toBe(0);
    for (const of of [jsOf, hellingerOf, totalVariationOf, lInfinityOf]) expect(of([5, 0], [0, 9])).toBe(1);
  });

  test('a small move of a numeric input in a large window has a small p, in a small one it has not', () => {
    expect(only(amounts(steps(50, 50, 1050)), 'psi').p).toBeGreaterThan(0.05);
    expect(only(amounts(steps(2000, 50, 1050)), 'psi').p).toBeLessThan(1e-6);
    expect(only(amounts(steps(2000, 0, 1000)), 'psi').p).toBeGreaterThan(0.5);
  });

  test('interval of the largest change', () => {
    const cells = { reference: [500, 500], current: [30, 70] };
    const { low, high } = lInfinityEnds(cells);
    // Two cells share 5 %: z = 2.2414; shares 31/102 and 501/1002.
    const half = 2.241402727604947 * Math.sqrt(0.25 / 1002 + (31 * 71) / 102 ** 3);
    expect(low).toBeCloseTo(0.5 - 31 / 102 - half, 12);
    expect(high).toBeCloseTo(0.5 - 31 / 102 + half, 12);
    const same = lInfinityEnds({ reference: [9, 0, 1], current: [9, 0, 1] });
    expect(same.low).toBe(0);
    expect(same.high).toBeGreaterThan(0.2);
  });
});

describe('order', () => {
  test('a shift by half a deviation is half a Wasserstein distance', () => {
    const found = only(amounts(steps(1000, 144, 1144)), 'wasserstein');
    expect(Math.abs(found.value! - 144 / Math.sqrt((1000 ** 2 - 1) / 12))).toBeLessThan(0.01);
    expect(found.n).toBe(1000);
    expect(found.p).toBeLessThan(1e-9);
    expect(only(amounts(steps(1000, 0, 1000)), 'wasserstein').p).toBe(1);
  });

  test('without a spread of the baseline there is no unit', () => {
    const tracks = { amount: { ...baselineOf().tracks.amount!, std: 0 } };
    const flat = service({ inputs, baseline: { ...baselineOf(), tracks } as Baseline });
    const found = measured({ 'input//amount': numbers([1], flat, 'amount') }, flat);
    expect(only(found, 'wasserstein').reason).toBe('the values of the baseline do not vary');
  });

  test('transport by hand', () => {
    const found = transportOf(
      [
        [0, 1],
        [1, 1],
      ],
      [[3, 2]],
    );
    // |F - G| is 1/2 up to 1 and 1 up to 3; pooled shares are 1/4 and 1/2.
    expect(found.distance).toBe(2.5);
    expect(found.expected).toBeCloseTo(Math.sqrt(2 / Math.PI) * (Math.sqrt(3) / 4 + 1), 14);
    expect(found.deviation).toBeCloseTo(Math.sqrt((9 + 9 + 1) / 4 - (7 / 4) ** 2), 14);
    expect(transportP(found, 2, 2)).toBeLessThan(0.5);
    expect(transportP({ ...found, distance: found.expected }, 2, 2)).toBe(1);
  });

  test('p of KS: exact for small samples, the limit for large ones, never far apart', () => {
    // SciPy 1.17: ks_2samp(method='exact') with a statistic of 0.625, and kstwobign.sf(1.2).
    expect(smirnovTail(0.625, 8, 8)).toBeCloseTo(0.08702408702408701, 12);
    expect(kolmogorovTail(1.2)).toBeCloseTo(0.11224966667072497, 12);
    expect(smirnovTail(0, 3, 4)).toBe(1);
    expect(smirnovTail(1, 3, 4)).toBeCloseTo(2 / 35, 14);
    expect([kolmogorovTail(0), kolmogorovTail(50)]).toEqual([1, 0]);
    for (const d of [0.1, 0.2, 0.3]) {
      const limit = kolmogorovTail(d * Math.sqrt((100 * 200) / 300));
      expect(ksP(d, 100, 200)).toBe(smirnovTail(d, 100, 200));
      expect(Math.abs(Math.log(ksP(d, 100, 200) / limit))).toBeLessThan(0.3);
    }
  });

  test('interval of KS', () => {
    const { value, low, high, p } = only(amounts(steps(400, 300, 1300)), 'ks');
    expect(Math.abs(value! - 0.3)).toBeLessThan(0.01);
    const half = Math.sqrt(Math.log(80) / 2) * (1 / Math.sqrt(1000) + 1 / 20);
    expect(low).toBeCloseTo(value! - half, 12);
    expect(high).toBeCloseTo(value! + half, 12);
    expect(p).toBe(ksP(value!, 1000, 400));
    expect(only(amounts([1]), 'ks')).toMatchObject({ low: 0, high: 1 });
    expect(ksOf([[1, 1]], [[1, 5]])).toBe(0);
  });
});

describe('range', () => {
  test('values beyond the baseline, against the order that no drift would give', () => {
    const found = only(amounts([0, 1, 500, 1000, 1001, 1e9]), 'range_shift');
    expect(found).toMatchObject({ subject: 'amount', value: 0.5, n: 6 });
    expect(found.p).toBeCloseTo(outsideTail(3, 6, 1000), 15);
    expect(found.low).toBeGreaterThan(0.15);
    expect(only(amounts([3, 4]), 'range_shift')).toMatchObject({ value: 0, p: 1 });
  });

  test('the chance of values outside: all orders of two and three values', () => {
    // Of the 10 orders of 2 values among 3 others, 3 have none outside, 4 one and 3 both.
    expect(outsideTail(0, 2, 3)).toBe(1);
    expect(outsideTail(1, 2, 3)).toBeCloseTo(0.7, 14);
    expect(outsideTail(2, 2, 3)).toBeCloseTo(0.3, 14);
    expect(outsideTail(1, 1, 999)).toBeCloseTo(2 / 1000, 12);
    expect(outsideTail(4, 4, 1)).toBe(1);
  });

  test('borders of other data: the shares are compared', () => {
    const amount = baselineOf().tracks.amount!;
    if (amount.type !== 'numeric') throw new Error('not numeric');
    const counts = [10, ...amount.counts.slice(1)];
    const tracks = { amount: { ...amount, n: amount.n + 10, counts } };
    const merged = service({ inputs, baseline: { ...baselineOf(), tracks } });
    const found = measured({ 'input//amount': numbers([0, 5, 6], merged, 'amount') }, merged);
    expect(only(found, 'range_shift').p).toBeCloseTo(hypergeometricTails(1, 3, 10, 1010).upper, 14);
  });
});

describe('answers', () => {
  test('classes and scores of a model against those of its reference', () => {
    const found = measured(
      {
        'class/mlp/fraud': categories([...Array(60).fill('no'), ...Array(40).fill('yes')]),
        'score/mlp/fraud': numbers(steps(100, 0.5, 1)),
      },
      spec,
    );
    const classes = only(found, 'class_drift');
    expect(classes).toMatchObject({ subject: 'fraud', model: 'mlp', n: 100 });
    expect(classes.value).toBeCloseTo(psiOf([95, 5], [60, 40]), 14);
    expect(classes.p).toBe(homogeneity([95, 5], [60, 40]).p);
    const scores = only(found, 'score_drift');
    expect(scores.value).toBeGreaterThan(1);
    expect(scores.p).toBeLessThan(1e-9);
  });

  test('reasons, and none for sets', () => {
    const found = measured({ 'class/other/fraud': categories(['no']), 'score/mlp/tags': numbers([1]) }, spec);
    expect(only(found, 'class_drift')).toMatchObject({ value: null, reason: 'no baseline', n: 1, p: null });
    expect(only(found, 'score_drift')).toMatchObject({ value: null, reason: 'no baseline', n: 1 });
    const silent = measured({ 'class/mlp/fraud': categories([null]) }, spec);
    expect(only(silent, 'class_drift')).toMatchObject({ value: null, reason: 'no values', n: 0 });
  });
});
