/** The whole report of one service, as data. */

import type { ServiceSpec } from '../../records.ts';
import { type Pooled, pool } from '../results/pool.ts';
import { apart, type Stretch, seriesKey, thinnedBy } from '../results/stretch.ts';
import { traitsOf } from '../results/traits.ts';
import { type InputDifference, inputsOf } from './inputs.ts';
import { coverageOf, type EarlyReport, earlyOf, type LabelReport, labelsOf } from './labels.ts';
import { rowsOf, type SegmentRow, tooFew } from './segments.ts';
import { type Trend, trendOf } from './trend.ts';

/** Inputs are compared for so many segments of a metric. */
const EXPLAINED_MAX = 3;
const INPUTS_MAX = 3;

export interface ReportRow extends SegmentRow {
  /** Labels known / requests when the windows were final; null: no labels are meant. */
  coverage: { share: number; n: number } | null;
  /** Cohorts of the segment that are late against its own curve; null: it has no curve. */
  late: number | null;
  trend: Trend | null;
  /** What differs most in its inputs; empty for all but the worst. */
  inputs: InputDifference[];
}

export interface MetricReport {
  metric: string;
  subject: string;
  model: string;
  whole: Pooled;
  trend: Trend | null;
  early: EarlyReport[];
  segments: ReportRow[];
  segmentsWithFew: number;
}

export interface ServiceReport {
  service: string;
  fromMs: number;
  toMs: number;
  windowMs: number | null;
  /** Final results that were read. */
  results: number;
  /** Of how many windows one was kept. */
  thinnedBy: number;
  labels: LabelReport | null;
  metrics: MetricReport[];
}

export function reportOf(stretch: Stretch, spec: ServiceSpec | null): ServiceReport {
  const agesMs = spec?.revisionsMs ?? null;
  const metrics: MetricReport[] = [];
  for (const series of stretch.series.values()) {
    const { family, metric, subject, model, segment } = series;
    if (family !== 'performance' || metric === 'label_coverage' || segment !== '*') continue;
    const whole = pool(metric, apart(series.final, stretch.sizeMs));
    if (whole === null || traitsOf(metric).better === null) continue;
    const rows = rowsOf(stretch, series);
    const segments = rows.map((row, i) => reportRow(stretch, series, row, i < EXPLAINED_MAX));
    const trend = trendOf(stretch, series);
    const early = earlyOf(stretch, series, agesMs);
    const about = { metric, subject, model, whole, trend, early };
    metrics.push({ ...about, segments, segmentsWithFew: tooFew(rows) });
  }
  return {
    service: stretch.service,
    fromMs: stretch.firstMs,
    toMs: stretch.lastMs,
    windowMs: stretch.sizeMs,
    results: stretch.finals,
    thinnedBy: thinnedBy(stretch),
    labels: labelsOf(stretch, '*', agesMs),
    metrics,
  };
}

function reportRow(
  stretch: Stretch,
  { metric, subject, model }: { metric: string; subject: string; model: string },
  row: SegmentRow,
  isAmongWorst: boolean,
): ReportRow {
  const { segment } = row;
  const labels = labelsOf(stretch, segment, null);
  const series = stretch.series.get(seriesKey(metric, subject, model, segment))!;
  return {
    ...row,
    coverage: coverageOf(stretch, segment),
    late: labels !== null && 'value' in labels.curve ? labels.late : null,
    trend: trendOf(stretch, series),
    inputs: isAmongWorst && row.verdict === 'worse' ? inputsOf(stretch, segment, INPUTS_MAX) : [],
  };
}
