/** Tables that are wrong, what callers may ask for, and a router that is kept up to date. */
import { expect, test } from 'vitest';
import {
  activeOf,
  askedFor,
  createRouter,
  faultsOf,
  firstTable,
  nextTable,
  parseTable,
  previewOf,
  RoutingError,
  type RoutingTable,
  route,
} from '../../src/router/index.ts';

const green = firstTable(
  { service: 'churn', seed: 's', level: 'assist', override: { header: 'x-model', cookie: 'model' } },
  [
    { version: 'blue', role: 'primary', share: 0.9 },
    { version: 'cyan', role: 'canary', share: 0.1 },
    { version: 'green', role: 'preview', share: 0 },
    { version: 'grey', role: 'shadow', share: 1 },
  ],
);
const blue = green.versions[0]!;
const withVersions = (...versions: unknown[]): unknown => ({ ...green, versions });

test.each<[what: string, value: unknown, fault: string]>([
  ['no object', [], 'a table is a JSON object'],
  ['the format', { ...green, format: 'telltale-routing/2' }, 'this client reads "telltale-routing/1"'],
  ['the service', { ...green, service: '' }, 'service: give a text'],
  ['the seed', { ...green, seed: 7 }, 'seed: give a text'],
  ['the epoch', { ...green, epoch: 1.5 }, 'epoch: 1.5; give a whole number'],
  ['the level', { ...green, level: 'most' }, 'level: "most"; one of human_only'],
  ['the blind share', { ...green, blind: -0.1 }, 'blind: -0.1; give a number from 0 to 1'],
  ['the threshold', { ...green, threshold: 1.5 }, 'threshold: 1.5; give a number from 0 to 1'],
  ['the override', { ...green, override: 'x' }, 'override: give header'],
  ['the cookie', { ...green, override: { cookie: '' } }, 'override.cookie: give a name'],
  ['the header', { ...green, override: { header: 'X-Model' } }, 'write it in lower case'],
  ['versions', { ...green, versions: {} }, 'versions: give a list'],
  ['a version', withVersions(null), 'versions[0]: give version, role'],
  ['a name', withVersions({ ...blue, version: '' }), 'versions[0].version: give a text'],
  ['a role', withVersions({ ...blue, role: 'king' }), 'versions[0].role: "king"; one of primary'],
  ['ranges', withVersions({ ...blue, ranges: [[0, 10_001]] }), 'versions[0].ranges: give pairs'],
  ['an empty range', withVersions({ ...blue, ranges: [[5, 5]] }), 'versions[0].ranges: give pairs'],
  [
    'falling ranges',
    withVersions({
      ...blue,
      ranges: [
        [5000, 10_000],
        [0, 5000],
      ],
    }),
    'let them rise',
  ],
  ['a share', withVersions({ ...blue, share: 0.5 }), 'share: 0.5, but its ranges hold 0.9'],
  ['a preview', withVersions({ ...blue, role: 'preview' }), 'a preview version has no share'],
  ['a gap', withVersions(blue), 'nobody answers buckets 0 to 1000'],
  [
    'an open end',
    withVersions({ ...blue, share: 0.5, ranges: [[0, 5000]] }),
    'nobody answers buckets 5000 to 10000',
  ],
  [
    'an overlap',
    withVersions(blue, { version: 'b', role: 'canary', share: 0.2, ranges: [[0, 2000]] }),
    '"blue" has buckets from 1000 on that another has too',
  ],
  ['a name twice', withVersions(blue, blue), '"blue" stands there twice'],
  ['two primaries', withVersions(blue, blue), '2 are primary; exactly one must be'],
])('a table is refused for %s', (_, value, fault) => {
  expect(faultsOf(value).join('\n')).toContain(fault);
});

test('a table goes through JSON, and unknown fields do not matter', () => {
  expect(faultsOf(green)).toEqual([]);
  expect(parseTable(JSON.stringify({ ...green, later: 1 }))).toMatchObject(green);
  expect(() => parseTable('{')).toThrow(RoutingError);
  expect(() => parseTable('{}')).toThrow('service: give a text');
  expect([activeOf(green), previewOf(green)]).toEqual(['blue', 'green']);
});

test('a caller may ask for a version, but for no shadow and for nothing that is not there', () => {
  expect(route(green, 'k', 'green')).toEqual({
    version: 'green',
    shadows: [],
    level: 'assist',
    epoch: 0,
    by: 'override',
  });
  for (const asked of ['grey', 'red', undefined])
    expect(route(green, 'k', asked)).toMatchObject({ by: 'key', shadows: ['grey'] });
});

test('the header goes before the cookie', () => {
  expect(askedFor(green, { 'x-model': 'green', cookie: 'model=blue' })).toBe('green');
  expect(askedFor(green, { 'x-model': ['cyan', 'blue'] })).toBe('cyan');
  expect(askedFor(green, { 'x-model': '', cookie: 'a=b; model=cyan;c' })).toBe('cyan');
  expect(askedFor(green, { cookie: 'xmodel=cyan; model=' })).toBe(undefined);
  expect(askedFor(green, {})).toBe(undefined);
  const { override, ...closed } = green;
  expect(override).toBeDefined();
  expect(askedFor(closed, { 'x-model': 'green', cookie: 'model=blue' })).toBe(undefined);
});

test('a router takes newer tables and refuses all others', () => {
  const router = createRouter(green);
  const swapped = nextTable(green, [
    { version: 'green', role: 'primary', share: 1 },
    { version: 'blue', role: 'previous', share: 0 },
  ]);
  expect(router.route('k').version).not.toBe('green');
  expect(router.update(swapped)).toEqual({ taken: true });
  expect(router.route('k')).toMatchObject({ version: 'green', epoch: 1, shadows: [] });
  expect(router.route('k', { 'x-model': 'blue' }).version).toBe('blue');

  const refused: [unknown, string][] = [
    [green, 'its epoch 0 is older than 1'],
    [{ ...swapped, epoch: 2, service: 'fraud' }, 'it is of service fraud, this router of churn'],
    [{ ...swapped, level: 'full' }, 'another table of epoch 1 is in use'],
    [{ ...swapped, epoch: 2, level: 'most' }, 'level: "most"'],
  ];
  for (const [table, why] of refused) {
    const update = router.update(table);
    expect(update.taken ? '' : update.why).toContain(why);
    expect(router.table).toEqual(swapped);
  }
  const reordered = Object.fromEntries(Object.entries(swapped).reverse());
  expect(router.update(reordered)).toEqual({ taken: true });
  expect(() => createRouter({})).toThrow(RoutingError);
});

test('what happens to the table of the caller changes no route', () => {
  const own = JSON.parse(JSON.stringify(green)) as { versions: { version: string }[] };
  const router = createRouter(own);
  for (const one of own.versions) one.version = 'other';
  expect(router.table).toEqual(green as RoutingTable);
});
