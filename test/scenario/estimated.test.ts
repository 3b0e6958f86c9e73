/**
 * Performance without labels, end to end: a model that is too sure of itself meets easy requests, then hard ones (inputs move, the
 * relation of inputs and truth does not), then a truth of another kind (the relation moves). Labels come for one answer in
 * ten within the first revision, at random, and for all before the last.
 */

import { describe, expect, test } from 'vitest';
import { textOfState } from '../../src/profile/baseline/states.ts';
import { addScore, createScoreBins, NEGATIVE, POSITIVE } from '../../src/profile/score-bins.ts';
import type { Batch, OutputColumn, Result, ServiceSpec } from '../../src/records.ts';
import { drive, MINUTE, randomOf, type Sent, scorerOf, sorted, specOf, T0 } from './support.ts';

const yaml = (more = '') => `
service: shop
streams:
  requests: { topic: shop.requests }
  labels: { topic: shop.labels, fields: { fraud: fraud } }
inputs:
  hint: { type: numeric }
outputs:
  fraud: { type: classifier, classes: ['no', 'yes'], positive: 'yes' }
models:
  - { name: m, role: primary, file: none.onnx, inputs: { X: [hint] }, outputs: { fraud: { probabilities: p } } }
windows: { size: 1m, lateness: 1s }
join: { max_delay: 2m, revise_after: [1m] }
${more}
`;

const LEARNED = 6;
const HARD_FROM = 10;
const DRIFT_FROM = 14;
const WINDOWS = 18;
const ROWS = 600;

const logistic = (x: number): number => 1 / (1 + Math.exp(-x));
/** What the model says of an input, and what is so: three times as far from one half on the scale of logits. */
const scoreOf = (hint: number): number => logistic(3 * hint);
const truthOf = (hint: number): number => logistic(hint);

const scorer = scorerOf((batch: Batch) => {
  const [column] = batch.inputs;
  const scores = column?.kind === 'numeric' ? column.values.map(scoreOf) : new Float64Array(batch.n);
  const codes = Int32Array.from(scores, (score) => (score >= 0.5 ? 1 : 0));
  const answer: OutputColumn = { kind: 'class', codes, scores, state: new Uint8Array(batch.n) };
  return { models: [[answer]], images: [] };
});

/** Easy inputs lie within 3 of 0, hard ones within 1. */
const hintOf = (random: () => number, isHard: boolean): number => (isHard ? 1 : 3) * (2 * random() - 1);

function traffic(): Sent[] {
  const random = randomOf(5);
  const sent: { atMs: number; record: Sent }[] = [];
  for (let i = 0; i < WINDOWS * ROWS; i++) {
    const window = Math.floor(i / ROWS);
    const atMs = T0 + Math.floor((i * MINUTE) / ROWS);
    const hint = hintOf(random, window >= HARD_FROM);
    const isFraud = random() < (window >= DRIFT_FROM ? 0.5 : truthOf(hint));
    const record = { id: `${i}`, time: atMs, hint };
    sent.push({ atMs, record: { stream: 'requests', key: record.id, value: record } });
    const knownMs = atMs + (random() < 0.1 ? MINUTE / 2 : 1.9 * MINUTE);
    const label = { id: record.id, time: knownMs, fraud: isFraud ? 'yes' : 'no' };
    sent.push({ atMs: knownMs, record: { stream: 'labels', key: record.id, value: label } });
  }
  return sent.sort((a, b) => a.atMs - b.atMs).map(({ record }) => record);
}

const records = traffic();
const isMain = ({ segment }: Result): boolean => segment === '*';
const of = (list: readonly Result[], metric: string, window: number): Result =>
  list.find((one) => isMain(one) && one.metric === metric && one.windowStartMs === T0 + window * MINUTE)!;
const holds = ({ low, high }: Result, value: number): boolean => low! <= value && value <= high!;
const width = ({ low, high }: Result): number => high! - low!;
const windows = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
const mean = (values: readonly number[]): number => values.reduce((sum, one) => sum + one, 0) / values.length;

const learning = yaml(`baseline: { learn: { first: ${LEARNED} } }`);

