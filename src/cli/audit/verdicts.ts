/** Verdicts once more, from what a record says of plan, stage, counts and alarms; and whether the steps that nobody asked for follow from them. */

import { messageOf } from '../../errors.ts';
import type { RolloutRecord, RolloutSpec, RolloutTally } from '../../records.ts';
import { countedOf, seenOf, verdictSpecOf } from '../../rollout/evidence.ts';
import { causeOf } from '../../rollout/exposure.ts';
import { NOT_WANTED, TAKEN_OVER } from '../../rollout/fold.ts';
import { DEADLINE_PASSED } from '../../rollout/machine.ts';
import { ALARMS_FIRE, type Verdict, verdictOf } from '../../rollout/verdict.ts';
import type { Placed } from '../rollout/records.ts';
import { type Fault, faultOf } from './chain.ts';

export interface VerdictAudit {
  checked: number;
  /** Verdicts on which alarms may have had a say that the record does not name. */
  unnamed: number;
  faults: Fault[];
}

/** What is known of a roll-out from the records before. */
interface Past {
  spec: RolloutSpec;
  text: string;
  before: RolloutRecord;
  startedMs: number;
  /** When the stage began, and what counted then. */
  stageFromMs: number;
  stageFromN: number;
}

/** @param records of one service, in order */
export function auditVerdicts(records: readonly Placed[]): VerdictAudit {
  const audit: VerdictAudit = { checked: 0, unnamed: 0, faults: [] };
  const pasts = new Map<string, Past>();
  for (const one of records) {
    const { record } = one;
    // A level without a roll-out rests on no plan.
    if (record.status === 'none') continue;
    const past = pasts.get(record.rolloutId) ?? null;
    const report = (message: string): void => {
      audit.faults.push(faultOf(one, message));
    };
    try {
      const spec = past?.text === record.spec ? past.spec : specOf(record);
      if (past !== null && past.text !== record.spec) report('its plan is another than at the start');
      checkPlace(record, spec, report);
      const stage = record.event === 'started' ? 0 : (past?.before.stage ?? record.stage);
      checkVerdict(record, spec, stage, audit, report);
      if (past !== null) checkStep(record, past, report);
      pasts.set(record.rolloutId, next(past, record, spec));
    } catch (error) {
      report(`its verdict cannot be computed: ${messageOf(error)}`);
    }
  }
  return audit;
}

function specOf({ spec }: RolloutRecord): RolloutSpec {
  return JSON.parse(spec) as RolloutSpec;
}

function next(past: Past | null, record: RolloutRecord, spec: RolloutSpec): Past {
  const isFirst = past === null || record.event === 'started';
  const isEntered = isFirst || record.stage !== past.before.stage;
  return {
    spec,
    text: record.spec,
    before: record,
    startedMs: isFirst ? record.atMs : past.startedMs,
    stageFromMs: isEntered ? record.atMs : past.stageFromMs,
    stageFromN: isEntered ? countedOf(spec, record.stage, knownOf(record)) : past.stageFromN,
  };
}

/** What the roll-out knew when it wrote the record. */
const knownOf = ({ counts, split, metrics }: RolloutRecord) => ({
  counts,
  split,
  tallies: Object.fromEntries(
    metrics.map(({ metric, tallies }) => [metric, { alone: { n: 0, bad: 0 }, dealt: tallies }]),
  ),
});

type Report = (message: string) => void;

function checkPlace(record: RolloutRecord, spec: RolloutSpec, report: Report): void {
  const { stage, stages, stageKind, share, candidate } = record;
  const planned = spec.stages[stage];
  if (stages !== spec.stages.length || planned === undefined)
    report(`stage ${stage + 1} of ${stages} is none of its plan, which has ${spec.stages.length}`);
  else if (planned.kind !== stageKind || planned.share !== share)
    report(
      `its stage is ${stageKind} with a share of ${share}, that of its plan ${planned.kind} with ${planned.share}`,
    );
  if (candidate !== spec.candidate)
    report(`its candidate is ${candidate}, that of its plan ${spec.candidate}`);
}

