import { describe, expect, test } from 'vitest';
import type { StreamName } from '../../src/records.ts';
import { drive, type Sent, sorted, T0 } from './support.ts';
import { scorer, TWO_MODELS } from './two-models.ts';

const SERVICE = `${TWO_MODELS}join: { max_delay: 5m }
`;

const sent = (stream: StreamName, id: string, seconds: number, more: object): Sent => ({
  stream,
  key: id,
  value: { id, time: T0 + seconds * 1_000, ...more },
});
/** Scores of primary and shadow, and the label. */
const ROWS: [number, number, string | null][] = [
  [0.9, 0.2, 'yes'],
  [0.8, 0.7, 'no'],
  [0.4, 0.6, 'yes'],
  [0.3, 0.1, 'no'],
  [0.6, 0.4, 'no'],
  [0.5, 0.5, null],
];
const requests = ROWS.map(([a, b], i) => sent('requests', `r${i}`, i, { a, b }));
const labels = ROWS.flatMap(([, , fraud], i) =>
  fraud === null ? [] : [sent('labels', `r${i}`, 20 + i, { fraud })],
);

describe('scores and pairs of labelled requests', () => {
  test('give ranking, losses and the gain of the shadow', async () => {
    const { results } = await drive(SERVICE, [...requests, ...labels], { scorer, chunk: 4 });
    const of = (metric: string, model: string) =>
      results.find((one) => one.metric === metric && one.model === model && one.windowStartMs === T0)!;
    // Positives 0.9 and 0.4 against 0.8, 0.3 and 0.6.
    expect(of('roc_auc', 'old')).toMatchObject({ value: 4 / 6, n: 5 });
    expect(of('brier', 'old').value).toBeCloseTo((0.01 + 0.64 + 0.36 + 0.09 + 0.36) / 5, 14);
    expect(of('log_loss', 'new').value).toBeCloseTo(
      -(Math.log(0.2) + Math.log(0.3) + Math.log(0.6) + Math.log(0.9) + Math.log(0.6)) / 5,
      14,
    );
    // Right: old r0, r3; new r2, r3, r4.
    expect(of('discordant_gain', 'new')).toMatchObject({ value: 1 / 5, n: 5, p: 1 });
    expect(
      results.filter(({ metric }) => metric === 'discordant_gain').every(({ model }) => model === 'new'),
    ).toBe(true);
    // Old: yes yes no no yes yes; new: no yes yes no no yes.
    expect(of('agreement', 'new')).toMatchObject({ value: 3 / 6, n: 6 });
    expect(of('cohen_kappa', 'new')).toMatchObject({ value: 0, n: 6 });
    for (const metric of ['roc_auc', 'pr_auc', 'brier', 'log_loss', 'accuracy', 'mcc', 'f1']) {
      const { value, low, high } = of(metric, 'old');
      expect(low).toBeLessThanOrEqual(value!);
      expect(high).toBeGreaterThanOrEqual(value!);
    }
  });

  test('are the same in any order, over partitions, and after the process was lost', async () => {
    const first = await drive(SERVICE, [...requests, ...labels], { scorer, chunk: 3 });
    const apart = await drive(SERVICE, [...labels, ...requests], { scorer, chunk: 100, partitions: 2 });
    expect(sorted(apart.results)).toEqual(sorted(first.results));
    const lost = await drive(SERVICE, [...requests, ...labels], { scorer, chunk: 2, lostAfter: [1, 2, 4] });
    expect(sorted(lost.results)).toEqual(sorted(first.results));
  });
});
