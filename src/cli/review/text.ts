/** The review of one service for people. */

import {
  type Block,
  code,
  count,
  heading,
  line,
  nameOf,
  plural,
  short,
  table,
  titleOf,
} from '../results/blocks.ts';
import { iso } from '../results/options.ts';
import { plainThinning } from '../results/thinning.ts';
import type { RuleReview, ServiceReview } from './build.ts';
import { COMMON_WINDOWS_MIN, CORRELATION_MIN } from './duplicates.ts';
import type { SilentMetric } from './silent.ts';

export function blocksOf(
  review: ServiceReview,
  snippets: ReadonlyMap<RuleReview, string>,
  file: string | null,
): Block[] {
  const { service, fromMs, toMs, results, rules } = review;
  const blocks: Block[] = [
    heading(1, `${nameOf(service)}: windows that end from ${iso(fromMs)} to ${iso(toMs)}`),
    line(`${plural(results, 'final result')}, ${plural(rules.length, 'rule')}`),
    ...plainThinning(review.thinnedBy),
  ];
  if (file === null)
    blocks.push(line('The configuration has no such service, so there are no rules to look at.'));
  else blocks.push(...ruleBlocks(review, snippets, file));
  blocks.push(...silentBlocks(review.silent), ...duplicateBlocks(review));
  return blocks;
}

function ruleBlocks(
  { rules }: ServiceReview,
  snippets: ReadonlyMap<RuleReview, string>,
  file: string,
): Block[] {
  if (rules.length === 0) return [];
  const blocks = [
    heading(2, 'Rules'),
    table(
      ['RULE', 'SERIES', 'JUDGED WINDOWS', 'ALARMS THEN', 'ALARMS NOW', 'FOUND'],
      rules.map(({ rule, series, judged, fired, firesNow, findings }) => [
        rule.name,
        series,
        judged,
        fired,
        firesNow,
        findings.length === 0 ? '-' : findings.map(({ kind }) => kind).join(', '),
      ]),
    ),
  ];
  for (const { rule, findings } of rules) {
    for (const { kind, evidence, change } of findings) {
      if (change === null) blocks.push(line(`${rule.name}: ${kind}. ${evidence}.`));
    }
  }
  const yaml = rules.map((rule) => snippets.get(rule) ?? '').filter((text) => text !== '');
  if (yaml.length === 0) return [...blocks, line('Nothing to change in the thresholds.')];
  return [...blocks, heading(2, `To change in ${file}, if you agree`), code('yaml', yaml.join('\n\n'))];
}

function silentBlocks(silent: readonly SilentMetric[]): Block[] {
  if (silent.length === 0) return [];
  return [
    heading(2, 'Metrics that never informed'),
    table(
      ['METRIC', 'WINDOWS', 'WHAT IT WAS'],
      silent.map((one) => [titleOf(one), one.windows, whatItWas(one)]),
    ),
    line(
      'Never part of an alarm, in no segment. A guard is quiet for as long as nothing is wrong: these need no place on a ' +
        'dashboard, but their rules may stay.',
    ),
  ];
}

function whatItWas({ kind, low, high, reason }: SilentMetric): string {
  if (kind === 'empty') return `no value: ${reason}`;
  return kind === 'constant' ? `always ${short(low!)}` : `always within ${short(low!)} and ${short(high!)}`;
}

function duplicateBlocks({ duplicates }: ServiceReview): Block[] {
  if (duplicates.length === 0) return [];
  return [
    heading(2, 'Metrics that say the same'),
    table(
      ['KEEP', 'BECAUSE', 'SAYS THE SAME', 'SPEARMAN', 'WINDOWS'],
      duplicates.flatMap(({ keep, why, drop }) =>
        drop.map(({ series, correlation, windows }, i) => [
          i === 0 ? titleOf(keep) : '',
          i === 0 ? why : '',
          titleOf(series),
          correlation.toFixed(3),
          windows,
        ]),
      ),
    ),
    line(
      `Spearman correlation of at least ${CORRELATION_MIN} (or at most -${CORRELATION_MIN}) with the one to keep, over at ` +
        `least ${count(COMMON_WINDOWS_MIN)} windows of the whole traffic. In another stretch they may part.`,
    ),
  ];
}
