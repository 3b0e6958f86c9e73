/** The degrees of automation, one by one, and what of them goes on record. */
import { expect, test } from 'vitest';
import { type DecidedBy, decide, decisionRecord, reviewRecord } from '../../src/predict/decision.ts';
import type { AutomationLevel, Route } from '../../src/router/index.ts';

const outputs = { fraud: { class: 'fraud', confidence: 0.8 } };

test.each<
  [
    level: AutomationLevel,
    threshold: number | null,
    confidence: number | null,
    decidedBy: DecidedBy,
    shown: boolean,
    review: boolean,
  ]
>([
  ['full', null, 0.1, 'model', true, false],
  ['full', 0.9, null, 'model', true, false],
  ['partial', 0.8, 0.8, 'model', true, false],
  ['partial', 0.8, 0.79, 'human', true, true],
  ['partial', 0, 0, 'model', true, false],
  ['partial', null, 1, 'human', true, true],
  ['partial', 0, null, 'human', true, true],
  ['assist', 0.5, 1, 'human', true, false],
  ['shadow', 0.5, 1, 'nobody', true, false],
  ['human_only', 0.5, 1, 'nobody', false, false],
])('%s with threshold %s and confidence %s', (level, threshold, confidence, decidedBy, shown, review) => {
  const decision = decide(level, threshold, { outputs, confidence });
  expect(decision).toEqual({ decidedBy, shown, review, output: decidedBy === 'model' ? outputs : null });
});

test('records say what the model said, also where nobody was shown it', () => {
  const route: Route = { version: 'mlp', shadows: ['forest'], level: 'human_only', epoch: 3, by: 'key' };
  const suggestion = { outputs, confidence: 0.8 };
  const asked = { id: 'a', service: 'fraud', timeMs: 5, route };
  const decision = decide('human_only', null, suggestion);
  const common = {
    id: 'a',
    service: 'fraud',
    timeMs: 5,
    version: 'mlp',
    suggestion: outputs,
    confidence: 0.8,
    level: 'human_only',
    epoch: 3,
    by: 'key',
  };
  expect(decisionRecord(asked, suggestion, decision)).toEqual({
    ...common,
    output: null,
    decidedBy: 'nobody',
  });
  expect(reviewRecord(asked, suggestion, { amount: 1 })).toEqual({ ...common, request: { amount: 1 } });
});
