import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cellCounts } from '../../src/metric/cells.ts';
import { fileReference, measureCell } from '../../src/metric/registry.ts';
import { baselineOfState, stateOfText, textOfState } from '../../src/profile/baseline/states.ts';
import { countCells, cutCells, groupsOfBuckets } from '../../src/profile/cells.ts';
import type { TrackState } from '../../src/profile/registry.ts';
import { bucketsOf } from '../../src/profile/sketch.ts';
import type { Baseline } from '../../src/records.ts';
import { contextOf, input, measured, numbers, only, scoresOf, service } from './support.ts';

const spec = service({ inputs: [input('x', 'numeric')] });
const stateOf = (values: readonly number[]): TrackState => numbers(values, spec, 'x');
const scores = scoresOf([
  [0.2, 0],
  [0.9, 1],
]);

const based = (parts: Partial<Baseline>) =>
  service({
    inputs: spec.inputs,
    baseline: { format: 'telltale-baseline/2', service: 'test', n: 4, tracks: {}, ...parts },
  });

describe('a reference of the file', () => {
  const x = baselineOfState(stateOf([1, 2, 3, 4]))!;
  const whole = { tracks: { x }, states: { 'scores/m/y': textOfState(scores) } };
  const part = { n: 2, states: { 'input//x': textOfState(stateOf([7, 8])) } };

  test('of the whole traffic: tracks and states', () => {
    const reference = fileReference(based(whole));
    expect(reference).toMatchObject({ isOwn: true, source: 'file' });
    expect(reference.baseline('x')).toBe(x);
    expect(reference.state('scores/m/y')).toEqual(scores);
    // Unpacked once.
    expect(reference.state('scores/m/y')).toBe(reference.state('scores/m/y'));
    expect([reference.baseline('constructor'), reference.state('constructor')]).toEqual([
      undefined,
      undefined,
    ]);
  });

  test('of a segment: its own part, else the whole', () => {
    const service = based({ ...whole, segments: { 'country=de': part } });
    const own = fileReference(service, 'country=de');
    expect(own.isOwn).toBe(true);
    expect(own.baseline('x')).toMatchObject({ n: 2, min: 7, max: 8, cut: 'sketch' });
    expect(own.baseline('x')).toBe(own.baseline('x'));
    expect(own.state('scores/m/y')).toBeUndefined();
    const other = fileReference(service, 'country=fr');
    expect([other.isOwn, other.baseline('x')]).toEqual([false, x]);
  });

  test('none: measures say why', () => {
    expect(fileReference(spec)).toMatchObject({ isOwn: true, source: 'none' });
    expect(only(measured({ 'input//x': stateOf([1]) }, spec), 'psi').reason).toBe('no baseline');
    const reference = { ...fileReference(spec), absence: 'being learned' };
    const found = measureCell(new Map([['input//x', stateOf([1])]]), { ...contextOf(spec), reference });
    expect(only(found, 'psi').reason).toBe('being learned');
    expect(only(found, 'ks').reason).toBe('being learned');
  });
});

const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.double({ min: -3, max: 3, noNaN: true }),
  fc.integer({ min: -3, max: 3 }),
  fc.constantFrom(0, 2 ** -41, -(2 ** -40), 2 ** 70, -(2 ** 70)),
);
const values = fc.array(number, { minLength: 1, maxLength: 120 });

describe('cells that were cut from a sketch', () => {
  test('any sketch is counted over them, and the own one as it was cut', () => {
    fc.assert(
      fc.property(values, values, (was, is) => {
        const [reference, current] = [stateOf(was), stateOf(is)];
        const baseline = baselineOfState(reference);
        if (baseline?.type !== 'numeric' || current.kind !== 'numeric' || reference.kind !== 'numeric')
          throw new Error('numeric');
        const own = bucketsOf(reference.state.sketch);
        expect(countCells(own, baseline)).toEqual(baseline.counts);
        const counts = countCells(bucketsOf(current.state.sketch), baseline);
        expect(counts.reduce((sum, count) => sum + count, 0)).toBe(is.length);
        // Values beyond what the sketch tells apart are as the sketch sees them.
        const seen = is.every((x) => Math.abs(x) < 2 ** 63 && (x === 0 || Math.abs(x) >= 2 ** -40));
        if (seen) {
          const inner = baseline.edges.map((edge) => is.filter((x) => x >= edge).length);
          baseline.edges.forEach((_, i) => {
            expect(counts.slice(i + 2).reduce((sum, count) => sum + count, 0)).toBe(inner[i]);
          });
        }
      }),
      { numRuns: 500 },
    );
  });

  test('what lies below and above is apart', () => {
    const { edges, counts } = cutCells(groupsOfBuckets(bucketsOfNumbers([1, 2, 3, 4])), 1, 4);
    expect(counts).toEqual([0, 1, 1, 1, 1, 0]);
    const cells = { min: 1, edges, max: 4 };
    expect(countCells(bucketsOfNumbers([-5, 0, 0.5, 1, 4, 4.5]), cells)).toEqual([3, 1, 0, 0, 1, 1]);
  });

  test('a window is counted by its sketch, whatever cells it has', () => {
    const baseline = baselineOfState(stateOf([1, 2, 3, 4]));
    const cells = cellCounts(stateOf([1, 1, 9]), baseline);
    expect(cells).toMatchObject({ reference: [0, 1, 1, 1, 1, 0], current: [0, 2, 0, 0, 0, 1], n: 3 });
  });
});

function bucketsOfNumbers(given: readonly number[]): [number, number][] {
  const track = stateOf(given);
  if (track.kind !== 'numeric') throw new Error('numeric');
  return bucketsOf(track.state.sketch);
}

describe('a state as text', () => {
  test('goes there and back', () => {
    for (const state of [stateOf([1, -2.5, 0]), scores]) {
      expect(stateOfText(textOfState(state))).toEqual(state);
    }
  });

  test.each([
    ['', /base64/],
    ['no base64!', /base64/],
    [Buffer.from('\u0005tables').toString('base64'), /kind table is known/],
    [`${textOfState(scores).slice(0, -8)}`, /whole|base64|bytes/],
    [
      Buffer.concat([Buffer.from(textOfState(scores), 'base64'), Buffer.of(1)]).toString('base64'),
      /end with/,
    ],
  ])('is refused where it is none: %j', (text, message) => {
    expect(() => stateOfText(text)).toThrow(message);
  });

  test('other kinds, and states without a value, are no distribution', () => {
    expect(baselineOfState(scores)).toBeUndefined();
    expect(baselineOfState(stateOf([]))).toBeUndefined();
  });
});
