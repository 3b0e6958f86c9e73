import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import avro from 'avsc';
import { describe, expect, test } from 'vitest';
import type { Alert, Result, Retrain } from '../../src/records.ts';
import { fakeWiring, folder, telltale } from './support.ts';

const daemon = 'kafka: { brokers: [localhost:9092] }\nservices: services\n';
const service = `service: house
streams:
  requests: { topic: house.requests }
  predictions: { topic: house.predictions, fields: { price: price } }
  labels: { topic: house.labels, fields: { price: price } }
inputs:
  area: { type: numeric, from: house.area }
  district: { type: categorical }
outputs:
  price: { type: regressor }
windows: { size: 1h, lateness: 0s }
rules:
  - { name: areas, metric: mean, subject: area, critical: '> 100', min_n: 1 }
retrain: { mode: automatic, on: [areas], level: critical, cooldown: 1d, lookback: 1h }
`;
const { METRICS } = await import('../../src/metric/registry.ts');
const wiring = fakeWiring({ registries: { metrics: new Map(Object.entries(METRICS)) } });
const ROWS = 8;
const at = (row: number): string => new Date(Date.UTC(2026, 0, 1) + row * 1_800_000).toISOString();
const areaOf = (row: number): number => (row < 4 ? 50 + row : 200);

const rows = Array.from({ length: ROWS }, (_, i) => ({
  id: `h${i}`,
  time: at(i),
  house: { area: areaOf(i) },
  district: i % 2 ? 'west' : 'east',
}));
const ndjson = rows.map((row) => JSON.stringify(row)).join('\n');
const csv = [
  'id,time,area,district',
  ...rows.map((r) => `${r.id},${r.time},${r.house.area},${r.district}`),
].join('\n');

const base = { 'telltale.yaml': daemon, 'services/house.yaml': service };

type Line = { type: string } & Partial<Result> & Partial<Alert> & { code?: string };
const replayed = async (
  files: Record<string, string | Buffer>,
  args: string[],
  more: { isTTY?: boolean } = {},
) => {
  const dir = folder({ ...base, ...files });
  const paths = args.map((arg) => arg.replace('DIR', dir));
  const done = await telltale(['replay', '--config', dir, ...paths], wiring, more);
  const lines = done.code === 0 && !args.includes('--out') ? done.out.trim().split('\n') : [];
  return { ...done, dir, lines: lines.map((line) => JSON.parse(line) as Line) };
};
const values = (lines: readonly Line[], metric: string, subject = '') =>
  lines
    .filter((line) => line.type === 'result' && line.metric === metric && line.subject === subject)
    .map(({ value }) => value);
const MEANS = [50.5, 52.5, 200, 200];

async function avroFile(): Promise<Buffer> {
  const area = { type: 'record', name: 'House', fields: [{ name: 'area', type: 'double' }] };
  const type = avro.Type.forSchema({
    type: 'record',
    name: 'Row',
    fields: [
      { name: 'id', type: 'string' },
      { name: 'time', type: { type: 'long', logicalType: 'timestamp-micros' } },
      { name: 'house', type: area },
      { name: 'district', type: 'string' },
    ],
  } as avro.Schema);
  const encoder = new avro.streams.BlockEncoder(type, { codec: 'deflate' });
  const chunks: Buffer[] = [];
  encoder.on('data', (chunk: Buffer) => chunks.push(chunk));
  const ended = new Promise((resolve) => encoder.on('end', resolve));
  for (const row of rows) encoder.write({ ...row, time: Date.parse(row.time) * 1_000 });
  encoder.end();
  await ended;
  return Buffer.concat(chunks);
}

