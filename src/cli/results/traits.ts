/** What the commands know of metrics by their names: how windows are put together, and which way is worse. */

export type Pooling =
  /** value * n is a count: windows add up. */
  | 'share'
  /** A mean over n. */
  | 'mean'
  /** The root of a mean of squares over n. */
  | 'root_mean_square'
  /** 2 t / (2 t + f) of n = t + f. */
  | 'f1'
  /** Windows cannot be added up: their median. */
  | 'median';

export interface Traits {
  pooling: Pooling;
  /** zero: the nearer to 0 the better; null: neither way is bad by itself. */
  better: 'higher' | 'lower' | 'zero' | null;
  /** What it can be at least and at most. */
  range: readonly [number, number];
}

const FREE: readonly [number, number] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
const UNIT: readonly [number, number] = [0, 1];
const POSITIVE: readonly [number, number] = [0, Number.POSITIVE_INFINITY];
const CORRELATION: readonly [number, number] = [-1, 1];

const traits = (pooling: Pooling, better: Traits['better'], range: readonly [number, number]): Traits => ({
  pooling,
  better,
  range,
});
const several = (names: readonly string[], of: Traits): [string, Traits][] => names.map((name) => [name, of]);

const KNOWN = new Map<string, Traits>([
  ...several(
    ['accuracy', 'precision', 'recall', 'specificity', 'class_precision', 'class_recall', 'subset_accuracy'],
    traits('share', 'higher', UNIT),
  ),
  ...several(['agreement', 'click_through_rate', 'label_coverage'], traits('share', 'higher', UNIT)),
  ...several(['corrected_accuracy'], traits('mean', 'higher', UNIT)),
  ...several(['f1'], traits('f1', 'higher', UNIT)),
  ...several(
    ['balanced_accuracy', 'roc_auc', 'pr_auc', 'micro_f1', 'macro_f1'],
    traits('median', 'higher', UNIT),
  ),
  // What their calibrator is off by is the same in all windows: a mean of them would seem too certain.
  ...several(
    ['accuracy', 'precision', 'recall', 'specificity', 'f1', 'roc_auc'].map((name) => `estimated_${name}`),
    traits('median', 'higher', UNIT),
  ),
  ...several(['estimate_weight'], traits('median', null, UNIT)),
  ...several(
    ['mcc', 'cohen_kappa', 'gwet_ac1', 'label_kappa', 'label_ac1'],
    traits('median', 'higher', CORRELATION),
  ),
  ...several(['discordant_gain'], traits('mean', 'higher', CORRELATION)),
  ...several(['r2'], traits('median', 'higher', [Number.NEGATIVE_INFINITY, 1])),
  ...several(['mae', 'mape', 'log_loss'], traits('mean', 'lower', POSITIVE)),
  ...several(['brier', 'hamming_loss'], traits('mean', 'lower', UNIT)),
  ...several(['rmse'], traits('root_mean_square', 'lower', POSITIVE)),
  ...several(['median_ae'], traits('median', 'lower', POSITIVE)),
  ...several(['ece'], traits('median', 'lower', UNIT)),
  ...several(['bias'], traits('mean', 'zero', FREE)),
  ...several(
    ['error_rate', 'redo_rate', 'switch_to_typing_rate', 'abandonment_rate', 'null_rate', 'missing_rate'],
    traits('share', 'lower', UNIT),
  ),
  ...several(
    ['invalid_rate', 'out_of_range_rate', 'new_category_rate', 'other_rate'],
    traits('share', 'lower', UNIT),
  ),
  ...several(
    ['over_reliance', 'under_reliance', 'human_error', 'model_error', 'decided_error', 'team_error'],
    traits('share', 'lower', UNIT),
  ),
  ...several(['decided_share', 'deferral_rate', 'override_rate'], traits('share', null, UNIT)),
  ...several(['class_share'], traits('share', null, UNIT)),
  ...several(['mean', 'score_mean', 'telemetry_mean'], traits('mean', null, FREE)),
  ...several(['mean_shift'], traits('mean', null, FREE)),
  ...several(['superiority'], traits('share', null, UNIT)),
  ...several(['range_shift'], traits('share', 'lower', UNIT)),
  ...several(
    [
      'psi',
      'class_drift',
      'score_drift',
      'wasserstein',
      'energy_distance',
      'cramer_von_mises',
      'chi_square',
      'g_test',
    ],
    traits('median', 'lower', POSITIVE),
  ),
  ...several(['ks', 'js', 'hellinger', 'total_variation', 'l_infinity'], traits('median', 'lower', UNIT)),
]);

const UNKNOWN = traits('median', null, FREE);

/** Of a metric that is not known nothing is assumed. */
export const traitsOf = (metric: string): Traits => KNOWN.get(metric) ?? UNKNOWN;
