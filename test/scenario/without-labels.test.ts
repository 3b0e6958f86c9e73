/**
 * Performance before labels, end to end: another system's predictions with scores, labels that are late. First the inputs move, so
 * that accuracy falls while scores mean what they meant; then the relation moves, which scores cannot tell.
 */

import { describe, expect, test } from 'vitest';
import { textOfState } from '../../src/profile/baseline/states.ts';
import { addScore, createScoreBins, NEGATIVE, POSITIVE } from '../../src/profile/score-bins.ts';
import type { Result, ServiceSpec } from '../../src/records.ts';
import { createRandom, type Random } from '../fault/simulate/random.ts';
import { drive, MINUTE, openDrive, type Sent, sorted, specOf, T0 } from './support.ts';

const yaml = (more = '') => `
service: shop
streams:
  predictions: { topic: shop.predictions, fields: { fraud: fraud }, score: score }
  labels: { topic: shop.labels, fields: { fraud: fraud } }
outputs:
  fraud: { type: classifier, classes: ['no', 'yes'], positive: 'yes' }
windows: { size: 1m, lateness: 1s }
join: { max_delay: 4m, revise_after: [1m] }
${more}
`;

const logistic = (z: number): number => 1 / (1 + Math.exp(-z));
const normal = (random: Random): number =>
  Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());

const WINDOWS = 9;
const ROWS = 300;
/** From these windows on the inputs have moved toward the threshold, and the relation has moved. */
const [SHIFT, CONCEPT] = [3, 6];

/** A score that is too sure of itself, and the truth. */
function draw(random: Random, window: number): { score: number; isFraud: boolean } {
  const z = (window < SHIFT ? -2.5 : -0.5) + 1.5 * normal(random);
  const truth = window < CONCEPT ? logistic(0.6 * z) : logistic(0.1 * z + 0.5);
  return { score: logistic(z), isFraud: random.next() < truth };
}

/** In the order of time. One label in five comes after 20 s, the others after 3 min: early labels are a random sample. */
function traffic(): Sent[] {
  const random = createRandom(4);
  const sent: { atMs: number; record: Sent }[] = [];
  for (let window = 0; window < WINDOWS; window++) {
    for (let i = 0; i < ROWS; i++) {
      const id = `${window}-${i}`;
      const atMs = T0 + window * MINUTE + Math.floor((i * MINUTE) / ROWS);
      const { score, isFraud } = draw(random, window);
      const answer = { id, time: atMs, fraud: score >= 0.5 ? 'yes' : 'no', score };
      sent.push({ atMs, record: { stream: 'predictions', key: id, value: answer } });
      const knownMs = atMs + (random.next() < 0.2 ? 20_000 : 180_000);
      const label = { id, time: knownMs, fraud: isFraud ? 'yes' : 'no' };
      sent.push({ atMs: knownMs, record: { stream: 'labels', key: id, value: label } });
    }
  }
  return sent.sort((a, b) => a.atMs - b.atMs).map(({ record }) => record);
}
const records = traffic();

/** The service with the labelled scores of a baseline file. */
function withFile(): ServiceSpec {
  const state = createScoreBins();
  const random = createRandom(9);
  for (let i = 0; i < 6_000; i++) {
    const { score, isFraud } = draw(random, 0);
    addScore(state, score, isFraud ? POSITIVE : NEGATIVE, 0.5);
  }
  const states = { 'scores/external/fraud': textOfState({ kind: 'score_bins', state }) };
  const baseline = { format: 'telltale-baseline/2' as const, service: 'shop', n: 6_000, tracks: {}, states };
  return { ...specOf(yaml()), baseline };
}

const of = (list: readonly Result[], metric: string, window: number): Result => {
  const found = list.filter((one) => one.metric === metric && one.windowStartMs === T0 + window * MINUTE);
  if (found.length !== 1) throw new Error(`${found.length} results of ${metric}`);
  return found[0]!;
};
const holds = ({ low, high }: Result, { value }: Result): boolean => low! <= value! && value! <= high!;
const windows = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

