/** What the documentation promises of each metric, an interval and a p-value, against what a window full of rows gives. */

import { expect, test } from 'vitest';
import { givesOf } from '../../src/metric/docs.ts';
import { METRICS, measureCell } from '../../src/metric/registry.ts';
import { textOfState } from '../../src/profile/baseline/states.ts';
import { createBaselineBuilder } from '../../src/profile/baseline.ts';
import type { TrackState, Tracks } from '../../src/profile/registry.ts';
import type { ServiceSpec } from '../../src/records.ts';
import {
  categories,
  confusionOf,
  contextOf,
  counts,
  errorsOf,
  input,
  numbers,
  output,
  scoresOf,
  service,
} from './support.ts';

const inputs = [
  input('amount', 'numeric', { range: [0, 100] }),
  input('channel', 'categorical', { categories: ['card', 'cash'] }),
];
const outputs = [
  output('fraud', 'classifier', { classes: ['no', 'yes'], positive: 'yes' }),
  output('price', 'regressor'),
  output('kind', 'classifier', { classes: ['a', 'b', 'c'] }),
  output('tags', 'multilabel', { classes: ['a', 'b'] }),
];
const N = 600;
/** Not the same in both halves of the comparison, and no run of equal values. */
const wave = (shift: number): number[] => Array.from({ length: N }, (_, i) => ((i * 37 + shift) % 101) + 0.5);
/** Their tracks are not made here; what they give is for their own tests. */
const ELSEWHERE = new Set(
  `answered corrected_accuracy correlation_shift discordant_gain early_corrected early_label_bias embedding_distance embedding_shift
  estimate_weight estimated_accuracy estimated_f1 estimated_precision estimated_recall estimated_roc_auc estimated_specificity
  hamming_loss macro_f1 micro_f1 multivariate_drift subset_accuracy`.split(/\s+/),
);
const words = (shift: number): string[] =>
  Array.from({ length: N }, (_, i) => ((i * 37 + shift) % 101 < 60 ? 'card' : 'cash'));

const { streams } = service();
const decisions = { ...streams[0]!, stream: 'predictions', topic: 'decisions', by: 'people' } as const;
const bare = service({ inputs, outputs, streams: [...streams, decisions] });
function tracksOf(shift: number, spec = bare): Record<string, TrackState> {
  const table = confusionOf([
    [90 + shift, 12],
    [8, 40],
  ]);
  const answers = words(shift).map((word) => (word === 'card' ? 'no' : 'yes'));
  const labelled = wave(shift).map((x): [number, number] => [x / 102, (x * 7) % 100 < x ? 1 : 0]);
  const priced = wave(shift).map((x): [number, number] => [x, x + ((x * 13) % 10) - 5]);
  return {
    'rows//requests': counts({ rows: N, late: 2, dead: 1 }),
    'rows//events': counts({ late: 3, duplicate: 2, unmatched: 5, dropped: 4 }),
    'labels//': counts({ expected: N, seen: 150 }),
    'input//amount': numbers(wave(shift), spec, 'amount'),
    'input//channel': categories(words(shift), spec, 'channel'),
    'class/mlp/fraud': categories(answers),
    'score/mlp/fraud': numbers(wave(shift).map((x) => x / 102)),
    'agreement/mlp/fraud': table,
    'performance/mlp/fraud': table,
    'performance/mlp/kind': confusionOf([
      [600, 50, 50],
      [90, 500, 10],
      [30, 40, 700],
    ]),
    'scores/mlp/fraud': scoresOf(labelled),
    'performance/mlp/price': errorsOf(priced),
    'performance/mlp/price#abs': numbers(priced.map(([a, b]) => Math.abs(a - b))),
    'feedback//': counts({ requests: N, click: 80, redo: 20, switch_to_typing: 10, any: 100 }),
    'reliance/mlp/fraud': counts({
      ...{ requests: N, by_model: 400, by_person: 170, by_blind: 30, shown: 160, overridden: 20 },
      ...{ labelled: N, model_wrong: 30, decided: 390, decided_wrong: 9, wrong_shown: 20, over_relied: 8 },
      ...{ right_shown: 130, under_relied: 3, blind: 28, blind_wrong: 4, team: 560, team_wrong: 24 },
    }),
    'latency/external/': numbers(wave(shift)),
    'errors/external/': counts({ rows: N, failed: 9 }),
    'telemetry//load': numbers(wave(shift)),
    'chars//q': counts({
      texts: N,
      words: 800,
      words2: 4000,
      chars: 4000,
      letters: 3000,
      letters2: 50_000,
      letters_chars: 65_000,
      chars2: 90_000,
    }),
  };
}

const builder = createBaselineBuilder(bare);
const state = new Uint8Array(N);
builder.add(
  [
    { kind: 'numeric', values: Float64Array.from(wave(0)), state },
    {
      kind: 'categorical',
      codes: Int32Array.from(words(0), (word) => (word === 'card' ? 0 : 1)),
      dictionary: ['card', 'cash'],
      state,
    },
  ],
  N,
  [],
);
const states = Object.entries(tracksOf(0)).map(([key, track]) => [key, textOfState(track)]);
const baseline = { ...builder.finish(), states: Object.fromEntries(states) };
const spec: ServiceSpec = { ...bare, baseline };
const found = measureCell(new Map(Object.entries(tracksOf(5, spec))) as Tracks, contextOf(spec));

test.each(Object.values(METRICS).map((metric) => [metric.name, metric] as const))('%s', (name, metric) => {
  const measures = found.filter((one) => one.metric === name && one.measure.value !== null);
  if (ELSEWHERE.has(name)) return expect(measures).toEqual([]);
  expect(measures.length).toBeGreaterThan(0);
  const { interval, p } = givesOf(metric);
  const has = (what: 'low' | 'p'): boolean => measures.some(({ measure }) => measure[what] !== null);
  expect({ interval: has('low'), p: has('p') }).toEqual({ interval, p });
});
