import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createPane, OTHER_SEGMENT } from '../../src/window/panes.ts';
import {
  keptUntilOf,
  placeOf,
  segmentKey,
  segmentsToDrop,
  settleSegments,
} from '../../src/window/segments.ts';

const arrivals = fc.array(fc.nat(30), { minLength: 1, maxLength: 80 });
const MAX = 5;

/** Places of all arrivals; the offset of each is its index. */
const placesOf = (list: readonly number[]) => {
  const pane = createPane<null>(0);
  return { pane, places: list.map((s, offset) => placeOf(pane, 0, `s=${s}`, offset, MAX)) };
};

test('those of the smallest hashes are kept, each record counts once, and what was decided stays', () => {
  fc.assert(
    fc.property(arrivals, (list) => {
      const { pane, places } = placesOf(list);
      const all = new Set(list.map((s) => `s=${s}`));
      const dropped = new Set(segmentsToDrop(all, MAX));
      for (const segment of all) {
        const until = keptUntilOf(pane, 0, segment);
        expect(until === Number.POSITIVE_INFINITY).toBe(!dropped.has(segment));
        list.forEach((s, offset) => {
          if (`s=${s}` === segment) expect(places[offset]).toBe(offset < until ? segment : OTHER_SEGMENT);
        });
      }
    }),
  );
});

test('a pane that was restored from some of its slots decides as before', () => {
  fc.assert(
    fc.property(
      arrivals,
      fc.nat(80),
      fc.array(fc.boolean(), { minLength: 40, maxLength: 40 }),
      (list, at, kept) => {
        const whole = placesOf(list);
        // A crash at `at`: some segments were flushed later than others, with what was known then.
        const restored = createPane<null>(0);
        const flushed = [placesOf(list.slice(0, at)).pane, whole.pane];
        [...whole.pane.segments.keys()].forEach((key, i) => {
          const seen = flushed[kept[i] ? 1 : 0]!.segments.get(key);
          if (seen !== undefined) restored.segments.set(key, { ...seen });
        });
        settleSegments(restored, 0, MAX);
        list.forEach((s, offset) => {
          if (offset < at) return;
          expect(placeOf(restored, 0, `s=${s}`, offset, MAX), segmentKey(0, `s=${s}`)).toBe(
            whole.places[offset],
          );
        });
      },
    ),
    { numRuns: 500 },
  );
});
