/** Whom a candidate has answered, and whether its routing tables were obeyed. */

import type { RolloutRecord, RolloutSplit } from '../records.ts';

/** Part of a roll-out. What was told of it must stay as it was: nothing in it changes in place. */
export interface Exposure {
  /** Requests that the candidate has answered since the start. */
  exposed: number;
  /** The tables since the start, oldest first, with the requests that were routed by them. */
  split: RolloutSplit[];
}

export const NO_EXPOSURE: Exposure = { exposed: 0, split: [] };

/** There is a table for each stage and for some commands of people; of more than so many the oldest are forgotten. */
const SPLITS_MAX = 50;

/** Takes the table that holds from here on: what requests say of it counts. Taking it again changes nothing. */
export function noteTable(
  exposure: Exposure,
  { epoch, versions, shares }: Pick<RolloutSplit, 'epoch' | 'versions' | 'shares'>,
): void {
  const { split } = exposure;
  if (split.some((one) => one.epoch === epoch)) return;
  const fresh = { epoch, versions, shares, counts: versions.map(() => 0), elsewhere: 0 };
  exposure.split = [...split, fresh].slice(-SPLITS_MAX);
}

/** Requests that a version has answered: all of them (`epoch` null), or those that speak of the split of one table. */
export interface Answered {
  version: string;
  epoch: number | null;
  n: number;
}

/** Takes who answered the requests of a window. What is said of tables from before the start, or of none of ours, is not looked at. */
export function noteAnswered(exposure: Exposure, candidate: string, answered: readonly Answered[]): void {
  for (const { version, epoch, n } of answered) {
    if (epoch !== null)
      exposure.split = exposure.split.map((one) => (one.epoch === epoch ? added(one, version, n) : one));
    else if (version === candidate) exposure.exposed += n;
  }
}

function added(split: RolloutSplit, version: string, n: number): RolloutSplit {
  const { versions, counts, elsewhere } = split;
  if (!versions.includes(version)) return { ...split, elsewhere: elsewhere + n };
  return { ...split, counts: counts.map((count, i) => (versions[i] === version ? count + n : count)) };
}

/** The end of a reason to roll back; `causeOf` takes it off. */
export const exposureText = ({ exposed }: Pick<Exposure, 'exposed'>): string =>
  exposed === 0 ? '' : `; the candidate has answered ${exposed} request${exposed === 1 ? '' : 's'}`;

/** What a record says was the reason, without whom the candidate has answered. */
export function causeOf({
  event,
  reason,
  exposed,
}: Pick<RolloutRecord, 'event' | 'reason' | 'exposed'>): string {
  const end = exposureText({ exposed });
  return event === 'rolled_back' && reason.endsWith(end)
    ? reason.slice(0, reason.length - end.length)
    : reason;
}
