import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  type CellMeasure,
  fileReference,
  type MetricContext,
  measureCell,
} from '../../src/metric/registry.ts';
import {
  type CategoricalState,
  createCategorical,
  updateCategorical,
} from '../../src/profile/categorical.ts';
import { createNumeric, type NumericState, updateNumeric } from '../../src/profile/numeric.ts';
import type { TrackState, Tracks } from '../../src/profile/registry.ts';
import { addError, createRegression } from '../../src/profile/regression.ts';
import { addScore, createScoreBins, NEGATIVE, POSITIVE } from '../../src/profile/score-bins.ts';
import { categoricalParametersOf, numericParametersOf } from '../../src/profile/tracks.ts';
import {
  CELL_MISSING,
  CELL_OK,
  type InputSpec,
  type OutputSpec,
  type ServiceSpec,
} from '../../src/records.ts';

export const input = (name: string, type: InputSpec['type'], more: Partial<InputSpec> = {}): InputSpec => ({
  name,
  type,
  from: name,
  range: null,
  categories: null,
  ...more,
});

export const output = (
  name: string,
  type: OutputSpec['type'],
  more: Partial<OutputSpec> = {},
): OutputSpec => ({
  name,
  type,
  classes: [],
  positive: null,
  threshold: 0.5,
  tolerance: 0,
  confidenceMin: 0.5,
  iouMin: 0.5,
  ...more,
});

export const service = (more: Partial<ServiceSpec> = {}): ServiceSpec => ({
  service: 'fraud',
  description: '',
  streams: [
    {
      stream: 'requests',
      topic: 'requests',
      encoding: 'json',
      schemaFile: null,
      id: 'id',
      time: 'time',
      fields: {},
      score: null,
      latencyMs: null,
      error: null,
      kind: null,
      kinds: {},
    },
  ],
  inputs: [],
  outputs: [],
  models: [],
  segments: [],
  windows: {
    sizeMs: 60_000,
    hopMs: 60_000,
    latenessMs: 0,
    graceMs: 0,
    idleAfterMs: 1000,
    maxFutureMs: 1000,
    maxPastMs: null,
  },
  maxDelayMs: 0,
  revisionsMs: [60_000],
  limits: {
    segmentsMax: 10,
    categoriesMax: 5,
    openWindowsMax: 10,
    pendingJoinsMax: 10,
    messageBytesMax: 1000,
  },
  baseline: null,
  rules: [],
  retrain: null,
  digest: '',
  ...more,
});

/** A null is a missing cell. */
export function numbers(
  values: readonly (number | null)[],
  spec: ServiceSpec = service(),
  track = '',
): { kind: 'numeric'; state: NumericState } {
  const parameters = numericParametersOf(spec, track);
  const state = createNumeric(parameters);
  const rows = Int32Array.from(values, (_, i) => i);
  const states = Uint8Array.from(values, (value) => (value === null ? CELL_MISSING : CELL_OK));
  updateNumeric(
    state,
    parameters,
    Float64Array.from(values, (value) => value ?? 0),
    states,
    rows,
    rows.length,
  );
  return { kind: 'numeric', state };
}

export function categories(
  values: readonly (string | null)[],
  spec: ServiceSpec = service(),
  track = '',
): { kind: 'categorical'; state: CategoricalState } {
  const state = createCategorical(categoricalParametersOf(spec, track));
  const dictionary = [...new Set(values)].filter((value) => value !== null);
  const codes = Int32Array.from(values, (value) => (value === null ? 0 : dictionary.indexOf(value)));
  const states = Uint8Array.from(values, (value) => (value === null ? CELL_MISSING : CELL_OK));
  const rows = Int32Array.from(values, (_, i) => i);
  updateCategorical(state, codes, dictionary, states, rows, rows.length);
  return { kind: 'categorical', state };
}

export const counts = (given: Record<string, number>): TrackState => ({
  kind: 'counters',
  state: new Map(Object.entries(given)),
});

