/** The last window of a service as pages show it: distributions beside their reference, and how good scores are. */

import type { Calibration, Distribution, ProfileView, ReferenceValue } from '../console/source.ts';
import { DISTRIBUTION_EVIDENCE } from '../metric/evidence/distributions.ts';
import { wilson } from '../metric/label-curve.ts';
import { type MetricContext, NO_BASELINE } from '../metric/metric.ts';
import { distributionOf } from '../metric/reference.ts';
import { measureCell } from '../metric/registry.ts';
import { isBinary } from '../metric/scored.ts';
import type { TrackState, Tracks } from '../profile/registry.ts';
import { firstPositiveBin, type ScoreBin, type ScoreBinsState, scoreBinsOf } from '../profile/score-bins.ts';
import { keyOf, keyText, type TrackKey } from '../profile/track.ts';
import type { OutputSpec, ServiceSpec, TrackBaseline } from '../records.ts';
import { thresholdOf } from './feeds.ts';
import type { SourceGroup } from './messages.ts';
import { type Cell, isOneRow } from './results-of.ts';

/** The whole traffic of the last window whose last revision has been given. */
export interface ShownWindow {
  endMs: number;
  cell: Cell;
}

export type Shown = Map<SourceGroup, ShownWindow>;

const BINS_MAX = 10;
const CURVE_POINTS_MAX = 60;

/** Their values grow with the time that is measured, so that of a reference is of another length. */
const GROWING: ReadonlySet<TrackKey['role']> = new Set(['rows', 'routed', 'labels', 'telemetry']);

export const profilesOf = (spec: ServiceSpec, shown: Shown): ProfileView[] =>
  [...shown].map(([group, { endMs, cell }]) => ({
    group,
    windowStartMs: endMs - spec.windows.sizeMs,
    windowEndMs: endMs,
    distributions: distributionsOf(spec, cell),
    calibrations: calibrationsOf(spec, cell.tracks),
    references: referencesOf(spec, cell),
  }));

const contextOf = (spec: ServiceSpec, { tracks, reference }: Cell): MetricContext => ({
  spec,
  windowMs: spec.windows.sizeMs,
  reference,
  isFinal: true,
  track: (key) => tracks.get(key),
});

/** Of the same cells that the evidence of drift counts. */
function distributionsOf(spec: ServiceSpec, cell: Cell): Distribution[] {
  const context = contextOf(spec, cell);
  const found: Distribution[] = [];
  for (const [text, track] of cell.tracks) {
    const key = keyOf(text);
    const kind = DISTRIBUTION_EVIDENCE.find(({ roles }) => roles.includes(key.role));
    if (kind === undefined) continue;
    const role = key.role as Distribution['role'];
    for (const { subject, model, counts } of kind.exhibits(key, track, context)) {
      const { names, reference, current } = counts;
      const borders = bordersOf(key, cell);
      const shown =
        borders !== null && isOneRow(spec, 'min', subject) ? withoutEnds(borders) : { names, borders };
      found.push({ role, subject, model, ...shown, reference, current });
    }
  }
  return found;
}

function bordersOf(key: TrackKey, { reference }: Cell): number[] | null {
  const before: TrackBaseline | undefined =
    key.role === 'input' ? reference.baseline(key.subject) : distributionOf(reference.state(keyText(key)));
  return before?.type === 'numeric' ? [before.min, ...before.edges, before.max] : null;
}

/** The first and the last border are values of one row each. */
function withoutEnds(borders: readonly number[]): Pick<Distribution, 'names' | 'borders'> {
  const edges = borders.slice(1, -1);
  const [first, last] = [edges[0], edges.at(-1)];
  if (first === undefined || last === undefined)
    return { names: ['below the reference', 'within it', 'above it'], borders: null };
  const between = edges.slice(1).map((edge, i) => `${edges[i]}..${edge}`);
  const names = ['below the reference', `< ${first}`, ...between, `>= ${last}`, 'above the reference'];
  return { names, borders: [first, ...edges, last] };
}

