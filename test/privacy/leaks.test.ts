import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readLetters } from '../../src/cli/dead/letters.ts';
import { reinject } from '../../src/cli/dead/reinject.ts';
import { wiring } from '../../src/cli/wiring.ts';
import { loadConfig } from '../../src/config/load.ts';
import { redact } from '../../src/config/redact.ts';
import type { TelltaleConfig } from '../../src/config/types.ts';
import { createConsole } from '../../src/console/server.ts';
import { createConsoleState } from '../../src/console/state.ts';
import { NO_COUNTS, openScorer } from '../../src/flow/assembly.ts';
import { writeCommandOf } from '../../src/flow/commands.ts';
import { deliveryOf } from '../../src/flow/deliveries.ts';
import { createEmbedded, type Embedded } from '../../src/flow/embedded.ts';
import { openPredictions, tablesOf } from '../../src/flow/predicting.ts';
import { createPrivacy, privacyOf } from '../../src/flow/privacy.ts';
import { shownOf } from '../../src/flow/shown.ts';
import { decodePublic } from '../../src/flow/wire.ts';
import { createMemoryLog, type MemoryLog } from '../../src/log/memory.ts';
import { createPredictions } from '../../src/predict/predictions.ts';
import { predictRoutes } from '../../src/predict/routes.ts';
import type { LogRecord, Result } from '../../src/records.ts';
import { type RoutingTable, TABLE_FORMAT } from '../../src/router/table.ts';
import type { Scorer } from '../../src/score/scorer.ts';
import { pointOf } from '../../src/sink/influx-points.ts';
import { jsonOf } from '../../src/sink/sink.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { telltale } from '../cli/support.ts';
import { BROKEN, DIAGNOSIS, KEY, leaksIn, NOTE, SALARY, SHORT } from './secrets.ts';
import { recordsOf, requestOf, SERVICE, START_MS, serviceYaml, WINDOWS } from './service.ts';

const MODEL = fileURLToPath(new URL('../../models/housing-linear.onnx', import.meta.url));
const PRIVACY_KEY = 'the key of this test 0123456789';
const NOW_MS = START_MS + WINDOWS * 60_000;
const INPUTS = ['loans.requests', 'loans.labels'];

/** What came out, by where. */
const surfaces = new Map<string, Buffer[]>();
const note = (where: string, found: string | Buffer): void => {
  surfaces.set(where, [...(surfaces.get(where) ?? []), Buffer.from(found)]);
};
let dir: string;
let config: TelltaleConfig;
let log: MemoryLog;
let embedded: Embedded;
let results: Result[] = [];
let page: Awaited<ReturnType<typeof createConsole>>;

function writeConfig(): string {
  const made = mkdtempSync(join(tmpdir(), 'telltale-privacy-'));
  mkdirSync(join(made, 'services'));
  writeFileSync(join(made, 'key'), `${PRIVACY_KEY}\n`);
  writeFileSync(join(made, 'telltale.yaml'), 'privacy: { key: "$' + '{file:key}" }\n');
  writeFileSync(join(made, 'services/loans.yaml'), serviceYaml(MODEL, 'loans'));
  return made;
}

/** The model is real; it fails as models do, with a text that quotes what it was given. */
async function scorerThatFails(...args: Parameters<typeof openScorer>): Promise<Scorer | null> {
  const real = (await openScorer(...args))!;
  return {
    close: () => real.close(),
    stats: () => real.stats(),
    score: async (batch) => {
      if (batch.ids.includes('r4-7')) throw new Error(`index ${SALARY} of '${DIAGNOSIS}' is out of bounds`);
      return real.score(batch);
    },
  };
}

async function send(window: number): Promise<void> {
  const batch = recordsOf(window).map(({ stream, key, value, headers = {} }) => ({
    topic: `loans.${stream}`,
    key,
    value: Buffer.from(value),
    headers,
  }));
  await embedded.append(batch);
  await embedded.pump();
  await embedded.tick();
}

async function readAll(topic: string): Promise<LogRecord[]> {
  const partitions = (await log.partitions([topic])).get(topic)!;
  const found: LogRecord[] = [];
  for (let partition = 0; partition < partitions; partition++)
    found.push(...(await log.read(topic, partition, 0, 100_000, 0)));
  return found;
}

async function askPredictions(predict: (body: string) => Promise<Response>): Promise<void> {
  const good = requestOf('asked', 0, 5, NOW_MS);
  const bad = { ...requestOf('asked-2', 0, 5, NOW_MS), salary: BROKEN };
  for (const body of [JSON.stringify(good), JSON.stringify(bad), `{ "note": "${NOTE}" ${BROKEN}`])
    note('answers of /predict', await (await predict(body)).text());
}

