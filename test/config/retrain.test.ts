import { describe, expect, it } from 'vitest';
import { METRICS } from '../../src/metric/registry.ts';
import { contextOf, good, knownFiles, problemsOf, specOf } from './support.ts';

const registries = { ...contextOf().registries, metrics: new Map(Object.entries(METRICS)) };
const contextWith = (more: Record<string, string> = {}) => ({
  ...contextOf({ ...knownFiles, ...more }),
  registries,
});
const fileOf = (retrain: string, text = good): string =>
  text.replace('retrain:\n  on: [drift]\n', `retrain: ${retrain}\n`);
const faultsOf = (text: string, context = contextWith()) =>
  problemsOf(text, context).map(({ key, message }) => `${key}: ${message}`);
const COSTS = 'cost_per_row: 0.4, cost_of_training: 500';

describe('retrain.regret', () => {
  it('is of the primary model, and knows which way is worse', () => {
    const text = fileOf(`{ regret: { metric: accuracy, subject: fraud, reference: 0.9, ${COSTS} } }`);
    expect(specOf(text, contextWith()).retrain).toEqual({
      mode: 'manual',
      on: [],
      level: 'critical',
      cooldownMs: 86_400_000,
      lookbackMs: 7_200_000,
      regret: {
        metric: 'accuracy',
        subject: 'fraud',
        model: 'mlp',
        worse: 'smaller',
        reference: 0.9,
        costPerRow: 0.4,
        costOfTraining: 500,
      },
    });
  });

  it('is of any model where the whole service is measured', () => {
    const text = fileOf(`{ on: [drift], regret: { metric: redo_rate, reference: 0, ${COSTS} } }`);
    expect(specOf(text, contextWith()).retrain!.regret).toMatchObject({
      subject: '*',
      model: '*',
      worse: 'larger',
    });
  });

  it('takes the reference from what is learned of the first windows, and not of the last ones', () => {
    const text = fileOf(`{ regret: { metric: accuracy, ${COSTS} } }`);
    const learnedOf = (learn: string) => text.replace(/^baseline:.*$/m, `baseline: { learn: ${learn} }`);
    expect(specOf(learnedOf('{ first: 10 }'), contextWith()).retrain!.regret!.reference).toBeNull();
    expect(faultsOf(learnedOf('{ rolling: 10 }'))).toEqual([
      expect.stringMatching(
        /^retrain\.regret\.reference: missing, and a rolling baseline follows what becomes worse; give/,
      ),
    ]);
  });

  it.each([
    [
      `{ metric: acuracy, reference: 0.9, ${COSTS} }`,
      /^retrain\.regret\.metric: .*did you mean 'accuracy'\?/,
    ],
    [
      `{ metric: roc_auc, reference: 0.9, ${COSTS} }`,
      /^retrain\.regret\.metric: found 'roc_auc', which is no mean over rows .*allowed: .*accuracy/,
    ],
    [
      `{ metric: accuracy, subject: amount, reference: 0.9, ${COSTS} }`,
      /^retrain\.regret\.subject: found 'amount'/,
    ],
    [
      `{ metric: accuracy, model: mpl, reference: 0.9, ${COSTS} }`,
      /^retrain\.regret\.model: .*did you mean 'mlp'\?/,
    ],
    ['{ metric: accuracy, reference: 0.9, cost_of_training: 5 }', /^retrain\.regret\.cost_per_row: missing/],
    [
      '{ metric: accuracy, reference: 0.9, cost_per_row: 0, cost_of_training: 5 }',
      /cost_per_row: found 0, allowed: > 0/,
    ],
    [
      `{ metric: accuracy, ${COSTS} }`,
      /^retrain\.regret\.reference: missing, and the baseline does not know accuracy; build it .* or give/,
    ],
  ])('%s is refused', (regret, message) => {
    const faults = faultsOf(fileOf(`{ regret: ${regret} }`));
    expect(faults).toEqual([expect.stringMatching(message)]);
  });

  it('needs a reference without a baseline', () => {
    const text = fileOf(`{ regret: { metric: accuracy, ${COSTS} } }`).replace(/^baseline:.*$/m, '');
    expect(faultsOf(text)).toEqual([
      'retrain.regret.reference: missing, and there is no baseline; give what the metric was when the model was trained',
    ]);
  });
});

describe('retrain.shadow', () => {
  it('is left out where it is not wanted, and needs models', () => {
    const shadowOf = (shadow: string) =>
      specOf(fileOf(`{ on: [drift], shadow: ${shadow} }`), contextWith()).retrain!;
    expect(shadowOf('true').shadow).toBe(true);
    expect(shadowOf('false')).not.toHaveProperty('shadow');
    const bare = fileOf('{ on: [drift], shadow: true }').replace(/^models:[\s\S]*?(?=^segments)/m, '');
    expect(faultsOf(bare)).toEqual([
      expect.stringMatching(
        /^retrain\.shadow: a new model is bound as the primary is, and the service has no models/,
      ),
    ]);
  });
});

describe('retrain.incidents', () => {
  it('has a level, a number of alarms and a time', () => {
    const [all, bare] = ['{ level: warning, alarms: 3, for: 2h }', '{}'].map(
      (incidents) => specOf(fileOf(`{ incidents: ${incidents} }`), contextWith()).retrain!.incidents,
    );
    expect(all).toEqual({ level: 'warning', alarms: 3, forMs: 7_200_000 });
    expect(bare).toEqual({ level: 'critical', alarms: 1, forMs: 0 });
  });

  it('is one of three that may ask for retraining, and one is needed', () => {
    expect(faultsOf(fileOf('{ mode: automatic }'))).toEqual([
      expect.stringMatching(/^retrain\.on: missing, and so are regret and incidents: nothing would ask/),
    ]);
    expect(faultsOf(fileOf('{ incidents: { alarms: 0 } }'))).toEqual([
      'retrain.incidents.alarms: found 0, allowed: >= 1',
    ]);
  });
});
