import { describe, expect, it } from 'vitest';
import { ROLLOUT_PRESETS } from '../../src/config/rollout-shape.ts';
import type { RolloutStage } from '../../src/records.ts';
import { good, problemsOf, specOf } from './support.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const WITH_SHADOW = good.replace(
  'segments: [[channel]]\n',
  `  - name: forest
    role: shadow
    file: mlp.onnx
    inputs:
      X: [amount]
    outputs:
      fraud: { probabilities: p }
segments: [[channel]]
`,
);
const fileOf = (rollout: string, text = WITH_SHADOW): string => `${text}rollout: ${rollout}\n`;
const rolloutOf = (rollout: string, text = WITH_SHADOW) => specOf(fileOf(rollout, text)).rollout!;
const faultsOf = (rollout: string, text = WITH_SHADOW) =>
  problemsOf(fileOf(rollout, text)).map(({ key, message }) => `${key}: ${message}`);

/** 'canary 0.05 1h 500 auto keep'. */
const text = ({ kind, share, durationMs, nMin, gate, needs }: RolloutStage): string =>
  `${kind} ${share} ${durationMs / HOUR}h ${nMin} ${gate} ${needs}`;
const stagesOf = (rollout: string) => rolloutOf(rollout).stages.map(text);

describe('rollout', () => {
  it('is absent where the file says nothing, so that digests stay', () => {
    expect('rollout' in specOf(WITH_SHADOW)).toBe(false);
  });

  it('needs nothing but a candidate', () => {
    const { stages, ...rest } = rolloutOf('{ candidate: forest }');
    expect(stages.map(text)).toEqual([
      'canary 0.01 1h 500 auto keep',
      'canary 0.05 1h 500 auto keep',
      'canary 0.25 1h 500 auto keep',
      'canary 0.5 1h 500 auto promote',
      'live 1 24h 0 auto keep',
    ]);
    expect(rest).toEqual({
      strategy: 'canary',
      candidate: 'forest',
      output: 'fraud',
      alpha: 0.05,
      margin: 0.01,
      tolerance: 0,
      coverageMin: 0.5,
      rollbackOn: { rules: [], level: 'critical' },
      deadlineMs: 30 * DAY,
      keepMs: DAY,
      isDryRun: false,
    });
  });

  it('takes everything from the file', () => {
    const rollout = rolloutOf(`
  candidate: forest
  strategy: canary
  output: fraud
  shadow: { share: 20, for: 2d, min_n: 10, gate: manual, needs: promote }
  steps: [1, { share: 7.5, for: 3h, gate: manual }]
  for: 2h
  min_n: 7
  live: { for: 5d, min_n: 3, gate: manual }
  keep: 2d
  alpha: 0.1
  margin: 0
  tolerance: 0.02
  min_coverage: 0.8
  rollback_on: { rules: [drift, drift], level: warning }
  deadline: 60d
  dry_run: true`);
    expect(rollout.stages.map(text)).toEqual([
      'shadow 0.2 48h 10 manual promote',
      'canary 0.01 2h 7 auto keep',
      'canary 0.075 3h 7 manual promote',
      'live 1 120h 3 manual keep',
    ]);
    expect(rollout).toMatchObject({
      alpha: 0.1,
      margin: 0,
      tolerance: 0.02,
      coverageMin: 0.8,
      rollbackOn: { rules: ['drift'], level: 'warning' },
      deadlineMs: 60 * DAY,
      keepMs: 2 * DAY,
      isDryRun: true,
    });
    expect(rolloutOf('{ candidate: forest, deadline: never }').deadlineMs).toBeNull();
  });

  it('compares what one model or the other has answered, and what users do, where the file says so', () => {
    expect(rolloutOf('{ candidate: forest, evidence: paired, feedback: {} }')).toEqual(
      rolloutOf('{ candidate: forest }'),
    );
    const feedback = '{ redo: { margin: 0.03, tolerance: 0.02 }, click: {} }';
    expect(rolloutOf(`{ candidate: forest, evidence: both, feedback: ${feedback} }`)).toMatchObject({
      evidence: 'both',
      feedback: [
        { kind: 'click', margin: 0.01, tolerance: 0 },
        { kind: 'redo', margin: 0.03, tolerance: 0.02 },
      ],
    });
  });

  it('compares numbers where an answer is right within a tolerance', () => {
    const numbers = WITH_SHADOW.replace(/fraud: \{ type.*/, 'fraud: { type: regressor, tolerance: 3 }');
    expect(
      rolloutOf('{ candidate: forest }', numbers.replaceAll('probabilities: p', 'value: p')).output,
    ).toBe('fraud');
  });

  it('has steps of one size, and a step of 100 % says how long it is watched there', () => {
    expect(stagesOf('{ candidate: forest, step_weight: 40, gate: manual, live: { for: 3h } }')).toEqual([
      'canary 0.4 1h 500 manual keep',
      'canary 0.8 1h 500 manual promote',
      'live 1 3h 0 auto keep',
    ]);
    expect(stagesOf('{ candidate: forest, steps: [10, 100], for: 2h, min_n: 5 }')).toEqual([
      'canary 0.1 2h 5 auto promote',
      'live 1 2h 5 auto keep',
    ]);
  });

  it('shows a preview before all is switched, and has a shadow as the only stage', () => {
    expect(stagesOf('{ candidate: forest, strategy: blue_green, live: { for: 2h } }')).toEqual([
      'preview 0 1h 0 manual promote',
      'live 1 2h 0 auto keep',
    ]);
    expect(stagesOf('{ candidate: forest, strategy: shadow }')).toEqual(['shadow 1 24h 1000 manual promote']);
  });

  it('has presets for the usual cases, which a file overrides key by key', () => {
    expect(stagesOf('{ candidate: forest, preset: replace, shadow: { for: 3d }, min_n: 9 }')).toEqual([
      'shadow 1 72h 1000 auto keep',
      'canary 0.01 1h 9 auto keep',
      'canary 0.05 1h 9 auto keep',
      'canary 0.25 1h 9 auto keep',
      'canary 0.5 1h 9 auto promote',
      'live 1 24h 0 auto keep',
    ]);
    expect(stagesOf('{ candidate: forest, preset: replace, shadow: none, step_weight: 50 }')).toEqual([
      'canary 0.5 1h 500 auto promote',
      'live 1 24h 0 auto keep',
    ]);
    expect(rolloutOf('{ candidate: forest, preset: assist }')).toMatchObject({
      strategy: 'shadow',
      deadlineMs: 90 * DAY,
    });
    expect(stagesOf('{ candidate: forest, preset: assist, shadow: { min_n: 50 } }')).toEqual([
      'shadow 1 336h 50 manual promote',
    ]);
    expect(stagesOf('{ candidate: forest, preset: new_product, live: { gate: manual } }')).toEqual([
      'canary 0.01 24h 50 auto keep',
      'canary 0.05 24h 50 auto keep',
      'canary 0.1 24h 50 auto keep',
      'canary 0.25 24h 50 auto keep',
      'canary 0.5 24h 50 auto promote',
      'live 1 168h 0 manual keep',
    ]);
    for (const preset of ROLLOUT_PRESETS)
      expect(faultsOf(`{ candidate: forest, preset: ${preset} }`), preset).toEqual([]);
  });

  it('is another one, with another digest, when anything of it changes', () => {
    const digests = ['{ candidate: forest }', '{ candidate: forest, margin: 0 }'].map(
      (rollout) => specOf(fileOf(rollout)).digest,
    );
    expect(new Set([...digests, specOf(WITH_SHADOW).digest]).size).toBe(3);
  });

  it.each<[string, string, (string | undefined)?]>([
    // Who
    ['{ candidate: forrest }', "rollout.candidate: found the model 'forrest'.*did you mean 'forest'"],
    ['{ candidate: mlp }', "rollout.candidate: 'mlp' is the primary already; allowed: forest"],
    ['{ candidate: mlp }', "'mlp' is the primary already; add the candidate to models", good],
    ['{ candidate: v2 }', "no model 'v2' that could take over; add the candidate to models", good],
    ['{ preset: replace }', 'rollout.candidate: missing'],
    ['{ candidate: forest, preset: replase }', "rollout.preset: found 'replase'.*did you mean 'replace'"],
    // About what
    ['{ candidate: forest, output: frod }', "rollout.output: found the output 'frod', allowed: fraud"],
    [
      '{ candidate: forest }',
      'rollout: .*streams.labels is missing',
      WITH_SHADOW.replace(/^ {2}labels.*\n/m, ''),
    ],
    [
      '{ candidate: forest, output: fraud }',
      "rollout.output: found 'fraud', which has no label.*a classifier, a multilabel output or a regressor with a tolerance is needed",
      WITH_SHADOW.replace('fraud.labels }', 'fraud.labels, fields: {} }'),
    ],
    [
      '{ candidate: forest }',
      'rollout.output: no output can be compared; a classifier, a multilabel output or a regressor with a tolerance',
      WITH_SHADOW.replace(/fraud: \{ type.*/, 'fraud: { type: regressor }').replaceAll(
        'probabilities: p',
        'value: p',
      ),
    ],
    [
      '{ candidate: forest, output: fraud }',
      "found 'fraud', a regressor without a tolerance, within which an answer is right; a classifier",
      WITH_SHADOW.replace(/fraud: \{ type.*/, 'fraud: { type: regressor }').replaceAll(
        'probabilities: p',
        'value: p',
      ),
    ],
    [
      '{ candidate: forest }',
      'rollout.output: missing, and more than one can be compared; allowed: stolen, fraud',
      WITH_SHADOW.replace('fraud.labels }', 'fraud.labels, fields: { fraud: a, stolen: b } }')
        .replace('outputs:\n  fraud', 'outputs:\n  stolen: { type: classifier, classes: [a, b] }\n  fraud')
        .replaceAll(
          '      fraud: { probabilities: p }',
          '      fraud: { probabilities: p }\n      stolen: { probabilities: q }',
        ),
    ],
    // Evidence
    ['{ candidate: forest, evidence: pairs }', "rollout.evidence: found 'pairs'"],
    [
      '{ candidate: forest, evidence: unpaired, strategy: blue_green }',
      "rollout.evidence: unpaired: nobody gets an answer of the candidate beside the primary's with the strategy blue_green",
    ],
    [
      '{ candidate: forest, evidence: both, dry_run: true }',
      'rollout.evidence: both: .* in a dry run; give paired',
    ],
    [
      '{ candidate: forest, strategy: shadow, feedback: { redo: {} } }',
      'rollout.feedback: nobody gets an answer.*leave it out',
    ],
    [
      '{ candidate: forest, feedback: { undo: {} } }',
      "unknown key 'undo', allowed: click, redo, switch_to_typing",
    ],
    ['{ candidate: forest, feedback: { redo: { margin: 1 } } }', 'rollout.feedback.redo.margin: found 1'],
    [
      '{ candidate: forest, feedback: { redo: {} } }',
      'rollout.feedback: streams.feedback is missing',
      WITH_SHADOW.replace(/ {2}feedback:\n(?: {4}.*\n)+/, ''),
    ],
    [
      '{ candidate: forest, feedback: { click: {} } }',
      'rollout.feedback.click: streams.feedback.kinds names no word for click',
      WITH_SHADOW.replace(
        / {2}feedback:\n(?: {4}.*\n)+/,
        '  feedback: { topic: fraud.feedback, kinds: { redo: again } }\n',
      ),
    ],
    [
      '{ candidate: forest, deadline: never, feedback: { redo: { margin: 0, tolerance: 0.1 } } }',
      'rollout.feedback.redo.margin: a candidate that is worse by 0 to 0.1 could never',
    ],
    [
      '{ candidate: forest, evidence: unpaired, shadow: { needs: promote } }',
      'rollout.shadow.needs: promote: a shadow answers nobody.*give keep, or evidence: both',
    ],
    // Guards
    [
      '{ candidate: forest, rollback_on: { rules: [drfit] } }',
      "rules.0.*: found the rule 'drfit'.*did you mean 'drift'",
    ],
    ['{ candidate: forest, rollback_on: { rules: [budget] } }', "found the rule 'budget'"],
    [
      '{ candidate: forest, rollback_on: { rules: [few] } }',
      "the rule 'few' never fires critical.*set rollback_on.level to warning",
      WITH_SHADOW.replace('rules:\n', 'rules:\n  - { name: few, metric: volume, warning: "< 1" }\n'),
    ],
    // Stages
    ['{ candidate: forest, steps: [5, 5] }', 'steps.1.*: let shares rise'],
    ['{ candidate: forest, steps: [5, { share: 1 }] }', 'steps.1.*: let shares rise'],
    ['{ candidate: forest, steps: [0, 5] }', 'steps.0.*: a share of 0 %'],
    ['{ candidate: forest, steps: [0.015] }', 'steps.0.*: a share of .*0.015.* %; give 0.01 to 100'],
    ['{ candidate: forest, steps: [50, 101] }', 'steps.1.*: a share of 101 %'],
    ['{ candidate: forest, steps: [] }', 'rollout.steps: give at least one'],
    ['{ candidate: forest, steps: [100] }', 'rollout.steps: at 100 % nobody is left to compare with'],
    ['{ candidate: forest, step_weight: 0 }', 'rollout.step_weight: 0; give more than 0'],
    ['{ candidate: forest, step_weight: 0.5 }', 'rollout.step_weight: 200 steps; give 1 or more'],
    ['{ candidate: forest, steps: [5], step_weight: 10 }', 'give one of steps and step_weight'],
    ['{ candidate: forest, steps: [5, 100], live: { for: 1h } }', 'rollout.live: the step of 100 % says'],
    ['{ candidate: forest, shadow: { share: 0 } }', 'rollout.shadow.share: a share of 0 %'],
    ['{ candidate: forest, for: 0s, min_n: 0 }', 'rollout.for: a step waits for nothing'],
    [
      '{ candidate: forest, steps: [{ share: 1, for: 0s, min_n: 0 }, 5] }',
      'steps.0.*: step 1 waits for nothing',
    ],
    ['{ candidate: forest, shadow: { for: 0s, min_n: 0 } }', 'rollout.shadow: the shadow waits for nothing'],
    ['{ candidate: forest, strategy: shadow, shadow: none }', 'rollout.shadow: it is the only stage'],
    [
      '{ candidate: forest, strategy: shadow, steps: [1] }',
      'rollout.steps: steps goes with the strategy canary',
    ],
    ['{ candidate: forest, strategy: shadow, for: 1h }', 'rollout.for: .*this is shadow; write it in shadow'],
    [
      '{ candidate: forest, preview: { for: 1h } }',
      'rollout.preview: preview goes with the strategy blue_green',
    ],
    [
      '{ candidate: forest, strategy: blue_green, gate: auto }',
      'rollout.gate: .*write it in preview or live',
    ],
    [
      '{ candidate: forest, strategy: shadow, live: { for: 1h } }',
      'rollout.live: live goes with the strategy canary or blue_green',
    ],
    // Ends
    ['{ candidate: forest, deadline: 28h }', 'rollout.deadline: the stages last 28h together'],
    ['{ candidate: forest, for: 10d }', 'rollout.deadline: the stages last 41d together'],
    [
      '{ candidate: forest, deadline: soon }',
      "rollout.deadline: found 'soon', allowed: never, or a duration",
    ],
    ['{ candidate: forest, alpha: 0 }', 'rollout.alpha: found 0, allowed: > 0'],
    ['{ candidate: forest, alpha: 0.6 }', 'rollout.alpha: found 0.6, allowed: <= 0.5'],
    ['{ candidate: forest, margin: -0.1 }', 'rollout.margin: found -0.1, allowed: >= 0'],
    ['{ candidate: forest, tolerance: 1 }', 'rollout.tolerance: found 1, allowed: < 1'],
    [
      '{ candidate: forest, margin: 0, tolerance: 0.02, deadline: never }',
      'rollout.margin: a candidate that is worse by 0 to 0.02 could never be promoted or rolled back',
    ],
    ['{ candidate: forest, min_coverage: 2 }', 'rollout.min_coverage: found 2'],
    ['{ candidate: forest, stepps: [1] }', "unknown key 'stepps'.*did you mean 'steps'"],
  ])('%s is a fault', (rollout, words, text) => {
    const faults = faultsOf(rollout, text);
    expect(faults).toEqual([expect.anything()]);
    expect(faults[0]).toMatch(new RegExp(words));
  });

  it('finds several faults at once', () => {
    expect(
      faultsOf('{ candidate: mlp, output: x, alpha: 2, steps: [5, 1], rollback_on: { rules: [none] } }').map(
        (fault) => fault.slice(0, fault.indexOf(':')),
      ),
    ).toEqual([
      'rollout.candidate',
      'rollout.output',
      'rollout.alpha',
      'rollout.steps[1]',
      'rollout.rollback_on.rules[0]',
    ]);
  });
});
