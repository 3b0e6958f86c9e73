/**
 * What fold B must remember so that a new owner continues exactly. Pending entries are not written: they are
 * rebuilt by reading the events again from a step at which nothing that is pending now was known yet.
 */

import type { PendingJoins } from '../join/pending.ts';
import type { Watermarks } from '../window/watermarks.ts';
import type { JoinFold } from './join-fold.ts';

/** A moment at which entries expired. Reading again repeats the expiries at the same offsets. */
export interface ExpiryStep {
  /** Of the mark that moved the watermark. */
  offset: number;
  watermarkMs: number;
  /** Rule R2, as of this offset: highest offset seen, by origin. */
  seen: Record<string, number>;
}

/**
 * Ids that wait for their request are listed by offset: when events are read again, a label whose request was
 * matched before the first step looks the same. More than these do not fit in a record of the log; then such
 * labels may be counted as unmatched after a restart. Not covered: an id that is used again about `maxDelayMs` after its
 * first use, when only the second use is read again.
 */
const WAITING_MAX = 20_000;

interface JoinState {
  steps: ExpiryStep[];
  waiting: number[] | null;
  origins: Watermarks;
  maxTimeMs: number;
  watermarkMs: number;
}

/** Forgets the steps that no pending entry needs; gives the offset from which on events must be read again. */
export function trimSteps(fold: JoinFold, floor: number): number {
  const { steps } = fold;
  while (steps.length > 1 && steps[1]!.offset < floor) steps.shift();
  return Math.min(floor, steps[0]!.offset + 1);
}

function waitingOf(pending: PendingJoins): number[] | null {
  const offsets: number[] = [];
  for (const join of pending.byId.values()) {
    if (!Number.isNaN(join.baseTimeMs)) continue;
    if (offsets.length === WAITING_MAX) return null;
    offsets.push(join.firstOffset);
  }
  return offsets;
}

/** As JSON, for the mark of the join. */
export function joinStateOf(fold: JoinFold): string {
  const { steps, origins, pending, panes } = fold;
  const { maxTimeMs, watermarkMs } = panes;
  const state: JoinState = { steps, waiting: waitingOf(pending), origins, maxTimeMs, watermarkMs };
  return JSON.stringify(state);
}

/** @param upTo of the mark: events up to it only rebuild what is pending */
export function restoreJoinState(fold: JoinFold, text: string, upTo: number): void {
  const state = JSON.parse(text) as JoinState;
  fold.steps = state.steps;
  fold.seen = { ...state.steps[0]!.seen };
  fold.origins = state.origins;
  fold.panes.maxTimeMs = state.maxTimeMs;
  fold.panes.watermarkMs = state.watermarkMs;
  fold.restoredUpTo = upTo;
  fold.waiting = state.waiting === null ? null : new Set(state.waiting);
}

/** Forgets labels of requests that were matched and forgotten before the first step. */
export function dropGhosts(fold: JoinFold): void {
  if (fold.waiting === null) return;
  const { byId } = fold.pending;
  for (const [id, join] of byId) {
    if (Number.isNaN(join.baseTimeMs) && !fold.waiting.has(join.firstOffset)) byId.delete(id);
  }
  fold.waiting = null;
}