/** Of the same kind of data, so that the file of the baseline could hold secrets too. */
async function buildBaseline(): Promise<void> {
  const from = join(dir, 'requests.ndjson');
  const isRow = (value: string): boolean => !value.includes(BROKEN) && value !== SHORT;
  const rows = recordsOf(0).filter(({ stream, value }) => stream === 'requests' && isRow(value));
  writeFileSync(from, rows.map(({ value }) => value).join('\n'));
  const out = join(dir, 'baseline.json');
  const command = ['baseline', 'build', '--service', SERVICE, '--from', from, '--segments', '--out', out];
  const said = await telltale(['--config', dir, ...command], wiring);
  expect([said.code, said.err]).toEqual([0, expect.stringContaining('baseline.json: 60 rows')]);
  note('baseline', readFileSync(out));
}

beforeAll(async () => {
  dir = writeConfig();
  await buildBaseline();
  config = await loadConfig(dir, wiring.registries);
  log = createMemoryLog({ now: () => NOW_MS });
  for (const topic of INPUTS) log.createTopic(topic, 2);
  const stream = { write: (line: string) => note('log', line) };
  embedded = await createEmbedded({
    log,
    partitions: 2,
    group: 'g',
    prefix: 't.',
    services: config.services,
    privacy: privacyOf(config),
    schemas: null,
    scoring: { threads: 1, shadowTimeoutMs: Number.POSITIVE_INFINITY, shadowFailuresMax: 5 },
    openScorer: scorerThatFails,
    checkpoint: { everyMs: 0, recordsMax: 1, snapshotRecords: 1, snapshotEveryMs: 0 },
    nowMs: () => NOW_MS,
    counts: NO_COUNTS,
    logger: createLogger({ level: 'trace', stream } as Parameters<typeof createLogger>[0]),
    restartable: true,
  });
  const { runtime } = embedded;
  const state = createConsoleState(config.services);
  const predictions = createPredictions({ timeoutMs: 10_000 });
  const tables = tablesOf(runtime);
  openPredictions(runtime, predictions, tables, () => NOW_MS);
  const table: RoutingTable = {
    ...{ format: TABLE_FORMAT, service: SERVICE, epoch: 1, seed: 's', level: 'assist' },
    versions: [{ version: 'linear', role: 'primary', share: 1, ranges: [[0, 10_000]] }],
  };
  tables.read({ key: Buffer.from(SERVICE), value: Buffer.from(JSON.stringify(table)) });
  page = await createConsole(
    {
      ...state,
      ...shownOf(() => runtime, state),
      health: () => ({ live: true, ready: true, degraded: false, checks: [] }),
      config: () => redact(config),
      command: (asked) => writeCommandOf(runtime, log, asked),
    },
    {
      host: '127.0.0.1',
      port: 0,
      extend: predictRoutes(predictions, {
        ...{ enabled: true, inFlightMax: 10, counted: () => {} },
        log: (event, facts) => note('log', JSON.stringify({ event, ...facts })),
      }),
    },
  );
  for (let window = 0; window < WINDOWS; window++) await send(window);
  await askPredictions((body) =>
    fetch(`${page.url}/predict/${SERVICE}`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
    }),
  );
  await embedded.end();
  for (const topic of log.topics().filter((name) => !INPUTS.includes(name)))
    for (const { key, value, headers } of await readAll(topic)) {
      note(topic, key ?? '');
      note(topic, value ?? '');
      for (const [name, text] of Object.entries(headers)) note(topic, `${name}: ${text.toString()}`);
    }
  const { topics } = runtime;
  for (const topic of [topics.results, topics.alerts, topics.incidents, topics.retrain])
    for (const record of await readAll(topic)) {
      const delivery = deliveryOf(topics, record, false)!;
      state.apply(delivery);
      const point = pointOf(delivery);
      if (point !== null) note('InfluxDB', JSON.stringify(point));
      note('webhooks and files', jsonOf(delivery)?.json ?? '');
    }
  results = (await readAll(topics.results)).map((record) =>
    decodePublic<Result>('result', record.value!, false),
  );
  const of = `/api/services/${SERVICE}`;
  const more = [
    'alerts',
    'incidents',
    'retrains',
    'rollouts',
    'headlines',
    'config',
    'dead-letters',
    'services',
  ];
  for (const path of [of, `${of}/profiles`, `${of}/facts`, ...more.map((name) => `/api/${name}`)]) {
    const response = await fetch(page.url + path);
    note(`console ${path} ${response.status}`, await response.text());
  }
}, 120_000);

afterAll(async () => {
  await page?.close();
  await embedded?.close();
  rmSync(dir, { recursive: true });
});

const sizeOf = (where: string): number =>
  (surfaces.get(where) ?? []).reduce((sum, { length }) => sum + length, 0);
