/** The hash against the shared vectors, and what a split by it must keep. */
import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chiSquareTail } from '../../src/math/special.ts';
import {
  BUCKETS,
  bucketOf,
  faultsOf,
  firstTable,
  hashShare,
  isBlind,
  nextTable,
  type RoutingTable,
  route,
  type WantedVersion,
} from '../../src/router/index.ts';

const VECTORS = new URL('../../../shared/vectors/alarms.json', import.meta.url);
const absent = existsSync(VECTORS) ? '' : ' (../shared/vectors is absent)';

describe.skipIf(absent !== '')(`published values${absent}`, () => {
  test('the share of a key', () => {
    const { cases } = JSON.parse(readFileSync(VECTORS, 'utf8')).stable_split as {
      cases: [seed: string, key: string, share: number][];
    };
    expect(cases.length).toBeGreaterThan(3);
    for (const [seed, key, share] of cases) expect(hashShare(seed, key)).toBe(share);
  });
});

test('FNV-1a of UTF-8, beyond ASCII too', () => {
  // 0xbf9cf968 is the FNV-1a 32 of "foobar" in the authors' test suite; then that of its decimal digits.
  let digits = 0x811c9dc5;
  for (const char of String(0xbf9cf968)) digits = Math.imul(digits ^ char.charCodeAt(0), 0x01000193) >>> 0;
  expect(bucketOf('foo', 'bar')).toBe(digits % BUCKETS);
  // Of the bytes c3 a9 f0 9f 8d 8f, from a few lines of Python.
  expect(bucketOf('', 'é🍏')).toBe(495);
});

const keys = Array.from({ length: 20_000 }, (_, i) => `user-${i}`);
const start = { service: 'churn', seed: 'churn', level: 'full' } as const;
const acting = (shares: readonly number[]): WantedVersion[] =>
  shares.map((share, i) => ({
    version: `v${i}`,
    role: i === 0 ? 'primary' : 'canary',
    share: share / BUCKETS,
  }));

const chiSquareP = (counts: readonly number[], expected: readonly number[]): number =>
  chiSquareTail(
    counts.reduce((sum, count, i) => sum + (count - expected[i]!) ** 2 / expected[i]!, 0),
    counts.length - 1,
  );

test('keys spread evenly over the buckets, and the split has its shares', () => {
  const cells = new Array<number>(100).fill(0);
  for (const key of keys) cells[Math.floor(bucketOf('churn', key) / 100)]! += 1;
  const even = keys.length / 100;
  expect(chiSquareP(cells, new Array<number>(100).fill(even))).toBeGreaterThan(0.001);

  const shares = [8000, 1500, 500];
  const table = firstTable(start, acting(shares));
  const counts = [0, 0, 0];
  for (const key of keys) counts[Number(route(table, key).version.slice(1))]! += 1;
  const expected = shares.map((share) => (share / BUCKETS) * keys.length);
  expect(chiSquareP(counts, expected)).toBeGreaterThan(0.001);
});

test('the blind sample is the same share of every version and shadow, and stands at two levels alone', () => {
  const table = {
    ...firstTable({ ...start, level: 'assist', blind: 0.2 }, [
      ...acting([7000, 3000]),
      { version: 'shade', role: 'shadow', share: 0.5 },
    ]),
  };
  const counts = new Array<number>(8).fill(0);
  for (const key of keys) {
    const { version, shadows } = route(table, key);
    counts[(version === 'v0' ? 0 : 4) + 2 * shadows.length + (isBlind(table, key) ? 1 : 0)]! += 1;
  }
  const expected = [0.7, 0.3].flatMap((a) => [0.5, 0.5].flatMap((b) => [0.8, 0.2].map((c) => a * b * c)));
  expect(
    chiSquareP(
      counts,
      expected.map((share) => share * keys.length),
    ),
  ).toBeGreaterThan(0.001);
  const blindAt = (over: Partial<RoutingTable>): number =>
    keys.filter((key) => isBlind({ ...table, ...over }, key)).length;
  expect(blindAt({ level: 'partial' })).toBe(blindAt({}));
  for (const level of ['human_only', 'shadow', 'full'] as const) expect(blindAt({ level })).toBe(0);
  expect(blindAt({ blind: 1 })).toBe(keys.length);
  const { blind: _, ...none } = table;
  expect(keys.some((key) => isBlind(none, key))).toBe(false);
  // A larger sample holds the smaller one.
  const [few, more] = [0.05, 0.1].map((blind) => keys.filter((key) => isBlind({ ...table, blind }, key)));
  expect(few!.every((key) => more!.includes(key))).toBe(true);
});

