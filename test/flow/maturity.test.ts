import { describe, expect, test } from 'vitest';
import {
  adoptMaturity,
  COHORTS_MAX,
  createMaturity,
  learnMaturity,
  type Maturity,
  pastWindows,
  SEGMENTS_MAX,
} from '../../src/flow/maturity.ts';
import type { StoredSlot } from '../../src/flow/merge-window.ts';
import type { Slot } from '../../src/flow/messages.ts';
import { packTracks, type Tracks } from '../../src/profile/registry.ts';
import type { ServiceSpec } from '../../src/records.ts';
import { confusionOf, counts } from '../metric/support.ts';
import { MINUTE, specOf, T0 } from '../scenario/support.ts';

const SPEC = specOf(`
service: shop
streams:
  requests: { topic: shop.requests }
  predictions: { topic: shop.predictions, fields: { fraud: fraud } }
  labels: { topic: shop.labels, fields: { fraud: fraud } }
inputs: { country: { type: categorical } }
outputs:
  fraud: { type: classifier, classes: ['no', 'yes'], positive: 'yes' }
segments: [[country]]
windows: { size: 2m, hop: 1m, lateness: 1s }
join: { max_delay: 8m, revise_after: [1m, 2m] }
`);

const tracksOf = (expected: number, right: number, wrong: number): Tracks =>
  new Map([
    ['labels//', counts(expected === 0 ? { seen: right + wrong } : { expected, seen: right + wrong })],
    [
      'performance/external/fraud',
      confusionOf([
        [right, wrong],
        [0, 0],
      ]),
    ],
  ]);

const slotOf = (paneStartMs: number, maturity: number, segment: string, tracks: Tracks): StoredSlot => ({
  slot: {
    ...({} as Slot),
    group: 'events',
    ...{ topic: 'events', partition: 0, part: 0, upTo: 1, evictedFrom: -1 },
    ...{ paneStartMs, maturity, segment, segmentation: 0, tracks: packTracks(tracks, [...tracks.keys()]) },
  },
  offset: 0,
});

/** A window of one pane with ten requests: at once two wrong answers are known, at the end eight right ones too. */
function learn(maturity: Maturity, spec: ServiceSpec, window: number, segments: readonly string[]): void {
  const endMs = T0 + 2 * MINUTE * (window + 1);
  const startMs = endMs - MINUTE;
  const cells = segments.flatMap((segment) => [
    slotOf(startMs, 0, segment, tracksOf(10, 0, 2)),
    slotOf(startMs, 2, segment, tracksOf(0, 8, 0)),
  ]);
  const panes = new Map([[startMs, new Map(cells.map((cell, i) => [`${i}`, cell]))]]);
  const whole = tracksOf(10 * segments.length, 8 * segments.length, 2 * segments.length);
  const final = new Map([['*', whole], ...segments.map((segment) => [segment, tracksOf(10, 8, 2)] as const)]);
  learnMaturity(maturity, spec, 'events', panes, endMs, final);
}

const adopted = (): Maturity => {
  const maturity = createMaturity();
  adoptMaturity(maturity, SPEC);
  return maturity;
};

describe('what past windows say', () => {
  test('of a revision: the usual share and pairs of early and final values', () => {
    const maturity = adopted();
    for (let window = 0; window < 20; window++) learn(maturity, SPEC, window, ['country=de']);
    for (const segment of ['*', 'country=de']) {
      const at = (revision: number) => pastWindows(maturity, SPEC, 'events', segment, revision)!;
      expect(at(0).expected).toBe(0.2);
      expect(at(0).pairs('external', 'fraud')).toEqual(Array(20).fill({ early: 0, final: 0.8 }));
      // It brought no news: what was known before it still is, and no value was given.
      expect(at(1).expected).toBe(0.2);
      expect(at(1).pairs('external', 'fraud')).toEqual([]);
      expect(at(2).expected).toBe(1);
      expect(at(0).pairs('other', 'fraud')).toEqual([]);
    }
    expect(pastWindows(maturity, SPEC, 'events', 'country=at', 0)).toMatchObject({ expected: null });
    expect(pastWindows(maturity, SPEC, 'requests', '*', 0)).toBeNull();
  });

  test('nothing before there are 20, nor after the configuration has changed', () => {
    const maturity = adopted();
    for (let window = 0; window < 19; window++) learn(maturity, SPEC, window, ['country=de']);
    expect(pastWindows(maturity, SPEC, 'events', '*', 0)!.expected).toBeNull();
    learn(maturity, SPEC, 19, ['country=de']);
    adoptMaturity(maturity, { ...SPEC, description: 'another', rules: [] });
    expect(maturity.segments['*']).toHaveLength(20);
    adoptMaturity(maturity, { ...SPEC, revisionsMs: [MINUTE, 8 * MINUTE] });
    expect(maturity.segments).toEqual({});
  });

  test('of windows that do not overlap', () => {
    const maturity = adopted();
    learnMaturity(maturity, SPEC, 'events', new Map(), T0 + 3 * MINUTE, new Map([['*', tracksOf(10, 8, 2)]]));
    expect(maturity.segments).toEqual({});
  });
});

describe('what is kept is bounded', () => {
  test('to the newest windows', () => {
    const maturity = adopted();
    for (let window = 0; window < COHORTS_MAX + 5; window++) learn(maturity, SPEC, window, ['country=de']);
    const own = maturity.segments['*']!;
    expect(own).toHaveLength(COHORTS_MAX);
    expect(own[0]!.endMs).toBe(T0 + 2 * MINUTE * 6);
  });

  test('to the segments of the smallest hashes, whatever their order, and in bytes', () => {
    const names = Array.from({ length: 70 }, (_, i) => `country=c${i}`);
    const [forth, back] = [adopted(), adopted()];
    for (let window = 0; window < COHORTS_MAX; window++) {
      learn(forth, SPEC, window, names);
      learn(back, SPEC, window, [...names].reverse());
    }
    expect(Object.keys(forth.segments)).toHaveLength(SEGMENTS_MAX + 1);
    expect(Object.keys(back.segments).sort()).toEqual(Object.keys(forth.segments).sort());
    expect(JSON.stringify(forth).length).toBeLessThan(200 * COHORTS_MAX * (SEGMENTS_MAX + 1));
    // A segment that gave way does not come back.
    learn(forth, SPEC, COHORTS_MAX, names);
    expect(Object.keys(forth.segments).sort()).toEqual(Object.keys(back.segments).sort());
  });
});