describe('replay', () => {
  test('NDJSON, CSV and Avro give the same records', async () => {
    const files = { 'a.ndjson': ndjson, 'a.csv': csv, 'a.avro': await avroFile() };
    const outs = [];
    for (const name of Object.keys(files)) {
      const { code, err, lines, out } = await replayed(files, [`DIR/${name}`]);
      expect(err).toMatch(
        /^house: 8 records, \d+ results, 1 alerts, \d+ incident events, 1 retrain events, 0 roll-out events, 0 dead, [\d.]+ s\n$/,
      );
      expect(code).toBe(0);
      expect(values(lines, 'mean', 'area')).toEqual(MEANS);
      outs.push(out);
    }
    expect(outs[1]).toBe(outs[0]);
    expect(outs[2]).toBe(outs[0]);
  });

  test('alerts and retrain events name the windows and the rows', async () => {
    const { out } = await replayed({ 'a.csv': csv }, ['DIR/a.csv', '--service', 'house']);
    const lines = out.trim().split('\n');
    const of = (type: string) => lines.map((line) => JSON.parse(line)).filter((line) => line.type === type);
    expect(of('alert')).toMatchObject([
      { state: 'firing', rule: 'areas', windowStartMs: Date.UTC(2026, 0, 1, 2) },
    ]);
    const [retrain] = of('retrain') as Retrain[];
    expect(retrain!.data.ranges).toMatchObject([
      { stream: 'requests', partition: 0, fromOffset: 2, toOffset: 5 },
    ]);
  });

  test('streams in several files are merged by event time and joined', async () => {
    const price = (add: number, later: number) =>
      rows
        .map((row, i) => JSON.stringify({ id: row.id, time: at(i + later), price: 10 * i + add }))
        .join('\n');
    const sold = ['id,time,price', ...rows.map((row, i) => `${row.id},${at(i + 1)},${10 * i}`)].join('\n');
    const files = { 'a.ndjson': ndjson, 'p.ndjson': price(4, 0), 'sold.csv': sold };
    const { err, lines } = await replayed(files, [
      'DIR/a.ndjson',
      'predictions=DIR/p.ndjson',
      'labels=DIR/sold.csv',
    ]);
    expect(err).toContain('24 records');
    expect(values(lines, 'mae', 'price')).toEqual([4, 4, 4, 4]);
    const byOption = await replayed(files, ['DIR/sold.csv', '--stream', 'labels']);
    expect(values(byOption.lines, 'mean', 'area')).toEqual([]);
    expect(byOption.code).toBe(0);
  });

  test('rows without id and time get them by their place', async () => {
    const bare = csv
      .split('\n')
      .map((line) => line.split(',').slice(2).join(','))
      .join('\n');
    const steps = ['--time-start', at(0), '--time-step', '30m'];
    const { lines, err } = await replayed({ 'a.csv': bare }, ['DIR/a.csv', ...steps]);
    expect(err).toContain('0 dead');
    expect(values(lines, 'mean', 'area')).toEqual(MEANS);
  });

  test('cells that are no numbers are invalid, rows without a time are dead letters', async () => {
    const broken = csv.replace('51,west', 'much,west').replace(at(3), 'noon');
    const { lines } = await replayed({ 'a.csv': broken }, ['DIR/a.csv']);
    expect(values(lines, 'invalid_rate', 'area')).toEqual([0.5, 0, 0, 0]);
    const dead = lines.filter(({ type }) => type === 'dead');
    expect(dead).toMatchObject([{ service: 'house', code: 'time_missing', offset: 3, key: 'a.csv:4' }]);
  });

  test('records go to files, and the summary to standard output as JSON', async () => {
    const { code, out, dir } = await replayed({ 'a.csv': csv }, [
      'DIR/a.csv',
      '--out',
      'DIR/out/deep',
      '--json',
    ]);
    expect(code).toBe(0);
    const summary = JSON.parse(out);
    expect(summary).toMatchObject({ service: 'house', records: 8, alerts: 1, retrains: 1, dead: 0 });
    const files = join(dir, 'out/deep');
    expect(readdirSync(files).sort()).toEqual([
      'alerts.ndjson',
      'dead.ndjson',
      'incidents.ndjson',
      'results.ndjson',
      'retrain.ndjson',
      'rollout.ndjson',
    ]);
    const lines = readFileSync(join(files, 'results.ndjson'), 'utf8').trim().split('\n');
    expect(lines).toHaveLength(summary.results);
  });

  test('a terminal sees the progress', async () => {
    const { err } = await replayed({ 'a.csv': csv }, ['DIR/a.csv'], { isTTY: true });
    expect(err).toContain('replay house');
    expect(err).toContain('8 records');
  });

  test.each<[string, string[], RegExp]>([
    ['a file that is missing', ['DIR/none.csv'], /error\[file_unreadable\].*none\.csv/],
    [
      'an unknown service',
      ['DIR/a.csv', '--service', 'hous'],
      /error\[usage\].*there are: house; did you mean 'house'/,
    ],
    [
      'a stream that the service has not',
      ['feedback=DIR/a.csv'],
      /no stream 'feedback'; it has requests, predictions, labels/,
    ],
    ['an unknown format', ['DIR/a.txt'], /cannot tell the format of .*a\.txt; give --format/],
    [
      'no time',
      ['DIR/bare.csv'],
      /error\[input_unreadable\].*no event time at 'time'.*has area; give --time-start/,
    ],
    [
      'half of the times',
      ['DIR/a.csv', '--time-start', at(0)],
      /--time-start and --time-step belong together/,
    ],
    ['a bad duration', ['DIR/a.csv', '--time-step', 'soon'], /It must be a duration/],
    ['a broken line', ['DIR/b.ndjson'], /error\[input_unreadable\].*b\.ndjson: line 2/],
  ])('%s is an error with its cure', async (_, args, message) => {
    const files = {
      'a.csv': csv,
      'a.txt': csv,
      'bare.csv': 'area\n1\n',
      'b.ndjson': `${rows.map((r) => JSON.stringify(r))[0]}\n{`,
    };
    const { code, err } = await replayed(files, args);
    expect(code).not.toBe(0);
    expect(err).toMatch(message);
    expect(err).toContain('help: ');
  });
});
