/**
 * How the labels of a service mature, as the judge learns it from windows that are final: which share of them had come at
 * each revision, and what the headline metric was worth then.
 *
 * Nothing waits for a window to become final: all that had become known by each revision is still in the slots, apart by maturity, and
 * is merged once more. Windows overlap where they hop; only those that end at a multiple of their size are learned from. A window
 * learns from those that closed before it, in the order of event time, so it does not matter who reads faster.
 */

import { hash32, idOf } from '../math/hash.ts';
import { headlineOf } from '../metric/early.ts';
import { type EarlyPair, usualCurve } from '../metric/label-curve.ts';
import { coverageOf, fileReference, type MetricContext } from '../metric/registry.ts';
import type { Tracks } from '../profile/registry.ts';
import { keyOf, keyText } from '../profile/track.ts';
import type { ServiceSpec } from '../records.ts';
import { hasStream } from './events-of.ts';
import { isOther } from './learned.ts';
import { isNews, mergeWindow, type StoredSlot } from './merge-window.ts';
import type { SourceGroup } from './messages.ts';

/** One window: what was known at each revision, the final one last; null: no news, or no value. */
interface Cohort {
  endMs: number;
  /** Requests. */
  n: number;
  shares: (number | null)[];
  /** Of the headline metric, by model and output. */
  values: Record<string, (number | null)[]>;
}

/** Plain JSON, since it is part of the judge's snapshot (rule R12). */
export interface Maturity {
  /** What the values depend on: another key begins anew. */
  key: string;
  /** Oldest first. */
  segments: Record<string, Cohort[]>;
  /** Segments with a larger hash gave way (rule R13). */
  hashMax: number;
}

const HASH_MAX = 2 ** 32 - 1;
export const createMaturity = (): Maturity => ({ key: '', segments: {}, hashMax: HASH_MAX });

/** So many windows of a segment are kept, the newest: a band of 5 to 95 % needs 20, and habits change. */
export const COHORTS_MAX = 40;
/** Beside the whole traffic. A segment takes about 150 bytes for each window, and 60 for each model's output. */
export const SEGMENTS_MAX = 50;
/** Digits of what is kept. */
const DIGITS = 7;

/** Forgets what was learned where it does not belong to the new configuration. */
export function adoptMaturity(maturity: Maturity, spec: ServiceSpec): void {
  const { outputs, models, revisionsMs, maxDelayMs, segments, windows } = spec;
  const { sizeMs, hopMs } = windows;
  const about = { outputs, models, revisionsMs, maxDelayMs, segments, sizeMs, hopMs };
  const key = idOf('maturity', JSON.stringify(about));
  if (maturity.key !== key) Object.assign(maturity, createMaturity(), { key });
}

const hasRoom = ({ hashMax }: Maturity, segment: string): boolean =>
  segment === '*' || (!isOther(segment) && hash32(segment) <= hashMax);

/** What past windows say of one revision of a window. */
export interface PastWindows {
  /** Share of labels that usually has come by now; null: too few windows. */
  expected: number | null;
  pairs: NonNullable<MetricContext['earlyPairs']>;
}

const seriesOf = (model: string, subject: string): string => `${model}/${subject}`;

/** Null: nothing matures there. */
export function pastWindows(
  { segments }: Maturity,
  spec: ServiceSpec,
  group: SourceGroup,
  segment: string,
  revision: number,
): PastWindows | null {
  if (group !== 'events' || !hasStream(spec, 'labels')) return null;
  const cohorts = Object.hasOwn(segments, segment) ? segments[segment]! : [];
  const curve = usualCurve(
    cohorts.map(({ endMs, n, shares }) => ({
      ...{ endMs, n, isFinal: true },
      shares: shares.map((share) => share ?? undefined),
    })),
  );
  const point = 'value' in curve ? curve.value.find((one) => one.revision === revision) : undefined;
  return {
    expected: point?.median ?? null,
    pairs(model, subject) {
      const pairs: EarlyPair[] = [];
      for (const { values } of cohorts) {
        const own = values[seriesOf(model, subject)];
        const [early, final] = [own?.[revision] ?? null, own?.at(-1) ?? null];
        if (early !== null && final !== null) pairs.push({ early, final });
      }
      return pairs;
    },
  };
}

const rounded = (value: number | null): number | null =>
  value === null ? null : Number(value.toPrecision(DIGITS));

/** Headline metrics of a cell, by model and output. */
function headlinesOf(tracks: Tracks, spec: ServiceSpec): Map<string, number | null> {
  const reference = fileReference({ ...spec, baseline: null });
  const context: MetricContext = {
    ...{ spec, reference, windowMs: spec.windows.sizeMs, isFinal: true },
    track: (key) => tracks.get(key),
  };
  const values = new Map<string, number | null>();
  for (const [text, track] of tracks) {
    const key = keyOf(text);
    const headline = headlineOf(key, track, context);
    if (headline !== undefined) values.set(seriesOf(key.model, key.subject), headline.measure.value);
  }
  return values;
}

/** The counters of labels, and answers with labels, are in the first part of the slots; bins of scores are not. */
const PARTS = 1;

/** Takes in a window whose last revision has come, by segment. */
export function learnMaturity(
  maturity: Maturity,
  spec: ServiceSpec,
  group: SourceGroup,
  panes: ReadonlyMap<number, ReadonlyMap<string, StoredSlot>>,
  endMs: number,
  final: ReadonlyMap<string, Tracks>,
): void {
  if (group !== 'events' || !hasStream(spec, 'labels') || endMs % spec.windows.sizeMs !== 0) return;
  const early = spec.revisionsMs
    .slice(0, -1)
    .map((_, revision) =>
      isNews(spec, panes, endMs, revision) ? mergeWindow(spec, panes, endMs, revision, PARTS) : null,
    );
  for (const [segment, tracks] of final) {
    const share = coverageOf(tracks);
    if (share === null || !hasRoom(maturity, segment)) continue;
    const revisions = [...early.map((merged) => merged?.get(segment) ?? null), tracks];
    const headlines = revisions.map((one) => (one === null ? null : headlinesOf(one, spec)));
    const values: Cohort['values'] = {};
    for (const series of headlines.at(-1)!.keys())
      values[series] = headlines.map((one) => rounded(one?.get(series) ?? null));
    const cohorts = Object.hasOwn(maturity.segments, segment) ? maturity.segments[segment]! : [];
    maturity.segments[segment] = cohorts;
    const shares = revisions.map((one) => (one === null ? null : rounded(coverageOf(one))));
    cohorts.push({ endMs, n: requestsOf(tracks), shares, values });
    if (cohorts.length > COHORTS_MAX) cohorts.shift();
  }
  bound(maturity);
}

function requestsOf(tracks: Tracks): number {
  const track = tracks.get(keyText({ role: 'labels', model: '', subject: '' }));
  return track?.kind === 'counters' ? (track.state.get('expected') ?? 0) : 0;
}

/** Rule R13: segments of the largest hashes give way. */
function bound(maturity: Maturity): void {
  const segments = Object.keys(maturity.segments).filter((segment) => segment !== '*');
  if (segments.length <= SEGMENTS_MAX) return;
  segments.sort((a, b) => hash32(a) - hash32(b) || (a < b ? -1 : 1));
  for (const segment of segments.slice(SEGMENTS_MAX)) {
    delete maturity.segments[segment];
    maturity.hashMax = Math.min(maturity.hashMax, hash32(segment) - 1);
  }
}
