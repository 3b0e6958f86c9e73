/**
 * The roll-out of a service as one table: every phase answers every event, with a new state or a refusal and its reason. The state is plain JSON, event time is an
 * argument, and what is routed follows from the state alone.
 */

import type { RolloutStage as Stage } from '../records.ts';
import { enter, keepTime, move, primaryOf, refuse, restart, type Step, stay, undo } from './moves.ts';
import type { VerdictName } from './verdict.ts';

/**
 * idle: no roll-out was ever started. waiting: a person is to open the next stage. promoted: the candidate is the primary; while the last one is kept, a roll-back is
 * possible still.
 */
export const PHASES = ['idle', 'running', 'waiting', 'paused', 'promoted', 'rolled_back'] as const;
export type Phase = (typeof PHASES)[number];

/** A roll-out runs by the spec that it was started with: whoever keeps the state keeps the spec beside it. */
export interface RolloutSpec {
  stages: readonly Stage[];
  /** Time that a roll-out may run, without pauses and waiting; null: as long as it takes. */
  deadlineMs: number | null;
  /** What happens then. */
  onDeadline: 'rollback' | 'pause';
  /** How long the last primary stays after a promotion, for an instant switch back. */
  keepMs: number;
}

export interface RolloutState {
  phase: Phase;
  /** Rises with each start. */
  round: number;
  /** What answered when the roll-out began, and does again after a roll-back. */
  primary: string;
  /** null when idle. */
  candidate: string | null;
  /** Number in `stages`. */
  stage: number;
  /** The candidate is never acted upon: it shadows, and the roll-out says what it would have done. */
  isDryRun: boolean;
  /** Of a pause: the phase that it goes back to. */
  pausedFrom: 'running' | 'waiting' | null;
  /** Of the last event; event times only rise. */
  clockMs: number;
  /** Time that the stage has run, and the roll-out. */
  stageMs: number;
  runMs: number;
  /** When the phase began. */
  sinceMs: number;
}

/** `by` is a person, or '' for the daemon. */
interface Asked {
  atMs: number;
  by: string;
  why: string;
}

export type RolloutEvent =
  /** A candidate; in mid-roll-out another one takes the place of the last. */
  | ({ kind: 'start'; candidate: string; isDryRun: boolean } & Asked)
  /** `n`: answers of the candidate that count, in this stage. */
  | { kind: 'verdict'; atMs: number; verdict: VerdictName; n: number; why: string }
  /** Time goes on. */
  | { kind: 'clock'; atMs: number }
  | ({ kind: 'pause' } & Asked)
  | ({ kind: 'resume' } & Asked)
  /** Opens the next stage, or with `isFull` ends the roll-out with the candidate as the primary. */
  | ({ kind: 'promote'; isFull: boolean } & Asked)
  | ({ kind: 'rollback' } & Asked);

export type EventKind = RolloutEvent['kind'];
type EventOf<K extends EventKind> = Extract<RolloutEvent, { kind: K }>;
type Row = { [K in EventKind]: (spec: RolloutSpec, state: RolloutState, event: EventOf<K>) => Step };

export const createRollout = (primary: string): RolloutState => ({
  phase: 'idle',
  round: 0,
  primary,
  candidate: null,
  stage: 0,
  isDryRun: false,
  pausedFrom: null,
  clockMs: 0,
  stageMs: 0,
  runMs: 0,
  sinceMs: 0,
});

/** One more event. A refused one changes nothing but the clock. */
export function stepRollout(spec: RolloutSpec, state: RolloutState, event: RolloutEvent): Step {
  const now = keepTime(state, event.atMs);
  const answer = TABLE[now.phase][event.kind] as (
    spec: RolloutSpec,
    state: RolloutState,
    event: RolloutEvent,
  ) => Step;
  return answer(spec, now, event);
}

const stageOf = (spec: RolloutSpec, state: RolloutState): Stage => spec.stages[state.stage]!;
const refused =
  (why: string) =>
  (_: RolloutSpec, state: RolloutState): Step =>
    refuse(state, why);
const unmoved = (_: RolloutSpec, state: RolloutState): Step => stay(state);

function start(spec: RolloutSpec, state: RolloutState, event: EventOf<'start'>): Step {
  const { candidate } = event;
  const isUnderWay = state.phase === 'running' || state.phase === 'waiting' || state.phase === 'paused';
  if (candidate === primaryOf(state)) return refuse(state, `${candidate} is the primary already`);
  if (isUnderWay && candidate === state.candidate)
    return refuse(state, `${candidate} is being rolled out already`);
  if (spec.stages.length === 0) return refuse(state, 'the strategy has no stages');
  return restart(
    state,
    event,
    isUnderWay ? `${candidate} takes the place of ${state.candidate}: ${event.why}` : event.why,
  );
}

