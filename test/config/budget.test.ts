import { describe, expect, it } from 'vitest';
import { EVIDENCE_CHOICES } from '../../src/metric/evidence/registry.ts';
import { contextOf, good, knownFiles, problemsOf, registries, specOf } from './support.ts';

const context = { ...contextOf(knownFiles), registries: { ...registries, evidence: EVIDENCE_CHOICES } };
const DAY = 86_400_000;
const fileOf = (budget: string, text = good): string => `${text}\nbudget: ${budget}\n`;
const faultsOf = (text: string) => problemsOf(text, context).map(({ key, message }) => `${key}: ${message}`);

describe('a budget', () => {
  it('is a text, or a mapping with more to say', () => {
    expect(specOf(fileOf('1 per 30d'), context).budget).toEqual({
      alarms: 1,
      periodMs: 30 * DAY,
      tolerance: {},
    });
    const more = '{ alarms: 0.5 per 7d, tolerance: { psi: 0.02, psi/amount: 0.05, accuracy: 0.01 } }';
    expect(specOf(fileOf(more), context).budget).toEqual({
      alarms: 0.5,
      periodMs: 7 * DAY,
      tolerance: { psi: 0.02, 'psi/amount': 0.05, accuracy: 0.01 },
    });
  });

  it('is left out where there is none, so that digests stay', () => {
    expect(specOf(good, context)).not.toHaveProperty('budget');
  });

  it.each([
    ['often', /^budget: found 'often', allowed: false alarms in a time such as '1 per 30d'/],
    ['0 per 30d', /^budget: /],
    ['1 per 0d', /^budget: /],
    ['{ tolerance: {} }', /^budget: |^budget.alarms: /],
    ['{ alarms: 1 per 30d, tolerence: {} }', /tolerence/],
    ['100 per 1h', /^budget: found an alarm in fewer than ten windows/],
    [
      '{ alarms: 1 per 30d, tolerance: { psy: 0.1 } }',
      /^budget\.tolerance\.psy: found the metric 'psy', allowed: psi, .*did you mean 'psi'\?$/,
    ],
    [
      '{ alarms: 1 per 30d, tolerance: { psi/amout: 0.1 } }',
      /^budget\.tolerance\.psi\/amout: found the subject 'amout', allowed: .*did you mean 'amount'\?$/,
    ],
    [
      '{ alarms: 1 per 30d, tolerance: { accuracy: 2 } }',
      /^budget\.tolerance\.accuracy: found 2, allowed: a share/,
    ],
    ['{ alarms: 1 per 30d, tolerance: { psi: -1 } }', /^budget/],
    ['{ alarms: 1 per 30d, hold: 3 }', /^budget/],
  ])('%s is refused', (budget, message) => {
    const faults = faultsOf(fileOf(budget));
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(message);
  });

  it('needs a baseline', () => {
    const bare = good.replace(/^baseline:.*$/m, '');
    expect(faultsOf(fileOf('1 per 30d', bare))).toEqual([
      expect.stringMatching(/^budget: a budget needs a baseline .*telltale baseline build/),
    ]);
  });

  it('keeps its name to itself, and retraining may name it', () => {
    const rule = '  - { name: budget, metric: psi, subject: amount, warning: "> 0.1" }\n';
    const text = good.replace(/^rules:\n/m, `rules:\n${rule}`);
    expect(faultsOf(fileOf('1 per 30d', text))).toEqual([
      expect.stringMatching(/^rules\[0\]\.name: 'budget' is/),
    ]);
    expect(faultsOf(text)).toEqual([]);
    const asks = good.replace(/on: \[/, 'on: [budget, ');
    expect(asks).not.toBe(good);
    expect(faultsOf(fileOf('1 per 30d', asks))).toEqual([]);
    expect(faultsOf(asks)).toHaveLength(1);
  });
});
