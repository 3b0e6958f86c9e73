/**
 * What happens around a roll-out as events of its table in `machine.ts`: labelled answers of both models, alarms, time, commands of people and configurations. Pure;
 * event time is an argument and the state is plain JSON.
 */

import { idOf } from '../math/hash.ts';
import {
  type Alert,
  type AutomationLevel,
  type Command,
  isAtLeast,
  type RolloutCounts,
  type RolloutSpec,
} from '../records.ts';
import { countedOf, seenOf, verdictSpecOf } from './evidence.ts';
import { type Exposure, exposureText, NO_EXPOSURE } from './exposure.ts';
import { createLevels, type LevelStates, levelOf, noLevel } from './levels.ts';
import {
  createRollout,
  type RolloutSpec as Plan,
  type RolloutEvent,
  type RolloutState,
  stepRollout,
} from './machine.ts';
import { NO_TALLIES, type Tallied } from './tallies.ts';
import {
  type Decision,
  decisionOf,
  type Seen,
  type Verdict,
  type VerdictSpec,
  verdictOf,
} from './verdict.ts';

/** A roll-out under its plan, which it keeps whatever the configuration becomes. */
export interface Rollout extends Exposure, Tallied {
  rolloutId: string;
  /** What is rolled out, by its digest: another one starts anew. */
  of: string;
  spec: RolloutSpec;
  startedMs: number;
  state: RolloutState;
  /** Since the start, and what counted when the stage began. */
  counts: RolloutCounts;
  stageFromN: number;
  /** Alarms of the guard rails that fire, by fingerprint; old: since before it was started, which is no harm that it did. */
  alarms: Record<string, { rule: string; isOld: boolean }>;
  /** Verdict and doubt that were told last. */
  told: string;
}

/** Plain JSON: it is part of the judge's snapshot. */
export interface RolloutStates {
  current: Rollout | null;
  level: AutomationLevel;
  /** Of `partial`, from the service's automation; null: none. */
  threshold: number | null;
  /** What the level rests on. */
  levels: LevelStates;
  /** Roll-outs that were ever started. */
  started: number;
  /** Alarms of the service that fire, by fingerprint. */
  firing: Record<string, { rule: string; level: Alert['level'] }>;
}

export const createRolloutStates = (): RolloutStates => ({
  current: null,
  level: 'full',
  threshold: null,
  levels: createLevels(),
  started: 0,
  firing: {},
});

/** What happened, as it is recorded. */
export interface RolloutStep {
  event:
    | 'started'
    | 'verdict'
    | 'waiting'
    | 'advanced'
    | 'promoted'
    | 'rolled_back'
    | 'paused'
    | 'resumed'
    | 'level'
    | 'level_open'
    | 'level_waits'
    | 'refused';
  atMs: number;
  /** A person; '': the service itself. */
  by: string;
  reason: string;
  verdict: Verdict;
  /** After it. */
  rollout: Rollout;
  level: AutomationLevel;
  threshold: number | null;
}

/** What the configuration wants to be rolled out, in the place of what. */
export interface Wanted {
  spec: RolloutSpec;
  primary: string;
  of: string;
}

const planOf = ({ stages, deadlineMs, keepMs }: RolloutSpec): Plan => ({
  stages,
  deadlineMs,
  onDeadline: 'rollback',
  keepMs,
});

const harmOf = ({ alarms }: Rollout): string[] => [
  ...new Set(Object.values(alarms).flatMap(({ rule, isOld }) => (isOld ? [] : [rule]))),
];

const judgedOf = (rollout: Rollout): [VerdictSpec, Seen] => [
  verdictSpecOf(rollout.spec, rollout.state.stage),
  seenOf(rollout.spec, rollout, harmOf(rollout)),
];

const toldOf = ({ verdict, doubt }: Decision): string => `${verdict} ${doubt ?? ''}`;

/** Whether it can still change by itself. */
export const isUnderWay = ({ current }: RolloutStates): boolean =>
  current !== null && current.state.phase !== 'rolled_back' && !isLongDone(current);

const isLongDone = ({ state, spec }: Rollout): boolean =>
  state.phase === 'promoted' && state.clockMs - state.sinceMs >= spec.keepMs;

export const levelNow = ({ level, threshold }: RolloutStates): Pick<RolloutStep, 'level' | 'threshold'> => ({
  level,
  threshold,
});

export function stepOf(
  states: RolloutStates,
  rollout: Rollout,
  said: Pick<RolloutStep, 'event' | 'by' | 'reason'>,
  verdict = verdictOf(...judgedOf(rollout)),
): RolloutStep {
  rollout.told = toldOf(verdict);
  // The state goes on changing.
  const then = { ...rollout, counts: { ...rollout.counts } };
  return { ...said, atMs: rollout.state.clockMs, verdict, rollout: then, ...levelNow(states) };
}

