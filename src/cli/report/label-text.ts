/** How labels arrive, in words. */

import { durationText } from '../../alarm/words.ts';
import {
  type Block,
  count,
  heading,
  interval,
  line,
  percent,
  plural,
  short,
  table,
  titleOf,
} from '../results/blocks.ts';
import { iso } from '../results/options.ts';
import type { MetricReport } from './build.ts';
import type { CohortPlace, EarlyReport, LabelReport } from './labels.ts';

const ageOf = (agesMs: readonly number[] | null, revision: number): string =>
  agesMs?.[revision] === undefined ? `revision ${revision}` : `${durationText(agesMs[revision])} after`;

export function labelBlocks(report: LabelReport, metrics: readonly MetricReport[]): Block[] {
  const { curve, agesMs, newest, late, cohorts } = report;
  const blocks: Block[] = [heading(2, 'Labels')];
  if ('value' in curve) {
    blocks.push(
      table(
        ['USUALLY KNOWN', 'MEDIAN', '5 TO 95 %', 'COHORTS'],
        curve.value.map((point) => [
          ageOf(agesMs, point.revision),
          percent(point.median),
          `${percent(point.low)} to ${percent(point.high)}`,
          point.cohorts,
        ]),
      ),
      line(`${count(late)} of ${plural(cohorts, 'cohort')} late: its interval lies below the band`),
    );
  } else blocks.push(line(`no usual curve: ${curve.reason}`));
  blocks.push(
    table(
      ['COHORT', 'REQUESTS', 'KNOWN', 'AGE', 'USUAL', ''],
      newest.map((cohort) => cohortRow(cohort, agesMs)),
    ),
  );
  const early = metrics.flatMap((metric) => metric.early.map((one) => ({ metric, one })));
  if (early.length > 0) blocks.push(...earlyBlocks(early, agesMs));
  return blocks;
}

function cohortRow(cohort: CohortPlace, agesMs: readonly number[] | null): (string | number)[] {
  const { endMs, n, share, revision, isFinal, place } = cohort;
  return [
    iso(endMs),
    n,
    share === null ? '-' : percent(share),
    isFinal ? 'final' : ageOf(agesMs, revision),
    place === null ? '-' : `${percent(place.usual.low)} to ${percent(place.usual.high)}`,
    place === null ? 'no curve' : place.state === 'usual' ? '' : place.state,
  ];
}

/** Whether early values may be read as they are. */
export function trustOf({ bias }: EarlyReport): string {
  if ('reason' in bias) return `unknown: ${bias.reason}`;
  const { low, high } = bias.value;
  return low <= 0 && high >= 0 ? 'no bias seen' : 'biased: do not read it uncorrected';
}

function earlyBlocks(
  early: readonly { metric: MetricReport; one: EarlyReport }[],
  agesMs: readonly number[] | null,
): Block[] {
  const blocks: Block[] = [
    table(
      ['VALUE FROM EARLY LABELS', 'AGE', 'EARLY - FINAL', '95 %', 'COHORTS', ''],
      early.map(({ metric, one }) => {
        const { bias, revision } = one;
        const known = 'value' in bias ? bias.value : null;
        return [
          titleOf(metric),
          ageOf(agesMs, revision),
          known === null ? '-' : short(known.mean),
          known === null ? '-' : interval(known.low, known.high),
          known === null ? '-' : known.cohorts,
          trustOf(one),
        ];
      }),
    ),
  ];
  const open = early.flatMap(({ metric, one }) =>
    one.open.map(({ endMs, n, early: value, corrected }) => [
      iso(endMs),
      titleOf(metric),
      n,
      short(value),
      'value' in corrected ? short(corrected.value.value) : '-',
      'value' in corrected
        ? interval(corrected.value.low, corrected.value.high)
        : `cannot be corrected: ${corrected.reason}`,
    ]),
  );
  if (open.length > 0) {
    blocks.push(table(['NOT FINAL YET', 'METRIC', 'N', 'EARLY', 'LIKELY', '95 %'], open));
  }
  return blocks;
}
