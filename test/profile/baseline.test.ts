import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { BaselineBuilder as CliBuilder } from '../../src/cli/baseline/build.ts';
import { tracksOf } from '../../src/config/tracks.ts';
import { type BaselineBuilder, createBaselineBuilder } from '../../src/profile/baseline.ts';
import { cellOf } from '../../src/profile/numeric.ts';
import {
  baselineOf,
  categoricalParametersOf,
  numericParametersOf,
  tracksOfInput,
} from '../../src/profile/tracks.ts';
import {
  type Baseline,
  CELL_INVALID,
  CELL_MISSING,
  CELL_OK,
  type Column,
  type NumericBaseline,
} from '../../src/records.ts';
import { categories, input, measured, numbers, only, service } from '../metric/support.ts';

type Cell = number | null | undefined;

const stateOf = (value: unknown): number =>
  value === null ? CELL_MISSING : value === undefined ? CELL_INVALID : CELL_OK;

const numericColumn = (values: readonly Cell[]): Column => ({
  kind: 'numeric',
  // A cell without a value may hold anything.
  values: Float64Array.from(values, (value) => value ?? Number.NaN),
  state: Uint8Array.from(values, stateOf),
});

const spec = service({ inputs: [input('x', 'numeric')] });

function build(values: readonly Cell[], batch = values.length): Baseline {
  const builder = createBaselineBuilder(spec);
  for (let from = 0; from < values.length; from += batch) {
    const part = values.slice(from, from + batch);
    builder.add([numericColumn(part)], part.length, []);
  }
  return builder.finish();
}

const trackOf = (baseline: Baseline): NumericBaseline => {
  const track = baseline.tracks.x;
  if (track?.type !== 'numeric') throw new Error('no numeric track x');
  return track;
};

/** Cells of the values by the rule of the live profile. */
function recount(track: NumericBaseline, values: readonly number[]): number[] {
  const counts = track.counts.map(() => 0);
  const borders = Float64Array.of(track.min, ...track.edges, track.max);
  for (const value of values) counts[cellOf(borders, value)]! += 1;
  return counts;
}

function psiAgainst(baseline: Baseline, values: readonly Cell[]): number {
  const based = service({ inputs: spec.inputs, baseline });
  const given = values.map((value) => value ?? null);
  return only(measured({ 'input//x': numbers(given, based, 'x') }, based), 'psi').value!;
}

const uniform = (n: number): number[] => Array.from({ length: n }, (_, i) => ((i * 7919) % n) / n);

