/** Matching of two detectors' boxes on one image. */

import type { Box } from '../records.ts';

/** Intersection over union of two boxes, 0..1. */
export function intersectionOverUnion(a: Box, b: Box): number {
  const width = Math.min(a.x2, b.x2) - Math.max(a.x1, b.x1);
  const height = Math.min(a.y2, b.y2) - Math.max(a.y1, b.y1);
  if (width <= 0 || height <= 0) return 0;
  const common = width * height;
  const union = (a.x2 - a.x1) * (a.y2 - a.y1) + (b.x2 - b.x1) * (b.y2 - b.y1) - common;
  return union > 0 ? common / union : 0;
}

/**
 * How many boxes of `a` and `b` are the same thing: equal labels and an overlap of at least `iouMin`, each box
 * used once, best overlaps first (the greedy matching of the PASCAL VOC and COCO evaluations). Ties keep
 * the order of the boxes, so the count does not depend on anything else.
 */
export function matchBoxes(a: readonly Box[], b: readonly Box[], iouMin: number): number {
  const pairs: { overlap: number; i: number; j: number }[] = [];
  a.forEach((boxA, i) => {
    b.forEach((boxB, j) => {
      if (boxA.label !== boxB.label) return;
      const overlap = intersectionOverUnion(boxA, boxB);
      if (overlap >= iouMin && overlap > 0) pairs.push({ overlap, i, j });
    });
  });
  pairs.sort((p, q) => q.overlap - p.overlap || p.i - q.i || p.j - q.j);
  const [usedA, usedB] = [new Set<number>(), new Set<number>()];
  for (const { i, j } of pairs) {
    if (usedA.has(i) || usedB.has(j)) continue;
    usedA.add(i);
    usedB.add(j);
  }
  return usedA.size;
}
