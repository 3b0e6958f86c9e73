import { expect, test } from 'vitest';
import { interpolate, type Variable } from './interpolate.ts';

const time = { fromMs: 1, toMs: 2, interval: '5m' };
const service: Variable = { name: 'service' };
const subject: Variable = { name: 'subject', multi: true, includeAll: true, allValue: '.*' };

test('macros, single values as they are, several as a regular expression, all as the variable says', () => {
  const query = `"service" = '$service' AND "subject" =~ /^$subject$/ AND $timeFilter GROUP BY time($__interval)`;
  const withSubject = (chosen: string | string[]) =>
    interpolate(query, [service, subject], { service: 'a.b', subject: chosen }, time);
  const tail = 'AND time >= 1ms and time <= 2ms GROUP BY time(5m)';
  expect(withSubject(['x=1', 'y/z'])).toBe(`"service" = 'a.b' AND "subject" =~ /^(x=1|y\\/z)$/ ${tail}`);
  expect(withSubject('*')).toBe(`"service" = 'a.b' AND "subject" =~ /^\\*$/ ${tail}`);
  expect(withSubject('$__all')).toBe(`"service" = 'a.b' AND "subject" =~ /^.*$/ ${tail}`);
});

test('a single value in a regular expression is escaped too', () => {
  expect(interpolate('"s" =~ /^$service$/', [service], { service: 'a.b' }, time)).toBe('"s" =~ /^a\\.b$/');
});

test('a variable that nobody has is an error', () => {
  expect(() => interpolate("'$servce'", [service], { service: 'a' }, time)).toThrow('$servce is not known');
});
