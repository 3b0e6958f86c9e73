/** Which requests count for the tables of a roll-out, and what strays say of a split. */

import { expect, it } from 'vitest';
import {
  type Exposure,
  exposureText,
  NO_EXPOSURE,
  noteAnswered,
  noteTable,
} from '../../src/rollout/exposure.ts';
import { logESplit } from '../../src/rollout/split.ts';
import { randomOf } from './support.ts';

const TABLE = { epoch: 3, versions: ['old', 'new'], shares: [0.9, 0.1] };

it('counts under the tables that it knows, and leaves alone what was told before', () => {
  const exposure: Exposure = { ...NO_EXPOSURE };
  noteTable(exposure, TABLE);
  const told = { ...exposure };
  noteTable(exposure, { ...TABLE, shares: [0.5, 0.5] });
  noteAnswered(exposure, 'new', [
    { version: 'old', epoch: null, n: 9 },
    { version: 'new', epoch: null, n: 5 },
    { version: 'old', epoch: 3, n: 8 },
    { version: 'new', epoch: 3, n: 2 },
    { version: '', epoch: 3, n: 1 },
    { version: 'new', epoch: 2, n: 50 },
  ]);
  expect(exposure).toEqual({ exposed: 5, split: [{ ...TABLE, counts: [8, 2], elsewhere: 1 }] });
  expect(told).toEqual({ exposed: 0, split: [{ ...TABLE, counts: [0, 0], elsewhere: 0 }] });
  expect(NO_EXPOSURE).toEqual({ exposed: 0, split: [] });
  expect([0, 1, 5].map((exposed) => exposureText({ exposed }))).toEqual([
    '',
    '; the candidate has answered 1 request',
    '; the candidate has answered 5 requests',
  ]);
});

it('forgets the oldest tables, and no other', () => {
  const exposure: Exposure = { ...NO_EXPOSURE };
  for (let epoch = 0; epoch < 80; epoch++) noteTable(exposure, { ...TABLE, epoch });
  expect(exposure.split.map(({ epoch }) => epoch)).toEqual(Array.from({ length: 50 }, (_, i) => 30 + i));
});

const brokenAt = (share: number, elsewhere: number, seed: number, looks: number): number | null => {
  const random = randomOf(seed);
  const counts = [0, 0];
  let strays = 0;
  for (let look = 1; look <= looks; look++) {
    for (let i = 0; i < 100; i++) {
      if (random() < elsewhere) strays++;
      else counts[random() < share ? 1 : 0]!++;
    }
    const split = [{ shares: [0.9, 0.1], counts, elsewhere: strays }];
    if (logESplit(split) >= Math.log(1000)) return look * 100;
  }
  return null;
};

it('finds strays, and not in a sound split that has as few as are let through', () => {
  const all = (share: number, elsewhere: number, looks: number) =>
    Array.from({ length: 200 }, (_, i) => brokenAt(share, elsewhere, i + 1, looks));
  expect(all(0.1, 0, 100).filter((n) => n !== null)).toEqual([]);
  expect(all(0.1, 0.001, 100).filter((n) => n !== null).length).toBeLessThanOrEqual(1);
  expect(all(0.1, 0.2, 10).every((n) => n === 100)).toBe(true);
  expect(all(0.1, 0.01, 100)).not.toContain(null);
  // What goes elsewhere does not hide what is wrong with the rest.
  expect(all(0.2, 0, 50)).not.toContain(null);
});

it('one stray is none, ten of ten are', () => {
  const of = (count: number, elsewhere: number) => logESplit([{ shares: [1], counts: [count], elsewhere }]);
  expect(of(100, 1)).toBeLessThan(Math.log(1000));
  expect(of(0, 10)).toBeGreaterThan(Math.log(1000));
  expect(of(5_000, 0)).toBeLessThan(0);
});
