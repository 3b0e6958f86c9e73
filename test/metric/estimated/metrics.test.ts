import { describe, expect, test } from 'vitest';
import { type CellMeasure, measureCell } from '../../../src/metric/registry.ts';
import { textOfState } from '../../../src/profile/baseline/states.ts';
import type { TrackState } from '../../../src/profile/registry.ts';
import { ASKED, addScore, createScoreBins } from '../../../src/profile/score-bins.ts';
import type { ServiceSpec } from '../../../src/records.ts';
import { absent, contextOf, counts, only, output, scoresOf, service, vectors } from '../support.ts';

const FRAUD = output('fraud', 'classifier', { classes: ['no', 'yes'], positive: 'yes' });
const KIND = output('kind', 'classifier', { classes: ['a', 'b', 'c'] });
const NAMES = ['accuracy', 'f1', 'precision', 'recall', 'roc_auc', 'specificity'].map(
  (name) => `estimated_${name}`,
);

const askedOf = (scores: readonly number[], threshold = 0.5): TrackState => {
  const state = createScoreBins();
  for (const score of scores) addScore(state, score, ASKED, threshold);
  return { kind: 'score_bins', state };
};

/** Scores that are exactly calibrated: of ten rows of 0.3 three are positive. */
const CALIBRATED = Array.from({ length: 9 }, (_, i) => i + 1).flatMap((tenth) =>
  Array.from({ length: 20 }, (_, i): [number, number] => [tenth / 10, i < 2 * tenth ? 1 : 0]),
);

const withReference = (
  rows: readonly (readonly [number, number])[] | null,
  more: Partial<ServiceSpec> = {},
) =>
  service({
    outputs: [FRAUD, KIND],
    baseline: {
      format: 'telltale-baseline/2',
      service: 'fraud',
      n: 180,
      tracks: {},
      states: rows === null ? {} : { 'scores/mlp/fraud': textOfState(scoresOf(rows)) },
    },
    ...more,
  });

const labelStream = { ...service().streams[0]!, stream: 'labels' as const };
const learn = { kind: 'first' as const, windows: 3, lagWindows: 0, sinceMs: null, bytesMax: 1e6 };

function estimated(tracks: Record<string, TrackState>, spec: ServiceSpec): CellMeasure[] {
  const found = measureCell(new Map(Object.entries(tracks)), contextOf(spec));
  return found.filter(({ metric }) => metric.startsWith('estimated_'));
}

describe.skipIf(vectors === null)(`published vectors${absent}`, () => {
  test('performance from calibrated probabilities, to 1e-9', () => {
    expect(vectors!.cbpe.length).toBeGreaterThan(0);
    for (const { calibrated, predicted, ...expected } of vectors!.cbpe) {
      expect(calibrated.map((p) => (p >= 0.5 ? 1 : 0))).toEqual(predicted);
      const found = estimated({ 'asked/mlp/fraud': askedOf(calibrated) }, withReference(CALIBRATED));
      for (const name of ['accuracy', 'precision', 'recall', 'specificity', 'f1', 'roc_auc'] as const) {
        const { value, low, high, n } = only(found, `estimated_${name}`);
        expect(Math.abs(value! / expected[name] - 1)).toBeLessThanOrEqual(1e-9);
        expect(low).toBeLessThan(value!);
        expect(high).toBeGreaterThan(value!);
        expect(n).toBe(name === 'precision' ? 3 : calibrated.length);
      }
    }
  });
});

