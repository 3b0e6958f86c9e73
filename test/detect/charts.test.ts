import { describe, expect, test } from 'vitest';
import { ADWIN } from '../../src/detect/adwin.ts';
import { CUSUM } from '../../src/detect/cusum.ts';
import { EWMA } from '../../src/detect/ewma.ts';
import { equalSizesP, KSWIN } from '../../src/detect/kswin.ts';
import { adwinAlarms, alarmsOf, cusumAlarms, ewmaAlarms, ksP, kswinAlarms } from './slow.ts';
import { absent, randomOf, run, streams } from './support.ts';

const CASES = [
  [
    'CUSUM',
    CUSUM,
    cusumAlarms,
    0,
    { river_doc: [236, 313, 735, 787, 830, 1000, 1078], river_bin: [448, 1109] },
  ],
  ['EWMA', EWMA, ewmaAlarms, 0, { ds1: [1008], ds2: [227, 1029, 1492] }],
  ['KSWIN', KSWIN, kswinAlarms, 30, { ds1: [1016, 1599], ds3: [525, 1028, 1135, 1523] }],
] as const;

describe.skipIf(streams === null)(`alarms where a slow implementation has them${absent}`, () => {
  test.each(CASES)('%s', (_, kind, slow, keep, expected) => {
    for (const [stream, alarms] of Object.entries(expected)) {
      const values = streams!.streams[stream]!;
      expect(alarmsOf(values, slow, keep), stream).toEqual(alarms);
      expect(run(kind, values).alarms, stream).toEqual(alarms);
    }
  });
});

test('ADWIN looks at every bucket of every row', () => {
  const random = randomOf(3);
  const values = Array.from({ length: 1500 }, (_, i) => (random() < (i < 700 ? 0.1 : 0.3) ? 1 : 0));
  const alarms = alarmsOf(values, (since) => adwinAlarms(since));
  expect(alarms.length).toBeGreaterThan(0);
  expect(run(ADWIN, values).alarms).toEqual(alarms);
});

test('the p-value of KSWIN is exact', () => {
  for (const [distance, n] of [
    [1, 2],
    [5, 8],
    [13, 30],
    [14, 30],
    [30, 30],
  ] as const)
    expect(equalSizesP(distance, n) / ksP(distance / n, n)).toBeCloseTo(1, 9);
  expect(equalSizesP(5, 8)).toBeCloseTo(0.08702408702408701, 12);
});
