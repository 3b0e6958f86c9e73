import { describe, expect, it } from 'vitest';
import { good, problemsOf } from './support.ts';

describe('the subject of a rule', () => {
  it.each([
    ['mean', 'amount', true],
    ['mean', 'channel', false],
    ['mean', 'query.length', true],
    ['new_categories', 'channel', true],
    ['new_categories', 'amount', false],
    ['null_rate', 'fraud', true],
    ['null_rate', 'amount', false],
    ['agreement', 'fraud', true],
    ['class_share', 'fraud=legit', true],
    ['class_share', 'fraud', false],
    ['memory', 'any.thing', true],
    ['volume', 'amount', false],
    ['volume', "''", true],
    ['volume', "'*'", true],
  ])('of a subject: metric %s on %s is good: %s', (metric, subject, isGood) => {
    const text = good
      .replace('metric: psi', `metric: ${metric}`)
      .replace('subject: amount', `subject: ${subject}`);
    expect(problemsOf(text).map(({ key }) => key)).toEqual(isGood ? [] : ['rules[0].subject']);
  });
});
