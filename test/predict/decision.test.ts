/** The degrees of automation, one by one, and what of them goes on record. */
import { expect, test } from 'vitest';
import {
  type DecidedBy,
  decide,
  decisionRecord,
  reviewRecord,
  routedDecisionOf,
} from '../../src/predict/decision.ts';
import type { AutomationLevel, Route, RoutedDecision } from '../../src/router/index.ts';

const outputs = { fraud: { class: 'fraud', confidence: 0.8 } };

test.each<
  [
    level: AutomationLevel,
    threshold: number | null,
    confidence: number | null,
    isBlind: boolean,
    decidedBy: DecidedBy,
    header: RoutedDecision,
    review: boolean,
  ]
>([
  ['full', null, 0.1, false, 'model', 'model', false],
  ['full', 0.9, null, false, 'model', 'model', false],
  ['partial', 0.8, 0.8, false, 'model', 'model', false],
  ['partial', 0.8, 0.8, true, 'human', 'blind', true],
  ['partial', 0.8, 0.79, false, 'human', 'person', true],
  ['partial', 0.8, 0.79, true, 'human', 'blind', true],
  ['partial', 0, 0, false, 'model', 'model', false],
  ['partial', null, 1, false, 'human', 'person', true],
  ['partial', 0, null, false, 'human', 'person', true],
  ['assist', 0.5, 1, false, 'human', 'person', true],
  ['assist', 0.5, 1, true, 'human', 'blind', true],
  ['shadow', 0.5, 1, false, 'nobody', 'blind', false],
  ['human_only', 0.5, 1, false, 'nobody', 'blind', false],
])(
  '%s with threshold %s and confidence %s, blind: %s',
  (level, threshold, confidence, isBlind, decidedBy, header, review) => {
    const decision = decide({ level, threshold, isBlind }, { outputs, confidence });
    const output = decidedBy === 'model' ? outputs : null;
    expect(decision).toEqual({ decidedBy, blind: header === 'blind', review, output });
    expect(routedDecisionOf(decision)).toBe(header);
  },
);

test('records say what the model said, and a review of the blind sample does not', () => {
  const route: Route = { version: 'mlp', shadows: ['forest'], level: 'assist', epoch: 3, by: 'key' };
  const suggestion = { outputs, confidence: 0.8 };
  const asked = { id: 'a', service: 'fraud', timeMs: 5, digest: 'd1', route };
  const common = {
    ...{ id: 'a', service: 'fraud', timeMs: 5, version: 'mlp' },
    ...{ level: 'assist', epoch: 3, by: 'key' },
  };
  const said = { suggestion: outputs, confidence: 0.8 };
  for (const isBlind of [false, true]) {
    const decision = decide({ level: 'assist', threshold: null, isBlind }, suggestion);
    expect(decisionRecord(asked, suggestion, decision)).toEqual({
      ...{ ...common, ...said, digest: 'd1', blind: isBlind },
      ...{ output: null, decidedBy: 'human' },
    });
    expect(reviewRecord(asked, suggestion, decision, { amount: 1 })).toEqual({
      ...{ ...common, ...(isBlind ? { suggestion: null, confidence: null } : said), blind: isBlind },
      request: { amount: 1 },
    });
  }
});
