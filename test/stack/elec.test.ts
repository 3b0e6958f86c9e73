/**
 * The electricity market of New South Wales (M. Harries, Splice-2 comparative evaluation, 1999): at data row
 * 17,424, counted from 0, the Victorian market joins, and three inputs that were constant start to vary.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import avsc from 'avsc';
import { afterEach, expect, test } from 'vitest';
import { configFolder, killDaemons, MAIN, readPublic, startDaemon } from './daemon.ts';
import { describeStack } from './support/context.ts';
import { type ForeignRecord, javaProduce } from './support/foreign.ts';
import { influxQuery } from './support/influx.ts';
import { registerSchema, wireEncode } from './support/registry.ts';
import { createTopics, uniquePrefix } from './support/topics.ts';

/** Given beside the project; not part of it. */
const FILE = fileURLToPath(new URL('../../../shared/data/elec.csv', import.meta.url));
const INPUTS = ['period', 'nswprice', 'nswdemand', 'vicprice', 'vicdemand', 'transfer'] as const;
const VICTORIA = ['transfer', 'vicdemand', 'vicprice'];

const BASELINE_ROWS = 15_000;
const CHANGED_ROW = 17_424;
const DAY_ROWS = 48;
const HALF_HOUR_MS = 1_800_000;
const DAY_MS = DAY_ROWS * HALF_HOUR_MS;
const START_MS = Date.parse('1996-05-07T00:00:00Z');
const timeOf = (row: number): number => START_MS + row * HALF_HOUR_MS;

const TYPE = avsc.Type.forSchema({
  type: 'record',
  name: 'MarketRow',
  namespace: 'elec',
  fields: [
    { name: 'id', type: 'long' },
    { name: 'time', type: { type: 'long', logicalType: 'timestamp-millis' } },
    ...INPUTS.map((name) => ({ name, type: 'double' as const })),
  ],
});

function serviceOf(topic: string) {
  return {
    service: 'elec',
    streams: { requests: { topic, encoding: 'avro' } },
    inputs: Object.fromEntries(INPUTS.map((name) => [name, { type: 'numeric' }])),
    baseline: '../elec.json',
    windows: { size: '1d', lateness: '30m', idle_after: '1h', max_future: '30m' },
    rules: [
      // A day is 48 rows: PSI over twelve cells is then about 11 (1/48 + 1/15,000) = 0.23 with no drift at all
      // and twice that now and then, so the usual 0.25 would fire every other day.
      { name: 'drift', metric: 'psi', subject: '*', critical: '> 1', min_n: 40 },
    ],
  };
}

describeStack('the electricity market through Kafka', (stack) => {
  const folders: { remove(): void }[] = [];
  afterEach(async () => {
    await killDaemons();
    for (const folder of folders.splice(0)) folder.remove();
  });

  test('the three inputs that start to vary are flagged within their first full day, and not before', async (context) => {
    if (!existsSync(FILE)) context.skip('shared/data/elec.csv is not beside the project');
    const prefix = uniquePrefix('elec');
    const topic = `${prefix}.market`;
    // The records are from 1996, and Kafka would soon delete what is older than its retention.
    await createTopics(stack.kafka, [{ topic, config: { 'retention.ms': '-1' } }]);
    const folder = configFolder(stack, prefix);
    folders.push(folder);
    folder.service(serviceOf(topic));
    execFileSync(process.execPath, [
      ...[MAIN, '--config', folder.dir, 'baseline', 'build', '--service', 'elec', '--from', FILE],
      ...['--rows', String(BASELINE_ROWS), '--out', `${folder.dir}/elec.json`],
    ]);

    const rows = readFileSync(FILE, 'utf8').trim().split('\n').slice(1);
    expect(rows).toHaveLength(45_312);
    const id = await registerSchema(
      stack.registry,
      `${topic}-value`,
      JSON.parse(JSON.stringify(TYPE.schema())),
    );
    function* records(): Generator<ForeignRecord> {
      for (let row = BASELINE_ROWS; row < rows.length; row++) {
        const cells = rows[row]!.split(',').map(Number);
        const inputs = Object.fromEntries(INPUTS.map((name, i) => [name, cells[i]]));
        const value = wireEncode(id, TYPE, { id: row, time: timeOf(row), ...inputs });
        yield { timestampMs: timeOf(row), key: String(row), value };
      }
    }
    const daemon = await startDaemon(folder.dir);
    await daemon.untilReady();
    const sent = await javaProduce(stack.kafka, topic, records(), { compression: 'lz4' });
    expect(sent).toBe(rows.length - BASELINE_ROWS);
    // The rows end with a whole day; the last one that a later row closes is the day before.
    const lastEndMs = timeOf(rows.length) - DAY_MS;
    await daemon.until('last day', async () => (await daemon.service('elec')).eventTimeMs === lastEndMs);
    expect((await daemon.end('SIGTERM')).code).toBe(0);
    await influxQuery(stack.influx, prefix, `DROP DATABASE "${prefix}"`);

    const results = await readPublic(stack.kafka, folder.prefix, 'result');
    const volumes = results.filter(({ metric }) => metric === 'volume');
    const counted = volumes.reduce((sum, { value }) => sum + value!, 0);
    expect(counted).toBe(rows.length - BASELINE_ROWS - DAY_ROWS);

    const changedMs = timeOf(CHANGED_ROW);
    const alerts = await readPublic(stack.kafka, folder.prefix, 'alert');
    const ofVictoria = alerts.filter(({ subject }) => VICTORIA.includes(subject));
    expect(ofVictoria.filter(({ windowEndMs }) => windowEndMs <= changedMs)).toEqual([]);
    const first = ofVictoria.filter(
      ({ state, windowEndMs }) => state === 'firing' && windowEndMs <= changedMs + DAY_MS,
    );
    expect(first.map(({ subject }) => subject).sort()).toEqual(VICTORIA);
    for (const alert of first) {
      expect(alert).toMatchObject({
        service: 'elec',
        rule: 'drift',
        metric: 'psi',
        level: 'critical',
        n: DAY_ROWS,
        windowStartMs: changedMs,
      });
    }
    // Before that day the three were as in the baseline, to the last digit.
    const calm = results.filter(
      ({ metric, subject, windowEndMs }) =>
        metric === 'psi' && VICTORIA.includes(subject) && windowEndMs <= changedMs,
    );
    expect(calm.length).toBeGreaterThan(3 * 48);
    expect(Math.max(...calm.map(({ value }) => value!))).toBeLessThan(0.2);
  });
});
