/** The whole review of one service, as data. */

import { isWatched } from '../../alarm/state.ts';
import { LEVELS, type Level, type RuleSpec, type ServiceSpec } from '../../records.ts';
import type { Recorded } from '../backtest/recorded.ts';
import { plural, short, titleOf } from '../results/blocks.ts';
import { type Series, type Stretch, seriesKey, thinnedBy } from '../results/stretch.ts';
import { type DuplicateGroup, duplicatesOf } from './duplicates.ts';
import {
  type Finding,
  type FindingKind,
  hasThresholds,
  type ReviewLimits,
  type RuleView,
} from './finding.ts';
import { type SilentMetric, silentOf } from './silent.ts';
import { impossibleOf, looseOf, tightOf } from './thresholds.ts';
import { forOf, minNOf } from './timing.ts';
import { type Judged, judgedBy, tryRule } from './watch.ts';

/** Values of one rule that are looked at; more do not move its quantiles. */
const VALUES_MAX = 200_000;

export interface RuleReview {
  rule: RuleSpec;
  /** Its place in the service file. */
  index: number;
  judged: number;
  series: number;
  /** Alarms that fired by the recorded alerts, and those that the rule as it is now would have fired. */
  fired: number;
  firesNow: number;
  findings: Finding[];
}

export interface ServiceReview {
  service: string;
  fromMs: number;
  toMs: number;
  results: number;
  thinnedBy: number;
  rules: RuleReview[];
  /** Results that rules watch too many series for. */
  untracked: number;
  silent: SilentMetric[];
  duplicates: DuplicateGroup[];
}

const countOf = (fired: Record<Level, number>): number =>
  LEVELS.reduce((sum, level) => sum + fired[level], 0);

/** A configured service, with what is recorded of it. */
export interface Reviewed {
  spec: ServiceSpec;
  recorded: Recorded;
}

/** @param own null: the service is not configured */
export function reviewOf(stretch: Stretch, own: Reviewed | null, limits: ReviewLimits): ServiceReview {
  const firedBySeries = new Map<string, number>();
  for (const { metric, subject, model, segment, fired } of stretch.alarms.values()) {
    const key = seriesKey(metric, subject, model, segment);
    firedBySeries.set(key, (firedBySeries.get(key) ?? 0) + countOf(fired));
  }
  const firedOf = ({ metric, subject, model, segment }: Series): number =>
    firedBySeries.get(seriesKey(metric, subject, model, segment)) ?? 0;
  const duplicates = duplicatesOf([...stretch.series.values()], firedOf);
  const judged = own === null ? null : judgedBy(own.recorded, own.spec);
  const rules = (own?.spec.rules ?? []).map((rule, index) =>
    reviewRule(stretch, own!, judged!, { rule, index }, limits),
  );
  if (judged !== null)
    for (const { review, finding } of doubledRules(rules, duplicates, judged)) review.findings.push(finding);
  return {
    service: stretch.service,
    fromMs: stretch.firstMs,
    toMs: stretch.lastMs,
    results: stretch.finals,
    thinnedBy: thinnedBy(stretch),
    rules,
    untracked: judged?.untracked ?? 0,
    silent: silentOf(stretch, firedOf),
    duplicates,
  };
}

function reviewRule(
  stretch: Stretch,
  own: Reviewed,
  all: Judged,
  { rule, index }: { rule: RuleSpec; index: number },
  limits: ReviewLimits,
): RuleReview {
  const view = viewOf(own, rule, all);
  const judged = view.watches.reduce((sum, watch) => sum + watch.judged, 0);
  const fired = firedThen(stretch, rule);
  const about = { rule, index, judged, series: view.watches.length, fired, firesNow: view.fired };
  // It judges no results of its own.
  if (rule.when !== undefined) return { ...about, findings: [] };
  if (view.watches.length === 0) {
    const evidence =
      'no result of the stretch is watched by this rule: nothing has this metric, subject, model and segment';
    return { ...about, findings: [{ kind: 'unwatched', evidence, change: null, windows: 0 }] };
  }
  const impossible = hasThresholds(rule) ? impossibleOf(view) : [];
  const tight = tightOf(view, limits);
  const isTight = tight.some(({ kind }) => kind === 'too tight');
  const findings = [
    ...minNOf(view),
    ...impossible,
    ...tight,
    // A tight threshold makes alarms flap; what `for` should be shows when it has moved.
    ...(isTight ? [] : forOf(view)),
    ...(impossible.length > 0 || !hasThresholds(rule) ? [] : looseOf(view)),
  ];
  return { ...about, findings };
}

/** Alerts of the time that say that an alarm fires, of the rule and what it watches now. */
function firedThen(stretch: Stretch, rule: RuleSpec): number {
  let fired = 0;
  for (const alarm of stretch.alarms.values()) {
    const isOwn = alarm.rule === rule.name && (rule.when !== undefined || isWatched(rule, alarm));
    if (isOwn) fired += countOf(alarm.fired);
  }
  return fired;
}

const rising = (a: number, b: number): number => a - b;

function viewOf({ spec, recorded }: Reviewed, rule: RuleSpec, judged: Judged): RuleView {
  const watches = judged.watchesOf(rule);
  const all = watches.flatMap(({ values }) => values);
  const step = Math.max(1, Math.ceil(all.length / VALUES_MAX));
  return {
    rule,
    watches,
    values: all.filter((_, i) => i % step === 0).sort(rising),
    ns: watches.flatMap(({ ns }) => ns).sort(rising),
    fired: judged.firedOf(rule),
    hopMs: spec.windows.hopMs,
    tryRule: (other) => tryRule(recorded, spec, other),
  };
}

const NEVER: readonly FindingKind[] = ['impossible', 'never judged', 'unwatched'];

/** Rules with thresholds for the values of one series of the whole traffic that says the same as the series of another rule. */
function doubledRules(
  rules: readonly RuleReview[],
  groups: readonly DuplicateGroup[],
  judged: Judged,
): { review: RuleReview; finding: Finding }[] {
  const keyOf = ({ metric, subject, model, segment }: Series): string =>
    seriesKey(metric, subject, model, segment);
  const onlyKeyOf = (rule: RuleSpec): string | null => {
    const own = judged.watchesOf(rule);
    const isPlain = hasThresholds(rule) && rule.versus === undefined;
    return isPlain && own.length === 1 ? own[0]!.key : null;
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
