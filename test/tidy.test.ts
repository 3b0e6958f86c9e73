import { readdirSync, readFileSync } from 'node:fs';
import avsc from 'avsc';
import { expect, test } from 'vitest';
import { cycleIn, importsOf, readPages, readSources, type Source, strip } from './tidy/sources.ts';

/**
 * The flow goes from left to right; nothing imports what stands to the right of it. The console and telemetry stand
 * before the flow: they say what they show and count, and the loop of the flow gives it to them.
 */
const ORDER = [
  'math',
  'router',
  'config',
  'log',
  'decode',
  'score',
  'profile',
  'window',
  'join',
  'metric',
  'detect',
  'alarm',
  'rollout',
  'action',
  'sink',
  'telemetry',
  'console',
  'predict',
  'flow',
  'core',
  'demo',
  'cli',
  'docs',
];

/** These put stages together; every other folder sees records, errors, math and itself. */
const SEES_STAGES = new Set(['predict', 'flow', 'core', 'demo', 'cli', 'docs']);

/** Steps outside that rule: [from, to, why]. Prefixes of paths below src. */
const ALLOWED: readonly (readonly [string, string, string])[] = [
  ['metric/', 'profile/', 'a metric is a function of a profile: it reads the accumulators'],
  [
    'console/',
    'config/loopback.ts',
    'what the configuration takes for loopback is what the console guards as such',
  ],
  ['main.ts', 'cli/', 'the entry does nothing but call the command line'],
];

