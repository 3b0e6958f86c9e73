import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { statesOf } from '../../src/flow/blocks.ts';
import {
  adoptSpec,
  createReferences,
  hourOf,
  learnWindow,
  noteResolved,
  packReferences,
  type References,
} from '../../src/flow/learned.ts';
import { referenceOf } from '../../src/flow/references.ts';
import { baselineOfState, stateOfText, textOfState } from '../../src/profile/baseline/states.ts';
import type { TrackState, Tracks } from '../../src/profile/registry.ts';
import type { Alert, LearnSpec, ServiceSpec } from '../../src/records.ts';
import { confusionOf, input, numbers, service } from '../metric/support.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const windows = { ...service().windows, sizeMs: MINUTE, hopMs: MINUTE };
const learn = (more: Partial<LearnSpec>): LearnSpec => ({
  kind: 'first',
  windows: 3,
  lagWindows: 1,
  sinceMs: null,
  bytesMax: 1e9,
  ...more,
});
const specOf = (more: Partial<ServiceSpec>): ServiceSpec =>
  service({ inputs: [input('x', 'numeric')], windows, ...more });

const stateOf = (values: readonly number[]): TrackState => numbers(values, service(), 'x');
const tracksOf = (values: readonly number[]): Tracks => new Map([['input//x', stateOf(values)]]);

interface Driven {
  references: References;
  /** Judges the window that ends at that minute: what it is compared with, before it is learned from. */
  close(
    minute: number,
    values: readonly number[],
    more?: { alerts?: Alert[]; onsetsMs?: number[]; isFinal?: boolean; segments?: string[] },
  ): void;
  at(minute: number, segment?: string): ReturnType<typeof referenceOf>;
}

function drive(spec: ServiceSpec, persist = false): Driven {
  const driven: Driven = {
    references: createReferences(),
    close(minute, values, { alerts = [], onsetsMs = [], isFinal = true, segments = [] } = {}) {
      // As a judge that is lost after every window and restored from its snapshot.
      if (persist)
        driven.references = JSON.parse(JSON.stringify(packReferences(driven.references))) as References;
      const cells = new Map(['*', ...segments].map((segment) => [segment, tracksOf(values)]));
      learnWindow(driven.references, spec, 'requests', {
        endMs: minute * MINUTE,
        cells,
        alerts,
        onsetsMs,
        isFinal,
      });
    },
    at: (minute, segment = '*') => referenceOf(driven.references, spec, 'requests', segment, minute * MINUTE),
  };
  adoptSpec(driven.references, spec);
  return driven;
}

const nOf = (reference: ReturnType<typeof referenceOf>): number | undefined => reference.baseline('x')?.n;
const alert = (state: Alert['state'], sinceMs = 0, fingerprint = 'a'): Alert =>
  ({ fingerprint, state, sinceMs }) as Alert;

describe('the first windows', () => {
  test('are learned, then kept', () => {
    const driven = drive(specOf({ learn: learn({}) }));
    expect(driven.at(1)).toMatchObject({
      source: 'none',
      isOwn: true,
      absence: 'baseline is being learned (0 of 3 windows)',
    });
    for (const minute of [1, 2, 5]) driven.close(minute, [minute, minute]);
    expect(driven.at(6)).toMatchObject({ source: 'first', isOwn: true });
    expect(driven.at(6).baseline('x')).toMatchObject({ n: 6, min: 1, max: 5, cut: 'sketch' });
    driven.close(6, [100]);
    expect(driven.at(7).baseline('x')).toEqual(baselineOfState(stateOf([1, 1, 2, 2, 5, 5])));
  });

  test('are of one source group, of one segment, and not of the rest', () => {
    const driven = drive(specOf({ learn: learn({ windows: 1 }) }));
    driven.close(1, [1], { segments: ['c=de', 'c=(other)'] });
    expect(nOf(driven.at(2, 'c=de'))).toBe(1);
    expect(driven.at(2, 'c=fr').absence).toBe('baseline is being learned (0 of 1 windows)');
    expect(driven.at(2, 'c=(other)').absence).toBe('no baseline');
    const events = referenceOf(driven.references, specOf({ learn: learn({ windows: 1 }) }), 'events', '*', 0);
    expect(events.source).toBe('none');
  });

  test('begin at a time, and hopping ones do not overlap', () => {
    const hopping = { ...windows, sizeMs: 2 * MINUTE };
    const spec = specOf({ windows: hopping, learn: learn({ windows: 2, sinceMs: 3 * MINUTE }) });
    const driven = drive(spec);
    for (let minute = 1; minute <= 8; minute++) driven.close(minute, [minute]);
    expect(driven.at(9).baseline('x')).toMatchObject({ n: 2, min: 6, max: 8 });
  });

  test('leave preliminary revisions out', () => {
    const driven = drive(specOf({ learn: learn({ windows: 1 }) }));
    driven.close(1, [1], { isFinal: false });
    expect(driven.at(2).source).toBe('none');
  });

  test('are learned anew when what they depend on changes', () => {
    const driven = drive(specOf({ learn: learn({ windows: 1 }) }));
    driven.close(1, [1]);
    adoptSpec(driven.references, specOf({ learn: learn({ windows: 1, bytesMax: 5 }), description: 'other' }));
    expect(nOf(driven.at(2))).toBe(1);
    adoptSpec(driven.references, specOf({ learn: learn({ windows: 1, sinceMs: MINUTE }) }));
    expect(driven.at(2).source).toBe('none');
  });
});

