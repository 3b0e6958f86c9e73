/** What the table of `machine.ts` is made of: the ways in which a roll-out moves. */

import type { Phase, RolloutEvent, RolloutSpec, RolloutState } from './machine.ts';

/** For the log: what changed, who or what changed it, and why. */
export interface Move {
  from: Phase;
  to: Phase;
  /** Number in `stages` before and after. */
  fromStage: number;
  toStage: number;
  round: number;
  candidate: string;
  atMs: number;
  /** A person, or '' for the daemon. */
  by: string;
  reason: string;
}

export interface Step {
  state: RolloutState;
  /** null: everything is as it was, but for the clock. */
  move: Move | null;
  /** Why nothing was done of what somebody asked for; null: it was done. */
  refused: string | null;
}

/** Lets time go on: it counts while the roll-out runs. Times that go back count as none. */
export function keepTime(state: RolloutState, atMs: number): RolloutState {
  const clockMs = state.round === 0 ? atMs : Math.max(state.clockMs, atMs);
  const ranMs = state.phase === 'running' ? clockMs - state.clockMs : 0;
  return { ...state, clockMs, stageMs: state.stageMs + ranMs, runMs: state.runMs + ranMs };
}

export const stay = (state: RolloutState): Step => ({ state, move: null, refused: null });

export const refuse = (state: RolloutState, refused: string): Step => ({ state, move: null, refused });

/** From one state to another that differs in all but the phase and its beginning. */
export function move(before: RolloutState, after: RolloutState, to: Phase, by: string, reason: string): Step {
  const state: RolloutState = { ...after, phase: to, sinceMs: after.clockMs };
  return {
    state,
    move: {
      from: before.phase,
      to,
      fromStage: before.stage,
      toStage: state.stage,
      round: state.round,
      candidate: state.candidate!,
      atMs: state.clockMs,
      by,
      reason,
    },
    refused: null,
  };
}

/** The version that answers what no candidate on trial does. */
export const primaryOf = ({ phase, isDryRun, primary, candidate }: RolloutState): string =>
  phase === 'promoted' && !isDryRun ? candidate! : primary;

export function restart(state: RolloutState, event: EventOf<'start'>, reason: string): Step {
  const fresh: RolloutState = {
    ...state,
    round: state.round + 1,
    primary: primaryOf(state),
    candidate: event.candidate,
    stage: 0,
    isDryRun: event.isDryRun,
    pausedFrom: null,
    stageMs: 0,
    runMs: 0,
  };
  return move(state, fresh, 'running', event.by, reason);
}

/** To a stage; behind the last one the candidate is the primary. */
export function enter(
  spec: RolloutSpec,
  state: RolloutState,
  stage: number,
  by: string,
  reason: string,
): Step {
  const isOver = stage >= spec.stages.length;
  const after = { ...state, stageMs: 0, stage: Math.min(stage, spec.stages.length - 1) };
  return move(state, after, isOver ? 'promoted' : 'running', by, reason);
}

export const undo = (state: RolloutState, by: string, reason: string): Step =>
  move(state, { ...state, pausedFrom: null }, 'rolled_back', by, reason);

type EventOf<K extends RolloutEvent['kind']> = Extract<RolloutEvent, { kind: K }>;
