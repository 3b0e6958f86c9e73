/** What became of the requests that one model or the other answered, by the shares that dealt them. */

import type { FeedbackKind, RolloutArm, RolloutSplit, RolloutTally } from '../records.ts';

/** Kinds of feedback as rates of bad answers: a click is what a good one gets. */
const BAD: Readonly<Record<FeedbackKind, { metric: string; isWith: boolean }>> = {
  click: { metric: 'no_click', isWith: false },
  redo: { metric: 'redo', isWith: true },
  switch_to_typing: { metric: 'switch_to_typing', isWith: true },
};

export const feedbackMetric = (kind: FeedbackKind): string => BAD[kind].metric;

/** Bad ones of `n` requests, `having` of which have feedback of the kind. */
export const badByFeedback = (kind: FeedbackKind, n: number, having: number): number =>
  BAD[kind].isWith ? having : n - having;

/** Of one metric. */
export interface Tallies {
  /** Answers of the primary under tables that deal nothing to the candidate. */
  alone: RolloutArm;
  /** One for each share, in the order of their first outcomes. */
  dealt: RolloutTally[];
}

/** Part of a roll-out, by metric. What was told of it must stay as it was: nothing in it changes in place. */
export interface Tallied {
  tallies: Readonly<Record<string, Tallies>>;
}

export const NO_TALLIES: Tallied = { tallies: {} };

/** Requests of a window that a version has answered under a table, whose outcomes are final. */
export interface ArmOutcome extends RolloutArm {
  metric: string;
  epoch: number;
  version: string;
  /** Requests, whether the outcome is known or not. */
  due: number;
}

/** Without any request a rate of one in ten is expected, which ten requests outweigh. */
const RATE_BEFORE = 0.1;
const N_BEFORE = 10;

/** What the primary's rate of bad answers is thought to be, from all that is known of it. */
function centreOf({ alone, dealt }: Tallies): number {
  const arms = [alone, ...dealt.map(({ primary }) => primary)];
  const sum = (of: (arm: RolloutArm) => number): number => arms.reduce((all, arm) => all + of(arm), 0);
  return (sum(({ bad }) => bad) + N_BEFORE * RATE_BEFORE) / (sum(({ n }) => n) + N_BEFORE);
}

const NOTHING: RolloutArm = { n: 0, bad: 0 };
const plus = (a: RolloutArm, b: RolloutArm): RolloutArm => ({ n: a.n + b.n, bad: a.bad + b.bad });

/**
 * Takes the outcomes of a window. Requests under tables of before the start, or of none of ours, do not count. The centre of a tally is fixed by earlier windows
 * alone, so that nothing of what it weighs has a say in the bets on it.
 */
export function noteArms(
  rollout: Tallied & { split: readonly RolloutSplit[] },
  { primary, candidate }: { primary: string; candidate: string },
  outcomes: readonly ArmOutcome[],
): void {
  const before = rollout.tallies;
  const none: Tallies = { alone: NOTHING, dealt: [] };
  for (const one of outcomes) {
    const { metric, epoch, version } = one;
    const table = rollout.split.find((split) => split.epoch === epoch);
    const shareOf = (name: string): number => table?.shares[table.versions.indexOf(name)] ?? 0;
    if (shareOf(primary) === 0 || shareOf(version) === 0) continue;
    const { alone, dealt } = rollout.tallies[metric] ?? none;
    const share = shareOf(candidate);
    const next =
      share === 0
        ? { alone: plus(alone, one), dealt }
        : {
            alone,
            dealt: withOutcome(
              dealt,
              { share, centre: centreOf(before[metric] ?? none) },
              one,
              version === candidate,
            ),
          };
    rollout.tallies = { ...rollout.tallies, [metric]: next };
  }
}

function withOutcome(
  dealt: readonly RolloutTally[],
  first: Pick<RolloutTally, 'share' | 'centre'>,
  one: ArmOutcome,
  isCandidate: boolean,
): RolloutTally[] {
  const isKnown = dealt.some(({ share }) => share === first.share);
  const all = isKnown ? dealt : [...dealt, { ...first, candidate: NOTHING, primary: NOTHING, due: 0 }];
  return all.map((tally) => {
    if (tally.share !== first.share) return tally;
    if (!isCandidate) return { ...tally, primary: plus(tally.primary, one) };
    return { ...tally, candidate: plus(tally.candidate, one), due: tally.due + one.due };
  });
}

/** Answers of the candidate in tallies. */
export const answersIn = (dealt: readonly RolloutTally[]): number =>
  dealt.reduce((sum, { candidate }) => sum + candidate.n, 0);
export const dueIn = (dealt: readonly RolloutTally[]): number => dealt.reduce((sum, { due }) => sum + due, 0);
