/**
 * Rule R13 for segments: a pane keeps those of the smallest hashes, whatever the order of arrival; the others
 * count in OTHER_SEGMENT. When a segment gives way its cells stay as they are and belong to OTHER_SEGMENT
 * as a whole: moving their content would be two slots that a crash can tear apart. From which offset on it
 * gives way is a function of the segments seen, not of batches or flushes, so that every reader of the
 * partition decides the same.
 */

import { hash32 } from '../math/hash.ts';
import { OTHER_SEGMENT, type Pane, type SeenSegment } from './panes.ts';

export const segmentKey = (segmentation: number, segment: string): string => `${segmentation}|${segment}`;

type Hashed = Pick<SeenSegment, 'hash' | 'segment'>;

/** Keep order of segments. */
const compare = (a: Hashed, b: Hashed): number =>
  a.hash !== b.hash ? a.hash - b.hash : a.segment < b.segment ? -1 : a.segment > b.segment ? 1 : 0;

/** The segments that must give way so that `segmentsMax` stay. */
export function segmentsToDrop(segments: Iterable<string>, segmentsMax: number): string[] {
  const kept = [...segments].filter((segment) => segment !== OTHER_SEGMENT);
  if (kept.length <= segmentsMax) return [];
  const hashed = kept.map((segment) => ({ segment, hash: hash32(segment) }));
  return hashed
    .sort(compare)
    .slice(segmentsMax)
    .map(({ segment }) => segment);
}

/** Where a record of this segment counts: in its own cells or in OTHER_SEGMENT. */
export function placeOf<Tracks>(
  pane: Pane<Tracks>,
  segmentation: number,
  segment: string,
  offset: number,
  segmentsMax: number,
): string {
  const key = segmentKey(segmentation, segment);
  const known = pane.segments.get(key);
  if (known !== undefined)
    return known.evictedFrom >= 0 && offset >= known.evictedFrom ? OTHER_SEGMENT : segment;
  const seen = { segmentation, segment, hash: hash32(segment), firstOffset: offset, evictedFrom: -1 };
  const present = [...pane.segments.values()].filter((own) => own.segmentation === segmentation);
  // Not even remembered: a mark for each of a million customers would be as unbounded as a cell for each.
  if (present.length >= segmentsMax && isBeyond(seen, present, segmentsMax)) return OTHER_SEGMENT;
  pane.segments.set(key, seen);
  if (present.length >= segmentsMax) settleSegments(pane, segmentation, segmentsMax);
  return segment;
}

/** Offset from which on records of the segment count in OTHER_SEGMENT; Infinity: none do. */
export function keptUntilOf<Tracks>(pane: Pane<Tracks>, segmentation: number, segment: string): number {
  const seen = pane.segments.get(segmentKey(segmentation, segment));
  if (seen === undefined) return Number.NEGATIVE_INFINITY;
  return seen.evictedFrom < 0 ? Number.POSITIVE_INFINITY : seen.evictedFrom;
}

/** Whether so many smaller ones were there before that it would have to give way at once. */
function isBeyond(seen: SeenSegment, present: readonly SeenSegment[], segmentsMax: number): boolean {
  let smaller = 0;
  for (const own of present) if (own.firstOffset <= seen.firstOffset && compare(own, seen) < 0) smaller++;
  return smaller >= segmentsMax;
}

/**
 * Decides anew from which offset on each segment gives way: when `segmentsMax` smaller ones have been seen. Also
 * right for a pane that was restored from slots of which a crash left out some.
 */
export function settleSegments<Tracks>(pane: Pane<Tracks>, segmentation: number, segmentsMax: number): void {
  const byArrival = [...pane.segments.values()]
    .filter((own) => own.segmentation === segmentation)
    .sort((a, b) => a.firstOffset - b.firstOffset || compare(a, b));
  if (byArrival.length <= segmentsMax) return;
  const kept: SeenSegment[] = [];
  for (const seen of byArrival) {
    kept.push(seen);
    if (kept.length <= segmentsMax) continue;
    kept.sort(compare);
    evict(pane, kept.pop()!, seen.firstOffset);
  }
}

function evict<Tracks>(pane: Pane<Tracks>, seen: SeenSegment, fromOffset: number): void {
  if (seen.evictedFrom >= 0 && seen.evictedFrom <= fromOffset) return;
  seen.evictedFrom = fromOffset;
  for (const cell of pane.cells.values())
    if (cell.segmentation === seen.segmentation && cell.segment === seen.segment) cell.dirty = true;
}