test('slots of other parameters do not stop the learning: the newer stays', () => {
  const spec = specOf({ learn: learn({ windows: 9 }) });
  const references = createReferences();
  adoptSpec(references, spec);
  [2, 3, 3].forEach((classes, i) => {
    const cells = new Map([['*', new Map([['performance/m/y', confusionOf(tableOf(classes))]])]]);
    const window = { endMs: (i + 1) * MINUTE, cells, alerts: [], onsetsMs: [], isFinal: true };
    learnWindow(references, spec, 'events', window);
  });
  const { blocks } = references.groups.events!.segments['*']!['']!;
  expect(blocks[0]!.windows).toBe(3);
  const sum = tableOf(3).map((row) => row.map((count) => 2 * count));
  expect(stateOfText(statesOf(blocks[0]!)['performance/m/y']!)).toEqual(confusionOf(sum));
});

const tableOf = (classes: number): number[][] =>
  Array.from({ length: classes }, (_, i) => Array.from({ length: classes }, (_, j) => i + j));

describe('rolling windows', () => {
  const rolling = (windows: number, lagWindows = 1) =>
    drive(specOf({ learn: learn({ kind: 'rolling', windows, lagWindows }) }));

  test('follow at a distance', () => {
    for (const lag of [0, 1, 3]) {
      const driven = rolling(4, lag);
      for (let minute = 1; minute <= 30; minute++) {
        const found = driven.at(minute).baseline('x');
        const newest = minute - 1 - lag;
        if (newest < 1) expect(found).toBeUndefined();
        else {
          const oldest = Math.max(1, newest - 3);
          expect(found).toMatchObject({ n: newest - oldest + 1, min: oldest, max: newest });
        }
        driven.close(minute, [minute]);
      }
    }
  });

  test('hop without a common row', () => {
    const hopping = { ...windows, sizeMs: 4 * MINUTE };
    for (const lagWindows of [0, 1]) {
      const driven = drive(specOf({ windows: hopping, learn: learn({ kind: 'rolling', lagWindows }) }));
      for (let minute = 4; minute <= 80; minute++) {
        const found = driven.at(minute).baseline('x');
        if (found?.type === 'numeric') expect(found.max).toBeLessThanOrEqual(minute - 4 * (1 + lagWindows));
        driven.close(minute, [minute]);
      }
      expect(driven.at(81).baseline('x')).toMatchObject({ n: 3 });
    }
  });

  test('are kept in few blocks, a little more than was asked for', () => {
    const driven = rolling(100);
    for (let minute = 1; minute <= 1000; minute++) {
      driven.close(minute, [minute]);
      const { blocks, waiting } = driven.references.groups.requests!.segments['*']!['']!;
      expect(blocks.length).toBeLessThanOrEqual(9);
      expect(waiting.length).toBeLessThanOrEqual(1);
      const n = nOf(driven.at(minute + 1)) ?? 0;
      if (minute > 130) expect(n).toBeGreaterThanOrEqual(100);
      expect(n).toBeLessThan(113);
    }
    expect(driven.at(1001).source).toBe('rolling');
  });

  test('are used once there is a block of them', () => {
    const driven = rolling(16, 0);
    driven.close(1, [1]);
    expect(driven.at(2).absence).toBe('baseline is being learned (1 of 2 windows)');
    driven.close(2, [1]);
    expect(nOf(driven.at(3))).toBe(2);
  });

  test('do not take drift for the norm', () => {
    const driven = rolling(8);
    for (let minute = 1; minute <= 8; minute++) driven.close(minute, [1]);
    // In breach since the window of minute 8, which still waits; fires in the next.
    driven.close(9, [9], { alerts: [alert('firing', 7 * MINUTE)] });
    for (let minute = 10; minute <= 40; minute++) driven.close(minute, [9]);
    expect(driven.at(41).baseline('x')).toMatchObject({ n: 7, min: 1, max: 1 });
    driven.close(41, [2], { alerts: [alert('resolved')] });
    driven.close(42, [2]);
    expect(driven.at(43).baseline('x')).toMatchObject({ n: 8, max: 2 });
    driven.close(43, [2], { alerts: [alert('firing', 42 * MINUTE), alert('firing', 42 * MINUTE, 'b')] });
    noteResolved(driven.references, [alert('resolved')]);
    driven.close(44, [3]);
    expect(driven.at(60).baseline('x')).toMatchObject({ max: 2 });
  });

  test('wait as long as an alarm on the budget stands', () => {
    const driven = rolling(8);
    for (let minute = 1; minute <= 8; minute++) driven.close(minute, [1]);
    for (let minute = 9; minute <= 20; minute++) driven.close(minute, [9], { onsetsMs: [7 * MINUTE] });
    expect(driven.at(21).baseline('x')).toMatchObject({ n: 7, max: 1 });
    driven.close(21, [2]);
    driven.close(22, [2]);
    expect(driven.at(23).baseline('x')).toMatchObject({ n: 8, max: 2 });
  });
});

