import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Happening, inArrivalOrder } from '../../src/demo/stories/arrivals.ts';
import { createRandom } from '../../src/demo/stories/random.ts';
import { mean, share } from './support.ts';

const N = 50_000;
const draw = <T>(next: () => T) => Array.from({ length: N }, next);

describe('random', () => {
  it('repeats itself for the same seed and stream only', () => {
    const first = draw(createRandom(1, 'a').bits);
    expect(draw(createRandom(1, 'a').bits)).toEqual(first);
    const pairs = [createRandom(2, 'a'), createRandom(1, 'b')];
    for (const other of pairs) {
      const bits = draw(other.bits);
      expect(bits.filter((value, i) => value === first[i]).length).toBeLessThan(3);
    }
  });

  it('draws uniform, normal and exponential numbers with the right moments', () => {
    const random = createRandom(3);
    const uniform = draw(random.uniform);
    expect(mean(uniform)).toBeCloseTo(0.5, 1.5);
    expect(mean(uniform.map((u) => (u - 0.5) ** 2))).toBeCloseTo(1 / 12, 2);
    const normal = draw(() => random.normal(10, 2));
    expect(Math.abs(mean(normal) - 10)).toBeLessThan(0.05);
    expect(mean(normal.map((x) => (x - 10) ** 2)) / 4).toBeCloseTo(1, 1);
    expect(share(normal, (x) => Math.abs(x - 10) > 4)).toBeCloseTo(0.0455, 2);
    const exponential = draw(() => random.exponential(7));
    expect(Math.abs(mean(exponential) - 7)).toBeLessThan(0.2);
    expect(share(exponential, (x) => x > 7)).toBeCloseTo(Math.exp(-1), 1.7);
  });

  it('picks by weight, and integers with both ends', () => {
    const random = createRandom(4);
    const picked = draw(() => random.pick({ rare: 1, usual: 3, never: 0 }));
    expect(share(picked, (name) => name === 'rare')).toBeCloseTo(0.25, 1.7);
    expect(picked).not.toContain('never');
    expect([...new Set(draw(() => random.integer(2, 5)))].sort()).toEqual([2, 3, 4, 5]);
  });
});

describe('inArrivalOrder', () => {
  it('gives every record before the end once, by arrival', () => {
    const delays = fc.array(fc.tuple(fc.nat(50), fc.array(fc.nat(200), { maxLength: 4 })), { maxLength: 60 });
    fc.assert(
      fc.property(delays, fc.nat(1_500), (steps, endMs) => {
        let atMs = 0;
        const arrivals: { arriveMs: number; index: number }[] = [];
        const happenings: Happening[] = steps.map(([gap, waits]) => {
          atMs += gap;
          const own = waits.map((wait) => {
            arrivals.push({ arriveMs: atMs + wait, index: arrivals.length });
            const record = {
              stream: 'requests' as const,
              key: `${arrivals.length - 1}`,
              timeMs: atMs,
              value: Buffer.alloc(0),
            };
            return { arriveMs: atMs + wait, record };
          });
          return { atMs, arrivals: own };
        });
        const timely = new Set(
          happenings.flatMap((h) =>
            h.arrivals.filter((a) => a.record.timeMs < endMs).map((a) => a.record.key),
          ),
        );
        const expected = arrivals
          .filter(({ index }) => timely.has(`${index}`))
          .sort((a, b) => a.arriveMs - b.arriveMs || a.index - b.index)
          .map(({ index }) => `${index}`);
        expect([...inArrivalOrder(happenings, endMs)].map(({ key }) => key)).toEqual(expected);
      }),
      { seed: 11, numRuns: 300 },
    );
  });
});
