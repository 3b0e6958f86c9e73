import { describe, expect, it } from 'vitest';
import type { SubjectKind } from '../../src/config/types.ts';
import { good, problemsOf, registries } from './support.ts';

// Only here: other tests list the metrics of the small registry.
const more = registries.metrics as Map<string, { family: string; subjects: SubjectKind }>;
more.set('words', { family: 'input', subjects: 'text_input' });
more.set('shift', { family: 'input', subjects: 'embedding_input' });
more.set('distinct', { family: 'input', subjects: 'values' });
more.set('char_share', { family: 'input', subjects: 'chars' });

describe('the subject of a rule', () => {
  it.each([
    ['mean', 'amount', true],
    ['mean', 'channel', false],
    ['mean', 'query.length', true],
    ['new_categories', 'channel', true],
    ['new_categories', 'amount', false],
    ['shift', 'query', false],
    ['distinct', 'query', true],
    ['distinct', 'channel', true],
    ['distinct', 'amount', false],
    ['words', 'query', true],
    ['words', 'query.length', false],
    ['char_share', 'query=letters', true],
    ['char_share', 'query=consonants', false],
    ['char_share', 'amount=letters', false],
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
