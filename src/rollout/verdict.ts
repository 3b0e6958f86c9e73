/**
 * What is known of a candidate, as one of four verdicts with its evidence. It may be asked at any time and as often as one likes: of all roll-outs of a candidate that is as
 * good as the primary, at most alpha end with a wrong promotion or a wrong roll-back, half of it each.
 */

import { assert } from '../errors.ts';
import { logAverageOf } from '../math/e-values.ts';
import type { AnalysisPhase } from './analysis.ts';
import {
  intervalOf,
  type Pairs,
  type Side,
  scaledPairs,
  scaledTally,
  sideOfPairs,
  sideOfTallies,
  type Tally,
  type Weight,
  weightOf,
} from './comparison.ts';
import { dealtBy, logESplit, nToNotice, type SplitCounts } from './split.ts';

export interface MetricRule {
  metric: string;
  /** What counts as evidence; a split that is broken spoils `unpaired` alone. */
  evidence: 'paired' | 'unpaired' | 'both';
  /** A rate. To promote, "worse by at least so much" must be refuted: 0 asks for a better candidate, more for one that is not much worse. */
  margin: number;
  /** A rate. To roll back, "worse by at most so much" must be refuted. */
  tolerance: number;
  /** It has no data in this stage and need not have any: no promotion rests on it alone, and none waits for it. */
  isIdle?: true;
}

export interface VerdictSpec {
  /** For wrong promotions and roll-backs together, over all looks. */
  alpha: number;
  /** For calling a sound split broken, over all looks. */
  splitAlpha: number;
  /** Answers of the candidate with a known outcome, of every metric, before it may be promoted. */
  nMin: number;
  /** The least share of outcomes, of those that are due, that must be known. */
  coverageMin: number;
  /** A promotion needs all of them that are not idle, a roll-back the mean evidence of all. */
  metrics: readonly MetricRule[];
  /** With which requests are dealt to the candidate in this stage; absent: none are. */
  share?: number;
}

export interface MetricSeen {
  pairs: Pairs;
  tallies: readonly Tally[];
  /** Answers of the candidate whose outcome is due by now, known or not. */
  due: number;
}

export interface Seen {
  /** By name; one that is absent has no data. */
  metrics: Readonly<Record<string, MetricSeen>>;
  split: readonly SplitCounts[];
  /** Repeated checks, without those that run dry. */
  checks: readonly { name: string; phase: AnalysisPhase }[];
  /** Names of alarms that fire and are to stop a roll-out. */
  alarms: readonly string[];
}

export type VerdictName = 'promote' | 'keep' | 'rollback' | 'inconclusive';
export type Doubt = 'no_data' | 'too_few' | 'labels_late' | 'split_broken';

export interface MetricEvidence extends Weight {
  metric: string;
  /** Requests that count: pairs, those of both arms, or all of these. */
  n: number;
  /** Bad rate of the candidate less that of the primary, of the side that knows it better. */
  difference: number;
  /** Differences that are not refuted, at all times at once; -1 to 1 without data. */
  low: number;
  high: number;
  /** Answers of the candidate that count. */
  nCandidate: number;
  /** Requests still needed, going on as so far, until the promotion is clear; null: it is not going there. */
  neededToPromote: number | null;
}

export interface Verdict {
  verdict: VerdictName;
  /** Of an inconclusive one alone. */
  doubt: Doubt | null;
  reason: string;
  evidence: MetricEvidence[];
  /** ln e of all metrics together against "not worse than tolerated". */
  logEWorse: number;
  /** ln e against a split by the shares. */
  logESplit: number;
  /** What ln e must reach: of promotions and roll-backs, and of the split. */
  logBoundary: number;
  logSplitBoundary: number;
  /** Requests still needed until either is clear, going on as so far; null: neither is in sight. */
  needed: number | null;
}

export type Decision = Pick<Verdict, 'verdict' | 'doubt'>;

/** What the decision rests on: all but intervals and forecasts, which take far longer. */
interface Scales extends Pick<Verdict, 'logEWorse' | 'logESplit' | 'logBoundary' | 'logSplitBoundary'> {
  /** Of each metric: what was dealt cannot be compared. */
  spoilt: boolean[];
  weights: Weight[];
}

/** The verdict without its evidence. */
export const decisionOf = (spec: VerdictSpec, seen: Seen): Decision => decide(spec, seen, weigh(spec, seen));

export function verdictOf(spec: VerdictSpec, seen: Seen): Verdict {
  const { spoilt, weights, ...scales } = weigh(spec, seen);
  const { logBoundary } = scales;
  const weightsAt = (times: number): Weight[] => weightsOf(spec, seen, spoilt, times);
  const evidence = spec.metrics.map((rule, i): MetricEvidence => {
    const sides = sidesOf(rule, seen, spoilt[i]!, 1);
    const n = sides.reduce((sum, side) => sum + side.n, 0);
    const clear = (times: number): boolean => weightsAt(times)[i]!.logEBetter >= logBoundary;
    return {
      metric: rule.metric,
      n,
      ...narrowest(sides, logBoundary),
      ...weights[i]!,
      nCandidate: candidatesOf(rule, seen.metrics[rule.metric]),
      neededToPromote: neededOf(n, clear),
    };
  });
  const n = Math.max(...evidence.map((one) => one.n));
  const toRollBack = neededOf(n, (times) => meanWorse(weightsAt(times)) >= logBoundary);
  const decision = decide(spec, seen, { spoilt, weights, ...scales });
  const asked = evidence.filter((_, i) => spec.metrics[i]!.isIdle !== true);
  return {
    ...decision,
    reason: reasonOf(spec, seen, decision, evidence),
    evidence,
    ...scales,
    needed: leastOf(toRollBack, mostOf(asked.map((one) => one.neededToPromote))),
  };
}