/** Whether the stage has done what it is there for; the reason why not, as text. */
function openTo(spec: RolloutSpec, state: RolloutState, { verdict, n }: EventOf<'verdict'>): string | null {
  const { kind, durationMs, nMin, needs } = stageOf(spec, state);
  if (state.stageMs < durationMs) return 'its time is not over';
  if (n < nMin) return `${n} of ${nMin} answers`;
  // Live nobody is left to compare with, so nothing but harm is held against it.
  if (kind === 'live' || verdict === 'promote') return null;
  return verdict === needs ? null : `the verdict is ${verdict}`;
}

function judged(spec: RolloutSpec, state: RolloutState, event: EventOf<'verdict'>): Step {
  if (event.verdict === 'rollback') return undo(state, '', event.why);
  if (isOverdue(spec, state)) return overdue(spec, state);
  if (openTo(spec, state, event) !== null) return stay(state);
  const why = `stage ${state.stage + 1} of ${spec.stages.length} is done: ${event.why}`;
  if (stageOf(spec, state).gate === 'auto') return enter(spec, state, state.stage + 1, '', why);
  return move(state, state, 'waiting', '', `a person is to open the next one; ${why}`);
}

/** Harm is acted upon wherever the candidate answers, also while a person is asked or everything stands. */
const guarded = (_: RolloutSpec, state: RolloutState, event: EventOf<'verdict'>): Step =>
  event.verdict === 'rollback' ? undo(state, '', event.why) : stay(state);

const isOverdue = (spec: RolloutSpec, state: RolloutState): boolean =>
  spec.deadlineMs !== null && state.runMs >= spec.deadlineMs;

/** Why it is then rolled back or paused. */
export const DEADLINE_PASSED = 'the deadline has passed';

const overdue = (spec: RolloutSpec, state: RolloutState): Step =>
  spec.onDeadline === 'rollback' ? undo(state, '', DEADLINE_PASSED) : halt(state, '', DEADLINE_PASSED);

const timed = (spec: RolloutSpec, state: RolloutState): Step =>
  isOverdue(spec, state) ? overdue(spec, state) : stay(state);

const halt = (state: RolloutState, by: string, why: string): Step =>
  move(state, { ...state, pausedFrom: state.phase === 'waiting' ? 'waiting' : 'running' }, 'paused', by, why);

const pause = (_: RolloutSpec, state: RolloutState, { by, why }: Asked): Step => halt(state, by, why);

/** A roll-out that goes on beyond its deadline has all of its time once more. */
function resume(spec: RolloutSpec, state: RolloutState, { by, why }: Asked): Step {
  const runMs = isOverdue(spec, state) ? 0 : state.runMs;
  return move(state, { ...state, pausedFrom: null, runMs }, state.pausedFrom ?? 'running', by, why);
}

const promote = (spec: RolloutSpec, state: RolloutState, { isFull, by, why }: EventOf<'promote'>): Step =>
  enter(spec, state, isFull ? spec.stages.length : state.stage + 1, by, why);

const takeBack = (_: RolloutSpec, state: RolloutState, { by, why }: Asked): Step => undo(state, by, why);

/** Whether the last primary is still there to switch back to. */
export const isKept = (spec: RolloutSpec, state: RolloutState): boolean =>
  state.phase === 'promoted' && !state.isDryRun && state.clockMs - state.sinceMs < spec.keepMs;

/** After a promotion the last primary answers again at once, while it is kept. */
const whileKept = (spec: RolloutSpec, state: RolloutState, event: Asked): Step =>
  isKept(spec, state) ? takeBack(spec, state, event) : refuse(state, 'the last primary is not kept any more');

const guardedWhileKept = (spec: RolloutSpec, state: RolloutState, event: EventOf<'verdict'>): Step =>
  isKept(spec, state) ? guarded(spec, state, event) : stay(state);

const nothingRuns = refused('no roll-out is under way');

const TABLE: { readonly [P in Phase]: Row } = {
  idle: {
    start,
    verdict: unmoved,
    clock: unmoved,
    pause: nothingRuns,
    resume: nothingRuns,
    promote: nothingRuns,
    rollback: nothingRuns,
  },
  running: {
    start,
    verdict: judged,
    clock: timed,
    pause,
    resume: refused('the roll-out is not paused'),
    promote,
    rollback: takeBack,
  },
  waiting: {
    start,
    verdict: guarded,
    clock: unmoved,
    pause,
    resume: refused('the roll-out is not paused; promote opens the next stage'),
    promote,
    rollback: takeBack,
  },
  paused: {
    start,
    verdict: guarded,
    clock: unmoved,
    pause: refused('the roll-out is paused already'),
    resume,
    promote: refused('the roll-out is paused; resume it first'),
    rollback: takeBack,
  },
  promoted: {
    start,
    verdict: guardedWhileKept,
    clock: unmoved,
    pause: nothingRuns,
    resume: nothingRuns,
    promote: refused('the candidate is the primary already'),
    rollback: whileKept,
  },
  rolled_back: {
    start,
    verdict: unmoved,
    clock: unmoved,
    pause: nothingRuns,
    resume: nothingRuns,
    promote: refused('the candidate was rolled back; start it again'),
    rollback: refused('the candidate was rolled back already'),
  },
};