describe('a season', () => {
  test('has an hour of its own for each window', () => {
    expect(hourOf('hour_of_day', Date.parse('2026-11-28T06:59:59Z'))).toBe(6);
    expect(hourOf('hour_of_week', Date.parse('2026-11-23T00:00:00Z'))).toBe(0);
    expect(hourOf('hour_of_week', Date.parse('2026-11-29T23:30:00Z'))).toBe(167);
    expect(hourOf('hour_of_week', Date.parse('1969-12-31T23:30:00Z'))).toBe(71);
    expect(hourOf('hour_of_day', Date.parse('1969-12-31T23:30:00Z'))).toBe(23);
  });

  test('is learned hour by hour', () => {
    const driven = drive(specOf({ learn: learn({ windows: 2 }), season: 'hour_of_day' }));
    for (let day = 0; day < 2; day++)
      for (let hour = 0; hour < 24; hour++) driven.close(60 * (24 * day + hour) + 1, [hour]);
    expect(driven.at(60 * 5 + 1)).toMatchObject({ source: 'seasonal', isOwn: true });
    expect(driven.at(60 * 5 + 1).baseline('x')).toMatchObject({ n: 2, min: 5, max: 5 });
    // The window that ends with the hour belongs to it.
    expect(driven.at(60 * 6).baseline('x')).toMatchObject({ min: 5 });
    const young = drive(specOf({ learn: learn({ windows: 2 }), season: 'hour_of_day' }));
    expect(young.at(61).absence).toBe('baseline is being learned (0 of 2 windows of this hour)');
  });

  const part = { n: 1, states: { 'input//x': textOfState(stateOf([7])) } };
  const baseline = {
    format: 'telltale-baseline/2' as const,
    service: 'test',
    n: 1,
    tracks: {},
    season: { of: 'hour_of_day' as const, parts: { '5': part } },
  };

  test('of a file is of the whole traffic, and may lack an hour', () => {
    const driven = drive(specOf({ baseline, season: 'hour_of_day' }));
    expect(driven.at((5 * HOUR) / MINUTE + 1)).toMatchObject({ source: 'seasonal', isOwn: true });
    expect(driven.at(301).baseline('x')).toMatchObject({ min: 7 });
    expect(driven.at(301, 'c=de')).toMatchObject({ source: 'seasonal', isOwn: false });
    expect(nOf(driven.at(301, 'c=de'))).toBe(1);
    expect(driven.at(1)).toMatchObject({ source: 'none', absence: 'no baseline for this hour' });
  });

  test('that the file lacks is learned', () => {
    const driven = drive(specOf({ baseline, season: 'hour_of_day', learn: learn({ windows: 1 }) }));
    driven.close(1, [3]);
    driven.close(301, [3]);
    expect(driven.at(2).baseline('x')).toMatchObject({ min: 3 });
    expect(driven.at(302).baseline('x')).toMatchObject({ min: 7 });
  });
});

