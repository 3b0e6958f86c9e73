import { expect, test } from 'vitest';
import type { SubjectKind } from '../../src/config/types.ts';
import { METRICS, type MetricSubjects, measureCell } from '../../src/metric/registry.ts';
import { createDistinct } from '../../src/profile/distinct.ts';
import { createEmbedding } from '../../src/profile/embedding.ts';
import { createHeavy } from '../../src/profile/heavy.ts';
import { createJoint } from '../../src/profile/joint.ts';
import type { TrackState, Tracks } from '../../src/profile/registry.ts';
import { TRACK_ROLES } from '../../src/profile/track.ts';
import {
  categories,
  confusionOf,
  contextOf,
  counts,
  errorsOf,
  input,
  numbers,
  output,
  scoresOf,
  service,
} from './support.ts';

const NAMES =
  `abandonment_rate accuracy agreement answered balanced_accuracy bias brier char_share chi_square class_drift
  class_precision class_recall class_share click_through_rate cohen_kappa concept_drift corrected_accuracy
  correlation_shift cramer_von_mises dead_letters decided_error decided_share deferral_rate discordant_gain
  distinct_count dropped duplicates early_corrected early_label_bias ece embedding_distance embedding_shift
  energy_distance error_rate estimate_weight estimated_accuracy estimated_f1 estimated_precision estimated_recall
  estimated_roc_auc estimated_specificity f1 g_test gwet_ac1 hamming_loss hellinger human_error invalid_rate js ks
  kurtosis l_infinity label_ac1 label_coverage label_kappa large_error_rate late latency_p50 latency_p95
  latency_p99 log_loss macro_f1 mae mape max mcc mean mean_shift median median_ae micro_f1 min missing_rate
  model_error multivariate_drift new_category_rate null_rate out_of_range_rate over_reliance override_rate p05 p95
  pr_auc precision psi r2 range_shift recall redo_rate rmse roc_auc score_drift score_mean score_p50 skewness
  specificity std subset_accuracy superiority switch_to_typing_rate team_error telemetry_max telemetry_mean
  throughput top_share total_variation under_reliance unmatched volume wasserstein words_mean`.split(/\s+/);

const spec = service({
  inputs: [input('x', 'numeric'), input('c', 'categorical')],
  outputs: [output('x', 'classifier', { classes: ['a', 'b'] })],
});
const binary = service({ outputs: [output('x', 'classifier', { classes: ['a', 'b'], positive: 'b' })] });
const states = (): TrackState[] => [
  { kind: 'joint', state: createJoint({ size: 2, standard: 1 }) },
  { kind: 'embedding', state: createEmbedding(3) },
  { kind: 'distinct', state: createDistinct() },
  { kind: 'heavy', state: createHeavy() },
  numbers([]),
  numbers([1, 2, null]),
  numbers([Number.MAX_VALUE, Number.MAX_VALUE]),
  categories([]),
  categories(['a', null]),
  counts({}),
  counts({ texts: 2, words: 3, words2: 5 }),
  counts({ texts: 1, chars: 3, letters: 3, letters2: 9, letters_chars: 9, chars2: 9 }),
  counts({ rows: 1, compared: 1, boxes: 1, requests: 3 }),
  confusionOf([
    [0, 0],
    [0, 0],
  ]),
  confusionOf([
    [1, 0],
    [0, 0],
  ]),
  confusionOf([
    [3, 0],
    [0, 4],
  ]),
  errorsOf([]),
  errorsOf([[1, 1]]),
  errorsOf([
    [Number.MAX_VALUE, -Number.MAX_VALUE],
    [-Number.MAX_VALUE, 1e-300],
    [0, 0],
  ]),
  scoresOf([]),
  scoresOf([[0.4, 1]]),
  scoresOf([
    [0, 1],
    [1, 0],
    [Number.NaN, 1],
  ]),
];

test('the registry holds every metric under its own name, told apart and described', () => {
  expect(Object.keys(METRICS).sort()).toEqual(NAMES);
  for (const [name, metric] of Object.entries(METRICS)) {
    expect(metric.name).toBe(name);
    expect(metric.description).toMatch(/\.$/);
    expect(metric.formula).not.toBe('');
    expect(metric.roles.length).toBeGreaterThan(0);
  }
});

test('subjects are words that the configuration knows', () => {
  const known: Record<MetricSubjects, SubjectKind> = {
    track: 'track',
    numeric_track: 'numeric_track',
    categorical_track: 'categorical_track',
    text_input: 'text_input',
    values: 'values',
    chars: 'chars',
    embedding_input: 'embedding_input',
    output: 'output',
    model_output: 'model_output',
    class: 'class',
    telemetry: 'telemetry',
    service: 'service',
  };
  for (const { subjects } of Object.values(METRICS)) expect(Object.keys(known)).toContain(subjects);
});

test('every value is finite, or null with a reason, whatever the state of a track', () => {
  let seen = 0;
  for (const role of TRACK_ROLES) {
    for (const state of states()) {
      const tracks: Tracks = new Map([[`${role}/m/x`, state]]);
      const found = [spec, binary].flatMap((of) => measureCell(tracks, contextOf(of)));
      for (const { measure } of found) {
        seen++;
        expect(measure.n).toBeGreaterThanOrEqual(0);
        if (measure.value === null) expect(measure.reason).not.toBe('');
        else {
          expect(Number.isFinite(measure.value)).toBe(true);
          expect(measure.reason).toBe('');
        }
        for (const end of [measure.low, measure.high, measure.p])
          expect(end === null || (measure.value !== null && Number.isFinite(end))).toBe(true);
      }
    }
  }
  expect(seen).toBeGreaterThan(50);
});

test('the order of measures does not depend on that of the tracks', () => {
  const entries: [string, TrackState][] = [
    ['score/b/x', numbers([1])],
    ['input//x', numbers([1, 2])],
    ['score/a/x', numbers([3])],
    ['input//c', categories(['a'])],
    ['class/a/x', categories(['a'])],
  ];
  const context = contextOf(spec);
  const found = measureCell(new Map(entries), context);
  expect(measureCell(new Map([...entries].reverse()), context)).toEqual(found);
  const keys = found.map(({ metric, measure }) => [metric, measure.model, measure.subject].join('\u0000'));
  expect(keys).toEqual([...keys].sort());
  expect(new Set(keys).size).toBe(keys.length);
});