function weigh(spec: VerdictSpec, seen: Seen): Scales {
  assert(spec.metrics.length > 0, 'a verdict rests on a metric');
  const split = logESplit(seen.split);
  const logSplitBoundary = Math.log(1 / spec.splitAlpha);
  const isBroken = split >= logSplitBoundary;
  const spoilt = spec.metrics.map((rule) => isBroken || logESkew(rule, seen) >= logSplitBoundary);
  const weights = weightsOf(spec, seen, spoilt, 1);
  return {
    spoilt,
    weights,
    logEWorse: meanWorse(weights),
    logESplit: split,
    logBoundary: Math.log(2 / spec.alpha),
    logSplitBoundary,
  };
}

/** Outcomes that are known of one model's answers more often than of the other's are no sample of what was dealt. */
const logESkew = ({ metric, evidence }: MetricRule, seen: Seen): number =>
  evidence === 'paired'
    ? Number.NEGATIVE_INFINITY
    : logESplit(
        (seen.metrics[metric] ?? NOTHING).tallies.map(({ share, candidate, primary }) => ({
          shares: [1 - share, share],
          counts: [primary.n, candidate.n],
        })),
      );

/** Harm goes first, then what makes a promotion doubtful, then the promotion. */
function decide(
  spec: VerdictSpec,
  seen: Seen,
  { spoilt, weights, logEWorse, logESplit: split, logBoundary, logSplitBoundary }: Scales,
): Decision {
  if (seen.alarms.length > 0 || inPhase(seen, 'failed') !== '' || logEWorse >= logBoundary)
    return { verdict: 'rollback', doubt: null };
  const isBroken = split >= logSplitBoundary || spoilt.includes(true);
  const doubt = isBroken ? 'split_broken' : (doubtOf(spec, seen)?.doubt ?? doubtOfChecks(seen));
  if (doubt !== null) return { verdict: 'inconclusive', doubt };
  const asked = weights.filter((_, i) => spec.metrics[i]!.isIdle !== true);
  const isClear = asked.length > 0 && asked.every(({ logEBetter }) => logEBetter >= logBoundary);
  return { verdict: isClear ? 'promote' : 'keep', doubt: null };
}

const inPhase = ({ checks }: Seen, phase: AnalysisPhase): string =>
  checks
    .filter((one) => one.phase === phase)
    .map(({ name }) => name)
    .join(', ');

const doubtOfChecks = (seen: Seen): Doubt | null =>
  inPhase(seen, 'error') !== '' ? 'no_data' : inPhase(seen, 'inconclusive') !== '' ? 'too_few' : null;

function reasonOfSplit({ metrics, splitAlpha }: VerdictSpec, seen: Seen): string {
  const logBoundary = Math.log(1 / splitAlpha);
  const skewed = metrics.filter((rule) => logESkew(rule, seen) >= logBoundary);
  return logESplit(seen.split) >= logBoundary || skewed.length === 0
    ? 'requests do not go where the shares send them'
    : `${skewed.map(({ metric }) => metric).join(', ')}: outcomes are known of one model's answers more often than its share`;
}

/** How the reason of a roll-back by alarms begins; their names follow. */
export const ALARMS_FIRE = 'alarms fire: ';

function reasonOf(
  spec: VerdictSpec,
  seen: Seen,
  decision: Decision,
  evidence: readonly MetricEvidence[],
): string {
  const { verdict, doubt } = decision;
  const [failed, errors] = [inPhase(seen, 'failed'), inPhase(seen, 'error')];
  if (verdict === 'rollback') {
    if (seen.alarms.length > 0) return `${ALARMS_FIRE}${seen.alarms.join(', ')}`;
    if (failed !== '') return `checks have failed: ${failed}`;
    const worst = evidence.reduce((a, b) => (b.logEWorse > a.logEWorse ? b : a));
    return `${worst.metric} of the candidate is worse, by ${inWords(worst)}`;
  }
  if (verdict === 'promote')
    return evidence.map((one) => `${one.metric} differs by ${inWords(one)}`).join('; ');
  if (verdict === 'keep') return 'neither harm nor a candidate that is good enough is shown so far';
  if (doubt === 'split_broken') return reasonOfSplit(spec, seen);
  const ofData = doubtOf(spec, seen);
  if (ofData !== null) return ofData.reason;
  return errors !== ''
    ? `checks cannot be made: ${errors}`
    : `checks are inconclusive: ${inPhase(seen, 'inconclusive')}`;
}