describe('cells of a numeric track', () => {
  test('deciles of values without ties', () => {
    const track = trackOf(build(Array.from({ length: 100 }, (_, i) => 99 - i)));
    expect(track.edges).toEqual([10, 20, 30, 40, 50, 60, 70, 80, 90]);
    expect(track.counts).toEqual([0, ...Array(10).fill(10), 0]);
    expect(track).toMatchObject({ n: 100, missing: 0, invalid: 0, min: 0, max: 99, mean: 49.5 });
    expect(track.std).toBeCloseTo(Math.sqrt(841.6666666666666), 12);
  });

  const any = fc.oneof(
    fc.double({ noNaN: true, min: -1e100, max: 1e100 }),
    fc.integer({ min: -3, max: 3 }),
    fc.constantFrom(-0, 0, 1, 2 ** -1074),
  );
  test('edges rise strictly within the range, and counts are those of the live rule', () => {
    fc.assert(
      fc.property(
        fc.array(any, { minLength: 1, maxLength: 150 }),
        fc.integer({ min: 1, max: 40 }),
        (values, batch) => {
          const track = trackOf(build(values, batch));
          expect(track.edges.length).toBeLessThanOrEqual(9);
          const borders = [track.min, ...track.edges, track.max];
          for (let i = 1; i < borders.length; i++)
            if (track.min < track.max) expect(borders[i]!).toBeGreaterThan(borders[i - 1]!);
          expect(track.counts).toEqual(recount(track, values));
          expect(track.counts[0]! + track.counts.at(-1)!).toBe(0);
          expect(track.sketch.reduce((sum, [, count]) => sum + count, 0)).toBe(values.length);
          expect(JSON.parse(JSON.stringify(track))).toEqual(track);
          expect(psiAgainst(build(values), values)).toBe(0);
        },
      ),
      { numRuns: 400 },
    );
  });

  test('how the values come in batches does not matter', () => {
    const values = uniform(999);
    expect(build(values, 10)).toEqual(build(values));
    expect(build([...values].reverse(), 100)).toEqual(build(values));
  });

  test('a constant column', () => {
    const baseline = build(Array(50).fill(3.25));
    expect(trackOf(baseline)).toMatchObject({ min: 3.25, max: 3.25, std: 0, edges: [], counts: [0, 50, 0] });
    expect(psiAgainst(baseline, Array(40).fill(3.25))).toBe(0);
    expect(psiAgainst(baseline, Array(40).fill(3.26))).toBeGreaterThan(3);
  });

  test.each([
    ['zeros and ones', 0.5, [...Array(60).fill(0), ...Array(40).fill(1)], [60, 40]],
    ['nearly all zero', 0.95, [...Array(95).fill(0), 1, 2, 3, 4, 5], [95, 5]],
    ['nearly all at the top', 0.5, [1, 2, 3, 4, ...Array(96).fill(5)], [4, 96]],
    ['nearly all in the middle', 0.5, [1, 2, ...Array(96).fill(5), 8, 9], [2, 96, 2]],
  ])('a heavy tie keeps its own cell: %s', (_, __, values, cells) => {
    expect(trackOf(build(values)).counts).toEqual([0, ...cells, 0]);
  });

  test('the tie and what leaves it are told apart', () => {
    const baseline = build([1, 2, ...Array(96).fill(5), 8, 9]);
    expect(psiAgainst(baseline, [...Array(50).fill(5), ...Array(50).fill(7)])).toBeGreaterThan(0.25);
  });

  test('missing and invalid cells are counted and are no values', () => {
    const track = trackOf(build([1, null, undefined, 2, null]));
    expect(track).toMatchObject({ n: 2, missing: 2, invalid: 1, min: 1, max: 2, mean: 1.5 });
    expect(track.counts).toEqual([0, 1, 1, 0]);
    expect(build([null, undefined])).toMatchObject({ n: 2, tracks: {} });
  });

  test('PSI: the same law is near 0, a moved one is large', () => {
    const baseline = build(uniform(10_000));
    expect(psiAgainst(baseline, uniform(1009))).toBeLessThan(0.01);
    expect(
      psiAgainst(
        baseline,
        uniform(1009).map((x) => x + 0.3),
      ),
    ).toBeGreaterThan(0.25);
    expect(
      psiAgainst(
        baseline,
        uniform(1009).map((x) => x * x),
      ),
    ).toBeGreaterThan(0.1);
  });

  test('beyond a million values the cells come from the sketch and still count exactly', () => {
    const n = 1_000_003;
    // Whole negative and positive numbers lie on borders of buckets; zero has a bucket of its own.
    const values = Array.from({ length: n }, (_, i) => ((i * 7919) % 4097) - 2048);
    const track = trackOf(build(values, 100_000));
    expect(track.edges).toHaveLength(9);
    expect(track.counts).toEqual(recount(track, values));
    for (const count of track.counts.slice(1, -1)) expect(Math.abs(count / n - 0.1)).toBeLessThan(0.02);
    expect(track.mean).toBeCloseTo(values.reduce((sum, x) => sum + x, 0) / n, 9);
  });

  test('values too large for their squares still give a file that can be read', () => {
    const track = trackOf(build([1e308, 1e308]));
    expect(JSON.parse(JSON.stringify(track))).toEqual(track);
  });
});

