import { describe, expect, test } from 'vitest';
import { measureCell } from '../../src/metric/registry.ts';
import type { Tracks } from '../../src/profile/registry.ts';
import {
  categories,
  confusionOf,
  contextOf,
  counts,
  errorsOf,
  measured,
  numbers,
  only,
  output,
  service,
} from './support.ts';

const spec = service({
  outputs: [
    output('fraud', 'classifier', { classes: ['no', 'yes'], positive: 'yes' }),
    output('kind', 'classifier', { classes: ['a', 'b', 'c'] }),
    output('price', 'regressor'),
    output('parts', 'detector'),
  ],
});

describe('answers', () => {
  test('null rate: of the class of a classifier, else of the score, never twice', () => {
    const found = measured(
      {
        'class/mlp/fraud': categories(['no', null, 'yes', 'no']),
        'score/mlp/fraud': numbers([null, null, null, 0.2]),
        'score/mlp/price': numbers([5, null]),
      },
      spec,
    );
    const rates = found.filter(({ metric }) => metric === 'null_rate').map(({ measure }) => measure);
    expect(rates).toMatchObject([
      { subject: 'fraud', model: 'mlp', value: 0.25, n: 4 },
      { subject: 'price', model: 'mlp', value: 0.5, n: 2 },
    ]);
  });

  test('every class has a share, also one that was never answered', () => {
    const found = measured({ 'class/mlp/kind': categories(['a', 'c', 'a', 'a', null]) }, spec);
    const shares = found.filter(({ metric }) => metric === 'class_share').map(({ measure }) => measure);
    expect(shares).toMatchObject([
      { subject: 'kind=a', value: 0.75, n: 4 },
      { subject: 'kind=b', value: 0, n: 4 },
      { subject: 'kind=c', value: 0.25, n: 4 },
    ]);
    const none = measured({ 'class/mlp/fraud': categories([null]) }, spec);
    expect(none.filter(({ measure }) => measure.reason === 'no answers')).toHaveLength(2);
  });

  test('scores', () => {
    const found = measured({ 'score/mlp/price': numbers([1, 2, 6]) }, spec);
    expect(only(found, 'score_mean')).toMatchObject({ subject: 'price', model: 'mlp', value: 3, n: 3 });
    expect(only(found, 'score_p50').value).toBeCloseTo(2, 1);
  });

  test('agreement of answers and of boxes', () => {
    const agreement = (subject: string, given: Record<string, number>) =>
      only(measured({ [`agreement/full/${subject}`]: counts(given) }, spec), 'agreement');
    expect(agreement('fraud', { compared: 8, agreed: 6 })).toMatchObject({
      value: 0.75,
      n: 8,
      model: 'full',
    });
    expect(agreement('parts', { compared: 4, matched: 3, boxes: 8 })).toMatchObject({ value: 0.75, n: 4 });
    expect(agreement('parts', { compared: 4 })).toMatchObject({ value: null, reason: 'no boxes', n: 4 });
    expect(agreement('fraud', {})).toMatchObject({ value: null, reason: 'no answers', n: 0 });
  });
});

