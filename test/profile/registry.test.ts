import { expect, test } from 'vitest';
import { foldFeed } from '../../src/flow/feeds.ts';
import { createConfusion } from '../../src/profile/confusion.ts';
import { createEmbedding } from '../../src/profile/embedding.ts';
import { createJoint } from '../../src/profile/joint.ts';
import { createNumeric, NO_PARAMETERS, type NumericParameters } from '../../src/profile/numeric.ts';
import {
  mergeSlotTracks,
  mergeTracks,
  packState,
  type TrackState,
  type Tracks,
} from '../../src/profile/registry.ts';

const bordersOf = (...borders: number[]): NumericParameters => ({
  ...NO_PARAMETERS,
  borders: Float64Array.from(borders),
});
const numericOf = (...borders: number[]): TrackState => ({
  kind: 'numeric',
  state: createNumeric(bordersOf(...borders)),
});
const jointOf = (standard: number, n: number): TrackState => ({
  kind: 'joint',
  state: { ...createJoint({ size: 2, standard }), n },
});

const one = (track: TrackState): Tracks => new Map([['k', track]]);

test.each<[string, TrackState, TrackState]>([
  ['joint sums', jointOf(1, 5), jointOf(2, 7)],
  [
    'vectors',
    { kind: 'embedding', state: createEmbedding(2) },
    { kind: 'embedding', state: createEmbedding(3) },
  ],
  [
    'classes',
    { kind: 'confusion', state: createConfusion(2) },
    { kind: 'confusion', state: createConfusion(3) },
  ],
  ['cells', numericOf(0, 1), numericOf(0, 1, 2)],
  ['kinds', { kind: 'counters', state: new Map([['rows', 1]]) }, numericOf()],
])('slots of other %s do not add up: the larger stay, in any order', (_, small, large) => {
  const merged = (...tracks: TrackState[]): string => {
    const into: Tracks = new Map();
    for (const track of tracks) mergeSlotTracks(into, one(track));
    return Buffer.from(packState(into.get('k')!)).toString('hex');
  };
  const expected = merged(large);
  for (const order of [
    [small, large],
    [large, small],
    [small, large, small],
  ])
    expect(merged(...order)).toBe(expected);
  expect(() => {
    const into = one(small);
    mergeTracks(into, one(large));
  }).toThrow();
});

test('slots of the same parameters add up, and numbers without cells fit any', () => {
  const into = one(jointOf(1, 5));
  mergeSlotTracks(into, one(jointOf(1, 7)));
  expect(into.get('k')).toMatchObject({ state: { n: 12 } });
  const numbers = one(numericOf());
  mergeSlotTracks(numbers, one(numericOf(0, 1)));
  expect(numbers.get('k')).toMatchObject({ state: { cells: new Float64Array(3) } });
});

test('after a reload a feed of other parameters begins anew', () => {
  const tracks: Tracks = new Map();
  const rows = Int32Array.of(0);
  const numeric = (parameters: NumericParameters) =>
    foldFeed(
      tracks,
      { key: 'k', kind: 'numeric', parameters, values: Float64Array.of(1), states: new Uint8Array(1) },
      rows,
      1,
    );
  numeric(NO_PARAMETERS);
  numeric(NO_PARAMETERS);
  expect(tracks.get('k')).toMatchObject({ state: { n: 2 } });
  numeric(bordersOf(0, 2));
  expect(tracks.get('k')).toMatchObject({ state: { n: 1, cells: Float64Array.of(0, 1, 0) } });
  const joint = (size: number, standard: number) => {
    const tracksOf = Array.from({ length: size }, (_, i) => `x${i}`);
    const zeros = new Float64Array(size);
    const parameters = { tracks: tracksOf, means: zeros, stds: zeros, standard };
    const columns = tracksOf.map(() => Int16Array.of(1));
    foldFeed(tracks, { key: 'j', kind: 'joint', parameters, columns }, rows, 1);
  };
  joint(2, 1);
  joint(3, 2);
  expect(tracks.get('j')).toMatchObject({ state: { n: 1, size: 3 } });
});
