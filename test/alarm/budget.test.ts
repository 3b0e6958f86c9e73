import { describe, expect, test } from 'vitest';
import { boundaryOf, budgetText, keptShare, kindOf, namedOf, type Suspect } from '../../src/alarm/budget.ts';
import { logSum } from '../../src/math/log-sum.ts';

const DAY = 86_400_000;
const budget = { alarms: 1, periodMs: 30 * DAY, tolerance: {} };

const suspect = (id: string, evidence: number, weight = 0.1): Suspect => ({
  id,
  concern: 'inputs',
  logEvidence: Math.log(evidence),
  logShare: Math.log(evidence * weight),
});

test('the boundary is the number of windows between pages, of the share of the budget', () => {
  expect(boundaryOf(budget, 60_000, 1)).toBe(43_200);
  expect(boundaryOf({ ...budget, alarms: 2 }, 60_000, 1 / 2)).toBe(43_200);
  expect(budgetText(budget)).toBe('1 per 30d');
  expect(budgetText({ ...budget, alarms: 0.5, periodMs: 12 * 3_600_000 })).toBe('0.5 per 12h');
});

describe('what a page takes', () => {
  test('it names the one with the most evidence, and all that have enough', () => {
    const all = [suspect('a', 50), suspect('b', 1e6), suspect('c', 5), suspect('d', 200)];
    expect(namedOf(all).map(({ id }) => id)).toEqual(['b', 'd']);
    expect(namedOf([suspect('a', 3), suspect('b', 2)]).map(({ id }) => id)).toEqual(['a']);
  });

  test('what is left has at least the boundary less', () => {
    const total = Math.log(1_000);
    // 300 would be left of 1,000 less 800: scaled to 200.
    expect(keptShare(total, Math.log(300), Math.log(800))).toBeCloseTo(2 / 3, 12);
    expect(keptShare(total, Math.log(150), Math.log(800))).toBe(1);
    expect(keptShare(total, Number.NEGATIVE_INFINITY, Math.log(800))).toBe(1);
    expect(keptShare(total, Math.log(300), total)).toBe(0);
  });

  test('sums of logarithms do not overflow', () => {
    expect(logSum([800, 800])).toBeCloseTo(800 + Math.LN2, 12);
    expect(logSum([])).toBe(Number.NEGATIVE_INFINITY);
  });
});

test.each([
  ['moved', 'held', 'moved', 'data'],
  ['moved', 'moved', 'held', 'both'],
  ['moved', 'unknown', 'held', 'data'],
  ['moved', 'unknown', 'moved', 'both'],
  ['moved', 'unknown', 'unknown', 'unknown'],
  ['held', 'moved', 'unknown', 'concept'],
  ['held', 'unknown', 'moved', 'concept'],
  ['held', 'held', 'moved', 'unknown'],
  ['unknown', 'moved', 'moved', 'concept'],
  ['unknown', 'unknown', 'moved', 'unknown'],
  ['held', 'held', 'held', 'unknown'],
] as const)('inputs %s, relation %s, performance %s: %s', (inputs, relation, performance, kind) => {
  expect(kindOf(inputs, relation, performance)).toBe(kind);
});
