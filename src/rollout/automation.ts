/**
 * How much a model decides by itself. It rises one step at a time, each on evidence; it falls at once, as far as the breach asks for. A person may set it at any
 * time, up to the highest level that the owner allows.
 */

import { AUTOMATION_LEVELS, type AutomationLevel } from '../records.ts';
import { logEBelow } from './bets.ts';
import { type Pairs, sideOfPairs } from './comparison.ts';
import { type ConfidenceCell, riskHighOf, riskLowOf, type Threshold, thresholdOf } from './threshold.ts';

export const rankOf = (level: AutomationLevel): number => AUTOMATION_LEVELS.indexOf(level);

export interface LadderSpec {
  highest: AutomationLevel;
  /** For one wrong step up, over all looks; the three steps that need evidence share it. */
  alpha: number;
  /** Rates of wrong answers that are acceptable: of the model's suggestions, of what it decides when confident, of everything. */
  targets: { assist: number; partial: number; full: number };
  /** To assist, the model must also be shown to be worse than people by less than so much, on the same requests; null: it need not. */
  margin: number | null;
  /** Outcomes before a step up. */
  nMin: number;
  /** The least share of answers that partial automation must be able to decide. */
  coverageMin: number;
  /** Time at a level before the next step up. */
  holdMs: number;
  /** Where alarms that are to stop it let it fall to. */
  onAlarm: AutomationLevel;
}

export interface LadderState {
  level: AutomationLevel;
  /** Event time. */
  sinceMs: number;
  /** Of `partial`; null at other levels. */
  threshold: number | null;
}

/** What is known since the last fall, or since the model was changed: counts begin anew there, so that a step up rests on what came after. */
export interface LadderSeen {
  /** Event time. */
  atMs: number;
  /** By confidence, of all answers whose truth is known from people who did not see them. */
  cells: readonly ConfidenceCell[];
  /** The model as the candidate, people as the primary, where both were judged by a truth of its own. */
  pairs: Pairs;
  /** Of what the model decided at this level, from each of several times on: what begins late would be hidden by all that was right before. */
  decided: readonly Decided[];
  /** Names of alarms that fire and are to stop it. */
  alarms: readonly string[];
}

export interface Decided {
  n: number;
  wrong: number;
  /** Its part of the error; those of all times of a level sum to 1 at most. */
  weight: number;
}

export interface LevelMove {
  from: AutomationLevel;
  to: AutomationLevel;
  atMs: number;
  /** A person, or '' for the daemon. */
  by: string;
  reason: string;
}

export interface LevelStep {
  state: LadderState;
  move: LevelMove | null;
  /** What the next step up still needs, or why a person was refused; null: nothing. */
  missing: string | null;
}

export const createLadder = (level: AutomationLevel, atMs: number): LadderState => ({
  level,
  sinceMs: atMs,
  threshold: null,
});

/** Steps up that need evidence: to assist, partial and full. */
const PROVEN_STEPS = 3;

/** One look. */
export function stepLadder(spec: LadderSpec, state: LadderState, seen: LadderSeen): LevelStep {
  return breachOf(spec, state, seen) ?? riseOf(spec, state, seen);
}

/** What a person asks for. */
export function setLevel(
  spec: LadderSpec,
  state: LadderState,
  asked: { level: AutomationLevel; threshold: number | null; atMs: number; by: string; why: string },
): LevelStep {
  const { level, threshold, atMs, by, why } = asked;
  if (level === state.level && threshold === state.threshold)
    return { state, move: null, missing: `the level is ${level} already` };
  if (rankOf(level) > rankOf(spec.highest))
    return { state, move: null, missing: `the highest level that the service allows is ${spec.highest}` };
  if ((level === 'partial') !== (threshold !== null))
    return {
      state,
      move: null,
      missing: 'partial needs a threshold of confidence, and no other level has one',
    };
  return moved(state, level, atMs, by, why, threshold);
}

function moved(
  state: LadderState,
  to: AutomationLevel,
  atMs: number,
  by: string,
  reason: string,
  threshold: number | null = null,
): LevelStep {
  return {
    state: { level: to, sinceMs: atMs, threshold },
    move: { from: state.level, to, atMs, by, reason },
    missing: null,
  };
}

export const percent = (rate: number): string => `${(rate * 100).toFixed(2)} %`;

