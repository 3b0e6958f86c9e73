import { expect, test } from 'vitest';
import type { EarlyPair } from '../../src/metric/label-curve.ts';
import { measureCell } from '../../src/metric/registry.ts';
import type { TrackState } from '../../src/profile/registry.ts';
import { addSets, createSets } from '../../src/profile/sets.ts';
import { confusionOf, contextOf, errorsOf, numbers, only, output, service } from './support.ts';

const SPEC = service({
  outputs: [
    output('fraud', 'classifier', { classes: ['no', 'yes'] }),
    output('price', 'regressor'),
    output('tags', 'multilabel', { classes: ['a', 'b'] }),
  ],
});
const sets = createSets(2);
addSets(sets, [1], [1]);
addSets(sets, [1], [2]);
const TRACKS: Record<string, TrackState> = {
  'performance/m/fraud': confusionOf([
    [3, 1],
    [0, 0],
  ]),
  'performance/m/price': errorsOf([
    [10, 8],
    [5, 9],
  ]),
  'performance/m/price#abs': numbers([2, 4]),
  'performance/m/tags': { kind: 'sets', state: sets },
};

const told = (pairs: readonly EarlyPair[] | null, isFinal = false, subject = 'fraud') =>
  measureCell(new Map(Object.entries(TRACKS)), {
    ...contextOf(SPEC),
    isFinal,
    earlyPairs:
      pairs === null ? undefined : (model, output) => (model === 'm' && output === subject ? pairs : []),
  }).filter(({ metric, measure }) => metric.startsWith('early_') && measure.subject === subject);

/** Early values are 0.3 too low, give or take 0.1. */
const pairsOf = (n: number): EarlyPair[] =>
  Array.from({ length: n }, (_, i) => ({ early: 0.5 + (i % 2 === 0 ? 0.1 : -0.1), final: 0.8 }));

test('a value is corrected by what past windows were off by', () => {
  const found = told(pairsOf(20));
  const bias = only(found, 'early_label_bias');
  expect(bias).toMatchObject({ n: 20, model: 'm' });
  expect(bias.value).toBeCloseTo(-0.3, 12);
  // t of 19 degrees: 2.093; standard deviation 0.1 sqrt(20 / 19)
  expect(bias.high! - bias.value!).toBeCloseTo((2.093 * 0.1 * Math.sqrt(20 / 19)) / Math.sqrt(20), 4);
  const corrected = only(found, 'early_corrected');
  expect(corrected).toMatchObject({ value: 1, high: 1, n: 4 });
  expect(corrected.low).toBeCloseTo(1.05 - 2.093 * 0.1 * Math.sqrt(20 / 19) * Math.sqrt(1 + 1 / 20), 3);
});

test('too few windows are said to be too few', () => {
  const reasonOf = (n: number, metric: string) => only(told(pairsOf(n)), metric);
  expect(reasonOf(4, 'early_label_bias')).toMatchObject({
    value: null,
    reason: '4 cohorts have an early and a final value, 5 are needed',
    n: 4,
  });
  expect(reasonOf(19, 'early_label_bias').value).toBeCloseTo(-0.3, 1);
  expect(reasonOf(19, 'early_corrected')).toMatchObject({ value: null, n: 4 });
});

test('an error of a regressor and sets are corrected too, within their range', () => {
  const price = told(
    pairsOf(20).map(({ early, final }) => ({ early: 10 * early, final: 10 * final })),
    false,
    'price',
  );
  expect(only(price, 'early_corrected').value).toBeCloseTo(6, 12);
  expect(
    only(
      told(
        pairsOf(20).map(({ early, final }) => ({ early: 10 * final, final: early })),
        false,
        'price',
      ),
      'early_corrected',
    ),
  ).toMatchObject({ value: 0, low: 0 });
  expect(only(told(pairsOf(20), false, 'tags'), 'early_corrected').value).toBeCloseTo(0.8, 12);
});

test('final results, and those that do not mature, have neither', () => {
  expect(told(pairsOf(20), true)).toEqual([]);
  expect(told(null)).toEqual([]);
});
