/**
 * Retraining when it pays: what wrong answers cost more than those of the model when it was trained is summed, and retraining is asked for when the sum
 * reaches the cost of a training. This is the break-even rule of renting and buying (Karlin, Manasse, Rudolph & Sleator, Competitive snoopy caching,
 * Algorithmica 3, 1988): while a newer model is never worse, it costs at most twice what somebody who knew the future would pay, and the last window of
 * each request. Of retraining: Mahadevan & Mathioudakis, Cost-aware retraining for machine learning, Knowledge-Based Systems 293, 2024.
 *
 * A window that is better than the reference pays back, down to 0. Summing only what is above it would count chance: at the very rate of the reference
 * half of all windows are above, the more so the smaller they are.
 */

import type { RegretSpec, Result, ServiceSpec } from '../records.ts';
import { ask, type RegretState, type RegretWindow, type RetrainState, timeText } from './retrain.ts';

/** Windows that wait for other sources; of more the two oldest are put together, so that nothing of the sum is lost. */
export const REGRET_WINDOWS_MAX = 10_000;

/** What the metric of a result was when the model was trained; null: that is not known. */
export type ReferenceOf = (result: Result) => number | null;

/**
 * Takes the results of a revision of a window; the final ones of the whole traffic count. `dueMs` is the time at which they are due: they are summed in the
 * order of it by `passRetrain`, whichever source was read first. Windows without rows or a reference cost nothing.
 */
export function noteRegret(
  state: RetrainState,
  { retrain, windows }: ServiceSpec,
  results: readonly Result[],
  dueMs: number,
  referenceOf: ReferenceOf,
): void {
  const regret = retrain?.regret;
  if (regret === undefined) {
    delete state.regret;
    return;
  }
  // A row stands in so many windows as begin within one.
  const share = windows.hopMs / windows.sizeMs;
  let window: RegretWindow | null = null;
  for (const result of results) {
    if (!isMeant(regret, result) || result.value === null) continue;
    const reference = regret.reference ?? referenceOf(result);
    if (reference === null) continue;
    const excess = regret.worse === 'larger' ? result.value - reference : reference - result.value;
    const cost = excess * result.n * share * regret.costPerRow;
    window ??= { dueMs, startMs: result.windowStartMs, endMs: result.windowEndMs, cost: 0 };
    window.cost += cost;
  }
  if (window === null) return;
  const { queue } = regretOf(state, regret);
  queue.push(window);
  if (queue.length > REGRET_WINDOWS_MAX) {
    const [first, second] = queue.splice(0, 2) as [RegretWindow, RegretWindow];
    queue.unshift({ ...second, startMs: first.startMs, cost: first.cost + second.cost });
  }
}

const isMeant = ({ metric, subject, model }: RegretSpec, result: Result): boolean =>
  result.final &&
  result.segment === '*' &&
  result.metric === metric &&
  (model === '*' || result.model === model) &&
  (subject === '*' || result.subject === subject);

/** What is summed, as text: a sum of something else is of no use. */
const textOf = ({ costOfTraining: _, ...summed }: RegretSpec): string => JSON.stringify(summed);

function regretOf(state: RetrainState, wanted: RegretSpec): RegretState {
  const of = textOf(wanted);
  if (state.regret?.of !== of) state.regret = { of, sum: 0, sinceMs: null, queue: [] };
  return state.regret;
}

/** When the next window is due to be summed, and the last one; infinite: none waits. */
export const regretDueMs = ({ regret }: RetrainState): number =>
  regret?.queue[0]?.dueMs ?? Number.POSITIVE_INFINITY;
export const lastRegretDueMs = ({ regret }: RetrainState): number =>
  regret?.queue.at(-1)?.dueMs ?? Number.NEGATIVE_INFINITY;

/** Sums the windows that are due through `throughMs`, and asks for retraining at each that reaches the cost of one. */
export function takeRegret(state: RetrainState, spec: ServiceSpec, throughMs: number): void {
  const { regret } = state;
  const wanted = spec.retrain?.regret;
  if (regret === undefined || wanted === undefined || regret.of !== textOf(wanted)) {
    delete state.regret;
    return;
  }
  while (regretDueMs(state) <= throughMs) {
    const window = regret.queue.shift()!;
    if (isPaid(state, window)) {
      regret.sum = 0;
      regret.sinceMs = null;
      continue;
    }
    regret.sum = Math.max(0, regret.sum + window.cost);
    regret.sinceMs = regret.sum === 0 ? null : (regret.sinceMs ?? window.startMs);
    if (regret.sinceMs === null || regret.sum < wanted.costOfTraining) continue;
    const why = whyOf(regret.sum, regret.sinceMs, wanted.costOfTraining);
    if (ask(state, spec, { cause: 'regret', why, sinceMs: regret.sinceMs, toMs: window.endMs })) {
      regret.sum = 0;
      regret.sinceMs = null;
    }
  }
}

/** Whether a request is there for it: one that is open, or one whose training is on its way, which the cooldown gives time. */
const isPaid = (
  { open, cooldownUntilMs, lastRequestedAtMs }: RetrainState,
  { endMs }: RegretWindow,
): boolean =>
  open.length > 0 ||
  endMs < (cooldownUntilMs ?? Number.NEGATIVE_INFINITY) ||
  endMs <= (lastRequestedAtMs ?? Number.NEGATIVE_INFINITY);

/** 'regret of 512.40 since 2026-01-01T00:00:00Z reached the cost of a training, 500' */
const whyOf = (sum: number, sinceMs: number, cost: number): string =>
  `regret of ${sum.toFixed(2)} since ${timeText(sinceMs)} reached the cost of a training, ${cost}`;