describe('estimates by labelled scores that were learned', () => {
  const told = drive(learning, records, { scorer, chunk: 2_000 });

  test('say what is missing while the reference is learned', async () => {
    const { results } = await told;
    expect(of(results, 'estimated_accuracy', 0)).toMatchObject({
      value: null,
      reason: expect.stringContaining('baseline is being learned'),
    });
  });

  test('follow inputs that move, with the labelled value in the interval', async () => {
    const { results } = await told;
    const known = windows(LEARNED + 2, DRIFT_FROM);
    for (const metric of ['accuracy', 'precision', 'recall', 'f1', 'roc_auc']) {
      const held = known.filter((k) =>
        holds(of(results, `estimated_${metric}`, k), of(results, metric, k).value!),
      );
      expect(held.length, metric).toBeGreaterThanOrEqual(known.length - 1);
    }
    const meanOf = (metric: string, from: number, to: number): number =>
      mean(windows(from, to).map((k) => of(results, metric, k).value!));
    const fall = (metric: string): number =>
      meanOf(metric, LEARNED + 2, HARD_FROM) - meanOf(metric, HARD_FROM, DRIFT_FROM);
    expect(fall('accuracy')).toBeGreaterThan(0.1);
    expect(fall('estimated_accuracy')).toBeGreaterThan(0.1);
  });

  test('do not see a relation that moved; labels do', async () => {
    const { results } = await told;
    for (const k of windows(DRIFT_FROM, WINDOWS)) {
      const truth = of(results, 'accuracy', k).value!;
      expect(of(results, 'estimated_accuracy', k).value! - truth).toBeGreaterThan(0.05);
      expect(holds(of(results, 'estimated_accuracy', k), truth)).toBe(false);
      expect(holds(of(results, 'corrected_accuracy', k), truth)).toBe(true);
    }
  });

  test('sharpen what the first labels say, and say by how much', async () => {
    const { results, preliminary } = await told;
    for (const k of windows(LEARNED + 2, HARD_FROM)) {
      const [labels, corrected] = [of(preliminary, 'accuracy', k), of(preliminary, 'corrected_accuracy', k)];
      expect(labels.coverage).toBeLessThan(0.8);
      expect(corrected.n).toBe(labels.n);
      expect(width(corrected)).toBeLessThanOrEqual(width(labels));
      expect(of(preliminary, 'estimate_weight', k).value).toBeGreaterThan(0);
      expect(of(results, 'corrected_accuracy', k).value).toBeCloseTo(of(results, 'accuracy', k).value!, 12);
      expect(of(results, 'estimate_weight', k).value).toBe(0);
    }
  });

  test('are the same whatever the splits, and after the process was lost', async () => {
    const { results, preliminary } = await told;
    const lost = await drive(learning, records, {
      ...{ scorer, chunk: 3_333, partitions: 2, snapshotRecords: 500 },
      lostAfter: [1, 3, 4],
    });
    expect(sorted(lost.results)).toEqual(sorted(results));
    expect(sorted(lost.preliminary)).toEqual(sorted(preliminary));
  });
});

/** The service with a file of 2,000 labelled scores. */
function withFile(): ServiceSpec {
  const random = randomOf(9);
  const state = createScoreBins();
  for (let i = 0; i < 2_000; i++) {
    const hint = hintOf(random, false);
    addScore(state, scoreOf(hint), random() < truthOf(hint) ? POSITIVE : NEGATIVE, 0.5);
  }
  const states = { 'scores/m/fraud': textOfState({ kind: 'score_bins', state }) };
  const baseline = { format: 'telltale-baseline/2' as const, service: 'shop', n: 2_000, tracks: {}, states };
  return { ...specOf(yaml()), baseline };
}

test('with labelled scores in a file estimates wait for no label, and are final', async () => {
  const requests = records.filter(({ stream }) => stream === 'requests');
  const { results, preliminary } = await drive(withFile(), requests, { scorer, chunk: 4_000 });
  const labelled = await drive(withFile(), records, { scorer, chunk: 4_000 });
  const metrics = ['estimated_accuracy', 'estimated_f1', 'estimated_roc_auc'];
  for (const metric of metrics) {
    const estimates = results.filter((one) => one.metric === metric);
    expect(estimates).toHaveLength(WINDOWS);
    expect(preliminary.some((one) => one.metric === metric)).toBe(false);
    // With labels they are the very same: one value for each window, from where answers are read.
    expect(sorted(labelled.results.filter((one) => one.metric === metric))).toEqual(sorted(estimates));
  }
  const known = windows(0, DRIFT_FROM);
  const held = known.filter((k) =>
    holds(of(results, 'estimated_accuracy', k), of(labelled.results, 'accuracy', k).value!),
  );
  expect(held.length).toBeGreaterThanOrEqual(known.length - 2);
});