describe('what is estimated', () => {
  test('all of an output with a positive class, of any other the accuracy', () => {
    const spec = withReference(CALIBRATED);
    spec.baseline!.states!['scores/mlp/kind'] = textOfState(scoresOf(CALIBRATED, 0));
    const tracks = { 'asked/mlp/fraud': askedOf([0.1, 0.9]), 'asked/mlp/kind': askedOf([0.4, 0.8, 0.9], 0) };
    const found = estimated(tracks, spec);
    const of = (subject: string) => found.filter(({ measure }) => measure.subject === subject);
    expect(of('fraud').map(({ metric }) => metric)).toEqual(NAMES);
    expect(of('kind').map(({ metric }) => metric)).toEqual(['estimated_accuracy']);
    expect(only(of('kind'), 'estimated_accuracy')).toMatchObject({ model: 'mlp', n: 3 });
    expect(only(of('kind'), 'estimated_accuracy').value).toBeCloseTo(0.7, 12);
    expect(only(of('fraud'), 'estimated_accuracy').value).toBeCloseTo(0.9, 12);
  });

  test('of a state that has grown since, all that is in it', () => {
    const spec = withReference(CALIBRATED);
    const track = askedOf([0.1]);
    const value = () => only(estimated({ 'asked/mlp/fraud': track }, spec), 'estimated_accuracy').value;
    expect(value()).toBeCloseTo(0.9, 12);
    if (track.kind === 'score_bins') addScore(track.state, 0.7, ASKED, 0.5);
    expect(value()).toBeCloseTo(0.8, 12);
  });

  test('nothing where the labels of a reference are missing or few, with the reason', () => {
    const tracks = { 'asked/mlp/fraud': askedOf([0.1, 0.9]) };
    const reasonOf = (spec: ServiceSpec) => {
      const { value, reason, n } = only(estimated(tracks, spec), 'estimated_recall');
      expect([value, n]).toEqual([null, 0]);
      return reason;
    };
    expect(reasonOf(withReference(null))).toBe('no labelled scores in the baseline');
    expect(reasonOf(withReference(null, { baseline: null }))).toBe('no baseline');
    expect(reasonOf(withReference(CALIBRATED.slice(0, 99)))).toBe(
      '99 labelled scores in the baseline, 100 are needed',
    );
  });

  test('nothing of positive answers where few of the reference have a label', () => {
    const rows = CALIBRATED.filter(([score]) => score < 0.5);
    const rare = [...rows, ...rows, ...CALIBRATED.filter(([score]) => score >= 0.5).slice(0, 99)];
    const found = estimated({ 'asked/mlp/fraud': askedOf([0.1, 0.9]) }, withReference(rare));
    for (const name of ['precision', 'recall', 'f1'])
      expect(only(found, `estimated_${name}`)).toMatchObject({
        value: null,
        reason: '99 labelled scores of positive answers in the baseline, 100 are needed',
      });
    expect(only(found, 'estimated_accuracy').value).not.toBeNull();
    expect(only(found, 'estimated_roc_auc').value).not.toBeNull();
  });

  test('nothing without scores, or without answers of a kind', () => {
    const of = (scores: number[], metric: string) =>
      only(estimated({ 'asked/mlp/fraud': askedOf(scores) }, withReference(CALIBRATED)), metric);
    expect(of([], 'estimated_accuracy')).toMatchObject({ value: null, reason: 'no scores' });
    expect(of([0.1], 'estimated_precision')).toMatchObject({
      value: null,
      reason: 'no positive predictions',
    });
    expect(of([0, 0], 'estimated_recall')).toMatchObject({
      value: null,
      reason: 'no positives are expected',
    });
    expect(of([0, 0], 'estimated_f1')).toMatchObject({ value: null });
    expect(of([1], 'estimated_roc_auc')).toMatchObject({ value: null, reason: 'no negatives are expected' });
  });
});

describe('where estimates are made', () => {
  const own = { 'asked/mlp/fraud': askedOf([0.1, 0.9]) };
  const joined = { ...own, 'labels//': counts({ expected: 2 }) };
  const places = (spec: ServiceSpec) => [own, joined].map((tracks) => estimated(tracks, spec).length > 0);
  const streams = [...service().streams, labelStream];

  test('where answers are read, so that they wait for no label', () => {
    expect(places(withReference(CALIBRATED))).toEqual([true, false]);
    expect(places(withReference(CALIBRATED, { streams }))).toEqual([true, false]);
    expect(places(withReference(CALIBRATED, { streams, learn }))).toEqual([true, false]);
    expect(places(withReference(null, { learn }))).toEqual([true, false]);
  });

  test('where labels are joined, if only the join learns labelled scores', () => {
    expect(places(withReference(null, { streams, learn }))).toEqual([false, true]);
    expect(places(withReference(null, { streams, learn, baseline: null }))).toEqual([false, true]);
  });
});
