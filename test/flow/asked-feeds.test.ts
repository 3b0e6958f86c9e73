import { expect, test } from 'vitest';
import { createDecoder } from '../../src/decode/decoder.ts';
import { createObserve, stepObserve } from '../../src/flow/observe.ts';
import { packState, type TrackState } from '../../src/profile/registry.ts';
import { ASKED, addScore, createScoreBins, scoreBinsOf } from '../../src/profile/score-bins.ts';
import type { Batch, LogRecord, OutputColumn, ServiceSpec, StreamName } from '../../src/records.ts';
import { NOW_MS, specOf, T0 } from '../scenario/support.ts';

const MODEL =
  'file: none.onnx, inputs: { X: [x] }, outputs: { fraud: { probabilities: p }, kind: { probabilities: k }, price: { value: v } }';
const SPEC = specOf(
  `
service: shop
streams:
  requests: { topic: shop.requests }
  predictions: { topic: shop.predictions, fields: { fraud: fraud, kind: kind }, score: score }
inputs: { x: { type: numeric }, country: { type: categorical } }
outputs:
  fraud: { type: classifier, classes: ['no', 'yes'], positive: 'yes', threshold: 0.3 }
  kind: { type: classifier, classes: [a, b, c] }
  price: { type: regressor }
models:
  - { name: old, role: primary, ${MODEL} }
  - { name: new, role: shadow, ${MODEL} }
segments: [[country]]
`,
);

function observed(
  spec: ServiceSpec,
  name: StreamName,
  rows: readonly object[],
  answers: readonly OutputColumn[][],
) {
  const stream = spec.streams.find((one) => one.stream === name)!;
  const decoder = createDecoder(spec, stream, { schemas: null, schemaFile: null });
  const state = createObserve(spec, name, stream.topic, 0);
  rows.forEach((row, offset) => {
    const record: LogRecord = {
      topic: stream.topic,
      partition: 0,
      offset,
      timestampMs: NOW_MS,
      key: Buffer.from(`${offset}`),
      value: Buffer.from(JSON.stringify({ id: `${offset}`, time: T0, ...row })),
      headers: {},
    };
    const batch: Batch = decoder.decode([record]);
    const models = answers.map((columns) => columns.map((column) => rowOf(column, offset)));
    stepObserve(state, batch, { models, images: [] }, offset);
  });
  return [...state.panes.open.get(T0)!.cells.values()];
}

const rowOf = (column: OutputColumn, row: number): OutputColumn =>
  column.kind === 'class'
    ? {
        kind: 'class',
        codes: column.codes.slice(row, row + 1),
        scores: column.scores.slice(row, row + 1),
        state: column.state.slice(row, row + 1),
      }
    : column;

const classes = (scores: number[], state: number[] = scores.map(() => 0)): OutputColumn => ({
  kind: 'class',
  codes: new Int32Array(scores.length),
  scores: Float64Array.from(scores),
  state: Uint8Array.from(state),
});
const PRICE: OutputColumn = { kind: 'number', values: new Float64Array(1), state: new Uint8Array(1) };

const countsOf = (track: TrackState | undefined): [number, number][] => {
  if (track?.kind !== 'score_bins') throw new Error('no bins of scores');
  return scoreBinsOf(track.state).map(({ asked, askedSum }) => [asked, Math.round(1e6 * askedSum) / 1e6]);
};

test('keep the scores of all answers of each classifier, model and segment, in parts of their own', () => {
  const cells = observed(
    SPEC,
    'requests',
    [{ country: 'de' }, { country: 'at' }, { country: 'de' }, { country: 'de' }],
    [
      [classes([0.2999, 0.9, 0.3, Number.NaN]), classes([0.5, 0.5, 0.5, 0.5], [0, 0, 1, 0]), PRICE],
      [classes([0.1, 0.1, 2, 0.1]), classes([0.4, 0.4, 0.4, 0.4]), PRICE],
    ],
  );
  const own = cells.filter(({ part }) => part >= 1_000);
  expect(own.map(({ segment, part }) => `${segment} ${part}`).sort()).toEqual([
    'country=at 1000',
    'country=de 1000',
  ]);
  expect(
    cells
      .filter(({ part }) => part < 1_000)
      .some(({ tracks }) => [...tracks.keys()].some((key) => key.startsWith('asked/'))),
  ).toBe(false);
  const { tracks } = own.find(({ segment }) => segment === 'country=de')!;
  expect([...tracks.keys()].sort()).toEqual([
    'asked/new/fraud',
    'asked/new/kind',
    'asked/old/fraud',
    'asked/old/kind',
  ]);
  // Both lie in the step from 0.299 or 0.3 on, on either side of the threshold; the last has no score.
  expect(countsOf(tracks.get('asked/old/fraud'))).toEqual([
    [1, 0.2999],
    [1, 0.3],
  ]);
  expect(countsOf(tracks.get('asked/old/kind'))).toEqual([[2, 1]]);
  // Of rows 0, 2 and 3; a score of 2 is none.
  expect(countsOf(tracks.get('asked/new/fraud'))).toEqual([[2, 0.2]]);
});

test("keep those of another system's answers, for the whole traffic", () => {
  const cells = observed(
    SPEC,
    'predictions',
    [{ fraud: 'yes', score: 0.8 }, { fraud: 'no', score: 0.2 }, { fraud: 'no' }, { fraud: 'no', score: 1.5 }],
    [],
  );
  const tracks = cells.find(({ part }) => part >= 1_000)!.tracks;
  expect(countsOf(tracks.get('asked/external/fraud'))).toEqual([
    [1, 0.2],
    [1, 0.8],
  ]);
});

test('so many outputs share a slot that none passes 900 kB', () => {
  const outputs = Array.from({ length: 9 }, (_, i) => ({ ...SPEC.outputs[1]!, name: `o${i}` }));
  const spec: ServiceSpec = { ...SPEC, outputs, segments: [] };
  const cells = observed(
    spec,
    'requests',
    [{}],
    [outputs.map(() => classes([0.5])), outputs.map(() => classes([0.5]))],
  );
  const parts = cells.filter(({ part }) => part >= 1_000).map(({ part, tracks }) => [part, tracks.size]);
  expect(parts).toEqual([
    [1_000, 8],
    [1_001, 8],
    [1_002, 2],
  ]);
});

test('a state has a bounded size', () => {
  const state = createScoreBins();
  for (let i = 0; i <= 1e5; i++) {
    addScore(state, i / 1e5, ASKED, 0.5);
    addScore(state, 10 ** (-6 * (i / 1e5)), ASKED, 0.5);
    addScore(state, 1 - 10 ** (-6 * (i / 1e5)), ASKED, 0.5);
  }
  const bytes = packState({ kind: 'score_bins', state }).length;
  expect(bytes).toBeGreaterThan(10_000);
  expect(bytes).toBeLessThan(20_000);
});
