/** What the records of roll-outs and levels say of the roll-out that is under way, or that there is none. */

import { assert } from '../errors.ts';
import type { ModelSpec, RolloutRecord, ServiceSpec } from '../records.ts';
import type { ChainStep } from '../rollout/level-steps.ts';

/** Of the configuration. */
export function primaryOf({ models }: ServiceSpec): ModelSpec {
  const primary = models.find(({ role }) => role === 'primary');
  assert(primary !== undefined, 'the checks ask for a primary');
  return primary;
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
  | 'table'
  | 'configDigest'
  | 'previousHash'
  | 'hash'
>;

/** What a record says of the roll-out and of its verdict. */
export function judgedOf(spec: ServiceSpec, { rollout, verdict }: ChainStep): Judged {
  if (rollout === null) return { ...NOTHING, primary: primaryOf(spec).name };
  const { rolloutId, spec: plan, state, counts } = rollout;
  const { primary, phase, stage } = state;
  assert(phase !== 'idle', 'a roll-out that is told of was started');
  const { kind, share } = plan.stages[stage]!;
  const [evidence] = verdict.evidence;
  assert(evidence !== undefined, 'a verdict rests on a metric');
  const hasData = evidence.n > 0;
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
    difference: hasData ? evidence.difference : null,
    low: hasData ? evidence.low : null,
    high: hasData ? evidence.high : null,
    logEWorse: verdict.logEWorse,
    logEBetter: evidence.logEBetter,
    logBoundary: verdict.logBoundary,
    needed: verdict.needed,
    spec: JSON.stringify(plan),
  };
}

/** A level without a roll-out. */
const NOTHING: Omit<Judged, 'primary'> = {
  ...{ rolloutId: '', candidate: '', status: 'none', stage: 0, stages: 0, stageKind: 'live', share: 1 },
  ...{ verdict: 'inconclusive', doubt: 'no_data', counts: { n: 0, better: 0, worse: 0, due: 0 } },
  ...{ difference: null, low: null, high: null, logEWorse: 0, logEBetter: 0, logBoundary: 0, needed: null },
  spec: '',
};
