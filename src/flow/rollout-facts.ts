/** What the records of roll-outs and levels say of the roll-out that is under way, or that there is none. */

import { assert } from '../errors.ts';
import type { ModelSpec, RolloutMetric, RolloutRecord, RolloutSplit, ServiceSpec } from '../records.ts';
import type { ChainStep } from '../rollout/level-steps.ts';
import type { Tallied } from '../rollout/tallies.ts';
import type { MetricEvidence } from '../rollout/verdict.ts';
import { isActing, type RoutingTable } from '../router/table.ts';

/** Of the configuration. */
export function primaryOf({ models }: ServiceSpec): ModelSpec {
  const primary = models.find(({ role }) => role === 'primary');
  assert(primary !== undefined, 'the checks ask for a primary');
  return primary;
}

/** The versions that answer under a table. */
export function actingOf({
  epoch,
  versions,
}: RoutingTable): Pick<RolloutSplit, 'epoch' | 'versions' | 'shares'> {
  const acting = versions.filter(({ role, share }) => isActing(role) && share > 0);
  return {
    epoch,
    versions: acting.map(({ version }) => version),
    shares: acting.map(({ share }) => share),
  };
}

type Judged = Omit<
  RolloutRecord,
  | 'id'
  | 'service'
  | 'seq'
  | 'atMs'
  | 'event'
  | 'by'
  | 'reason'
  | 'commandId'
  | 'levelSeen'
  | 'table'
  | 'configDigest'
  | 'previousHash'
  | 'hash'
>;

function metricOf(
  { metric, n, difference, low, high, logEWorse, logEBetter }: MetricEvidence,
  tallies: Tallied['tallies'],
): RolloutMetric {
  const shown = n > 0 ? { difference, low, high } : { difference: null, low: null, high: null };
  return { metric, n, ...shown, logEWorse, logEBetter, tallies: tallies[metric]?.dealt ?? [] };
}

/** What a record says of the roll-out and of its verdict. */
export function judgedOf(spec: ServiceSpec, { rollout, verdict }: ChainStep): Judged {
  if (rollout === null) return { ...NOTHING, primary: primaryOf(spec).name };
  const { rolloutId, spec: plan, state, counts, exposed, split, tallies } = rollout;
  const { primary, phase, stage } = state;
  assert(phase !== 'idle', 'a roll-out that is told of was started');
  const { kind, share } = plan.stages[stage]!;
  const metrics = verdict.evidence.map((one) => metricOf(one, tallies));
  const [first] = metrics;
  assert(first !== undefined, 'a verdict rests on a metric');
  const { difference, low, high, logEBetter } = first;
  return {
    rolloutId,
    candidate: plan.candidate,
    primary,
    status: phase,
    stage,
    stages: plan.stages.length,
    stageKind: kind,
    share,
    verdict: verdict.verdict,
    doubt: verdict.doubt ?? '',
    counts,
    exposed,
    split: split.filter(({ counts: own, elsewhere }) => elsewhere > 0 || own.some((n) => n > 0)),
    metrics,
    ...{ difference, low, high },
    logEWorse: verdict.logEWorse,
    logEBetter,
    logBoundary: verdict.logBoundary,
    needed: verdict.needed,
    spec: JSON.stringify(plan),
  };
}

/** A level without a roll-out. */
const NOTHING: Omit<Judged, 'primary'> = {
  ...{ rolloutId: '', candidate: '', status: 'none', stage: 0, stages: 0, stageKind: 'live', share: 1 },
  ...{ verdict: 'inconclusive', doubt: 'no_data', counts: { n: 0, better: 0, worse: 0, due: 0 } },
  ...{ exposed: 0, split: [], metrics: [] },
  ...{ difference: null, low: null, high: null, logEWorse: 0, logEBetter: 0, logBoundary: 0, needed: null },
  spec: '',
};
