/**
 * Requests that wait for labels, feedback or another system's predictions, by id, and those that came
 * before their request. Bounded; a function of the events read.
 */

import type { FeedbackKind } from '../records.ts';

export interface PendingJoin {
  /** Event time of the request; NaN until it came. */
  baseTimeMs: number;
  segments: string[];
  /** Class index or number by model and output; null until they came. */
  answers: number[] | null;
  external: number[] | null;
  truths: number[] | null;
  /** Event times of what came, by kind; the request, when it comes after them, tells which are too late. */
  feedback: Map<FeedbackKind, number>;
  truthsMs: number;
  externalMs: number;
  /** Whether the truth has been folded with the answers, and with the external ones. */
  answersFolded: boolean;
  externalFolded: boolean;
  /** Offset of the first event of this id, for the floor of rule R9. */
  firstOffset: number;
  /** Forgotten when the watermark reaches this. */
  expiresMs: number;
}

export interface PendingJoins {
  byId: Map<string, PendingJoin>;
  /** Expiry rounded up to a bucket -> ids. */
  buckets: Map<number, string[]>;
  bucketMs: number;
}

export const createPendingJoins = (bucketMs: number): PendingJoins => ({
  byId: new Map(),
  buckets: new Map(),
  bucketMs,
});

/** Sets when an id is forgotten; a later time replaces an earlier one. */
export function expireAt(pending: PendingJoins, id: string, join: PendingJoin, timeMs: number): void {
  join.expiresMs = timeMs;
  const bucket = Math.ceil(timeMs / pending.bucketMs) * pending.bucketMs;
  const ids = pending.buckets.get(bucket);
  if (ids === undefined) pending.buckets.set(bucket, [id]);
  else ids.push(id);
}

/** The entry of an id, a new one if there is room, null at the bound of rule R13. */
export function pendingOf(
  pending: PendingJoins,
  id: string,
  offset: number,
  countMax: number,
): PendingJoin | null {
  const known = pending.byId.get(id);
  if (known !== undefined) return known;
  if (pending.byId.size >= countMax) return null;
  const join: PendingJoin = {
    baseTimeMs: Number.NaN,
    segments: [],
    answers: null,
    external: null,
    truths: null,
    feedback: new Map(),
    truthsMs: 0,
    externalMs: 0,
    answersFolded: false,
    externalFolded: false,
    firstOffset: offset,
    expiresMs: 0,
  };
  pending.byId.set(id, join);
  return join;
}

/** Forgets what has expired; entries whose request never came are given back. */
export function expire(pending: PendingJoins, watermarkMs: number): PendingJoin[] {
  const unmatched: PendingJoin[] = [];
  for (const [bucket, ids] of pending.buckets) {
    if (bucket > watermarkMs) continue;
    pending.buckets.delete(bucket);
    for (const id of ids) {
      const join = pending.byId.get(id);
      if (join === undefined || join.expiresMs > watermarkMs) continue;
      pending.byId.delete(id);
      if (Number.isNaN(join.baseTimeMs)) unmatched.push(join);
    }
  }
  return unmatched;
}

/** Offset from which the pending entries can be rebuilt; `next` when nothing is pending. */
export function floorOf(pending: PendingJoins, next: number): number {
  let floor = next;
  for (const join of pending.byId.values()) floor = Math.min(floor, join.firstOffset);
  return floor;
}
