import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { deflateRaw } from 'node:zlib';
import avro from 'avsc';
import snappy from 'snappy';
import { describe, expect, it } from 'vitest';
import { CELL_INVALID, CELL_MISSING, CELL_OK, type Column, type LogRecord } from '../../src/records.ts';
import { drain, fakeWiring, folder, telltale } from './support.ts';

const config = {
  'telltale.yaml': '',
  'services/a.yaml': `service: shop
streams: { requests: { topic: t } }
inputs:
  amount: { type: numeric, from: payment.amount }
  channel: { type: categorical }
  query: { type: text }
baseline: not-built-yet.json
`,
};

async function build(files: Record<string, string | Buffer>, args: string[], wiring = fakeWiring()) {
  const dir = folder({ ...config, ...files });
  const words = args.map((word) =>
    Object.hasOwn(files, word) || word === 'out/b.json' ? join(dir, word) : word,
  );
  const result = await telltale(['baseline', 'build', '--config', dir, ...words], wiring);
  return { ...result, dir, added: wiring.added };
}

/** The cells of all chunks as plain values. */
function cells(added: { columns: Column[] }[], input: number): unknown[] {
  return added.flatMap(({ columns }) => {
    const column = columns[input]!;
    return Array.from(column.state, (state, row) => {
      if (state !== CELL_OK) return state === CELL_MISSING ? 'missing' : 'invalid';
      if (column.kind === 'categorical') return column.dictionary[column.codes[row]!];
      return column.kind === 'image' ? column.bytes[row] : column.values[row];
    });
  });
}

