/** What the verdicts of a roll-out rest on, by its plan, and what they see of it. */

import type { RolloutCounts, RolloutSpec, RolloutSplit } from '../records.ts';
import { answersIn, dueIn, feedbackMetric, type Tallied } from './tallies.ts';
import type { MetricRule, MetricSeen, Seen, VerdictSpec } from './verdict.ts';

/** The name of the metric that every verdict rests on. */
export const WRONG_ANSWERS = 'wrong_answers';

/** For calling a sound split broken: rarer than a wrong verdict, since no stage opens the next one from then on. */
const SPLIT_ALPHA = 0.001;

/** In the order of the records. */
const rulesOf = (spec: RolloutSpec): MetricRule[] => [
  {
    ...{ metric: WRONG_ANSWERS, evidence: spec.evidence ?? 'paired' },
    ...{ margin: spec.margin, tolerance: spec.tolerance },
  },
  ...(spec.feedback ?? []).map(
    ({ kind, ...rates }): MetricRule => ({ metric: feedbackMetric(kind), evidence: 'unpaired', ...rates }),
  ),
];

/** Whether requests are dealt to the candidate in a stage, which is what unpaired evidence is about. */
const isDealt = ({ stages, isDryRun }: RolloutSpec, stage: number): boolean =>
  stages[stage]?.kind === 'canary' && !isDryRun;

/** What a verdict rests on at a stage. */
export function verdictSpecOf(spec: RolloutSpec, stage: number): VerdictSpec {
  const { alpha, coverageMin, stages } = spec;
  const { nMin, share } = stages[stage]!;
  const dealt = isDealt(spec, stage);
  const rules = rulesOf(spec).map(
    (rule): MetricRule => (rule.evidence === 'unpaired' && !dealt ? { ...rule, isIdle: true } : rule),
  );
  const rest = { splitAlpha: SPLIT_ALPHA, nMin: Math.max(1, nMin), metrics: rules };
  return { alpha, coverageMin, ...rest, ...(dealt ? { share } : {}) };
}

/** What is known of a roll-out: of its state, or of a record. */
interface Known extends Tallied {
  counts: RolloutCounts;
  split: readonly RolloutSplit[];
}

/**
 * What a verdict sees.
 *
 * @param alarms names of rules whose alarms speak against the candidate
 */
export function seenOf(
  spec: RolloutSpec,
  { counts, split, tallies }: Known,
  alarms: readonly string[],
): Seen {
  const { n, better, worse, due } = counts;
  const metrics = rulesOf(spec).map(({ metric, evidence }): [string, MetricSeen] => {
    const dealt = tallies[metric]?.dealt ?? [];
    const duePairs = evidence === 'unpaired' ? 0 : due;
    return [metric, { pairs: { n, better, worse }, tallies: dealt, due: duePairs + dueIn(dealt) }];
  });
  return { metrics: Object.fromEntries(metrics), split, checks: [], alarms };
}

/** Answers that a stage counts: those that the candidate gave itself where nothing else is evidence, else labelled pairs. */
export const countedOf = (
  spec: RolloutSpec,
  stage: number,
  { counts, tallies }: Pick<Known, 'counts' | 'tallies'>,
): number =>
  spec.evidence === 'unpaired' && isDealt(spec, stage)
    ? answersIn(tallies[WRONG_ANSWERS]?.dealt ?? [])
    : counts.n;