test('another seed deals the keys anew, and shadows are dealt apart from canaries', () => {
  const both = [0, 0, 0, 0];
  for (const key of keys)
    both[(hashShare('a', key) < 0.5 ? 0 : 2) + (hashShare('b', key) < 0.5 ? 0 : 1)]! += 1;
  expect(chiSquareP(both, new Array<number>(4).fill(keys.length / 4))).toBeGreaterThan(0.001);

  const table = firstTable(start, [
    ...acting([9000, 1000]),
    { version: 'shade', role: 'shadow', share: 0.1 },
    { version: 'dusk', role: 'shadow', share: 1 },
  ]);
  const seen = { canary: 0, shade: 0, together: 0 };
  for (const key of keys) {
    const { version, shadows } = route(table, key);
    expect(shadows).toContain('dusk');
    const [isCanary, hasShade] = [version === 'v1', shadows.includes('shade')];
    seen.canary += isCanary ? 1 : 0;
    seen.shade += hasShade ? 1 : 0;
    seen.together += isCanary && hasShade ? 1 : 0;
  }
  // 200 are expected of 20,000, with a standard deviation of 14.
  expect(Math.abs(seen.together - (seen.canary * seen.shade) / keys.length)).toBeLessThan(56);
});

test('a lone canary has the keys whose share of the hash is below its own, whatever went before', () => {
  let table = firstTable(start, acting([10_000, 0]));
  for (const share of [500, 2500, 100, 10_000, 0, 4000]) {
    table = nextTable(table, acting([BUCKETS - share, share]));
    for (const key of keys.slice(0, 500))
      expect(route(table, key).version === 'v1').toBe(hashShare('churn', key) < share / BUCKETS);
  }
});

/** Shares of up to five versions in buckets. */
const sharesOf = fc
  .array(fc.integer({ min: 0, max: BUCKETS }), { minLength: 4, maxLength: 4 })
  .map((cuts) => [0, ...cuts.sort((a, b) => a - b), BUCKETS])
  .map((cuts) => cuts.slice(1).map((cut, i) => cut - cuts[i]!));

const bucketsOf = (table: RoutingTable, version: string): Set<number> => {
  const ranges = table.versions.find((one) => one.version === version)!.ranges;
  return new Set(ranges.flatMap(([from, to]) => Array.from({ length: to - from }, (_, i) => from + i)));
};

test('whoever keeps or raises its share keeps every key; whoever lowers it gains none', () => {
  fc.assert(
    fc.property(fc.array(sharesOf, { minLength: 2, maxLength: 8 }), ([first, ...changes]) => {
      let table = firstTable(start, acting(first!));
      for (const shares of changes) {
        const next = nextTable(table, acting(shares));
        expect(faultsOf(next)).toEqual([]);
        expect(next.epoch).toBe(table.epoch + 1);
        shares.forEach((share, i) => {
          const [before, after] = [bucketsOf(table, `v${i}`), bucketsOf(next, `v${i}`)];
          expect(after.size).toBe(share);
          const [small, large] = before.size <= after.size ? [before, after] : [after, before];
          expect([...small].every((bucket) => large.has(bucket))).toBe(true);
        });
        table = next;
      }
    }),
    { numRuns: 60, seed: 7 },
  );
});

test('a promoted canary keeps its keys as the primary, and shadows grow without losing any', () => {
  const canary = firstTable(start, acting([7000, 3000]));
  const done = nextTable(canary, [
    { version: 'v1', role: 'primary', share: 1 },
    { version: 'v0', role: 'previous', share: 0 },
  ]);
  expect(done.versions[0]!.ranges).toEqual([[0, BUCKETS]]);
  const shadow = (share: number): WantedVersion[] => [
    ...acting([BUCKETS]),
    { version: 's', role: 'shadow', share },
  ];
  const small = firstTable(start, shadow(0.01));
  const large = nextTable(small, shadow(0.02));
  for (const key of keys)
    if (route(small, key).shadows.length > 0) expect(route(large, key).shadows).toEqual(['s']);
});

test('shares that cannot be dealt are refused', () => {
  expect(() => firstTable(start, acting([9000, 500]))).toThrow('sum to 0.95, not to 1');
  expect(() => firstTable(start, [{ version: 'a', role: 'primary', share: 0.99995 }])).toThrow(
    'in steps of 0.0001',
  );
  expect(() => firstTable(start, [{ version: 'a', role: 'primary', share: Number.NaN }])).toThrow(
    'that of a',
  );
  expect(() => firstTable(start, [...acting([5000]), ...acting([5000])])).toThrow('stands there twice');
  expect(() => firstTable(start, [{ version: 'a', role: 'canary', share: 1 }])).toThrow('0 are primary');
});