describe('performance', () => {
  const performance = (subject: string, table: number[][]) =>
    measured({ [`performance/mlp/${subject}`]: confusionOf(table) }, spec);

  test('of the positive class, with the sample behind each', () => {
    const found = performance('fraud', [
      [50, 10],
      [20, 20],
    ]);
    expect(only(found, 'accuracy')).toMatchObject({ value: 0.7, n: 100 });
    expect(only(found, 'precision')).toMatchObject({ value: 0.5, n: 40 });
    expect(only(found, 'recall')).toMatchObject({ value: 2 / 3, n: 30 });
    expect(only(found, 'specificity')).toMatchObject({ value: 50 / 70, n: 70 });
    expect(only(found, 'f1')).toMatchObject({ value: 40 / 70, n: 50 });
  });

  // scikit-learn 1.x, average='macro', zero_division=0, of the same table.
  test('macro average, a class that is never predicted counts as 0', () => {
    const found = performance('kind', [
      [4, 1, 2],
      [0, 3, 0],
      [0, 0, 0],
    ]);
    expect(only(found, 'precision').value).toBeCloseTo((4 / 7 + 1 + 0) / 3, 14);
    expect(only(found, 'recall').value).toBeCloseTo((1 + 3 / 4 + 0) / 3, 14);
    expect(only(found, 'f1').value).toBeCloseTo((8 / 11 + 6 / 7 + 0) / 3, 14);
    expect(only(found, 'f1').n).toBe(10);
    // Of which class it would be is not said.
    expect(found.map(({ metric }) => metric)).not.toContain('specificity');
  });

  test('macro average, a class that does not occur is left out', () => {
    const found = performance('kind', [
      [3, 0, 0],
      [1, 4, 0],
      [0, 0, 0],
    ]);
    expect(only(found, 'precision').value).toBeCloseTo((1 + 4 / 5) / 2, 14);
    expect(only(found, 'recall').value).toBeCloseTo((3 / 4 + 1) / 2, 14);
  });

  test('reasons', () => {
    const none = performance('fraud', [
      [0, 0],
      [0, 0],
    ]);
    for (const metric of ['accuracy', 'precision', 'recall', 'specificity', 'f1'])
      expect(only(none, metric)).toMatchObject({ value: null, reason: 'no labels', n: 0 });
    const negative = performance('fraud', [
      [9, 0],
      [0, 0],
    ]);
    expect(only(negative, 'accuracy').value).toBe(1);
    expect(only(negative, 'precision').reason).toBe('no positive predictions');
    expect(only(negative, 'recall').reason).toBe('no positive labels');
    const positive = performance('fraud', [
      [0, 0],
      [0, 9],
    ]);
    expect(only(positive, 'specificity').reason).toBe('no negative labels');
    expect(only(negative, 'f1').reason).toBe('no positive labels or predictions');
  });

  test('errors of a regressor, with intervals', () => {
    const found = measured(
      {
        'performance/mlp/price': errorsOf([
          [3, 2],
          [1, 4],
        ]),
        'performance/mlp/price#abs': numbers([1, 3]),
      },
      spec,
    );
    expect(found.map(({ metric, measure }) => [metric, measure.subject, measure.value])).toEqual([
      ['bias', 'price', -1],
      ['large_error_rate', 'price', null],
      ['mae', 'price', 2],
      ['mape', 'price', (1 / 2 + 3 / 4) / 2],
      ['median_ae', 'price', expect.closeTo(1, 1)],
      ['r2', 'price', -4],
      ['rmse', 'price', Math.sqrt(5)],
    ]);
    // Student's t with one degree of freedom: 12.706 times the standard error, which is 1.
    expect(only(found, 'mae').high).toBeCloseTo(2 + 12.7062047, 6);
    expect(only(found, 'mae').low).toBe(0);
    expect(only(found, 'bias').low).toBeCloseTo(-1 - 2 * 12.7062047, 6);
    const none = measured({ 'performance/mlp/price': errorsOf([]) }, spec);
    for (const metric of ['rmse', 'mae', 'mape', 'r2', 'bias'])
      expect(only(none, metric)).toMatchObject({ value: null, reason: 'no labels', n: 0 });
    const flat = measured(
      {
        'performance/mlp/price': errorsOf([
          [1, 0],
          [2, 0],
        ]),
      },
      spec,
    );
    expect(only(flat, 'mape')).toMatchObject({ value: null, reason: 'no truth other than 0', n: 0 });
    expect(only(flat, 'r2')).toMatchObject({ value: null, reason: 'the truths do not differ', n: 2 });
  });
});

describe('users and software', () => {
  test('feedback', () => {
    const found = measured({
      'feedback//': counts({ requests: 20, click: 10, redo: 5, switch_to_typing: 1, any: 14 }),
    });
    expect(found.map(({ metric, measure }) => [metric, measure.subject, measure.value, measure.n])).toEqual([
      ['abandonment_rate', '', 0.3, 20],
      ['click_through_rate', '', 0.5, 20],
      ['redo_rate', '', 0.25, 20],
      ['switch_to_typing_rate', '', 0.05, 20],
    ]);
    expect(only(found, 'click_through_rate').low).toBeCloseTo(0.2992980081982122, 12);
    expect(only(found, 'click_through_rate').high).toBeCloseTo(0.7007019918017877, 12);
    expect(only(measured({ 'feedback//': counts({}) }), 'redo_rate').reason).toBe('no requests');
  });

  test('abandonment is known when no feedback can come any more', () => {
    const tracks: Tracks = new Map([['feedback//', counts({ requests: 20, any: 14 })]]);
    const early = measureCell(tracks, { ...contextOf(spec), isFinal: false });
    expect(only(early, 'abandonment_rate')).toMatchObject({
      value: null,
      reason: 'feedback may still come',
      n: 20,
    });
  });

  test('latency, errors and telemetry', () => {
    const found = measured({
      'latency/external/': numbers(Array.from({ length: 100 }, (_, i) => i + 1)),
      'errors/external/': counts({ rows: 50, failed: 2 }),
      'telemetry//system.cpu/load': numbers([1, 5]),
    });
    expect(Math.abs(only(found, 'latency_p50').value! - 50)).toBeLessThanOrEqual(50 / 128);
    expect(Math.abs(only(found, 'latency_p95').value! - 95)).toBeLessThanOrEqual(95 / 128);
    expect(Math.abs(only(found, 'latency_p99').value! - 99)).toBeLessThanOrEqual(99 / 128);
    expect(only(found, 'error_rate')).toMatchObject({ subject: '', model: 'external', value: 0.04, n: 50 });
    expect(only(found, 'telemetry_mean')).toMatchObject({ subject: 'system.cpu/load', value: 3, n: 2 });
    expect(only(found, 'telemetry_max').value).toBe(5);
  });
});