describe('with labelled scores of a file', () => {
  const told = drive(withFile(), records, { chunk: 400 });

  test.each(['accuracy', 'precision', 'recall', 'f1', 'roc_auc'])(
    '%s is estimated and follows the inputs',
    async (metric) => {
      const { results } = await told;
      for (const window of windows(0, CONCEPT)) {
        const estimate = of(results, `estimated_${metric}`, window);
        expect(estimate).toMatchObject({
          model: 'external',
          subject: 'fraud',
          coverage: null,
          revision: 0,
          final: true,
        });
        expect(holds(estimate, of(results, metric, window)), `window ${window}`).toBe(true);
      }
    },
  );

  test('accuracy falls with the inputs, and the estimate by as much; a moved relation only labels tell', async () => {
    const { results, preliminary } = await told;
    const mean = (list: readonly Result[], metric: string, from: number, to: number): number =>
      windows(from, to).reduce((sum, window) => sum + of(list, metric, window).value!, 0) / (to - from);
    const fallen = mean(results, 'accuracy', 0, SHIFT) - mean(results, 'accuracy', SHIFT, CONCEPT);
    const estimatedFall =
      mean(results, 'estimated_accuracy', 0, SHIFT) - mean(results, 'estimated_accuracy', SHIFT, CONCEPT);
    expect(fallen).toBeGreaterThan(0.1);
    expect(Math.abs(estimatedFall - fallen)).toBeLessThan(0.03);
    for (const window of windows(CONCEPT, WINDOWS)) {
      const truth = of(results, 'accuracy', window);
      expect(holds(of(results, 'estimated_accuracy', window), truth)).toBe(false);
      // A fifth of the labels are enough.
      expect(holds(of(preliminary, 'corrected_accuracy', window), truth)).toBe(true);
    }
  });

  test('the early labels correct the estimate, which says how much of it is estimated', async () => {
    const { results, preliminary } = await told;
    for (const window of windows(0, CONCEPT)) {
      const early = of(preliminary, 'corrected_accuracy', window);
      expect(early.n).toBeGreaterThan(30);
      expect(early.n).toBeLessThan(100);
      expect(holds(early, of(results, 'accuracy', window))).toBe(true);
      expect(of(results, 'corrected_accuracy', window)).toMatchObject({
        n: ROWS,
        value: of(results, 'accuracy', window).value,
      });
      expect(of(results, 'estimate_weight', window).value).toBe(0);
    }
    const weights = windows(0, WINDOWS).map((window) => of(preliminary, 'estimate_weight', window).value!);
    expect(Math.max(...weights)).toBeGreaterThan(0.05);
    expect(Math.max(...weights)).toBeLessThan(1);
  });

  test('waits for no label', async () => {
    const driver = await openDrive(withFile());
    await driver.send(records.filter(({ stream }) => stream === 'predictions'));
    const { results, preliminary } = await driver.outcome();
    expect(of(results, 'estimated_accuracy', 0).value).toBeGreaterThan(0.5);
    expect([...results, ...preliminary].some(({ metric }) => metric === 'accuracy')).toBe(false);
    await driver.close();
  });

  test('is the same whatever the splits, and after the process was lost', async () => {
    const first = await told;
    const texts = ({ results, preliminary }: typeof first) =>
      JSON.stringify([sorted(results), sorted(preliminary)]);
    for (const options of [
      { chunk: 150, partitions: 2 },
      { chunk: 700, snapshotRecords: 40, lostAfter: [1, 3, 5] },
    ])
      expect(texts(await drive(withFile(), records, options)) === texts(first), JSON.stringify(options)).toBe(
        true,
      );
  });
});

test('with labelled scores that are learned, estimates come with the results of labels', async () => {
  const learning = yaml('baseline: { learn: { first: 2 } }');
  const { results, preliminary } = await drive(learning, records, { chunk: 400 });
  expect(of(preliminary, 'estimated_accuracy', 0)).toMatchObject({
    value: null,
    reason: 'baseline is being learned (0 of 2 windows)',
  });
  const last = of(preliminary, 'estimated_accuracy', WINDOWS - 1);
  expect(last).toMatchObject({ n: ROWS, revision: 0, final: false });
  // Of windows before the relation moved.
  expect(holds(last, of(results, 'accuracy', WINDOWS - 1))).toBe(false);
  const moved = of(results, 'estimated_accuracy', CONCEPT - 1);
  expect(holds(moved, of(results, 'accuracy', CONCEPT - 1))).toBe(true);
  const lost = await drive(learning, records, { chunk: 700, snapshotRecords: 40, lostAfter: [1, 3, 5] });
  expect(sorted(lost.results)).toEqual(sorted(results));
});