function checkVerdict(
  record: RolloutRecord,
  spec: RolloutSpec,
  stage: number,
  audit: VerdictAudit,
  report: Report,
): void {
  const cause = causeOf(record);
  const alarms =
    record.by === '' && cause.startsWith(ALARMS_FIRE) ? cause.slice(ALARMS_FIRE.length).split(', ') : [];
  const foreign = alarms.filter((rule) => !spec.rollbackOn.rules.includes(rule));
  if (foreign.length > 0)
    report(`alarms of ${foreign.join(', ')} are no guard rails of its plan, and cannot roll back`);
  const verdict = verdictOf(verdictSpecOf(spec, stage), seenOf(spec, knownOf(record), alarms));
  audit.checked++;
  // Records of what people asked for, and of levels, give their reason, and not which alarms fire.
  const isUnnamed =
    (record.by !== '' || isOfLevel(record)) &&
    record.verdict === 'rollback' &&
    verdict.verdict !== 'rollback' &&
    spec.rollbackOn.rules.length > 0;
  if (isUnnamed) audit.unnamed++;
  const differing = differencesOf(record, verdict, isUnnamed);
  if (differing.length > 0) report(`computed again, ${differing.join(', ')}`);
  const isReasoned = record.event === 'verdict' || (record.event === 'rolled_back' && isHarm(record));
  if (differing.length === 0 && record.by === '' && isReasoned && cause !== verdict.reason)
    report(`its reason is '${cause}', that of its verdict '${verdict.reason}'`);
}

/** Of floating-point numbers that other machines may compute differently in the last places. */
const isClose = (a: number | null, b: number | null): boolean =>
  a === null || b === null ? a === b : Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a), Math.abs(b));

function differencesOf(record: RolloutRecord, verdict: Verdict, isUnnamed: boolean): string[] {
  const evidence = verdict.evidence[0]!;
  const hasData = evidence.n > 0;
  const found: string[] = [];
  const compare = (name: string, recorded: number | null, computed: number | null): void => {
    if (!isClose(recorded, computed)) found.push(`${name} is ${computed} and not ${recorded}`);
  };
  const said = `${record.verdict} ${record.doubt}`.trim();
  const is = `${verdict.verdict} ${verdict.doubt ?? ''}`.trim();
  if (said !== is && !isUnnamed) found.push(`the verdict is ${is} and not ${said}`);
  verdict.evidence.forEach((one, i) => {
    const told = record.metrics[i];
    if (told?.metric !== one.metric) {
      found.push(`its metric ${i + 1} is ${one.metric} and not ${told?.metric ?? 'none'}`);
      return;
    }
    for (const key of ['n', 'difference', 'low', 'high', 'logEWorse', 'logEBetter'] as const)
      compare(
        `${key} of ${one.metric}`,
        told[key],
        key === 'n' || key.startsWith('log') || one.n > 0 ? one[key] : null,
      );
  });
  compare('difference', record.difference, hasData ? evidence.difference : null);
  compare('low', record.low, hasData ? evidence.low : null);
  compare('high', record.high, hasData ? evidence.high : null);
  compare('logEWorse', record.logEWorse, verdict.logEWorse);
  compare('logEBetter', record.logEBetter, evidence.logEBetter);
  compare('logBoundary', record.logBoundary, verdict.logBoundary);
  // Rounded up, so that the last place may be one more.
  if (!isClose(record.needed, verdict.needed) && Math.abs((record.needed ?? -9) - (verdict.needed ?? -9)) > 1)
    found.push(`needed is ${verdict.needed} and not ${record.needed}`);
  return found;
}

const ASKED_FOR = ['paused', 'resumed', 'refused'];

/** How much the model decides by itself, which changes nothing about the roll-out. */
export const isOfLevel = ({ event }: RolloutRecord): boolean =>
  event === 'level' || event === 'level_open' || event === 'level_waits';
const BY_CONFIGURATION: readonly string[] = [NOT_WANTED, TAKEN_OVER];

/** A roll-back for what the candidate did. */
export function isHarm(record: RolloutRecord): boolean {
  const cause = causeOf(record);
  return cause !== DEADLINE_PASSED && !BY_CONFIGURATION.includes(cause);
}

