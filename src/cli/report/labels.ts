/** How the labels of a service arrive, which cohorts are late, and what early values are worth. */

import {
  type Cohort,
  type Corrected,
  type CurvePoint,
  correctEarly,
  type EarlyBias,
  earlyBias,
  type Known,
  type Place,
  placeOf,
  usualCurve,
} from '../../metric/label-curve.ts';
import type { Columns } from '../results/columns.ts';
import { pool } from '../results/pool.ts';
import { apart, type Series, type Stretch, seriesKey } from '../results/stretch.ts';
import { traitsOf } from '../results/traits.ts';

const COHORTS_SHOWN = 10;

export interface CohortPlace {
  endMs: number;
  n: number;
  share: number | null;
  revision: number;
  isFinal: boolean;
  /** Null: there is no curve for its revision. */
  place: Place | null;
}

export interface LabelReport {
  curve: Known<CurvePoint[]>;
  /** How long after the end of the window each revision comes; null: no configuration says so. */
  agesMs: readonly number[] | null;
  /** The newest ones: all that are not complete, and the last that are. */
  newest: CohortPlace[];
  /** Cohorts of the whole stretch that are late. */
  late: number;
  cohorts: number;
}

/** Of one segment, by its label_coverage; null where no labels are meant. */
export function labelsOf(
  stretch: Stretch,
  segment: string,
  agesMs: readonly number[] | null,
): LabelReport | null {
  const series = stretch.series.get(seriesKey('label_coverage', '', '', segment));
  if (series === undefined) return null;
  const cohorts = cohortsOf(series);
  if (cohorts.length === 0) return null;
  const curve = usualCurve(cohorts);
  const places = cohorts.map((cohort) => {
    const place = 'value' in curve ? placeOf(cohort, curve.value) : null;
    const share = cohort.shares.findLast((one) => one !== undefined) ?? null;
    const revision = cohort.shares.length - 1;
    return { endMs: cohort.endMs, n: cohort.n, share, revision, isFinal: cohort.isFinal, place };
  });
  const open = places.filter(({ isFinal }) => !isFinal).slice(-COHORTS_SHOWN);
  const complete = places.filter(({ isFinal }) => isFinal);
  const more = open.length >= COHORTS_SHOWN ? [] : complete.slice(open.length - COHORTS_SHOWN);
  const newest = [...more, ...open].sort((a, b) => a.endMs - b.endMs);
  const late = places.filter(({ place }) => place?.state === 'late').length;
  return { curve, agesMs, newest, late, cohorts: cohorts.length };
}

/** Windows with all that is known of their labels, in order. */
function cohortsOf({ final, early }: Series): Cohort[] {
  const byEnd = new Map<number, { n: number; shares: (number | undefined)[]; isFinal: boolean }>();
  const put = (columns: Columns, isFinal: boolean): void => {
    columns.ends.forEach((endMs, i) => {
      const cohort = byEnd.get(endMs) ?? { n: 0, shares: [], isFinal: false };
      const value = columns.values[i]!;
      cohort.shares[columns.revisions[i]!] = Number.isNaN(value) ? undefined : value;
      cohort.n = Math.max(cohort.n, columns.ns[i]!);
      cohort.isFinal ||= isFinal;
      byEnd.set(endMs, cohort);
    });
  };
  for (const columns of early.values()) put(columns, false);
  put(final, true);
  return [...byEnd].sort(([a], [b]) => a - b).map(([endMs, cohort]) => ({ endMs, ...cohort }));
}

export interface EarlyReport {
  revision: number;
  ageMs: number | null;
  bias: Known<EarlyBias>;
  /** Windows that are not final yet and whose newest revision this is, newest last. */
  open: { endMs: number; n: number; early: number; corrected: Known<Corrected> }[];
}

/** What the early values of a metric were worth, by revision. */
export function earlyOf(stretch: Stretch, series: Series, agesMs: readonly number[] | null): EarlyReport[] {
  const { range } = traitsOf(series.metric);
  const final = valuesOf(apart(series.final, stretch.sizeMs));
  const isFinal = new Set(series.final.ends);
  const revisions = [...series.early.keys()].sort((a, b) => a - b);
  const shown = new Set<number>();
  const reports: EarlyReport[] = [];
  // From the latest revision on: a window is shown with the newest that it has.
  for (const revision of revisions.reverse()) {
    const early = valuesOf(apart(series.early.get(revision)!, stretch.sizeMs));
    const pairs = [...early].flatMap(([endMs, { value }]) => {
      const done = final.get(endMs);
      return done === undefined ? [] : [{ early: value, final: done.value }];
    });
    const bias = earlyBias(pairs);
    const open: EarlyReport['open'] = [];
    for (const [endMs, { value, n }] of early) {
      if (isFinal.has(endMs) || shown.has(endMs)) continue;
      shown.add(endMs);
      open.push({ endMs, n, early: value, corrected: correctEarly(value, bias, range) });
    }
    const ageMs = agesMs?.[revision] ?? null;
    reports.push({ revision, ageMs, bias, open: open.slice(-COHORTS_SHOWN) });
  }
  return reports.reverse();
}

function valuesOf(columns: Columns): Map<number, { value: number; n: number }> {
  const values = new Map<number, { value: number; n: number }>();
  columns.ends.forEach((endMs, i) => {
    const [value, n] = [columns.values[i]!, columns.ns[i]!];
    if (!Number.isNaN(value) && n > 0) values.set(endMs, { value, n });
  });
  return values;
}

/** Share of labels known of one segment when its windows were final. */
export function coverageOf(stretch: Stretch, segment: string): { share: number; n: number } | null {
  const series = stretch.series.get(seriesKey('label_coverage', '', '', segment));
  const pooled = series === undefined ? null : pool('label_coverage', apart(series.final, stretch.sizeMs));
  return pooled === null ? null : { share: pooled.value, n: pooled.n };
}
