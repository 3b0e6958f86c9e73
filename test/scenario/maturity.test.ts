/**
 * Labels that mature, end to end: early labels are mostly of wrong answers, so early accuracy is too low, by about as much in every
 * window. After enough windows results say how many labels there should be, and what the early value is likely to become.
 */

import { describe, expect, test } from 'vitest';
import type { Result } from '../../src/records.ts';
import { createRandom } from '../fault/simulate/random.ts';
import { drive, MINUTE, type Sent, sorted, T0 } from './support.ts';

const SERVICE = `
service: shop
streams:
  requests: { topic: shop.requests }
  predictions: { topic: shop.predictions, fields: { fraud: fraud }, score: score }
  labels: { topic: shop.labels, fields: { fraud: fraud } }
inputs:
  country: { type: categorical }
outputs:
  fraud: { type: classifier, classes: ['no', 'yes'], positive: 'yes' }
segments: [[country]]
windows: { size: 1m, lateness: 1s }
join: { max_delay: 4m, revise_after: [1m, 2m] }
`;

/** In the order of time: requests, and labels that come 30 s later (most of wrong answers) or 3 min later. */
function traffic(windows: number, rows: number): Sent[] {
  const random = createRandom(1);
  const sent: { atMs: number; record: Sent }[] = [];
  for (let window = 0; window < windows; window++) {
    for (let i = 0; i < rows; i++) {
      const id = `${window}-${i}`;
      const atMs = T0 + window * MINUTE + Math.floor((i * MINUTE) / rows);
      const isFraud = random.next() < 0.5;
      const isRight = random.next() < 0.8;
      const score = isFraud === isRight ? 0.9 : 0.1;
      const country = i % 3 === 0 ? 'at' : 'de';
      sent.push({ atMs, record: { stream: 'requests', key: id, value: { id, time: atMs, score, country } } });
      const said = score >= 0.5 ? 'yes' : 'no';
      sent.push({
        atMs,
        record: { stream: 'predictions', key: id, value: { id, time: atMs, fraud: said, score } },
      });
      const isEarly = random.next() < (isRight ? 0.3 : 0.6);
      const knownMs = atMs + (isEarly ? 30_000 : 180_000);
      const fraud = isFraud ? 'yes' : 'no';
      sent.push({
        atMs: knownMs,
        record: { stream: 'labels', key: id, value: { id, time: knownMs, fraud } },
      });
    }
  }
  return sent.sort((a, b) => a.atMs - b.atMs).map(({ record }) => record);
}

const WINDOWS = 30;
const records = traffic(WINDOWS, 40);
const at = (list: readonly Result[], metric: string, window: number, revision: number, segment = '*') =>
  list.find(
    (one) =>
      one.metric === metric &&
      one.windowStartMs === T0 + window * MINUTE &&
      one.revision === revision &&
      one.segment === segment,
  )!;

describe('labels that mature', () => {
  const told = drive(SERVICE, records, { chunk: 200 });
  // With the last window the labels of those before it are in.
  const LAST = WINDOWS - 5;

  test('have a usual share by revision, once 20 windows are final', async () => {
    const { results, preliminary } = await told;
    const all = [...results, ...preliminary];
    expect(at(preliminary, 'accuracy', 0, 0)).toMatchObject({ expected: null, final: false });
    expect(at(preliminary, 'accuracy', 19, 0).expected).toBeNull();
    const late = at(preliminary, 'accuracy', LAST, 0);
    expect(late.coverage).toBeGreaterThan(0.2);
    expect(late.expected).toBeGreaterThan(0.3);
    expect(late.expected).toBeLessThan(0.45);
    expect(at(results, 'accuracy', LAST, 2)).toMatchObject({ coverage: 1, expected: 1, final: true });
    // The median of the windows that were final before: the last of them ended 3 minutes before this one.
    const shares = Array.from(
      { length: 23 },
      (_, window) => at(preliminary, 'label_coverage', window, 0).value!,
    );
    shares.sort((a, b) => a - b);
    expect(at(preliminary, 'recall', LAST, 0).expected).toBeCloseTo(shares[11]!, 6);
    expect(at(all, 'label_coverage', LAST, 0, 'country=at').expected).toBeGreaterThan(0.2);
    expect(
      all.filter(({ family }) => family !== 'performance').every(({ expected }) => expected === null),
    ).toBe(true);
  });

  test('mislead early by so much, and are corrected by it', async () => {
    const { results, preliminary } = await told;
    expect(at(preliminary, 'early_label_bias', 0, 0)).toMatchObject({
      value: null,
      reason: '0 cohorts have an early and a final value, 5 are needed',
    });
    const pairs = Array.from({ length: 23 }, (_, window) => [
      at(preliminary, 'accuracy', window, 0).value!,
      at(results, 'accuracy', window, 2).value!,
    ]);
    const mean = pairs.reduce((sum, [early, final]) => sum + early! - final!, 0) / pairs.length;
    const bias = at(preliminary, 'early_label_bias', LAST, 0);
    expect(bias).toMatchObject({
      subject: 'fraud',
      model: 'external',
      n: 23,
      coverage: at(preliminary, 'accuracy', LAST, 0).coverage,
    });
    expect(bias.value).toBeCloseTo(mean, 6);
    expect(bias.high).toBeLessThan(-0.05);
    const { value, low, high } = at(preliminary, 'early_corrected', LAST, 0);
    expect(value).toBeCloseTo(at(preliminary, 'accuracy', LAST, 0).value! - mean, 6);
    const final = at(results, 'accuracy', LAST, 2).value!;
    expect(low).toBeLessThanOrEqual(final);
    expect(high).toBeGreaterThanOrEqual(final);
    expect(at(preliminary, 'early_corrected', 12, 0).reason).toContain('20 are needed to correct');
    expect(results.some(({ metric }) => metric.startsWith('early_'))).toBe(false);
  });

  test('are learned the same whatever the splits, and after the process was lost', async () => {
    const first = await told;
    const same = (list: readonly Result[], other: readonly Result[]): boolean =>
      JSON.stringify(sorted(list)) === JSON.stringify(sorted(other));
    for (const options of [
      { chunk: 333 },
      { chunk: 150, partitions: 2 },
      { chunk: 333, snapshotRecords: 50, lostAfter: [2, 4, 5] },
    ]) {
      const { results, preliminary } = await drive(SERVICE, records, options);
      expect([same(results, first.results), same(preliminary, first.preliminary), options]).toEqual([
        true,
        true,
        options,
      ]);
    }
  });
});