/** Counts only rise; and of a step by the service itself, whether the plan and the verdict let it happen. */
function checkStep(record: RolloutRecord, past: Past, report: Report): void {
  const { counts, event, by } = record;
  const { before, spec } = past;
  for (const key of ['n', 'better', 'worse', 'due'] as const)
    if (counts[key] < before.counts[key]) report(`${key} falls from ${before.counts[key]} to ${counts[key]}`);
  checkExposure(record, before, report);
  checkTallies(record, before, report);
  if (record.atMs < before.atMs) report('its time is before that of the record before');
  if (event === 'started') report('the roll-out was started already');
  if (by !== '') return;
  if (ASKED_FOR.includes(event)) report(`nobody asked for '${event}'`);
  if (event === 'rolled_back') checkRollback(record, past, report);
  if (['advanced', 'promoted', 'waiting'].includes(event)) checkAdvance(record, past, report);
  else if (record.stage !== before.stage && event !== 'started')
    report(`its stage is ${record.stage + 1}, after ${before.stage + 1} of ${spec.stages.length}`);
}

function checkExposure(record: RolloutRecord, before: RolloutRecord, report: Report): void {
  if (record.exposed < before.exposed) report(`exposed falls from ${before.exposed} to ${record.exposed}`);
  for (const { epoch, versions, shares, counts, elsewhere } of record.split) {
    const past = before.split.find((one) => one.epoch === epoch);
    if (past === undefined) continue;
    if (JSON.stringify([versions, shares]) !== JSON.stringify([past.versions, past.shares]))
      report(`the shares of the table of epoch ${epoch} are others than before`);
    else if (elsewhere < past.elsewhere || counts.some((n, i) => n < past.counts[i]!))
      report(`requests under the table of epoch ${epoch} get fewer`);
  }
}

function checkTallies(record: RolloutRecord, before: RolloutRecord, report: Report): void {
  for (const { metric, tallies } of before.metrics) {
    const now = record.metrics.find((one) => one.metric === metric)?.tallies ?? [];
    for (const past of tallies) {
      const tally = now.find(({ share }) => share === past.share);
      const numbersOf = ({ candidate, primary, due }: RolloutTally): number[] => [
        ...[candidate.n, candidate.bad, primary.n, primary.bad, due],
      ];
      if (tally === undefined) report(`${metric}: the requests that were dealt with ${past.share} are gone`);
      else if (tally.centre !== past.centre)
        report(`${metric}: its centre was ${past.centre} and is ${tally.centre}`);
      else if (numbersOf(tally).some((n, i) => n < numbersOf(past)[i]!))
        report(`${metric}: requests that were dealt with ${past.share} get fewer`);
    }
  }
}

function checkRollback(record: RolloutRecord, { spec, startedMs }: Past, report: Report): void {
  if (causeOf(record) === DEADLINE_PASSED) {
    if (spec.deadlineMs === null || record.atMs - startedMs < spec.deadlineMs)
      report('its deadline has not passed');
  } else if (isHarm(record) && record.verdict !== 'rollback')
    report(`it was rolled back on the verdict ${record.verdict}`);
}

function checkAdvance(record: RolloutRecord, past: Past, report: Report): void {
  const { event, verdict, atMs } = record;
  const { spec, before, stageFromMs, stageFromN } = past;
  const stage = spec.stages[before.stage]!;
  const name = `stage ${before.stage + 1}`;
  const isLast = before.stage === spec.stages.length - 1;
  if ((event === 'waiting') !== (stage.gate === 'manual'))
    report(`the gate of ${name} is ${stage.gate}, and it is ${event}`);
  if (event !== 'waiting' && (event === 'promoted') !== isLast)
    report(`it is ${event} from ${name} of ${spec.stages.length}`);
  if (record.stage !== before.stage + (event === 'advanced' ? 1 : 0))
    report(`it is in stage ${record.stage + 1} after ${name}`);
  if (before.status !== 'running') report(`it is ${event} while it was ${before.status}`);
  if (atMs - stageFromMs < stage.durationMs) report(`the time of ${name} was not over`);
  const n = countedOf(spec, before.stage, knownOf(record)) - stageFromN;
  if (n < stage.nMin) report(`${name} had ${n} of ${stage.nMin} labelled requests`);
  if (stage.kind !== 'live' && verdict !== 'promote' && verdict !== stage.needs)
    report(`${name} needs the verdict ${stage.needs}, and it was ${verdict}`);
}