describe('a file with learning', () => {
  const x = baselineOfState(stateOf([7, 8]))!;
  const baseline = { format: 'telltale-baseline/2' as const, service: 'test', n: 2, tracks: { x } };

  test('says what it knows; segments and other tracks are learned', () => {
    const driven = drive(specOf({ baseline, learn: learn({ windows: 1 }) }));
    expect(driven.at(1)).toMatchObject({ source: 'file', isOwn: true });
    driven.close(1, [1], { segments: ['c=de'] });
    expect(driven.at(2).baseline('x')).toBe(x);
    expect(driven.at(2, 'c=de')).toMatchObject({ source: 'first', isOwn: true });
    expect(driven.at(2, 'c=de').baseline('x')).toMatchObject({ min: 1 });
    expect(driven.at(2, 'c=fr').baseline('x')).toBeUndefined();
  });

  test('without learning is the reference of every segment', () => {
    const driven = drive(specOf({ baseline }));
    expect(driven.at(2, 'c=de')).toMatchObject({ source: 'file', isOwn: false });
    driven.close(1, [1]);
    expect(driven.references.groups).toEqual({});
  });
});

describe('the bound', () => {
  const segments = Array.from({ length: 40 }, (_, i) => `c=${i}`);
  const bounded = (bytesMax: number, order = segments) => {
    const driven = drive(specOf({ learn: learn({ bytesMax }) }));
    for (let minute = 1; minute <= 3; minute++) driven.close(minute, [minute], { segments: order });
    return driven;
  };
  const kept = (driven: Driven): string[] => Object.keys(driven.references.groups.requests!.segments).sort();

  test('lets segments give way by their hash, never the whole traffic', () => {
    expect(kept(bounded(1e9))).toHaveLength(41);
    const some = bounded(1000);
    expect(kept(some).length).toBeGreaterThan(2);
    expect(kept(some).length).toBeLessThan(30);
    expect(kept(some)).toContain('*');
    const gone = segments.find((segment) => !kept(some).includes(segment))!;
    expect(some.at(9, gone).absence).toBe('no baseline: baseline.learn.bytes_max is reached');
    // What gave way does not come back.
    some.close(4, [1], { segments });
    expect(kept(some)).not.toContain(gone);
    expect(kept(bounded(1))).toEqual(['*']);
  });

  test('does not depend on the order of segments', () => {
    expect(kept(bounded(1000, [...segments].reverse()))).toEqual(kept(bounded(1000)));
  });
});

describe('what is learned', () => {
  const kinds: [string, Partial<ServiceSpec>][] = [
    ['first', { learn: learn({}) }],
    ['rolling', { learn: learn({ kind: 'rolling', windows: 9 }) }],
    ['seasonal', { learn: learn({ kind: 'rolling', windows: 3 }), season: 'hour_of_day' }],
  ];
  test.each(kinds)('is the same bits after a restart at every window: %s', (_kind, more) => {
    const step = fc.record({
      gap: fc.integer({ min: 1, max: 40 }),
      values: fc.array(fc.double({ noNaN: true, min: -1e9, max: 1e9 }), { minLength: 1, maxLength: 5 }),
      alerts: fc.constantFrom<Alert[]>([], [], [], [alert('firing', 0)], [alert('resolved')]),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const [straight, lost] = [drive(specOf(more)), drive(specOf(more), true)];
        let minute = 0;
        for (const { gap, values, alerts } of steps) {
          minute += gap;
          const [a, b] = [straight.at(minute), lost.at(minute)];
          expect(b.baseline('x')).toEqual(a.baseline('x'));
          expect([b.source, b.absence]).toEqual([a.source, a.absence]);
          straight.close(minute, values, { alerts });
          lost.close(minute, values, { alerts });
        }
        const [a, b] = [straight, lost].map((driven) => JSON.stringify(packReferences(driven.references)));
        expect(b).toBe(a);
      }),
      { numRuns: 60 },
    );
  });
});