/** What each metric of the window is in the reference alone. */
function referencesOf(spec: ServiceSpec, { tracks, reference }: Cell): ReferenceValue[] {
  const before: Tracks = new Map();
  for (const text of tracks.keys()) {
    const state: TrackState | undefined = GROWING.has(keyOf(text).role) ? undefined : reference.state(text);
    if (state !== undefined) before.set(text, state);
  }
  // A reference is not compared with itself.
  const nothing = { ...reference, baseline: () => undefined, state: () => undefined, absence: NO_BASELINE };
  const context = { spec, windowMs: spec.windows.sizeMs, reference: nothing, isFinal: true };
  return measureCell(before, context)
    .filter(({ metric, measure }) => measure.value !== null && !isOneRow(spec, metric, measure.subject))
    .map(({ metric, measure: { subject, model, value, low, high, n } }) => ({
      ...{ metric, subject, model, low, high, n },
      value: value!,
    }));
}

function calibrationsOf(spec: ServiceSpec, tracks: Tracks): Calibration[] {
  const found: Calibration[] = [];
  for (const [text, track] of tracks) {
    const { role, model, subject } = keyOf(text);
    const output = spec.outputs.find(({ name }) => name === subject);
    if (role !== 'scores' || track.kind !== 'score_bins' || output === undefined) continue;
    found.push(calibrationOf(track.state, output, model));
  }
  return found;
}

export function calibrationOf(state: ScoreBinsState, output: OutputSpec, model: string): Calibration {
  const bins = scoreBinsOf(state).filter(({ negative, positive }) => negative + positive > 0);
  const n = bins.reduce((sum, { negative, positive }) => sum + negative + positive, 0);
  return {
    ...{ model, output: output.name, n },
    of: isBinary(output) ? 'yes' : 'right',
    bins: reliabilityOf(bins),
    curve: curveOf(bins, output, n),
  };
}

/** Tenths of the scores, as reliability diagrams have them. */
function reliabilityOf(bins: readonly ScoreBin[]): Calibration['bins'] {
  const tenths = new Map<number, { n: number; hits: number; sum: number }>();
  for (const { negative, positive, labelledSum } of bins) {
    const n = negative + positive;
    const tenth = Math.min(BINS_MAX - 1, Math.floor((labelledSum / n) * BINS_MAX));
    const own = tenths.get(tenth) ?? { n: 0, hits: 0, sum: 0 };
    tenths.set(tenth, { n: own.n + n, hits: own.hits + positive, sum: own.sum + labelledSum });
  }
  return [...tenths]
    .sort(([a], [b]) => a - b)
    .map(([, { n, hits, sum }]) => ({ score: sum / n, n, hits, ...wilson(hits, n) }));
}

/**
 * Wrong answers among those of at least a confidence, by falling confidence (R. El-Yaniv, Y. Wiener, 2010). The confidence of a
 * binary classifier is the score of the class that it chose.
 */
function curveOf(bins: readonly ScoreBin[], output: OutputSpec, n: number): Calibration['curve'] {
  const first = firstPositiveBin(thresholdOf(output));
  const answers = bins
    .map(({ bin, negative, positive, labelledSum }) => {
      const isNo = isBinary(output) && bin < first;
      const mean = labelledSum / (negative + positive);
      return {
        confidence: isNo ? 1 - mean : mean,
        n: negative + positive,
        wrong: isNo ? positive : negative,
      };
    })
    .sort((a, b) => b.confidence - a.confidence);
  const curve: Calibration['curve'] = [];
  let [taken, wrong, next] = [0, 0, 0];
  for (const answer of answers) {
    taken += answer.n;
    wrong += answer.wrong;
    const coverage = taken / n;
    if (coverage < next && taken < n) continue;
    next = coverage + 1 / CURVE_POINTS_MAX;
    curve.push({ confidence: answer.confidence, coverage, risk: wrong / taken, ...wilson(wrong, taken) });
  }
  return curve;
}
