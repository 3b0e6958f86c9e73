import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createMatch, type Matched, matcherText } from '../../../src/alarm/incident/matcher.ts';
import type { Matcher } from '../../../src/records.ts';

const alarm: Matched = {
  rule: 'drift',
  metric: 'psi',
  subject: 'amount',
  model: '',
  segment: 'country=de,plan=pro',
  level: 'warning',
};
const fits = (matcher: Matcher, changes: Partial<Matched> = {}) =>
  createMatch(matcher)({ ...alarm, ...changes });

test('a matcher without texts fits everything', () => {
  expect(fits({})).toBe(true);
  expect(fits({ rule: [] })).toBe(true);
});

test('one text of every field has to fit', () => {
  expect(fits({ rule: ['volume', 'drift'] })).toBe(true);
  expect(fits({ rule: ['volume'] })).toBe(false);
  expect(fits({ rule: ['drift'], level: ['warning'] })).toBe(true);
  expect(fits({ rule: ['drift'], level: ['critical'] })).toBe(false);
  expect(fits({ model: [''] })).toBe(true);
  expect(fits({ model: [''] }, { model: 'b' })).toBe(false);
});

test.each([
  ['*', '', true],
  ['*', 'a', true],
  ['**', '', true],
  ['', '', true],
  ['', 'a', false],
  ['country=*', 'country=de', true],
  ['country=*', 'country=', true],
  ['country=*', 'a,country=de', false],
  ['*=de', 'country=de', true],
  ['*=de', 'country=dem', false],
  ['a*a', 'a', false],
  ['a*a', 'aa', true],
  ['ab*ba', 'aba', false],
  ['*ab*ab*', 'ab', false],
  ['*ab*ab*', 'abab', true],
  ['*a*ab', 'ab', false],
  ['a*b*c', 'a-c-b', false],
  ['a*b*c', 'abbcc', true],
  ['a.c', 'abc', false],
  ['a+(b)[c]\\d?^$', 'a+(b)[c]\\d?^$', true],
  ['a*', 'a\nb', true],
  ['Drift', 'drift', false],
])('%j means %j: %j', (pattern, text, expected) => {
  expect(fits({ segment: [pattern] }, { segment: text })).toBe(expected);
});

test('a pattern means what its regular expression does', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 8 });
  const texts = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 12 });
  fc.assert(
    fc.property(letters, texts, (pattern, text) => {
      const regex = new RegExp(`^${pattern.replaceAll('*', '.*')}$`);
      expect(fits({ rule: [pattern] }, { rule: text })).toBe(regex.test(text));
    }),
    { numRuns: 3000 },
  );
});

test('a pattern of many stars ends, whatever the text', () => {
  expect(fits({ rule: [`${'*a'.repeat(200)}b`] }, { rule: 'a'.repeat(20_000) })).toBe(false);
});

test('is written for people, fields in one order', () => {
  expect(matcherText({ segment: ['country=*', 'plan=pro'], rule: ['drift'] })).toBe(
    'rule=drift segment=country=*|plan=pro',
  );
  expect(matcherText({ rule: [] })).toBe('every alarm');
});
