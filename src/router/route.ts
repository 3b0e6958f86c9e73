/** Which version answers a key. */

import { bucketOf } from './hash.ts';
import { type AutomationLevel, isActing, type Range, type RoutingTable } from './table.ts';

export interface Route {
  /** Answers; its answer is the one that counts. */
  version: string;
  /** Answer too, for comparison only. */
  shadows: string[];
  level: AutomationLevel;
  epoch: number;
  /** override: a caller asked for the version. Such requests say nothing about a split, and have no shadows. */
  by: 'key' | 'override';
}

/** Shadows are dealt by another seed, so that their share is spread evenly over the keys of every version. */
const SHADOWS = '/shadows';

/**
 * The version of a key: always the same under one table. `asked` is the version that a caller asks for; where it does not stand in the table, or is a
 * shadow, the key decides.
 */
export function route(table: RoutingTable, key: string, asked?: string): Route {
  const { level, epoch, versions } = table;
  if (asked !== undefined && versions.some(({ version, role }) => version === asked && role !== 'shadow'))
    return { version: asked, shadows: [], level, epoch, by: 'override' };
  const bucket = bucketOf(table.seed, key);
  let version: string | undefined;
  const shadows: string[] = [];
  let shadowBucket = -1;
  for (const one of versions) {
    if (isActing(one.role)) {
      if (holds(one.ranges, bucket)) version = one.version;
    } else if (one.role === 'shadow') {
      if (shadowBucket < 0) shadowBucket = bucketOf(table.seed + SHADOWS, key);
      if (holds(one.ranges, shadowBucket)) shadows.push(one.version);
    }
  }
  if (version === undefined) throw new Error('no version answers this key; check the table with faultsOf');
  return { version, shadows, level, epoch, by: 'key' };
}

const holds = (ranges: readonly Range[], bucket: number): boolean =>
  ranges.some(([from, to]) => bucket >= from && bucket < to);

/** Headers by their names in lower case, as Node gives them. */
export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** The version that a request asks for by the header or the cookie of the table; the header goes first. */
export function askedFor(table: RoutingTable, headers: Headers): string | undefined {
  const { header, cookie } = table.override ?? {};
  const byHeader = header === undefined ? undefined : firstOf(headers[header]);
  if (byHeader !== undefined && byHeader !== '') return byHeader;
  if (cookie === undefined) return undefined;
  for (const pair of (firstOf(headers.cookie) ?? '').split(';')) {
    const at = pair.indexOf('=');
    if (at > 0 && pair.slice(0, at).trim() === cookie) return pair.slice(at + 1).trim() || undefined;
  }
  return undefined;
}

const firstOf = (value: string | readonly string[] | undefined): string | undefined =>
  typeof value === 'object' ? value[0] : value;
