/** The random sample of requests that people decide without the model's answer, so that their decisions stay a measure of it. */

import { BUCKETS, bucketOf } from './hash.ts';
import type { AutomationLevel, RoutingTable } from './table.ts';

/** Dealt by another seed than versions and shadows, so that the sample is the same share of each. */
const BLIND = '/blind';

/** Below them people do not see the answer of any request, above them no person decides. */
const isSampled = (level: AutomationLevel): boolean => level === 'assist' || level === 'partial';

/**
 * Whether a person is to decide the request of this id who is not shown what the model says, however sure it is. By the id of the request, whatever it is routed by: a
 * user whose requests were all blind would be no sample of requests.
 */
export const isBlind = (
  { seed, level, blind = 0 }: Pick<RoutingTable, 'seed' | 'level' | 'blind'>,
  id: string,
): boolean => isSampled(level) && bucketOf(seed + BLIND, id) < Math.round(blind * BUCKETS);
