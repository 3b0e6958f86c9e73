import { expect, it } from 'vitest';
import { createAlarmStates } from '../../src/alarm/state.ts';
import { stepAlarms } from '../../src/alarm/step.ts';
import { durationText } from '../../src/alarm/words.ts';
import type { Result } from '../../src/records.ts';
import { makeResult, makeRule, makeSpec, run } from './support.ts';

it.each([
  [0, '0s'],
  [250, '250ms'],
  [1000, '1s'],
  [5_400_000, '1h 30m'],
  [90_061_001, '1d 1h 1m 1s 1ms'],
])('%d ms is %s', (durationMs, text) => {
  expect(durationText(durationMs)).toBe(text);
});

it('tells the whole story of an alarm', () => {
  expect(run(makeSpec([makeRule()]), 'wwcw.').alerts.map((a) => a.reason)).toEqual([
    'psi of amount is 0.2, beyond warning > 0.1 (1,203 rows)',
    'psi of amount is 0.42, beyond critical > 0.25 (1,203 rows)',
    'psi of amount is 0.2, no longer beyond critical > 0.25, still beyond warning > 0.1 for 3m (1,203 rows)',
    'psi of amount is 0.05, no longer beyond warning > 0.1 (1,203 rows)',
  ]);
});

function reasonFor(value: number, over: Partial<Result>): string {
  const spec = makeSpec([makeRule({ segment: over.segment ?? '*', nMin: 0 })]);
  return stepAlarms(createAlarmStates(), spec, makeResult(1, value, over))[0]!.reason;
}

it('names model and segment where there are any', () => {
  const over = { subject: 'price', model: 'mlp', segment: 'country=de', n: 1 };
  expect(reasonFor(12345.678, over)).toBe(
    'psi of price by mlp in country=de is 12346, beyond critical > 0.25 (1 row)',
  );
  expect(reasonFor(1234567, { subject: '', n: 1234567 })).toBe(
    'psi is 1234567, beyond critical > 0.25 (1,234,567 rows)',
  );
});

it('does not round a value onto its threshold', () => {
  expect(reasonFor(0.250001, {})).toBe('psi of amount is 0.250001, beyond critical > 0.25 (1,203 rows)');
});