describe('other inputs', () => {
  test('categories: known and kept ones are named, the rest is in n', () => {
    const inputs = [input('c', 'categorical', { categories: ['card', 'cheque'] })];
    const builder = createBaselineBuilder(service({ inputs }));
    const values = ['card', 'card', ...'abcdefgh', '__proto__'];
    const dictionary = [...new Set(values)];
    const column: Column = {
      kind: 'categorical',
      codes: Int32Array.from([...values.map((value) => dictionary.indexOf(value)), 0, 0]),
      dictionary,
      state: Uint8Array.from([...values.map(() => CELL_OK), CELL_MISSING, CELL_INVALID]),
    };
    builder.add([column], values.length + 2, []);
    const baseline = builder.finish();
    const track = baseline.tracks.c!;
    if (track.type !== 'categorical') throw new Error('categorical');
    expect(track).toMatchObject({ n: 11, missing: 1, invalid: 1 });
    expect(Object.entries(track.counts)).toEqual(
      expect.arrayContaining([
        ['card', 2],
        ['cheque', 0],
      ]),
    );
    // limits.categoriesMax of the service is 5.
    expect(Object.keys(track.counts)).toHaveLength(7);
    expect(Object.keys(track.counts)).toEqual(Object.keys(track.counts).sort());
    const based = service({ inputs, baseline });
    expect(categoricalParametersOf(based, 'c').known.toSorted()).toEqual(Object.keys(track.counts).sort());
    const again = categories(values, based, 'c');
    expect(only(measured({ 'input//c': again }, based), 'psi').value).toBe(0);
  });

  test('text by its length, images by their measures', () => {
    const inputs = [input('query', 'text'), input('photo', 'image')];
    const builder = createBaselineBuilder(service({ inputs }));
    const photo: Column = { kind: 'image', bytes: [null, null], state: Uint8Array.of(CELL_OK, CELL_OK) };
    const measures = {
      input: 'photo',
      brightness: Float64Array.of(100, Number.NaN),
      contrast: Float64Array.of(30, Number.NaN),
      sharpness: Float64Array.of(7, Number.NaN),
      width: Float64Array.of(640, Number.NaN),
      height: Float64Array.of(480, Number.NaN),
      state: Uint8Array.of(CELL_OK, CELL_INVALID),
    };
    builder.add(
      [{ kind: 'text', values: ['hello', ''], state: Uint8Array.of(CELL_OK, CELL_MISSING) }, photo],
      2,
      [measures],
    );
    const { n, tracks } = builder.finish();
    expect(n).toBe(2);
    expect(tracks).toMatchObject({
      'query.length': { n: 1, missing: 1, mean: 5 },
      'photo.brightness': { n: 1, invalid: 1, mean: 100 },
      'photo.contrast': { n: 1, invalid: 1, mean: 30 },
      'photo.sharpness': { n: 1, invalid: 1, mean: 7 },
      'photo.width': { n: 1, invalid: 1, mean: 640 },
    });
  });

  test('the builder is the one that the command line asks for', () => {
    const builder: BaselineBuilder & CliBuilder = createBaselineBuilder(spec);
    expect(Object.keys(builder).sort()).toEqual(['add', 'finish']);
  });
});

describe('parameters of tracks', () => {
  test('tracks are those that the configuration knows', () => {
    for (const type of ['numeric', 'categorical', 'text', 'image'] as const)
      expect(tracksOfInput(input('a', type)).map(({ track, kind }) => ({ track, type: kind }))).toEqual(
        tracksOf('a', type),
      );
  });

  test('borders come from the baseline, the range from numeric inputs only', () => {
    const inputs = [
      input('x', 'numeric', { range: [0, 9] }),
      input('constructor', 'text', { range: [0, 1] }),
    ];
    const based = service({ inputs, baseline: build([1, 2, 3]) });
    const { edges } = trackOf(based.baseline!);
    expect(numericParametersOf(based, 'x')).toEqual({
      borders: Float64Array.of(1, ...edges, 3),
      low: 0,
      high: 9,
    });
    expect(baselineOf(based, 'constructor')).toBeUndefined();
    const free = { borders: new Float64Array(0), low: -Infinity, high: Infinity };
    expect(numericParametersOf(based, 'constructor.length')).toEqual(free);
    expect(numericParametersOf(based, 'constructor')).toEqual(free);
  });
});
