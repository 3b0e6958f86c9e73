import { describe, expect, it } from 'vitest';
import { DETECTOR_CHOICES, DETECTORS } from '../../src/detect/registry.ts';
import { contextOf, good, knownFiles, problemsOf, registries, specOf } from './support.ts';

const context = {
  ...contextOf(knownFiles),
  registries: {
    detectors: DETECTOR_CHOICES,
    metrics: new Map([
      ...registries.metrics,
      ['null_rate', { family: 'output', subjects: 'output', unit: true }],
    ]),
  } as typeof registries,
};
const fileOf = (rule: string): string => `${good.slice(0, good.indexOf('rules:'))}rules:\n  - ${rule}\n`;
const faultsOf = (rule: string) =>
  problemsOf(fileOf(rule), context).map(({ key, message }) => `${key}: ${message}`);
const mean = 'name: a, metric: mean, subject: amount';
const nulls = 'name: a, metric: null_rate';

describe('a rule with a detector', () => {
  it('has all options of the detector, and defaults of its own', () => {
    const [rule] = specOf(fileOf(`{ ${mean}, detector: adwin, options: { delta: 0.01 } }`), context).rules;
    expect(rule).toMatchObject({
      warning: null,
      critical: null,
      detector: { name: 'adwin', level: 'warning', warns: false, holdWindows: 12 },
    });
    const defaults = Object.entries(DETECTORS.adwin!.options).map(([name, spec]) => [name, spec.default]);
    expect(rule!.detector!.options).toEqual({ ...Object.fromEntries(defaults), delta: 0.01 });
  });

  it('takes level, warn and hold', () => {
    const text = fileOf(`{ ${nulls}, detector: hddm_a, level: critical, warn: true, hold: 3 }`);
    expect(specOf(text, context).rules[0]!.detector).toMatchObject({
      level: 'critical',
      warns: true,
      holdWindows: 3,
    });
  });

  it('is left out of a rule with thresholds, whose digest it must not change', () => {
    expect(specOf(fileOf(`{ ${mean}, warning: '> 1' }`), context).rules[0]).not.toHaveProperty('detector');
  });

  it.each([
    [
      `{ ${mean}, detector: adwim }`,
      /^rules\[0\]\.detector: found 'adwim', allowed: e_sr, .*did you mean 'adwin'\?$/,
    ],
    [
      `{ ${mean}, detector: adwin, options: { delt: 0.1 } }`,
      /^rules\[0\]\.options\.delt: found the option 'delt', allowed: delta, clock, .*did you mean 'delta'\?$/,
    ],
    [
      `{ ${mean}, detector: adwin, options: { delta: 2 } }`,
      /^rules\[0\]\.options\.delta: delta must lie in 1e-300\.\.1$/,
    ],
    [
      `{ ${mean}, detector: adwin, options: { clock: 1.5 } }`,
      /^rules\[0\]\.options\.clock: clock must be a whole/,
    ],
    [
      `{ ${nulls}, detector: ddm, options: { warning: 4 } }`,
      /^rules\[0\]\.options\.warning: warning must not lie above drift$/,
    ],
    [`{ ${mean}, detector: adwin, options: { delta: high } }`, /^rules\[0\]\.options\.delta: found 'high'/],
    [
      `{ ${mean}, detector: ddm }`,
      /found 'ddm', which reads values in 0\.\.1; for mean choose one of adwin, page_h/,
    ],
    [
      `{ ${mean}, detector: adwin, critical: '> 1' }`,
      /^rules\[0\]\.critical: a rule has thresholds or a detector/,
    ],
    [`{ ${mean}, detector: adwin, for: 2m }`, /^rules\[0\]\.for: for goes with thresholds/],
    [`{ ${nulls}, detector: ddm, warn: true }`, /^rules\[0\]\.warn: warn: true asks for level: critical/],
    [`{ ${mean}, detector: adwin, hold: 0 }`, /^rules\[0\]\.hold: found 0/],
    [
      `{ ${mean}, warning: '> 1', hold: 3 }`,
      /^rules\[0\]\.hold: hold goes with a detector, and the rule has none$/,
    ],
    [`{ ${mean} }`, /^rules\[0\]: at least one of info, warning and critical is needed, or a detector$/],
  ])('%s', (rule, message) => {
    const faults = faultsOf(rule);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(message);
  });

  it('may stand in a rule of any metric when it reads any number, and of shares when it reads those', () => {
    for (const [name, { input }] of DETECTOR_CHOICES) {
      expect(faultsOf(`{ ${mean}, detector: ${name} }`)).toHaveLength(input === 'real' ? 0 : 1);
      expect(faultsOf(`{ ${nulls}, detector: ${name} }`)).toEqual([]);
    }
  });

  it('asks for retraining at the level that it fires', () => {
    const retrain = (rule: string, level: string) =>
      problemsOf(`${fileOf(rule)}retrain: { on: [a], level: ${level} }\n`, context).map((one) => one.message);
    expect(retrain(`{ ${mean}, detector: adwin }`, 'warning')).toEqual([]);
    expect(retrain(`{ ${mean}, detector: adwin, level: critical }`, 'critical')).toEqual([]);
    expect(retrain(`{ ${nulls}, detector: ddm, level: critical, warn: true }`, 'warning')).toEqual([]);
    expect(retrain(`{ ${mean}, detector: adwin }`, 'critical')).toEqual([
      "the detector of the rule 'a' fires warning, so it can never ask for retraining at critical",
    ]);
  });
});
