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
import { logESplit, type SplitCounts } from './split.ts';

export interface MetricRule {
  metric: string;
  /** What counts as evidence; a split that is broken spoils `unpaired` alone. */
  evidence: 'paired' | 'unpaired' | 'both';
  /** A rate. To promote, "worse by at least so much" must be refuted: 0 asks for a better candidate, more for one that is not much worse. */
  margin: number;
  /** A rate. To roll back, "worse by at most so much" must be refuted. */
  tolerance: number;
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
  /** A promotion needs all of them, a roll-back their mean evidence. */
  metrics: readonly MetricRule[];
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
  isBroken: boolean;
  weights: Weight[];
}

/** The verdict without its evidence. */
export const decisionOf = (spec: VerdictSpec, seen: Seen): Decision => decide(spec, seen, weigh(spec, seen));

export function verdictOf(spec: VerdictSpec, seen: Seen): Verdict {
  const { isBroken, weights, ...scales } = weigh(spec, seen);
  const { logBoundary } = scales;
  const weightsAt = (times: number): Weight[] => weightsOf(spec, seen, isBroken, times);
  const evidence = spec.metrics.map((rule, i): MetricEvidence => {
    const sides = sidesOf(rule, seen, isBroken, 1);
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
  const decision = decide(spec, seen, { isBroken, weights, ...scales });
  return {
    ...decision,
    reason: reasonOf(spec, seen, decision, evidence),
    evidence,
    ...scales,
    needed: leastOf(toRollBack, mostOf(evidence.map((one) => one.neededToPromote))),
  };
}

function weigh(spec: VerdictSpec, seen: Seen): Scales {
  assert(spec.metrics.length > 0, 'a verdict rests on a metric');
  const split = logESplit(seen.split);
  const logSplitBoundary = Math.log(1 / spec.splitAlpha);
  const isBroken = split >= logSplitBoundary;
  const weights = weightsOf(spec, seen, isBroken, 1);
  return {
    isBroken,
    weights,
    logEWorse: meanWorse(weights),
    logESplit: split,
    logBoundary: Math.log(2 / spec.alpha),
    logSplitBoundary,
  };
}

/** Harm goes first, then what makes a promotion doubtful, then the promotion. */
function decide(
  spec: VerdictSpec,
  seen: Seen,
  { isBroken, weights, logEWorse, logBoundary }: Scales,
): Decision {
  if (seen.alarms.length > 0 || inPhase(seen, 'failed') !== '' || logEWorse >= logBoundary)
    return { verdict: 'rollback', doubt: null };
  const doubt = isBroken ? 'split_broken' : (doubtOf(spec, seen)?.doubt ?? doubtOfChecks(seen));
  if (doubt !== null) return { verdict: 'inconclusive', doubt };
  const isClear = weights.every(({ logEBetter }) => logEBetter >= logBoundary);
  return { verdict: isClear ? 'promote' : 'keep', doubt: null };
}

const inPhase = ({ checks }: Seen, phase: AnalysisPhase): string =>
  checks
    .filter((one) => one.phase === phase)
    .map(({ name }) => name)
    .join(', ');

const doubtOfChecks = (seen: Seen): Doubt | null =>
  inPhase(seen, 'error') !== '' ? 'no_data' : inPhase(seen, 'inconclusive') !== '' ? 'too_few' : null;

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
  if (doubt === 'split_broken') return 'requests do not go where the shares send them';
  const ofData = doubtOf(spec, seen);
  if (ofData !== null) return ofData.reason;
  return errors !== ''
    ? `checks cannot be made: ${errors}`
    : `checks are inconclusive: ${inPhase(seen, 'inconclusive')}`;
}

function doubtOf(spec: VerdictSpec, seen: Seen): { doubt: Doubt; reason: string } | null {
  for (const rule of spec.metrics) {
    const { metric } = rule;
    const n = candidatesOf(rule, seen.metrics[metric]);
    const due = Math.max(n, seen.metrics[metric]?.due ?? 0);
    if (due === 0) return { doubt: 'no_data', reason: `${metric}: the candidate has no answers that count` };
    if (due < spec.nMin)
      return {
        doubt: 'too_few',
        reason: `${metric}: ${due} answers of the candidate, ${spec.nMin} are needed`,
      };
    if (n < spec.nMin || n < spec.coverageMin * due)
      return { doubt: 'labels_late', reason: `${metric}: ${n} outcomes are known of ${due} answers` };
  }
  return null;
}

const percent = (rate: number): string => `${(rate * 100).toFixed(2)} %`;
const inWords = ({ difference, low, high }: MetricEvidence): string =>
  `${percent(difference)} (${percent(low)} to ${percent(high)})`;

function candidatesOf({ evidence }: MetricRule, seen: MetricSeen | undefined): number {
  if (seen === undefined) return 0;
  const own = seen.tallies.reduce((sum, { candidate }) => sum + candidate.n, 0);
  return (evidence === 'unpaired' ? 0 : seen.pairs.n) + (evidence === 'paired' ? 0 : own);
}

/** The sides of a metric, with so many times the requests that were seen. A broken split has no tallies. */
function sidesOf({ metric, evidence }: MetricRule, seen: Seen, isBroken: boolean, times: number): Side[] {
  const { pairs, tallies } = seen.metrics[metric] ?? NOTHING;
  const paired = sideOfPairs(scaledPairs(pairs, times));
  const unpaired = sideOfTallies(isBroken ? [] : tallies.map((tally) => scaledTally(tally, times)));
  return evidence === 'paired' ? [paired] : evidence === 'unpaired' ? [unpaired] : [paired, unpaired];
}

const NOTHING: MetricSeen = { pairs: { n: 0, better: 0, worse: 0 }, tallies: [], due: 0 };

const weightsOf = (spec: VerdictSpec, seen: Seen, isBroken: boolean, times: number): Weight[] =>
  spec.metrics.map((rule) => weightOf(sidesOf(rule, seen, isBroken, times), rule.margin, rule.tolerance));

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
  all.includes(null) ? null : Math.max(...(all as number[]));
