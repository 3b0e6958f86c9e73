import { describe, expect, test } from 'vitest';
import { gainOf, mcnemarP } from '../../src/metric/agreement.ts';
import { confusionOf, counts, measured, only, output, service } from './support.ts';

const spec = service({
  outputs: [
    output('kind', 'classifier', { classes: ['a', 'b', 'c'] }),
    output('parts', 'detector', { classes: ['bolt'] }),
  ],
});

describe('shadow and primary', () => {
  test('where all agree, kappa and AC1 are 1 with an interval', () => {
    const found = measured(
      {
        'agreement/new/kind': confusionOf([
          [10, 0, 0],
          [0, 5, 0],
          [0, 0, 5],
        ]),
      },
      spec,
    );
    for (const metric of ['cohen_kappa', 'gwet_ac1', 'agreement']) {
      const { value, low, high } = only(found, metric);
      expect(value).toBeCloseTo(1, 14);
      expect(low).toBeGreaterThan(0.3);
      expect(low).toBeLessThan(0.95);
      expect(high).toBeCloseTo(1, 14);
    }
  });

  test('of one class alone there is no kappa, but AC1', () => {
    const found = measured(
      {
        'agreement/new/kind': confusionOf([
          [10, 0, 0],
          [0, 0, 0],
          [0, 0, 0],
        ]),
      },
      spec,
    );
    expect(only(found, 'cohen_kappa')).toMatchObject({ value: null, reason: 'only one class', n: 10 });
    expect(only(found, 'gwet_ac1')).toMatchObject({ value: 1, n: 10 });
  });

  // The large-sample variance as Fleiss, Cohen and Everitt write it, 1969, formula 13; rows r, columns c.
  test("the spread of kappa is Fleiss's", () => {
    const table = [
      [20, 5],
      [10, 15],
    ];
    const p = table.map((row) => row.map((count) => count / 50));
    const r = p.map((row) => row[0]! + row[1]!);
    const c = [p[0]![0]! + p[1]![0]!, p[0]![1]! + p[1]![1]!];
    const agreed = p[0]![0]! + p[1]![1]!;
    const chance = r[0]! * c[0]! + r[1]! * c[1]!;
    let sum = 0;
    for (const i of [0, 1]) {
      for (const j of [0, 1]) {
        const term = i === j ? 1 - chance - (r[i]! + c[i]!) * (1 - agreed) : (c[i]! + r[j]!) * (1 - agreed);
        sum += p[i]![j]! * term ** 2;
      }
    }
    const variance = (sum - (agreed * chance - 2 * chance + agreed) ** 2) / (50 * (1 - chance) ** 4);
    const two = service({ outputs: [output('kind', 'classifier', { classes: ['a', 'b'] })] });
    const { low, high } = only(measured({ 'agreement/new/kind': confusionOf(table) }, two), 'cohen_kappa');
    const half = (Math.atanh(high!) - Math.atanh(low!)) / 2;
    expect((half / 1.959963984540054) * (1 - 0.4 ** 2)).toBeCloseTo(Math.sqrt(variance), 12);
  });

  test('boxes: images that differ widen the interval', () => {
    const of = (given: Record<string, number>) =>
      only(measured({ 'agreement/new/parts': counts(given) }, spec), 'agreement');
    // Ten images of 4 boxes, 3 of 4 matched in each, against all and half in turn.
    const even = of({ compared: 10, matched: 15, boxes: 40, matched2: 22.5, boxes2: 160, matched_boxes: 60 });
    const uneven = of({ compared: 10, matched: 15, boxes: 40, matched2: 25, boxes2: 160, matched_boxes: 60 });
    expect(even).toMatchObject({ value: 0.75, n: 10 });
    expect(uneven.high! - uneven.low!).toBeGreaterThan(0.1);
  });
});

describe('discordant pairs', () => {
  // scipy.stats.binomtest(2, 12).pvalue and so on.
  test.each([
    [2, 10, 0.03857421875],
    [10, 2, 0.03857421875],
    [6, 2, 0.2890625],
    [0, 5, 0.0625],
    [4, 4, 1],
    [0, 0, 1],
  ])('%i and %i: the exact p-value of McNemar', (b, c, p) => {
    expect(mcnemarP(b, c)).toBeCloseTo(p, 14);
  });

  test('the gain is the difference of the accuracies', () => {
    const tracks = { 'pairs/new/kind': counts({ both: 70, neither: 18, only_primary: 2, only_shadow: 10 }) };
    const gain = only(measured(tracks, spec), 'discordant_gain');
    expect(gain).toMatchObject({ subject: 'kind', model: 'new', value: 0.08, n: 100 });
    // (c - b) / (n + 2) +- 1.96 sqrt(b + c + 1 - (c - b)^2 / (n + 2)) / (n + 2).
    expect(gain.low).toBeCloseTo(8 / 102 - (1.959963984540054 * Math.sqrt(13 - 64 / 102)) / 102, 12);
    expect(gain.p).toBeCloseTo(0.03857421875, 14);
    expect(gainOf(0, 0, 0)).toMatchObject({ n: 0, reason: expect.any(String) });
  });
});