describe('telltale baseline build', () => {
  const rows = [
    ['1.5', 'web', 'socks'],
    ['', '', ''],
    ['x', 'shop', '12'],
  ];
  const csv = `\ufeff"payment.amount",channel,query\r\n${rows.map((row) => row.join(',')).join('\r\n')}\r\n`;

  it('reads CSV: typed by the inputs, empty cells missing', async () => {
    const { code, out, err, added } = await build({ 'a.csv': csv }, ['--service', 'shop', '--from', 'a.csv']);
    expect([code, err]).toEqual([0, '']);
    expect(cells(added, 0)).toEqual([1.5, 'missing', 'invalid']);
    expect(cells(added, 1)).toEqual(['web', 'missing', 'shop']);
    expect(cells(added, 2)).toEqual(['socks', 'missing', '12']);
    expect(JSON.parse(out)).toMatchObject({ format: 'telltale-baseline/1', service: 'shop', n: 3 });
  });

  it('reads NDJSON by path and by name, with a line without an end', async () => {
    const text =
      '{"payment":{"amount":2},"channel":"a","query":"q"}\n\n{"amount":3,"channel":true,"query":7}';
    const { added } = await build({ 'a.jsonl': text }, ['--service', 'shop', '--from', 'a.jsonl']);
    expect(cells(added, 0)).toEqual([2, 3]);
    expect(cells(added, 1)).toEqual(['a', 'true']);
    expect(cells(added, 2)).toEqual(['q', 'invalid']);
    expect([CELL_INVALID, added[0]!.n]).toEqual([2, 2]);
  });

  const schema = avro.Type.forSchema({
    type: 'record',
    name: 'Row',
    fields: [
      {
        name: 'payment',
        type: { type: 'record', name: 'P', fields: [{ name: 'amount', type: ['null', 'double'] }] },
      },
      { name: 'channel', type: 'string' },
      { name: 'query', type: ['null', 'string'] },
    ],
  } as avro.Schema);

  /** Snappy as other writers make it: a CRC-32 behind every block. */
  const snappyWithChecksum = (data: Buffer, done: (error: Error | null, out?: Buffer) => void) =>
    done(null, Buffer.concat([snappy.compressSync(data), Buffer.alloc(4)]));

  async function container(count: number, codec: string): Promise<Buffer> {
    const codecs = {
      null: (data: Buffer, done: (error: null, out: Buffer) => void) => done(null, data),
      deflate: deflateRaw,
      snappy: snappyWithChecksum,
    };
    const encoder = new avro.streams.BlockEncoder(schema, { codec, codecs } as object);
    const whole = drain(encoder.pipe(new PassThrough()));
    for (let i = 0; i < count; i++) {
      encoder.write({ payment: { amount: i === 1 ? null : i }, channel: 'c', query: 'q' });
    }
    encoder.end();
    return whole;
  }

  it.each(['null', 'deflate', 'snappy'])('reads Avro files of the codec %s in chunks', async (codec) => {
    const file = await container(2500, codec);
    const { added, code } = await build({ 'a.avro': file }, ['--service', 'shop', '--from', 'a.avro']);
    expect(code).toBe(0);
    expect(added.map(({ n }) => n)).toEqual([1000, 1000, 500]);
    expect(cells(added, 0).slice(0, 3)).toEqual([0, 'missing', 2]);
    expect(cells(added, 0).at(-1)).toBe(2499);
  });

  it('takes a range of rows over all files together', async () => {
    const lines = (from: number) =>
      Array.from(
        { length: 1500 },
        (_, i) => `${JSON.stringify({ amount: from + i, channel: 'c', query: 'q' })}\n`,
      ).join('');
    const files = { 'a.ndjson': lines(0), 'b.ndjson': lines(1500) };
    const args = ['--service', 'shop', '--from', 'a.ndjson', 'b.ndjson', '--skip', '1400', '--rows', '200'];
    const { added } = await build(files, args);
    expect(cells(added, 0)).toEqual(Array.from({ length: 200 }, (_, i) => 1400 + i));
  });

  it('writes a file in one step, with a line for each track', async () => {
    const { dir, err, out } = await build({ 'a.csv': csv }, [
      '--service',
      'shop',
      '--from',
      'a.csv',
      '--out',
      'out/b.json',
    ]);
    expect(out).toBe('');
    expect(err).toMatch(/out\/b\.json: 3 rows, 1 tracks, 1 kB\n$/);
    expect(readdirSync(join(dir, 'out'))).toEqual(['b.json']);
    const text = readFileSync(join(dir, 'out/b.json'), 'utf8');
    expect(JSON.parse(text).tracks.x.counts).toEqual({ a: 1 });
    expect(text.split('\n')).toHaveLength(9);
  });

  it('says in JSON what it wrote', async () => {
    const { out, err } = await build({ 'a.csv': csv }, [
      '--service',
      'shop',
      '--from',
      'a.csv',
      '--out',
      'out/b.json',
      '--json',
    ]);
    expect(JSON.parse(out)).toMatchObject({ ok: true, service: 'shop', rows: 3 });
    expect(err).toBe('');
  });

  it.each<[string, Record<string, string | Buffer>, string[], number, RegExp]>([
    [
      'no such service',
      { 'a.csv': csv },
      ['--service', 'shp', '--from', 'a.csv'],
      2,
      /no service 'shp'.*did you mean 'shop'/,
    ],
    ['no source', {}, ['--service', 'shop'], 2, /either --from FILE\.\.\. or --topic/],
    [
      'a bad count',
      { 'a.csv': csv },
      ['--service', 'shop', '--from', 'a.csv', '--rows', '1.5'],
      2,
      /whole number/,
    ],
    ['a bad time', {}, ['--service', 'shop', '--topic', 't', '--from-time', 'noon'], 2, /ISO 8601/],
    ['rows of a topic', {}, ['--service', 'shop', '--topic', 't', '--rows', '1'], 2, /cut by time/],
    ['an unknown format', { 'a.txt': csv }, ['--service', 'shop', '--from', 'a.txt'], 2, /give --format/],
    ['no file', {}, ['--service', 'shop', '--from', 'gone.csv'], 1, /file_unreadable.*gone\.csv/],
    [
      'a broken line',
      { 'a.ndjson': '{}\n{"a":\n' },
      ['--service', 'shop', '--from', 'a.ndjson'],
      1,
      /a\.ndjson: line 2: /,
    ],
    [
      'a list as line',
      { 'a.ndjson': '[1]\n' },
      ['--service', 'shop', '--from', 'a.ndjson'],
      1,
      /line 1: not a JSON object/,
    ],
    [
      'a short CSV row',
      { 'a.csv': 'amount,channel,query\n1,2\n' },
      ['--service', 'shop', '--from', 'a.csv'],
      1,
      /input_unreadable.*line 2/,
    ],
    [
      'no rows',
      { 'a.csv': 'amount,channel,query\n' },
      ['--service', 'shop', '--from', 'a.csv'],
      1,
      /no rows in /,
    ],
    ['no Avro', { 'a.avro': 'PK' }, ['--service', 'shop', '--from', 'a.avro'], 1, /input_unreadable/],
    [
      'a column that is away',
      { 'a.csv': 'amount,chanel,query\n1,a,b\n' },
      ['--service', 'shop', '--from', 'a.csv'],
      1,
      /no value in any row for channel; the first row has amount, chanel, query/,
    ],
  ])('says what is wrong: %s', async (_what, files, args, code, message) => {
    const result = await build(files, args);
    expect(result.err).toMatch(message);
    expect(result.code).toBe(code);
  });

  it('refuses an Avro file that is cut off', async () => {
    const file = await container(2500, 'deflate');
    const { code, err } = await build({ 'a.avro': file.subarray(0, file.length - 100) }, [
      '--service',
      'shop',
      '--from',
      'a.avro',
    ]);
    expect(err).toContain('error[input_unreadable]');
    expect(code).toBe(1);
  });

  // A time without a zone is UTC, as in the streams.
  it('reads a topic range through the decoder and counts what it cannot read', async () => {
    const ranges: unknown[] = [];
    const record = { topic: 't', partition: 0, offset: 0 } as LogRecord;
    const wiring = fakeWiring({
      readTopic: async function* (_config, range) {
        ranges.push(range);
        yield [record, record];
        yield [record];
      },
      createRequestDecoder: () => async (records) => ({
        n: records.length - 1,
        offsets: new Float64Array(),
        times: new Float64Array(),
        ids: [],
        dead: [{ offset: 0, code: 'json', stage: 'decode', message: '', record }],
        inputs: [],
        outputs: [],
        latencyMs: null,
        failed: null,
        feedback: null,
        telemetry: null,
      }),
    });
    const args = [
      '--service',
      'shop',
      '--topic',
      't',
      '--from-time',
      '2026-01-01T00:00:00Z',
      '--to-time',
      '5',
    ];
    const { code, err, out } = await build({}, args, wiring);
    expect(code).toBe(0);
    expect(ranges).toEqual([{ topic: 't', fromMs: Date.UTC(2026, 0, 1), toMs: 5 }]);
    expect(err).toBe('2 records of t could not be read and are left out\n');
    expect(JSON.parse(out).n).toBe(1);
  });
});