const EVENTS = {
  running: 'advanced',
  waiting: 'waiting',
  paused: 'paused',
  promoted: 'promoted',
  rolled_back: 'rolled_back',
} as const;

/** Gives an event to the table; the step that it makes, or that it was refused. */
function happen(states: RolloutStates, rollout: Rollout, event: RolloutEvent): RolloutStep[] {
  // Of the stage before it; with its interval and forecast it takes long, so only where there is something to tell.
  const judged = judgedOf(rollout);
  const { state, move, refused } = stepRollout(planOf(rollout.spec), rollout.state, event);
  rollout.state = state;
  const by = 'by' in event ? event.by : '';
  if (refused !== null)
    return [
      stepOf(
        states,
        rollout,
        { event: 'refused', by, reason: `${event.kind}: ${refused}` },
        verdictOf(...judged),
      ),
    ];
  if (move === null || move.to === 'idle') return [];
  if (move.fromStage !== move.toStage) rollout.stageFromN = countedOf(rollout.spec, move.toStage, rollout);
  const name = event.kind === 'start' ? 'started' : event.kind === 'resume' ? 'resumed' : EVENTS[move.to];
  const reason = name === 'rolled_back' ? move.reason + exposureText(rollout) : move.reason;
  return [stepOf(states, rollout, { event: name, by, reason }, verdictOf(...judged))];
}

/** Why a configuration rolls back. */
export const NOT_WANTED = 'the configuration has no roll-out any more';
export const TAKEN_OVER = 'another one takes its place';

/** A configuration: another candidate than before, or another plan for it, starts anew. */
export function configureRollout(states: RolloutStates, wanted: Wanted | null, atMs: number): RolloutStep[] {
  const { current } = states;
  const steps: RolloutStep[] = [];
  if (current?.of === wanted?.of) return steps;
  if (current !== null && ['running', 'waiting', 'paused'].includes(current.state.phase)) {
    const why = wanted === null ? NOT_WANTED : TAKEN_OVER;
    steps.push(...happen(states, current, { kind: 'rollback', atMs, by: '', why }));
  }
  if (wanted !== null) steps.push(...start(states, wanted, { atMs, by: '', why: 'by the configuration' }));
  return steps;
}

function start(
  states: RolloutStates,
  { spec, primary, of }: Wanted,
  { atMs, by, why }: { atMs: number; by: string; why: string },
): RolloutStep[] {
  const rollout: Rollout = {
    rolloutId: idOf('rollout', of, atMs, states.started),
    ...{ of, spec },
    startedMs: atMs,
    state: createRollout(primary),
    counts: { n: 0, better: 0, worse: 0, due: 0 },
    stageFromN: 0,
    ...NO_EXPOSURE,
    ...NO_TALLIES,
    alarms: {},
    told: '',
  };
  states.started++;
  states.current = rollout;
  for (const [fingerprint, { rule, level }] of Object.entries(states.firing))
    if (isGuard(spec, rule, level)) rollout.alarms[fingerprint] = { rule, isOld: true };
  const { candidate, isDryRun } = spec;
  return happen(states, rollout, { kind: 'start', atMs, by, why, candidate, isDryRun });
}

const isGuard = ({ rollbackOn }: RolloutSpec, rule: string, level: Alert['level']): boolean =>
  rollbackOn.rules.includes(rule) && isAtLeast(level, rollbackOn.level);

/** Takes the alerts of one time. An alarm of before the start that rises to the level of the guard rails is harm. */
export function noteRolloutAlerts({ current, firing }: RolloutStates, alerts: readonly Alert[]): void {
  for (const { fingerprint, rule, level, state } of alerts) {
    if (state === 'firing') firing[fingerprint] = { rule, level };
    else delete firing[fingerprint];
    if (current === null) continue;
    if (state === 'resolved' || !isGuard(current.spec, rule, level)) delete current.alarms[fingerprint];
    else current.alarms[fingerprint] ??= { rule, isOld: false };
  }
}

/** Takes what both answered in a window. */
export function noteRolloutCounts({ current }: RolloutStates, more: RolloutCounts): void {
  if (current === null) return;
  const { n, better, worse, due } = current.counts;
  current.counts = {
    n: n + more.n,
    better: better + more.better,
    worse: worse + more.worse,
    due: due + more.due,
  };
}

/** When time alone may change something; infinite: never. */
function dueMsOf({ current }: RolloutStates): number {
  if (current === null || current.state.phase !== 'running') return Number.POSITIVE_INFINITY;
  const { clockMs, stageMs, runMs, stage } = current.state;
  const rest = [current.spec.stages[stage]!.durationMs - stageMs];
  if (current.spec.deadlineMs !== null) rest.push(current.spec.deadlineMs - runMs);
  return Math.min(...rest.filter((ms) => ms > 0).map((ms) => clockMs + ms), Number.POSITIVE_INFINITY);
}

