import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatBaseline } from '../../src/cli/baseline/write.ts';
import { TelltaleError } from '../../src/errors.ts';
import { mergeBaselines } from '../../src/profile/baseline/merge.ts';
import { baselineOfState, stateOfText, textOfState } from '../../src/profile/baseline/states.ts';
import { createBaselineBuilder } from '../../src/profile/baseline.ts';
import { createJoint } from '../../src/profile/joint.ts';
import { type Baseline, CELL_MISSING, CELL_OK, type Column } from '../../src/records.ts';
import { counts, input, service } from '../metric/support.ts';

const spec = service({
  inputs: [input('x', 'numeric'), input('c', 'categorical', { categories: ['a', 'b'] })],
});
type Row = [x: number | null, c: string];

function build(rows: readonly Row[], cells: Baseline | null = null): Baseline {
  const builder = createBaselineBuilder(spec, cells);
  const dictionary = [...new Set(rows.map(([, c]) => c))];
  const columns: Column[] = [
    {
      kind: 'numeric',
      values: Float64Array.from(rows, ([x]) => x ?? 0),
      state: Uint8Array.from(rows, ([x]) => (x === null ? CELL_MISSING : CELL_OK)),
    },
    {
      kind: 'categorical',
      codes: Int32Array.from(rows, ([, c]) => dictionary.indexOf(c)),
      dictionary,
      state: new Uint8Array(rows.length).fill(CELL_OK),
    },
  ];
  builder.add(columns, rows.length, []);
  return builder.finish();
}

const row = fc.tuple(
  fc.option(fc.oneof(fc.double({ noNaN: true, min: -1e9, max: 1e9 }), fc.integer({ min: -4, max: 4 })), {
    freq: 8,
  }),
  fc.constantFrom('a', 'b', 'new'),
);
const rows = fc.array(row as fc.Arbitrary<Row>, { minLength: 1, maxLength: 60 });

describe('merging', () => {
  test('parts over the same cells gives the bytes of the whole, in any order', () => {
    fc.assert(
      fc.property(rows, rows, rows, (reference, a, b) => {
        const cells = build(reference);
        // Cells that nobody gives are cut from the data, and those of parts differ.
        fc.pre(Object.hasOwn(cells.tracks, 'x'));
        const parts = [build(a, cells), build(b, cells)];
        const { baseline, recut } = mergeBaselines(parts);
        const whole = formatBaseline(build([...a, ...b], cells));
        expect(formatBaseline(baseline)).toBe(whole);
        expect(formatBaseline(mergeBaselines([...parts].reverse()).baseline)).toBe(whole);
        expect(recut).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  test('parts with cells of their own cuts them anew, from the sketch, and says which', () => {
    const [a, b] = [
      build([
        [1, 'a'],
        [2, 'a'],
      ]),
      build([
        [3, 'b'],
        [4, 'b'],
      ]),
    ];
    const { baseline, recut } = mergeBaselines([a, b]);
    expect(recut).toEqual(['x']);
    const whole = build([
      [1, 'a'],
      [2, 'a'],
      [3, 'b'],
      [4, 'b'],
    ]);
    expect(baseline.tracks.x).toEqual(baselineOfState(stateOfText(whole.states!['input//x']!)));
    expect(baseline.tracks.x).toMatchObject({ cut: 'sketch', n: 4, mean: 2.5, min: 1, max: 4 });
    expect(baseline.tracks.c).toEqual(whole.tracks.c);
    expect(baseline.states).toEqual(whole.states);
    // Cells of a sketch are cells like others.
    expect(mergeBaselines([baseline, build([[9, 'a']], baseline)]).recut).toEqual([]);
  });

  test('counts over given cells what lies below and above', () => {
    const { tracks } = build(
      [
        [-5, 'a'],
        [1, 'a'],
        [9, 'a'],
      ],
      build([
        [0, 'a'],
        [1, 'a'],
        [2, 'a'],
      ]),
    );
    expect(tracks.x).toMatchObject({ min: 0, max: 2, counts: [1, 0, 1, 0, 1], n: 3 });
  });

  test('states, segments and hours are merged by name', () => {
    const text = (rows: number) => textOfState(counts({ rows }));
    const part = (n: number) => ({ n, states: { 'errors/m/': text(n) } });
    const base = build([[1, 'a']]);
    const a = { ...base, states: { ...base.states, 'errors/m/': text(3) }, segments: { 'c=a': part(1) } };
    const b = { ...base, segments: { 'c=a': part(2), 'c=b': part(4) } };
    const { baseline } = mergeBaselines([a, b]);
    expect(baseline.segments).toEqual({ 'c=a': part(3), 'c=b': part(4) });
    expect(baseline.states!['errors/m/']).toBe(text(3));
    const hours = (parts: Record<string, ReturnType<typeof part>>): Baseline => ({
      ...base,
      season: { of: 'hour_of_day', parts },
    });
    const day = mergeBaselines([hours({ '3': part(1) }), hours({ '3': part(1), '10': part(5) })]).baseline;
    expect(day.season).toEqual({ of: 'hour_of_day', parts: { '3': part(2), '10': part(5) } });
    expect(formatBaseline(day)).toMatch(/"parts": {\n {6}"3": {[\s\S]*"10": {/);
    expect(JSON.parse(formatBaseline(day)).season).toEqual(day.season);
  });

  test('states of other parameters do not add up: they are left out, and said', () => {
    const base = build([[1, 'a']]);
    const jointOf = (standard: number) => {
      const text = textOfState({ kind: 'joint', state: createJoint({ size: 2, standard }) });
      return { ...base, states: { ...base.states, 'joint//': text } };
    };
    expect(mergeBaselines([jointOf(1), jointOf(1)]).baseline.states).toHaveProperty('joint//');
    const { baseline, left } = mergeBaselines([jointOf(1), jointOf(2)]);
    expect(left).toEqual(['joint//']);
    expect(Object.keys(baseline.states!)).toEqual(['input//c', 'input//x']);
  });

  const base = build([[1, 'a']]);
  const season = { of: 'hour_of_day' as const, parts: {} };
  test.each<[string, Baseline, RegExp]>([
    ['another service', { ...base, service: 'other' }, /is of 'fraud', another of 'other'/],
    ['a season', { ...base, season }, /one baseline is seasonal and another is not/],
    [
      'the first format',
      { ...base, format: 'telltale-baseline/1', states: undefined },
      /no state of 'x', as files of telltale-baseline\/1/,
    ],
    [
      'another type',
      { ...base, tracks: { x: base.tracks.c! } },
      /'x' is numeric in one baseline and categorical in another/,
    ],
  ])('is refused with %s', (_what, other, message) => {
    expect(() => mergeBaselines([base, other])).toThrow(TelltaleError);
    expect(() => mergeBaselines([base, other])).toThrow(message);
  });
});