/** The fall that is due; null: none. */
function breachOf(spec: LadderSpec, state: LadderState, seen: LadderSeen): LevelStep | null {
  const { level } = state;
  const fall = (to: AutomationLevel, reason: string): LevelStep => moved(state, to, seen.atMs, '', reason);
  if (seen.alarms.length > 0 && rankOf(level) > rankOf(spec.onAlarm))
    return fall(spec.onAlarm, `alarms fire: ${seen.alarms.join(', ')}`);
  if (rankOf(level) > rankOf(spec.highest)) {
    const reason = 'the service allows no more';
    return spec.highest === 'partial' ? fallFromFull(spec, state, seen, reason) : fall(spec.highest, reason);
  }
  if (level !== 'partial' && level !== 'full') return null;
  const target = spec.targets[level];
  const shown = seen.decided.map(({ n, wrong, weight }) => ({
    ...{ n, wrong },
    low: riskLowOf(wrong, n, spec.alpha * weight),
  }));
  const worst = shown.reduce((a, b) => (b.low > a.low ? b : a), { n: 0, wrong: 0, low: 0 });
  const { n, wrong, low } = worst;
  if (low <= target) return null;
  const reason = `of the last ${n} decisions ${wrong} were wrong: at least ${percent(low)}, more than ${percent(target)}`;
  return level === 'full' ? fallFromFull(spec, state, seen, reason) : fall('assist', reason);
}

/** To partial where a threshold is safe, else to assist. */
function fallFromFull(spec: LadderSpec, state: LadderState, seen: LadderSeen, reason: string): LevelStep {
  const safe = safeThreshold(spec, seen);
  return safe === null
    ? moved(state, 'assist', seen.atMs, '', reason)
    : moved(state, 'partial', seen.atMs, '', reason, safe.threshold);
}

const stepAlpha = ({ alpha }: LadderSpec): number => alpha / PROVEN_STEPS;

/** The one for `partial`; null: none is shown to be safe for enough of the answers. */
export function safeThreshold(spec: LadderSpec, { cells }: Pick<LadderSeen, 'cells'>): Threshold | null {
  const found = thresholdOf(cells, spec.targets.partial, stepAlpha(spec), 'sequence');
  return found !== null && found.coverage >= spec.coverageMin ? found : null;
}

function riseOf(spec: LadderSpec, state: LadderState, seen: LadderSeen): LevelStep {
  const stay = (missing: string | null): LevelStep => ({
    state: retuned(spec, state, seen),
    move: null,
    missing,
  });
  const next = NEXT[state.level];
  if (next === null || rankOf(next) > rankOf(spec.highest)) return stay(null);
  if (seen.alarms.length > 0) return stay(`alarms fire: ${seen.alarms.join(', ')}`);
  if (seen.atMs - state.sinceMs < spec.holdMs) return stay(`${state.level} has not held for long enough`);
  if (next === 'shadow') return moved(state, next, seen.atMs, '', 'a shadow touches nobody');
  const { missing, reason, threshold } = showOf(spec, next, seen);
  return missing === null ? moved(state, next, seen.atMs, '', reason, threshold) : stay(missing);
}

const NEXT = {
  human_only: 'shadow',
  shadow: 'assist',
  assist: 'partial',
  partial: 'full',
  full: null,
} as const satisfies Record<AutomationLevel, AutomationLevel | null>;

/** At `partial` the threshold follows what is known; where none is safe any more, the last one stays until a breach is shown. */
export function retuned(spec: LadderSpec, state: LadderState, seen: LadderSeen): LadderState {
  if (state.level !== 'partial') return state;
  const safe = safeThreshold(spec, seen);
  return safe === null ? state : { ...state, threshold: safe.threshold };
}

interface Shown {
  reason: string;
  threshold: number | null;
  missing: string | null;
}

function showOf(spec: LadderSpec, next: 'assist' | 'partial' | 'full', seen: LadderSeen): Shown {
  const n = seen.cells.reduce((sum, one) => sum + one.n, 0);
  const wrong = seen.cells.reduce((sum, one) => sum + one.wrong, 0);
  const lacks = (missing: string): Shown => ({ reason: '', threshold: null, missing });
  if (n < spec.nMin) return lacks(`${n} of ${spec.nMin} outcomes`);
  const target = spec.targets[next];
  if (next === 'partial') {
    const safe = safeThreshold(spec, seen);
    if (safe === null)
      return lacks(`no threshold decides ${percent(spec.coverageMin)} with at most ${percent(target)} wrong`);
    const reason = `from a confidence of ${safe.threshold} on at most ${percent(safe.riskHigh)} are wrong, of ${percent(safe.coverage)} of the answers`;
    return { reason, threshold: safe.threshold, missing: null };
  }
  const high = riskHighOf(wrong, n, stepAlpha(spec), 'sequence');
  if (high > target)
    return lacks(`up to ${percent(high)} of the answers may be wrong, ${percent(target)} are allowed`);
  if (next === 'assist' && spec.margin !== null && !isNoWorse(seen.pairs, spec.margin, stepAlpha(spec)))
    return lacks(`that the model is worse than people by less than ${percent(spec.margin)}`);
  return { reason: `at most ${percent(high)} of the answers are wrong`, threshold: null, missing: null };
}

const isNoWorse = (pairs: Pairs, margin: number, alpha: number): boolean =>
  logEBelow(sideOfPairs(pairs).groups, margin) >= Math.log(1 / alpha);