/** What time alone changes through `throughMs`. */
export function passRollout(states: RolloutStates, throughMs: number): RolloutStep[] {
  const steps: RolloutStep[] = [];
  for (let dueMs = dueMsOf(states); dueMs <= throughMs; dueMs = dueMsOf(states))
    steps.push(...judge(states, dueMs));
  return steps;
}

/** Judges what is known at a time, when all that came before it has been taken. */
export const judgeRollout = (states: RolloutStates, atMs: number): RolloutStep[] => [
  ...passRollout(states, atMs - 1),
  ...judge(states, atMs),
];

/** A stage that asks for nothing is over at once. */
function judge(states: RolloutStates, atMs: number): RolloutStep[] {
  const steps: RolloutStep[] = [];
  for (;;) {
    const more = judgeOnce(states, atMs);
    steps.push(...more);
    if (more.at(-1)?.event !== 'advanced') return steps;
  }
}

function judgeOnce(states: RolloutStates, atMs: number): RolloutStep[] {
  const { current } = states;
  if (current === null || !isUnderWay(states)) return [];
  const decision = decisionOf(...judgedOf(current));
  // Alarms of before are no harm of the candidate, but nobody goes on while they fire.
  const isHeld = decision.verdict !== 'rollback' && Object.keys(current.alarms).length > 0;
  const why =
    decision.verdict === 'rollback' ? verdictOf(...judgedOf(current)).reason : `verdict ${decision.verdict}`;
  const steps = happen(states, current, {
    kind: 'verdict',
    atMs,
    verdict: isHeld ? 'inconclusive' : decision.verdict,
    n: isHeld ? -1 : countedOf(current.spec, current.state.stage, current) - current.stageFromN,
    why,
  });
  if (steps.length > 0 || toldOf(decision) === current.told) return steps;
  const verdict = verdictOf(...judgedOf(current));
  return [stepOf(states, current, { event: 'verdict', by: '', reason: verdict.reason }, verdict)];
}

const KINDS: Readonly<Record<string, 'pause' | 'resume' | 'promote' | 'rollback'>> = {
  'rollout.pause': 'pause',
  'rollout.resume': 'resume',
  'rollout.promote': 'promote',
  'rollout.rollback': 'rollback',
};

/** A person steers; a step `refused` says why nothing was done. `wanted` is what the configuration has now. */
export function commandRollout(
  states: RolloutStates,
  { kind, target, by, reason }: Command,
  wanted: Wanted | null,
  closedMs: number,
): RolloutStep[] {
  const { current } = states;
  // Nothing was ever rolled out: there is no plan to say so with.
  if (current === null) return [];
  const atMs = Math.max(closedMs, current.state.clockMs);
  return [
    ...happen(states, current, { kind: 'clock', atMs }),
    ...obey(states, current, { kind, target, by, reason }, wanted, atMs),
  ];
}

function obey(
  states: RolloutStates,
  current: Rollout,
  { kind, target, by, reason }: Pick<Command, 'kind' | 'target' | 'by' | 'reason'>,
  wanted: Wanted | null,
  atMs: number,
): RolloutStep[] {
  const why = reason === '' ? `by ${by}` : reason;
  const refuse = (text: string): RolloutStep[] => [
    stepOf(states, current, { event: 'refused', by, reason: `${kind.slice('rollout.'.length)}: ${text}` }),
  ];
  if (kind === 'rollout.level') return setLevel(states, current, { target, by, reason }, refuse);
  const asked = KINDS[kind];
  if (asked === 'promote')
    return happen(states, current, { kind: asked, isFull: target === 'full', atMs, by, why });
  if (asked !== undefined) return happen(states, current, { kind: asked, atMs, by, why });
  const { phase } = current.state;
  if (phase !== 'rolled_back')
    return refuse(phase === 'promoted' ? 'it is done; configure the next one' : 'it is under way');
  return wanted === null
    ? refuse('the configuration has no roll-out')
    : start(states, wanted, { atMs, by, why });
}

function setLevel(
  states: RolloutStates,
  current: Rollout,
  { target, by, reason }: Pick<Command, 'target' | 'by' | 'reason'>,
  refuse: (text: string) => RolloutStep[],
): RolloutStep[] {
  const level = levelOf(target);
  if (level === null) return refuse(noLevel(target));
  if (level === states.level) return refuse(`it is ${level} already`);
  const text = `${states.level} -> ${level}${reason === '' ? '' : `: ${reason}`}`;
  Object.assign(states, { level, threshold: null });
  return [stepOf(states, current, { event: 'level', by, reason: text })];
}
