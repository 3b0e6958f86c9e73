import { describe, expect, it } from 'vitest';
import { good, problemsOf, specOf } from './support.ts';

const fileOf = (automation: string, text = good): string => `${text}automation: ${automation}\n`;
const faultsOf = (automation: string, text = good) =>
  problemsOf(fileOf(automation, text)).map(({ key, message }) => `${key}: ${message}`);

describe('automation', () => {
  it('is absent where the file says nothing, so that digests stay', () => {
    expect('automation' in specOf(good)).toBe(false);
  });

  it('needs an output and the risk that is acceptable', () => {
    expect(specOf(fileOf('{ output: fraud, target_risk: 0.02 }')).automation).toEqual({
      ...{ output: 'fraud', level: 'shadow', upTo: 'partial', targetRisk: 0.02, assistRisk: 0.1 },
      ...{ confidence: 0.95, nMin: 500, coverageMin: 0.1, holdMs: 86_400_000, gate: 'manual' },
      stopOn: { rules: [], level: 'critical' },
      blind: 0.05,
    });
    expect(specOf(fileOf('{ output: fraud, target_risk: 0.2 }')).automation!.assistRisk).toBe(0.2);
  });

  it('takes everything from the file', () => {
    const text = `
  output: fraud
  level: human_only
  up_to: full
  target_risk: 0.01
  assist_risk: 0.05
  confidence: 0.99
  min_n: 50
  min_coverage: 0.3
  hold: 2h
  gate: auto
  stop_on: { rules: [drift, drift], level: warning }
  blind: 0`;
    const { automation, digest } = specOf(fileOf(text));
    expect(automation).toEqual({
      ...{ output: 'fraud', level: 'human_only', upTo: 'full', targetRisk: 0.01, assistRisk: 0.05 },
      ...{ confidence: 0.99, nMin: 50, coverageMin: 0.3, holdMs: 7_200_000, gate: 'auto' },
      stopOn: { rules: ['drift'], level: 'warning' },
      blind: 0,
    });
    expect(digest).not.toBe(specOf(fileOf(text.replace('0.99', '0.9'))).digest);
  });

  const ONE_MORE = good
    .replace(
      'outputs:\n  fraud',
      'outputs:\n  amount_next: { type: regressor, tolerance: 1 }\n  other: { type: classifier, classes: [a, b] }\n  fraud',
    )
    .replace('fraud.labels }', 'fraud.labels, fields: { fraud: a, other: b, amount_next: c } }');
  it.each<[string, string, string?]>([
    ['{ output: frod, target_risk: 0.1 }', "automation.output: found the output 'frod', allowed: fraud"],
    [
      '{ output: other, target_risk: 0.1 }',
      "found 'other', which the primary does not give; allowed: fraud",
      ONE_MORE,
    ],
    [
      '{ output: amount_next, target_risk: 0.1 }',
      "found 'amount_next', a regressor, whose answers have no confidence; allowed: fraud",
      ONE_MORE,
    ],
    [
      '{ output: fraud, target_risk: 0.1 }',
      "found 'fraud', which has no label; a classifier is needed",
      good.replace('fraud.labels }', 'fraud.labels, fields: {} }'),
    ],
    [
      '{ output: fraud, target_risk: 0.1 }',
      'automation: .*streams.labels is missing: add',
      good.replace(/^ {2}labels.*\n/m, ''),
    ],
    [
      '{ output: fraud, target_risk: 0.1 }',
      'automation: there are no models .*add one with role: primary',
      good.replace(/models:[\s\S]*?(?=segments:)/, ''),
    ],
    ['{ target_risk: 0.1 }', 'automation.output: missing'],
    ['{ output: fraud }', 'automation.target_risk: missing'],
    ['{ output: fraud, target_risk: 0 }', 'automation.target_risk: found 0, allowed: > 0'],
    ['{ output: fraud, target_risk: 1 }', 'automation.target_risk: found 1, allowed: < 1'],
    ['{ output: fraud, target_risk: 0.1, confidence: 95 }', 'automation.confidence: found 95, allowed: < 1'],
    [
      '{ output: fraud, target_risk: 0.1, confidence: 0.05 }',
      'automation.confidence: found 0.05, allowed: >= 0.5',
    ],
    ['{ output: fraud, target_risk: 0.1, min_n: 0 }', 'automation.min_n: found 0, allowed: >= 1'],
    [
      '{ output: fraud, target_risk: 0.1, min_coverage: 2 }',
      'automation.min_coverage: found 2, allowed: <= 1',
    ],
    [
      '{ output: fraud, target_risk: 0.1, level: asist }',
      "automation.level: found 'asist'.*did you mean 'assist'",
    ],
    [
      '{ output: fraud, target_risk: 0.1, gate: automatic }',
      "automation.gate: found 'automatic', allowed: auto, manual",
    ],
    [
      '{ output: fraud, target_risk: 0.1, level: full }',
      'automation.level: it begins at full, above up_to, which is partial; give one of human_only, shadow, assist, partial, or',
    ],
    [
      '{ output: fraud, target_risk: 0.1, assist_risk: 0.05 }',
      'automation.assist_risk: 0.05 is less than target_risk.*give 0.1 or more',
    ],
    [
      '{ output: fraud, target_risk: 0.1, gate: auto, hold: 0s }',
      'automation.hold: with gate: auto it could go up at every window',
    ],
    [
      '{ output: fraud, target_risk: 0.1, stop_on: { rules: [drfit] } }',
      "automation.stop_on.rules.0.: found the rule 'drfit', allowed: drift; did you mean 'drift'",
    ],
    [
      '{ output: fraud, target_risk: 0.1, stop_on: { rules: [few] } }',
      "the rule 'few' never fires critical, so it can never stop it; give it such a level, or set stop_on.level to warning",
      good.replace('rules:\n', 'rules:\n  - { name: few, metric: volume, warning: "< 1" }\n'),
    ],
    [
      '{ output: fraud, target_risk: 0.1, stop_on: { rules: [budget] } }',
      "found the rule 'budget', allowed: drift",
    ],
    ['{ output: fraud, target_risk: 0.1, blind: 5 }', 'automation.blind: found 5, allowed: <= 1'],
    ['{ output: fraud, target_risk: 0.1, upto: full }', "unknown key 'upto'.*did you mean 'up_to'"],
  ])('%s is a fault', (automation, words, text) => {
    const faults = faultsOf(automation, text);
    expect(faults).toEqual([expect.anything()]);
    expect(faults[0]).toMatch(new RegExp(words));
  });

  const PEOPLE = good.replace(
    /^( {2}labels.*\n)/m,
    '$1  predictions: { topic: fraud.decisions, by: people }\n',
  );
  it('says of whom labels and decisions are, and nothing where the file says nothing', () => {
    const spec = specOf(fileOf('{ output: fraud, target_risk: 0.1, labels: people, blind: 0.1 }'));
    expect(spec.automation).toMatchObject({ labels: 'people', blind: 0.1 });
    const both = specOf(fileOf('{ output: fraud, target_risk: 0.1, margin: 0.02 }', PEOPLE));
    expect(both.automation).toMatchObject({ margin: 0.02 });
    expect(both.automation).not.toHaveProperty('labels');
    expect(both.streams.find(({ stream }) => stream === 'predictions')).toMatchObject({ by: 'people' });
    expect(problemsOf(PEOPLE).map(({ key, message }) => `${key}: ${message}`)).toEqual([
      expect.stringMatching(/^streams.predictions.by: .*no such section; add it, or leave by out/),
    ]);
    const system = specOf(PEOPLE.replace(', by: people', ', by: system'));
    expect(system.streams.some((stream) => 'by' in stream)).toBe(false);
  });

  it.each<[string, string, string?]>([
    ['labels: people, up_to: full', 'automation.up_to: at full nobody decides blind'],
    ['labels: people, blind: 0', 'automation.blind: .*nothing is known from assist on'],
    ['blind: 0.00001', 'automation.blind: 0.00001 is less .*give 0, or 0.0001 or more'],
    ['labels: people', 'automation.labels: people is said of streams.labels', PEOPLE],
    ['margin: 0.1', 'automation.margin: .*add streams.predictions with by: people'],
    ['margin: 0.1', 'automation.margin: .*add streams.predictions', PEOPLE.replace(', by: people', '')],
    ['margin: 0.1, labels: people', 'automation.margin: .*give labels: truth'],
    ['margin: 2', 'automation.margin: found 2, allowed: <= 1', PEOPLE],
    [
      'margin: 0.1',
      "streams.predictions.fields: what people decided of 'fraud'.*add fraud: PATH",
      PEOPLE.replace('by: people', 'by: people, fields: {}'),
    ],
    [
      'level: shadow',
      'streams.predictions.by: there are no models beside which people decide',
      PEOPLE.replace(/models:[\s\S]*?(?=segments:)/, ''),
    ],
  ])('%s is a fault', (more, words, text) => {
    const faults = faultsOf(`{ output: fraud, target_risk: 0.1, ${more} }`, text);
    expect(faults.filter((fault) => new RegExp(words).test(fault))).toHaveLength(1);
  });

  it('finds several faults at once', () => {
    const text = '{ output: x, target_risk: 0.5, assist_risk: 0.1, level: full, stop_on: { rules: [none] } }';
    expect(faultsOf(text).map((fault) => fault.slice(0, fault.indexOf(':')))).toEqual([
      ...['automation.output', 'automation.assist_risk', 'automation.level', 'automation.stop_on.rules[0]'],
    ]);
  });
});
