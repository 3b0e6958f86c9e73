/** The report of one service for people. */

import { durationText } from '../../alarm/words.ts';
import {
  type Block,
  count,
  heading,
  interval,
  line,
  nameOf,
  percent,
  plural,
  short,
  table,
  titleOf,
} from '../results/blocks.ts';
import { COMPARED_N_MIN } from '../results/compare.ts';
import { iso } from '../results/options.ts';
import { plainThinning } from '../results/thinning.ts';
import type { MetricReport, ReportRow, ServiceReport } from './build.ts';
import { labelBlocks } from './label-text.ts';
import { RATE_MAX } from './segments.ts';

export function blocksOf(report: ServiceReport, segmentsMax: number): Block[] {
  const { service, fromMs, toMs, windowMs, thinnedBy } = report;
  const windows = windowMs === null ? '' : `, windows of ${durationText(windowMs)}`;
  const blocks = [
    heading(1, `${nameOf(service)}: windows that end from ${iso(fromMs)} to ${iso(toMs)}${windows}`),
  ];
  blocks.push(...plainThinning(thinnedBy));
  if (report.metrics.length === 0) {
    blocks.push(line('No performance was measured: no labels came within join.max_delay, or none are read.'));
  }
  for (const metric of report.metrics) blocks.push(...metricBlocks(metric, segmentsMax));
  if (report.labels !== null) blocks.push(...labelBlocks(report.labels, report.metrics));
  return blocks;
}

function metricBlocks(report: MetricReport, segmentsMax: number): Block[] {
  const { whole, segments, segmentsWithFew } = report;
  const range = `${short(whole.min)} to ${short(whole.max)} in ${plural(whole.windows, 'window')}`;
  const blocks = [
    heading(2, titleOf(report)),
    line(
      `all traffic: ${short(whole.value)} (95 %: ${interval(whole.low, whole.high)}), n ${count(whole.n)}, ` +
        `by ${whole.by}; ${range}`,
    ),
    ...trendLines(report),
  ];
  if (segments.length === 0) return [...blocks, line('no segments with a value')];
  blocks.push(
    table(
      ['SEGMENT', 'VALUE', '95 %', 'N', 'AGAINST ALL', '95 %', 'FDR', '', 'LABELS', 'TREND'],
      segments.slice(0, segmentsMax).map(rowOf),
    ),
  );
  const hidden = segments.length - segmentsMax;
  if (hidden > 0) blocks.push(line(`${plural(hidden, 'more segment')}; see --segments`));
  if (segmentsWithFew > 0) {
    blocks.push(line(`${plural(segmentsWithFew, 'segment')} with n below ${COMPARED_N_MIN}: not compared`));
  }
  const explained = segments.filter(({ inputs }) => inputs.length > 0);
  if (explained.length > 0) {
    blocks.push(
      table(
        ['WORSE SEGMENT', 'INPUT THAT DIFFERS', 'SEGMENT', 'ALL', 'TIMES ITS WANDERING'],
        explained.flatMap(({ segment, inputs }) =>
          inputs.map((input) => [
            nameOf(segment),
            titleOf({ metric: input.metric, subject: input.subject }),
            short(input.segment),
            short(input.whole),
            input.times === null ? 'it never wanders' : short(Number(input.times.toPrecision(2))),
          ]),
        ),
      ),
    );
  }
  return blocks;
}

function rowOf(row: ReportRow): (string | number)[] {
  const { segment, pooled, difference, rate, verdict, coverage, late, trend } = row;
  const labels = coverage === null ? '-' : percent(coverage.share);
  return [
    nameOf(segment),
    short(pooled.value),
    interval(pooled.low, pooled.high),
    pooled.n,
    signed(difference.value),
    difference.low === null ? difference.reason : interval(difference.low, difference.high),
    rateText(rate),
    verdict,
    late === null || late === 0 ? labels : `${labels}, ${late} late`,
    trend?.change == null ? '-' : signed(trend.change.value),
  ];
}

function rateText(rate: number | null): string {
  if (rate === null) return '-';
  return rate < 0.001 ? '< 0.001' : rate.toPrecision(2);
}

const signed = (value: number): string => (value > 0 ? `+${short(value)}` : short(value));

function trendLines({ trend }: MetricReport): Block[] {
  if (trend === null) return [];
  const { parts, change } = trend;
  const values = parts.map(({ pooled }) => (pooled === null ? '-' : short(pooled.value)));
  const lines = [line(`over time: ${values.join(', ')}`)];
  if (change === null) return lines;
  const certain = change.low !== null && (change.low > 0 || change.high! < 0);
  const bounds = change.low === null ? change.reason : `95 %: ${interval(change.low, change.high)}`;
  const word = certain ? 'it moved' : 'no certain move';
  return [...lines, line(`last third against first: ${signed(change.value)} (${bounds}), ${word}`)];
}

/** How the tables are to be read; printed once. */
export const LEGEND: readonly Block[] = [
  heading(2, 'How to read this'),
  line(
    'Rates are pooled by counts, means by n; other metrics are the median over windows with the interval of the sign test. ' +
      'The larger of two errors holds: that of sampling, and that of the spread of the windows.',
  ),
  line(
    'estimated_*: expected from scores without labels; it is blind where the relation of inputs and truth moved (docs/without-labels.md).',
  ),
  line(
    'Segments are in the order of how much worse they are for certain: by the bound of the difference that is nearest to ' +
      'the whole, then by the value. Intervals are for one segment alone.',
  ),
  line(
    `FDR: false discovery rate over the segments of one metric (Benjamini-Hochberg): of all that say "worse" at most ` +
      `${percent(RATE_MAX)} are so by chance. It is taken rather than simultaneous intervals, since the list says where to ` +
      'look first and a wrong entry costs a look, while with many segments simultaneous intervals hide real ones. ' +
      '"perhaps": the interval excludes the whole, but no longer after this correction.',
  ),
];
