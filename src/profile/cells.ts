/**
 * The cells of a numeric baseline: up to ten of about equal counts. Works on groups, which are runs of
 * values that a cut cannot divide: equal values, or a bucket of the sketch.
 */

import { borderOf, bucketOf } from './sketch.ts';

export interface Group {
  /** Every value of the group is in low <= x < next, and no value of another group is. */
  low: number;
  next: number;
  count: number;
}

const CELLS = 10;
/** Below this magnitude the sketch counts a value as zero. */
const ZERO = 2 ** -40;
const PARTS = 64;

/** Groups of equal values of a sorted array; `next` is half way to the next value that occurs. */
export function groupsOfValues(sorted: Float64Array): Group[] {
  const groups: Group[] = [];
  for (let from = 0, to = 0; from < sorted.length; from = to) {
    const low = sorted[from]!;
    while (to < sorted.length && sorted[to] === low) to++;
    const following = sorted[to] ?? Number.POSITIVE_INFINITY;
    const middle = low / 2 + following / 2;
    groups.push({ low, next: middle > low ? middle : following, count: to - from });
  }
  return groups;
}

/** Groups of the buckets of a sketch, as `bucketsOf` gives them. */
export function groupsOfBuckets(buckets: readonly [number, number][]): Group[] {
  return buckets.map(([bucket, count]) => ({ ...rangeOf(bucket), count }));
}

/** The next double towards zero, for normal doubles of up to 20 significant bits, as the borders are. */
const inward = (value: number): number => value * (1 - 2 ** -53);

function rangeOf(bucket: number): { low: number; next: number } {
  const near = borderOf(bucket);
  if (near === 0) return { low: inward(-ZERO), next: ZERO };
  const magnitude = Math.abs(near);
  const exponent = Math.floor(Math.log2(magnitude));
  const far = magnitude + 2 ** exponent / PARTS;
  // A negative bucket holds its border nearer to zero and not the other one.
  return near > 0 ? { low: near, next: far } : { low: inward(-far), next: inward(-magnitude) };
}

/**
 * Cuts at the deciles, strictly rising and strictly between `min` and `max`, and the counts between them:
 * [0 below min, cells, 0 above max]. A cut comes before the group that holds the decile, and after it where
 * it is the first or holds several deciles: otherwise a heavy tie, such as a column of zeros and ones,
 * would share its cell with other values and hide their moves.
 *
 * @param groups in rising order, at least one; `min` is in the first and `max` in the last
 */
export function cutCells(
  groups: readonly Group[],
  min: number,
  max: number,
): { edges: number[]; counts: number[] } {
  const edges: number[] = [];
  const counts = [0];
  const cuts = cutsOf(groups);
  let cell = 0;
  for (let i = 0; i < groups.length; i++) {
    const cut = cuts.get(i);
    const edge = cut === undefined ? null : edgeBetween(groups[i - 1]!, groups[i]!, cut, min, max);
    if (edge !== null) {
      edges.push(edge);
      counts.push(cell);
      cell = 0;
    }
    cell += groups[i]!.count;
  }
  return { edges, counts: [...counts, cell, 0] };
}

/**
 * Counts of a sketch over cells that were cut from a sketch, with what lies below and above in front and at the end.
 * Exact, since no such edge divides a bucket; a bucket that holds the minimum or maximum is within.
 *
 * @param buckets as `bucketsOf` gives them
 */
export function countCells(
  buckets: readonly (readonly [number, number])[],
  { min, edges, max }: { min: number; edges: readonly number[]; max: number },
): number[] {
  const counts = new Array<number>(edges.length + 3).fill(0);
  const [first, last] = [rangeOf(bucketOf(min)).low, rangeOf(bucketOf(max)).low];
  let cell = 1;
  for (const [bucket, count] of buckets) {
    const { low } = rangeOf(bucket);
    while (cell <= edges.length && edges[cell - 1]! <= low) cell++;
    const at = low < first ? 0 : low > last ? edges.length + 2 : cell;
    counts[at]! += count;
  }
  return counts;
}

/** Index of the group that a cut comes before -> which of its neighbours it is cut close to. */
type Cuts = Map<number, 'left' | 'right'>;

/** At most one cut less than the cells. */
function cutsOf(groups: readonly Group[]): Cuts {
  let n = 0;
  for (const { count } of groups) n += count;
  const cuts: Cuts = new Map();
  let seen = 0;
  let k = 1;
  groups.forEach(({ count }, i) => {
    seen += count;
    const before = k;
    while (k < CELLS && Math.floor((k * n) / CELLS) < seen) k++;
    const deciles = k - before;
    if (deciles > 0 && i > 0) cuts.set(i, 'right');
    if ((deciles > 0 && i === 0) || deciles > 1) cuts.set(i + 1, 'left');
  });
  return cuts;
}

/** Null where no double lies between the groups and within the range. */
function edgeBetween(
  left: Group,
  right: Group,
  close: 'left' | 'right',
  min: number,
  max: number,
): number | null {
  const edges = close === 'left' ? [left.next, right.low] : [right.low, left.next];
  return edges.find((edge) => edge > min && edge < max) ?? null;
}
