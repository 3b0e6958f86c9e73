/** The whole review of one service, as data. */

import { levelsOf } from '../../alarm/levels.ts';
import { isWatched } from '../../alarm/state.ts';
import { LEVELS, type Level, type RuleSpec, type ServiceSpec } from '../../records.ts';
import { plural, short, titleOf } from '../results/blocks.ts';
import { type Series, type Stretch, seriesKey, thinnedBy } from '../results/stretch.ts';
import { type DuplicateGroup, duplicatesOf } from './duplicates.ts';
import type { Finding, FindingKind, ReviewLimits, RuleView } from './finding.ts';
import { type SilentMetric, silentOf } from './silent.ts';
import { impossibleOf, looseOf, tightOf } from './thresholds.ts';
import { forOf, minNOf } from './timing.ts';
import type { Watch } from './watch.ts';

/** Values of one rule that are looked at; more do not move its quantiles. */
const VALUES_MAX = 200_000;

export interface RuleReview {
  rule: RuleSpec;
  /** Its place in the service file. */
  index: number;
  judged: number;
  series: number;
  /** Alarms that fired, by the recorded alerts. */
  fired: number;
  findings: Finding[];
}

export interface ServiceReview {
  service: string;
  fromMs: number;
  toMs: number;
  results: number;
  thinnedBy: number;
  rules: RuleReview[];
  silent: SilentMetric[];
  duplicates: DuplicateGroup[];
}

const countOf = (fired: Record<Level, number>): number =>
  LEVELS.reduce((sum, level) => sum + fired[level], 0);

export function reviewOf(
  stretch: Stretch,
  spec: ServiceSpec | null,
  watches: readonly Watch[],
  limits: ReviewLimits,
): ServiceReview {
  const firedBySeries = new Map<string, number>();
  for (const { metric, subject, model, segment, fired } of stretch.alarms.values()) {
    const key = seriesKey(metric, subject, model, segment);
    firedBySeries.set(key, (firedBySeries.get(key) ?? 0) + countOf(fired));
  }
  const firedOf = ({ metric, subject, model, segment }: Series): number =>
    firedBySeries.get(seriesKey(metric, subject, model, segment)) ?? 0;
  const duplicates = duplicatesOf([...stretch.series.values()], firedOf);
  const rules = (spec?.rules ?? []).flatMap((rule, index) => {
    // Detectors and burn rates have no threshold that could be moved, and that of a comparison is not for the values.
    if (levelsOf(rule).length === 0 || rule.versus !== undefined) return [];
    return [reviewRule(stretch, spec!, rule, index, watches, limits)];
  });
  for (const { review, finding } of doubledRules(rules, duplicates, watches)) review.findings.push(finding);
  return {
    service: stretch.service,
    fromMs: stretch.firstMs,
    toMs: stretch.lastMs,
    results: stretch.finals,
    thinnedBy: thinnedBy(stretch),
    rules,
    silent: silentOf(stretch, firedOf),
    duplicates,
  };
}

function reviewRule(
  stretch: Stretch,
  spec: ServiceSpec,
  rule: RuleSpec,
  index: number,
  watches: readonly Watch[],
  limits: ReviewLimits,
): RuleReview {
  const view = viewOf(stretch, spec, rule, watches);
  const judged = view.watches.reduce((sum, watch) => sum + watch.judged, 0);
  const about = { rule, index, judged, series: view.watches.length, fired: view.fired };
  if (view.watches.length === 0) {
    const evidence =
      'no result of the stretch is watched by this rule: nothing has this metric, subject, model and segment';
    return { ...about, findings: [{ kind: 'unwatched', evidence, change: null, windows: 0 }] };
  }
  const impossible = impossibleOf(view);
  const tight = tightOf(view, limits);
  const isTight = tight.some(({ kind }) => kind === 'too tight');
  const findings = [
    ...minNOf(view),
    ...impossible,
    ...tight,
    // A tight threshold makes alarms flap; what `for` should be shows when it has moved.
    ...(isTight ? [] : forOf(view)),
    ...(impossible.length > 0 ? [] : looseOf(view)),
  ];
  return { ...about, findings };
}

function viewOf(stretch: Stretch, spec: ServiceSpec, rule: RuleSpec, watches: readonly Watch[]): RuleView {
  const own = watches.filter((watch) => watch.rule === rule);
  const [values, ns]: [number[], number[]] = [[], []];
  const total = own.reduce((sum, { key }) => sum + (stretch.series.get(key)?.final.ends.length ?? 0), 0);
  const step = Math.max(1, Math.ceil(total / VALUES_MAX));
  let at = 0;
  for (const { key } of own) {
    const final = stretch.series.get(key)?.final;
    final?.values.forEach((value, i) => {
      if (at++ % step !== 0) return;
      ns.push(final.ns[i]!);
      if (!Number.isNaN(value) && final.ns[i]! >= rule.nMin) values.push(value);
    });
  }
  let fired = 0;
  for (const alarm of stretch.alarms.values()) {
    if (alarm.rule === rule.name && isWatched(rule, alarm)) fired += countOf(alarm.fired);
  }
  const rising = (a: number, b: number): number => a - b;
  const { hopMs } = spec.windows;
  return { rule, watches: own, values: values.sort(rising), ns: ns.sort(rising), fired, hopMs };
}

const NEVER: readonly FindingKind[] = ['impossible', 'never judged', 'unwatched'];

/** Rules on one series of the whole traffic that says the same as the series of another rule. */
function doubledRules(
  rules: readonly RuleReview[],
  groups: readonly DuplicateGroup[],
  watches: readonly Watch[],
): { review: RuleReview; finding: Finding }[] {
  const keyOf = ({ metric, subject, model, segment }: Series): string =>
    seriesKey(metric, subject, model, segment);
  const onlyKeyOf = (rule: RuleSpec): string | null => {
    const own = watches.filter((watch) => watch.rule === rule);
    return own.length === 1 ? own[0]!.key : null;
  };
  return groups.flatMap(({ keep, drop }) => {
    const keeper = rules.find(({ rule }) => onlyKeyOf(rule) === keyOf(keep));
    // A rule that cannot fire replaces none.
    if (keeper === undefined || keeper.findings.some(({ kind }) => NEVER.includes(kind))) return [];
    return drop.flatMap(({ series, correlation, windows }) => {
      const review = rules.find(({ rule }) => onlyKeyOf(rule) === keyOf(series));
      if (review === undefined) return [];
      const evidence =
        `${titleOf(series)} goes with ${titleOf(keep)} of rule ${keeper.rule.name}: Spearman ${short(correlation)} ` +
        `over ${plural(windows, 'window')}`;
      return [
        {
          review,
          finding: { kind: 'duplicate' as const, evidence, change: { remove: true as const }, windows },
        },
      ];
    });
  });
}
