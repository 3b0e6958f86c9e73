import { expect, test } from 'vitest';
import { measureOf } from '../../src/metric/metric.ts';

const none = { low: null, high: null, p: null };

test('a measure carries the interval and the p-value of its outcome', () => {
  expect(measureOf('amount', 'm', { value: 0.5, n: 9, low: 0.2, high: 0.7, p: 0.04 })).toEqual({
    subject: 'amount',
    model: 'm',
    value: 0.5,
    reason: '',
    n: 9,
    low: 0.2,
    high: 0.7,
    p: 0.04,
  });
  expect(measureOf('amount', '', { value: 0.5, n: 9 })).toMatchObject(none);
});

test('a value that overflowed is none, and so is an interval with an end that did', () => {
  expect(measureOf('amount', '', { value: Number.POSITIVE_INFINITY, n: 9, low: 0, high: 1 })).toMatchObject({
    ...none,
    value: null,
    reason: 'beyond the range of numbers',
  });
  expect(measureOf('amount', '', { value: 1, n: 9, low: 0, high: Number.POSITIVE_INFINITY })).toMatchObject({
    ...none,
    value: 1,
  });
});
