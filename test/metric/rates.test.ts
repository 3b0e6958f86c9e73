import { describe, expect, test } from 'vitest';
import { hypergeometricTwoSided } from '../../src/math/hypergeometric.ts';
import { wilson } from '../../src/metric/label-curve.ts';
import { textOfState } from '../../src/profile/baseline/states.ts';
import type { TrackState } from '../../src/profile/registry.ts';
import type { Baseline } from '../../src/records.ts';
import { categories, counts, input, measured, numbers, only, output, service } from './support.ts';

const states: Record<string, TrackState> = {
  'class/mlp/fraud': categories([
    ...Array(900).fill('no'),
    ...Array(90).fill('yes'),
    ...Array(10).fill(null),
  ]),
  'class/mlp/tags': counts({ rows: 200, '=a': 100, '=b': 20 }),
  'score/mlp/tags': numbers([...Array(99).fill(1), null]),
  'feedback//': counts({ requests: 1000, click: 400, redo: 50, switch_to_typing: 0, any: 450 }),
  'errors/external/': counts({ rows: 5000, failed: 50 }),
};
const baseline: Baseline = {
  format: 'telltale-baseline/2',
  service: 'fraud',
  n: 1000,
  tracks: {
    channel: { type: 'categorical', n: 980, missing: 15, invalid: 5, counts: { card: 980 } },
  },
  states: Object.fromEntries(Object.entries(states).map(([key, state]) => [key, textOfState(state)])),
};
const outputs = [
  output('fraud', 'classifier', { classes: ['no', 'yes'] }),
  output('tags', 'multilabel', { classes: ['a', 'b'] }),
];
const inputs = [input('channel', 'categorical'), input('amount', 'numeric', { range: [0, 10] })];
const bare = service({ inputs, outputs });
const based = service({ inputs, outputs, baseline });

/** Of part of n: the interval, and p against part of m. */
const rate = (part: number, n: number, before: number | null, m = 0) => ({
  value: part / n,
  n,
  ...wilson(part, n),
  p: before === null ? null : hypergeometricTwoSided(part, n, before, m),
});

describe('shares against those of the baseline', () => {
  test('missing and invalid values', () => {
    const track = { 'input//channel': categories([...Array(38).fill('card'), null, null], based, 'channel') };
    const found = measured(track, based);
    expect(only(found, 'missing_rate')).toMatchObject(rate(2, 40, 15, 1000));
    expect(only(found, 'invalid_rate')).toMatchObject(rate(0, 40, 5, 1000));
    expect(only(measured(track, bare), 'missing_rate')).toMatchObject(rate(2, 40, null));
  });

  test('null answers and classes, of sets too', () => {
    const found = measured(
      {
        'class/mlp/fraud': categories([...Array(15).fill('no'), ...Array(5).fill('yes'), null]),
        'class/mlp/tags': counts({ rows: 10, '=a': 9, '=b': 1 }),
        'score/mlp/tags': numbers([...Array(8).fill(1), null, null]),
        'class/other/fraud': categories(['no']),
      },
      based,
    );
    const of = (metric: string, subject: string, model = 'mlp') =>
      found.find(
        (one) => one.metric === metric && one.measure.subject === subject && one.measure.model === model,
      )?.measure;
    expect(of('null_rate', 'fraud')).toMatchObject(rate(1, 21, 10, 1000));
    expect(of('null_rate', 'tags')).toMatchObject(rate(2, 10, 1, 100));
    expect(of('class_share', 'fraud=yes')).toMatchObject(rate(5, 20, 90, 990));
    expect(of('class_share', 'tags=a')).toMatchObject(rate(9, 10, 100, 200));
    // No model of this name is in the baseline.
    expect(of('class_share', 'fraud=no', 'other')).toMatchObject(rate(1, 1, null));
  });

  test('users and failures', () => {
    const found = measured(
      {
        'feedback//': counts({ requests: 50, click: 10, redo: 9, switch_to_typing: 2, any: 15 }),
        'errors/external/': counts({ rows: 100, failed: 7 }),
      },
      based,
    );
    expect(only(found, 'click_through_rate')).toMatchObject(rate(10, 50, 400, 1000));
    expect(only(found, 'redo_rate')).toMatchObject(rate(9, 50, 50, 1000));
    expect(only(found, 'switch_to_typing_rate')).toMatchObject(rate(2, 50, 0, 1000));
    expect(only(found, 'abandonment_rate')).toMatchObject(rate(35, 50, 550, 1000));
    expect(only(found, 'error_rate')).toMatchObject(rate(7, 100, 50, 5000));
  });
});

test('shares that nothing is compared with have an interval', () => {
  const found = measured(
    {
      'input//amount': numbers([1, 2, 11], bare, 'amount'),
      'input//channel': categories(['card', 'coin'], based, 'channel'),
      'labels//': counts({ expected: 20, seen: 5 }),
    },
    based,
  );
  expect(only(found, 'out_of_range_rate')).toMatchObject(rate(1, 3, null));
  expect(only(found, 'new_category_rate')).toMatchObject(rate(1, 2, null));
  expect(only(found, 'label_coverage')).toMatchObject(rate(5, 20, null));
});