/** No clock, no randomness, no `node:`, nothing asynchronous: functions of their arguments. */
const PURE_FOLDERS = [
  'math/',
  'router/',
  'decode/',
  'profile/',
  'join/',
  'window/',
  'metric/',
  'detect/',
  'alarm/',
  'rollout/',
  'action/',
  'core/',
];
const PURE_FILES = [
  ...['answer', 'check', 'decision', 'record', 'refusal', 'sniff', 'tables'].map(
    (name) => `predict/${name}.ts`,
  ),
  ...[
    'observe',
    'pane-slots',
    'slot-keys',
    'join-fold',
    'join-state',
    'judge',
    'detecting',
    'feeds',
    'feeds-of',
    'events-of',
    'segments',
    'merge-window',
    'blocks',
    'learned',
    'references',
    'regret-reference',
    'results-of',
    'messages',
    'profile-views',
    'routed',
  ].map((name) => `flow/${name}.ts`),
];
const IMPURE: Record<string, string> = {
  'decode/registry.ts':
    'asks the schema registry over HTTP, with retries; decoding itself never waits for it',
};
const FORBIDDEN: readonly (readonly [string, RegExp])[] = [
  ['a clock', /\bDate\.now\b|\bnew Date\(\s*\)|\bperformance\.now\b|\bprocess\.hrtime\b/],
  ['randomness', /\bMath\.random\b|\brandomUUID\b|\bcrypto\./],
  ['waiting', /\bawait\b|\basync\b|\bnew Promise\b/],
  ['timers', /\bset(?:Timeout|Interval|Immediate)\b|\bqueueMicrotask\b/],
  ['the process', /\bprocess\./],
  ['the network', /\bfetch\(/],
];

const LINES_MAX = 400;
const LONG: Record<string, string> = {
  'records.ts': 'the one table of types that cross a stage border, with their docstrings and no behaviour',
};

const sources = readSources();
const isPure = ({ path }: Source): boolean =>
  PURE_FILES.includes(path) || PURE_FOLDERS.some((folder) => path.startsWith(folder));
const stageOf = (path: string): string => (path.includes('/') ? path.slice(0, path.indexOf('/')) : path);
const ownImports = (source: Source) => source.imports.filter(({ isPackage }) => !isPackage);

test('the sources are found, and the lists of this test name files that exist', () => {
  const paths = sources.map(({ path }) => path);
  expect(paths.length).toBeGreaterThan(100);
  expect(paths).toEqual(
    expect.arrayContaining([...PURE_FILES, ...Object.keys(IMPURE), ...Object.keys(LONG)]),
  );
  const known = new Set([...ORDER, '', 'stack']);
  expect(sources.filter(({ stage }) => !known.has(stage)).map(({ path }) => path)).toEqual([]);
});

test('a stage imports records, errors, math and its own folder', () => {
  const strays = sources
    .filter(({ stage }) => !SEES_STAGES.has(stage))
    .flatMap((source) =>
      ownImports(source)
        .filter(({ to }) => !['records.ts', 'errors.ts', 'math', source.stage].includes(stageOf(to)))
        .filter(({ to }) => !ALLOWED.some(([a, b]) => source.path.startsWith(a) && to.startsWith(b)))
        .map(({ to }) => `${source.path} imports ${to}`),
    );
  expect(strays).toEqual([]);
});

test('every step outside the rules is still taken, and has its reason', () => {
  const unused = ALLOWED.filter(
    ([from, to]) =>
      !sources.some(
        (source) => source.path.startsWith(from) && source.imports.some((one) => one.to.startsWith(to)),
      ),
  );
  expect(unused).toEqual([]);
  const tame = sources.filter(
    ({ path, code, lines }) =>
      (IMPURE[path] !== undefined && !FORBIDDEN.some(([, pattern]) => pattern.test(code))) ||
      (LONG[path] !== undefined && lines <= LINES_MAX),
  );
  expect(tame.map(({ path }) => path)).toEqual([]);
  for (const reason of [...ALLOWED.map(([, , why]) => why), ...Object.values(IMPURE), ...Object.values(LONG)])
    expect(reason).toMatch(/\w+ \w+/);
});

test('nothing imports rightwards', () => {
  const rightwards = sources.flatMap((source) =>
    ownImports(source)
      .filter(({ to }) => ORDER.indexOf(stageOf(to)) > ORDER.indexOf(source.stage) && source.stage !== '')
      .map(({ to }) => `${source.path} imports ${to}`),
  );
  expect(rightwards).toEqual([]);
  const top = sources.filter(({ path }) => path === 'records.ts' || path === 'errors.ts');
  expect(top.flatMap(ownImports)).toEqual([]);
});

test('pure stages use no clock, no randomness, no node: and wait for nothing', () => {
  const faults = sources
    .filter((source) => isPure(source) && IMPURE[source.path] === undefined)
    .flatMap((source) => [
      ...source.imports
        .filter(({ to, isPackage, isType }) => isPackage && !isType && to.startsWith('node:'))
        .map(({ to }) => `${source.path} imports ${to}`),
      ...FORBIDDEN.filter(([, pattern]) => pattern.test(source.code)).map(
        ([what]) => `${source.path} uses ${what}`,
      ),
    ]);
  expect(faults).toEqual([]);
});

test('no file imports itself by way of others', () => {
  const graph = new Map(
    sources.map((source) => [
      source.path,
      ownImports(source)
        .filter(({ isType }) => !isType)
        .map(({ to }) => to),
    ]),
  );
  expect(cycleIn(graph)).toBe(null);
});

test(`no source is longer than ${LINES_MAX} lines`, () => {
  const long = sources.filter(({ path, lines }) => lines > LINES_MAX && LONG[path] === undefined);
  expect(long.map(({ path, lines }) => `${path}: ${lines}`)).toEqual([]);
});

/** Values that pages take from the daemon; types are free. */
const SHARED = ['../src/records.ts', '../src/console/facts.ts', '../src/alarm/incident/matcher.ts'];

test('pages take from the daemon types and what has no surroundings, and write no markup from data', () => {
  const pages = readPages();
  expect(pages.length).toBeGreaterThan(20);
  const strays = pages.flatMap(({ path, imports }) =>
    imports
      .filter(({ to, isPackage, isType }) => !isPackage && !isType && to.startsWith('../'))
      .filter(({ to }) => !SHARED.includes(to))
      .map(({ to }) => `${path} imports ${to}`),
  );
  expect(strays).toEqual([]);
  const markup =
    /\b(?:inner|outer)HTML\b|dangerouslySetInnerHTML|insertAdjacentHTML|document\.write|\beval\(/;
  expect(pages.filter(({ code }) => markup.test(code)).map(({ path }) => path)).toEqual([]);
  const graph = pages.map(
    ({ path, imports }) => [path, imports.filter(({ isType }) => !isType).map(({ to }) => to)] as const,
  );
  expect(cycleIn(new Map(graph))).toBe(null);
  expect(pages.filter(({ lines }) => lines > LINES_MAX).map(({ path }) => path)).toEqual([]);
});

test('no file names a path of the machine that it was written on', () => {
  const root = new URL('../', import.meta.url);
  const folders = ['src', 'web', 'test', 'config', 'docs', 'grafana', 'schemas', 'models', '.ci'];
  const files = folders.flatMap((folder) =>
    readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' })
      .filter((path) => /\.(tsx?|css|html|mjs|md|ya?ml|json|avsc|sh|py|java)$/.test(path))
      .map((path) => `${folder}/${path}`),
  );
  const machine = /(?<![\w.*/-])\/(?:work|root|home|Users)\/\w/;
  const faults = [...files, 'README.md', 'CHANGELOG.md', 'package.json', 'docker-compose.yml'].filter(
    (path) => machine.test(readFileSync(new URL(path, root), 'utf8')),
  );
  expect(faults).toEqual([]);
});

test('every committed schema is Avro and says what it is', () => {
  const folder = new URL('../schemas/', import.meta.url);
  const names = readdirSync(folder).filter((name) => name.endsWith('.avsc'));
  expect(names.length).toBeGreaterThan(0);
  for (const name of names) {
    const schema = JSON.parse(readFileSync(new URL(name, folder), 'utf8'));
    expect(avsc.Type.forSchema(schema).typeName, name).toBe('record');
    expect(schema.doc, name).toMatch(/\w/);
  }
});

test('the reading of sources tells code from comments and texts', () => {
  const placeholder = '$' + '{Math.random()}';
  const code = strip(
    `const a = 'Date.now()'; // await\n/* async */ const b = \`x ${placeholder} await\`;\nconst c = /'await/g;`,
  );
  expect(code).toContain('Math.random()');
  expect(code).not.toMatch(/await|async|Date/);
  expect(strip('a / b; await c / d')).toBe('a / b; await c / d');
  const found = importsOf(
    'flow/a.ts',
    "import { type A, type B } from '../b.ts';\nimport x from 'node:fs';\n",
  );
  expect(found).toEqual([
    { to: 'b.ts', isPackage: false, isType: true },
    { to: 'node:fs', isPackage: true, isType: false },
  ]);
  expect(importsOf('a/b.ts', "export { c } from './c.ts';\nawait import('../d/e.ts');")).toMatchObject([
    { to: 'a/c.ts', isType: false },
    { to: 'd/e.ts', isType: false },
  ]);
});

test('the search for cycles finds one', () => {
  const graph = new Map([
    ['a', ['b']],
    ['b', ['c', 'd']],
    ['c', []],
    ['d', ['b']],
  ]);
  expect(cycleIn(graph)).toEqual(['b', 'd', 'b']);
  graph.set('d', ['c']);
  expect(cycleIn(graph)).toBe(null);
});