/** @param table rows are predicted classes, columns true ones */
export const confusionOf = (table: readonly (readonly number[])[]): TrackState => ({
  kind: 'confusion',
  state: { classes: table.length, counts: Float64Array.from(table.flat()) },
});

/** Errors of a regressor, as the join folds them. */
export function errorsOf(rows: readonly (readonly [prediction: number, truth: number])[]): TrackState {
  const state = createRegression();
  for (const [prediction, truth] of rows) addError(state, prediction, truth);
  return { kind: 'regression', state };
}

/** Labelled scores; a label of 1 is positive. */
export function scoresOf(
  rows: readonly (readonly [score: number, label: number])[],
  threshold = 0.5,
): TrackState {
  const state = createScoreBins();
  for (const [score, label] of rows) addScore(state, score, label === 1 ? POSITIVE : NEGATIVE, threshold);
  return { kind: 'score_bins', state };
}

export const contextOf = (spec: ServiceSpec): Omit<MetricContext, 'track'> => ({
  spec,
  windowMs: spec.windows.sizeMs,
  reference: fileReference(spec),
  isFinal: true,
});

export const measured = (tracks: Record<string, TrackState>, spec: ServiceSpec = service()): CellMeasure[] =>
  measureCell(new Map(Object.entries(tracks)) as Tracks, contextOf(spec));

/** The one measure of a metric; fails where there is none or more than one. */
export function only(found: readonly CellMeasure[], metric: string): CellMeasure['measure'] {
  const fitting = found.filter((one) => one.metric === metric);
  if (fitting.length !== 1) throw new Error(`${fitting.length} measures of ${metric}, expected one`);
  return fitting[0]!.measure;
}

const VECTORS = fileURLToPath(new URL('../../../shared/vectors/statistics.json', import.meta.url));

export interface Vectors {
  binned_two_sample: {
    ref: number[];
    cur: number[];
    chi2_homogeneity: number;
    chi2_p: number;
    df: number;
    g: number;
    g_p: number;
    js_distance_nat: number;
    js_distance_base2: number;
    hellinger: number;
    tvd: number;
    l_infinity: number;
    psi?: number;
    psi_scaled?: number;
    psi_p?: number;
  }[];
  raw_two_sample: {
    a: number[];
    b: number[];
    ks_d: number;
    ks_p_exact: number;
    ks_p_asymptotic: number;
    cvm: number;
    cvm_p: number;
    wasserstein: number;
    wasserstein_over_std_a: number;
    energy: number;
    welch_t: number;
    welch_p: number;
    mann_whitney_u: number;
    mann_whitney_p: number;
  }[];
  moments: {
    parts: number[][];
    n: number;
    mean: number;
    variance_population: number;
    variance_sample: number;
    skewness: number;
    kurtosis_excess: number;
  }[];
  binary: {
    labels: number[];
    scores: number[];
    threshold: number;
    accuracy: number;
    precision: number;
    recall: number;
    f1: number;
    roc_auc: number;
    average_precision: number;
    log_loss: number;
    brier: number;
    mcc: number;
    balanced_accuracy: number;
    ece_10_equal_width: number;
  }[];
  regression: {
    labels: number[];
    predictions: number[];
    mae: number;
    rmse: number;
    mape: number;
    r2: number;
    median_ae: number;
  }[];
  cbpe: {
    calibrated: number[];
    predicted: number[];
    accuracy: number;
    precision: number;
    recall: number;
    specificity: number;
    f1: number;
    roc_auc: number;
  }[];
  agreement: { matrix: number[][]; agreement: number; cohen_kappa: number; gwet_ac1: number }[];
}

/** The published reference values; null where they are not beside the repository. */
export const vectors: Vectors | null = existsSync(VECTORS)
  ? (JSON.parse(readFileSync(VECTORS, 'utf8')) as Vectors)
  : null;
export const absent = vectors === null ? ' (skipped: ../shared/vectors/statistics.json is absent)' : '';