interface Reasoned {
  doubt: Doubt;
  reason: string;
}

function doubtOf(spec: VerdictSpec, seen: Seen): Reasoned | null {
  for (const rule of spec.metrics) {
    if (rule.isIdle === true) continue;
    const { metric } = rule;
    const n = candidatesOf(rule, seen.metrics[metric]);
    const due = Math.max(n, seen.metrics[metric]?.due ?? 0);
    if (due === 0) return { doubt: 'no_data', reason: `${metric}: ${nothingOf(rule)}` };
    if (due < spec.nMin)
      return {
        doubt: 'too_few',
        reason: `${metric}: ${due} answers of the candidate, ${spec.nMin} are needed`,
      };
    if (n < spec.nMin || n < spec.coverageMin * due)
      return { doubt: 'labels_late', reason: `${metric}: ${n} outcomes are known of ${due} answers` };
  }
  return doubtOfShare(spec, seen);
}

const nothingOf = ({ evidence }: MetricRule): string =>
  evidence === 'unpaired'
    ? 'no request that was routed by its id says that the candidate answered it'
    : 'the candidate has no answers that count';

/** Where requests say who answered them, a candidate that gets none of them must have had the time to be noticed. */
function doubtOfShare({ share, splitAlpha }: VerdictSpec, { split }: Seen): Reasoned | null {
  const isSaid = split.some(({ counts, elsewhere = 0 }) => elsewhere > 0 || counts.some((n) => n > 0));
  if (share === undefined || !isSaid) return null;
  const [n, needed] = [dealtBy(split, share), nToNotice(split, share, Math.log(1 / splitAlpha))];
  const reason = `${n} requests say who answered them at a share of ${percent(share)}, ${needed} are needed to notice that none reach the candidate`;
  return n < needed ? { doubt: 'too_few', reason } : null;
}

const percent = (rate: number): string => `${(rate * 100).toFixed(2)} %`;
const inWords = ({ difference, low, high }: MetricEvidence): string =>
  `${percent(difference)} (${percent(low)} to ${percent(high)})`;

function candidatesOf({ evidence }: MetricRule, seen: MetricSeen | undefined): number {
  if (seen === undefined) return 0;
  const own = seen.tallies.reduce((sum, { candidate }) => sum + candidate.n, 0);
  return (evidence === 'unpaired' ? 0 : seen.pairs.n) + (evidence === 'paired' ? 0 : own);
}

/** The sides of a metric, with so many times the requests that were seen. One that is spoilt has no tallies. */
function sidesOf({ metric, evidence }: MetricRule, seen: Seen, isSpoilt: boolean, times: number): Side[] {
  const { pairs, tallies } = seen.metrics[metric] ?? NOTHING;
  const paired = sideOfPairs(scaledPairs(pairs, times));
  const unpaired = sideOfTallies(isSpoilt ? [] : tallies.map((tally) => scaledTally(tally, times)));
  return evidence === 'paired' ? [paired] : evidence === 'unpaired' ? [unpaired] : [paired, unpaired];
}

const NOTHING: MetricSeen = { pairs: { n: 0, better: 0, worse: 0 }, tallies: [], due: 0 };

const weightsOf = (spec: VerdictSpec, seen: Seen, spoilt: readonly boolean[], times: number): Weight[] =>
  spec.metrics.map((rule, i) =>
    weightOf(sidesOf(rule, seen, spoilt[i]!, times), rule.margin, rule.tolerance),
  );

function narrowest(
  sides: readonly Side[],
  logBoundary: number,
): Pick<MetricEvidence, 'difference' | 'low' | 'high'> {
  const shown = sides.map((side) => ({ difference: side.difference, ...intervalOf(side, logBoundary) }));
  return shown.reduce((a, b) => (b.high - b.low < a.high - a.low ? b : a));
}

/** The mean of e-values holds under any dependence of metrics on the same requests. */
const meanWorse = (weights: readonly Weight[]): number =>
  logAverageOf(weights.map(({ logEWorse }) => [1, logEWorse] as const));

/** Beyond a thousand times what was seen, a forecast says nothing. */
const TIMES_MAX = 1000;

/** Requests until `isClear`, if all that come are like those that came. */
function neededOf(n: number, isClear: (times: number) => boolean): number | null {
  if (n === 0) return null;
  if (isClear(1)) return 0;
  let [from, to] = [1, 2];
  while (!isClear(to)) {
    if (to >= TIMES_MAX) return null;
    [from, to] = [to, to * 2];
  }
  // To one in a thousand.
  while (to - from > from / 1000) {
    const middle = (from + to) / 2;
    if (isClear(middle)) to = middle;
    else from = middle;
  }
  return Math.ceil(n * (to - 1));
}

const leastOf = (a: number | null, b: number | null): number | null =>
  a === null ? b : b === null ? a : Math.min(a, b);

/** All must be reached. */
const mostOf = (all: readonly (number | null)[]): number | null =>
  all.length === 0 || all.includes(null) ? null : Math.max(...(all as number[]));
