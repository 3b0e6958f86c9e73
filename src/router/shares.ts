/** Makes tables from shares, so that as few keys as can be change their version. */

import { BUCKETS } from './hash.ts';
import {
  isActing,
  type Range,
  type Role,
  type RoutedVersion,
  RoutingError,
  type RoutingTable,
  TABLE_FORMAT,
  tableFrom,
  widthOf,
} from './table.ts';

export interface WantedVersion {
  version: string;
  role: Role;
  /** 0..1 in ten-thousandths; those of primary and canaries sum to 1. */
  share: number;
}

/** The first table of a service, of epoch 0. Throws a `RoutingError`. */
export function firstTable(
  start: Pick<RoutingTable, 'service' | 'seed' | 'level' | 'threshold' | 'blind' | 'override'>,
  wanted: readonly WantedVersion[],
): RoutingTable {
  return tableFrom({ ...start, format: TABLE_FORMAT, epoch: 0, versions: deal([], wanted) });
}

/**
 * The next table, of the next epoch. Whoever keeps or raises a share keeps every key that it has; buckets go only from versions whose
 * share falls to those whose share rises. Throws a `RoutingError`.
 */
export function nextTable(
  table: RoutingTable,
  wanted: readonly WantedVersion[],
  level = table.level,
): RoutingTable {
  return tableFrom({ ...table, epoch: table.epoch + 1, level, versions: deal(table.versions, wanted) });
}

function deal(before: readonly RoutedVersion[], wanted: readonly WantedVersion[]): RoutedVersion[] {
  const widths = wanted.map(bucketsOf);
  const acting = wanted.reduce((sum, { role }, i) => sum + (isActing(role) ? widths[i]! : 0), 0);
  if (acting !== BUCKETS)
    throw new RoutingError('no shares', [
      `those of primary and canaries sum to ${acting / BUCKETS}, not to 1`,
    ]);
  const had = (version: string): readonly Range[] =>
    before.find((one) => one.version === version && isActing(one.role))?.ranges ?? [];
  const kept = wanted.map(({ version, role }, i) =>
    isActing(role) ? keep(had(version), widths[i]!, role) : [],
  );
  const free = gapsOf(kept.flat());
  const grown = new Map<number, Range[]>();
  // The primary comes last, so that canaries have the lower buckets from the first table on.
  for (const isLast of [false, true])
    wanted.forEach(({ role }, i) => {
      if (isActing(role) && (role === 'primary') === isLast)
        grown.set(i, [...kept[i]!, ...take(free, widths[i]! - widthOf(kept[i]!))]);
    });
  return wanted.map(({ version, role }, i) => ({
    version,
    role,
    share: widths[i]! / BUCKETS,
    // Shadows are dealt apart, all from the same end: small ones then answer what large ones answer.
    ranges: joined(grown.get(i) ?? [[0, widths[i]!]]),
  }));
}

function bucketsOf({ version, share }: WantedVersion): number {
  const width = Math.round(share * BUCKETS);
  if (!(width >= 0 && width <= BUCKETS) || Math.abs(width - share * BUCKETS) > 1e-6)
    throw new RoutingError('no shares', [`that of ${version} is ${share}; give 0 to 1 in steps of 0.0001`]);
  return width;
}

/** So much of it at most. The primary gives way from below and others from above, so that a lone canary has the keys below its share. */
function keep(ranges: readonly Range[], width: number, role: Role): Range[] {
  if (role !== 'primary') return take([...ranges], Math.min(width, widthOf(ranges)));
  const mirrored = ranges.map(mirror).reverse();
  return take(mirrored, Math.min(width, widthOf(ranges)))
    .map(mirror)
    .reverse();
}

const mirror = ([from, to]: Range): Range => [BUCKETS - to, BUCKETS - from];

/** Takes the lowest buckets out of a list, which it changes. */
function take(from: Range[], width: number): Range[] {
  const taken: Range[] = [];
  for (let rest = width; rest > 0; ) {
    const [low, high] = from.shift()!;
    const end = Math.min(high, low + rest);
    taken.push([low, end]);
    if (end < high) from.unshift([end, high]);
    rest -= end - low;
  }
  return taken;
}

const rising = (ranges: readonly Range[]): Range[] => [...ranges].sort((a, b) => a[0] - b[0]);

/** What of all buckets is in none of the ranges. */
function gapsOf(ranges: readonly Range[]): Range[] {
  const gaps: Range[] = [];
  let end = 0;
  for (const [from, to] of [...rising(ranges), [BUCKETS, BUCKETS] as const]) {
    if (from > end) gaps.push([end, from]);
    end = Math.max(end, to);
  }
  return gaps;
}

/** Rising; neighbours are one, empty ones none. */
function joined(ranges: readonly Range[]): Range[] {
  const out: [number, number][] = [];
  for (const [from, to] of rising(ranges)) {
    const last = out.at(-1);
    if (from === to) continue;
    if (last?.[1] === from) last[1] = to;
    else out.push([from, to]);
  }
  return out;
}