const leaksOf = (found: ReadonlyMap<string, readonly Buffer[]>): string[] =>
  [...found].flatMap(([where, parts]) =>
    [...new Set(parts.flatMap((part) => leaksIn(part)))].map((secret) => `${where}: ${secret}`),
  );

describe('secrets in sensitive inputs', () => {
  it('are there to be found: they stand in the topics of inputs', async () => {
    const found = leaksIn(
      Buffer.concat(
        (await readAll('loans.requests')).flatMap(({ value, key }) => [value!, key ?? Buffer.alloc(0)]),
      ),
    );
    for (const secret of [String(SALARY), DIAGNOSIS, NOTE, BROKEN, KEY]) expect(found).toContain(secret);
  });

  it('went through all that the daemon writes', () => {
    for (const name of [
      'results',
      'alerts',
      'incidents',
      'retrain',
      'dead',
      'slots',
      'events',
      'snapshots',
      'decisions',
      'review',
    ])
      expect([name, sizeOf(`t.${name}`) > 0]).toEqual([name, true]);
    for (const where of [
      'baseline',
      'log',
      'InfluxDB',
      'webhooks and files',
      'answers of /predict',
      `console /api/services/${SERVICE} 200`,
      'console /api/config 200',
    ])
      expect([where, sizeOf(where) > 0]).toEqual([where, true]);
    expect(Buffer.concat(surfaces.get('log')!).toString()).toContain('record failed');
  });

  it('stand nowhere in what the daemon writes', () => {
    expect(leaksOf(surfaces)).toEqual([]);
  });

  it('are counted all the same', () => {
    const hash = createPrivacy(PRIVACY_KEY).hash(DIAGNOSIS);
    const segments = new Set(results.map(({ segment }) => segment));
    expect([...segments]).toContain(`diagnosis=${hash}`);
    const of = (metric: string, subject: string): Result[] =>
      results.filter(
        (one) =>
          one.metric === metric && one.subject === subject && one.segment === '*' && one.value !== null,
      );
    expect(of('psi', 'nation').length).toBeGreaterThan(0);
    expect(of('out_of_range_rate', 'salary').some(({ value }) => value! > 0)).toBe(true);
    expect(of('mean', 'salary').length).toBeGreaterThan(0);
    for (const metric of ['min', 'max']) expect(of(metric, 'salary')).toEqual([]);
    expect(of('max', 'note.length').some(({ value }) => value === NOTE.length)).toBe(true);
  });
});

describe('dead letters', () => {
  it('come back as they were with the key, and with no other', async () => {
    const topic = 't.dead';
    const { entries } = await readLetters(log, topic, { ids: null }, process.stderr);
    const wanted = entries.filter(({ letter }) => letter.topic === 'loans.requests');
    expect(wanted.length).toBeGreaterThanOrEqual(4 * WINDOWS);
    const topics = await log.partitions(INPUTS);
    const before = (await readAll('loans.requests')).length;
    const other = createPrivacy('another key 0123456789');
    await expect(reinject(log, topic, wanted, topics, other)).rejects.toThrow(/another privacy.key/);
    expect((await readAll('loans.requests')).length).toBe(before);
    await reinject(log, topic, wanted, topics, privacyOf(config));
    const all = await readAll('loans.requests');
    const again = all.filter(({ headers }) => headers['x-replayed-from'] !== undefined);
    expect(again).toHaveLength(wanted.length);
    for (const { key, value, headers } of again) {
      const same = all.find(
        (one) => one.headers['x-replayed-from'] === undefined && one.value!.equals(value!),
      );
      expect(same?.key).toEqual(key);
      expect(same?.headers['x-patient']).toEqual(headers['x-patient']);
    }
  });
});

it('a decision has no digest from which its request could be guessed', async () => {
  const [decision] = (await readAll('t.decisions')).map(({ value }) => JSON.parse(value!.toString()));
  const request = (await readAll('loans.requests')).find(({ key }) => key?.toString() === 'asked');
  expect(decision.id).toBe('asked');
  expect(decision.digest).toMatch(/^[0-9a-f]{64}$/);
  expect(decision.digest).not.toBe(createHash('sha256').update(request!.value!).digest('hex'));
});

it('files of a replay hold none either', async () => {
  const from = join(dir, 'requests.ndjson');
  const out = join(dir, 'out');
  const said = await telltale(['--config', dir, 'replay', from, '--out', out], wiring);
  expect([said.code, leaksIn(said.out + said.err)]).toEqual([0, []]);
  const files = readdirSync(out, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  expect(files.length).toBeGreaterThan(2);
  for (const file of files) {
    const bytes = readFileSync(join(file.parentPath, file.name));
    expect([file.name, leaksIn(bytes)]).toEqual([file.name, []]);
  }
});
