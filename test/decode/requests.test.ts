import { describe, expect, it } from 'vitest';
import { type CategoricalColumn, CELL_INVALID, CELL_MISSING, type LogRecord } from '../../src/records.ts';
import { cells, codes, decode, input, json, NOW, record, service, stream } from './helpers.ts';

const time = NOW;

async function oneCell(type: 'numeric' | 'categorical' | 'text' | 'image', value: unknown): Promise<unknown> {
  const batch = await decode(
    service({ inputs: [input('x', type)] }),
    stream(),
    json({ id: 'a', time, x: value }),
  );
  expect(batch.n).toBe(1);
  return cells(batch)[0]![0];
}

async function timesOf(values: unknown[], spec = service()): Promise<[number[], string[]]> {
  const records = json(...values.map((value) => ({ id: 'a', time: value })));
  const batch = await decode(spec, stream(), records);
  return [[...batch.times], codes(batch)];
}

describe('rows', () => {
  it('keeps good rows in offset order and gives bad ones back with their record', async () => {
    const records: LogRecord[] = [
      ...json({ id: 'a', time, x: 1 }),
      record(null, 1),
      record(Buffer.alloc(0), 2),
      record(Buffer.from('{"id": "b", "time"'), 3),
      record(Buffer.from('7'), 4),
      record(Buffer.from(JSON.stringify({ id: 'c', time, x: 2 })), 5),
    ];
    const batch = await decode(service({ inputs: [input('x', 'numeric')] }), stream(), records);
    expect([...batch.offsets]).toEqual([0, 5]);
    expect(batch.ids).toEqual(['a', 'c']);
    expect(cells(batch)).toEqual([[1, 2]]);
    expect(codes(batch)).toEqual(['empty', 'empty', 'json', 'json']);
    expect(batch.dead[2]).toMatchObject({ offset: 3, stage: 'decode', record: records[3] });
  });

  it('refuses a 5 MB message at a limit of 1 MB and reads the one behind it', async () => {
    const records = json({ id: 'a', time, x: 'y'.repeat(5_000_000) }, { id: 'b', time, x: 'small' });
    const batch = await decode(service({ inputs: [input('x', 'text')] }), stream(), records);
    expect(codes(batch)).toEqual(['too_large']);
    expect(batch.ids).toEqual(['b']);
  });

  it('reads ids from strings and numbers, and falls back to the key only where the record has none', async () => {
    const records = [
      ...json(
        { id: 42, time },
        { id: 'x', time },
        { id: { a: 1 }, time },
        { time },
        { id: '', time },
        { id: null, time },
      ),
      record(Buffer.from(JSON.stringify({ time })), 6, 'key-6'),
    ];
    const batch = await decode(service(), stream(), records);
    expect(batch.ids).toEqual(['42', 'x', 'key-6']);
    expect(codes(batch)).toEqual(['id_missing', 'id_missing', 'id_missing', 'id_missing']);
  });

  it('does not follow paths into what objects inherit', async () => {
    const spec = service({
      inputs: [input('p', 'text', '__proto__.polluted'), input('c', 'text', 'constructor.name')],
    });
    const value = Buffer.from(`{"id":"a","time":${time},"__proto__":{"isAdmin":true}}`);
    const batch = await decode(spec, stream({ id: 'id' }), [record(value)]);
    expect(cells(batch)).toEqual([[`state ${CELL_MISSING}`], [`state ${CELL_MISSING}`]]);
    expect(({} as Record<string, unknown>).isAdmin).toBeUndefined();
  });
});

describe('event time', () => {
  it('reads milliseconds, seconds and ISO 8601, and an absent zone as UTC', async () => {
    const at = Date.UTC(2026, 0, 2, 3, 4, 5);
    const [times, dead] = await timesOf([
      at,
      at / 1000,
      '2026-01-02T03:04:05Z',
      '2026-01-02T03:04:05',
      '2026-01-02 03:04:05.000',
      '2026-01-02T05:04:05+02:00',
      '2026-01-02T05:04:05+0200',
      '2026-01-02T05:04:05+02',
    ]);
    expect(dead).toEqual([]);
    expect(times).toEqual(new Array(8).fill(at));
  });

  it('refuses what is no time', async () => {
    const [times, dead] = await timesOf([undefined, null, 'yesterday', '7', '2026-13-01', true, {}]);
    expect(times).toEqual([]);
    expect(dead).toEqual(new Array(7).fill('time_missing'));
  });

  it('keeps 1970, refuses 2100, and refuses the past only where a bound is set', async () => {
    const values = ['1970-01-01T00:00:00Z', '2100-01-01T00:00:00Z', NOW - 5000];
    expect(await timesOf(values)).toEqual([[0, NOW - 5000], ['time_future']]);
    const strict = service();
    strict.windows.maxPastMs = 10_000;
    expect(await timesOf(values, strict)).toEqual([[NOW - 5000], ['time_past', 'time_future']]);
  });

  it('is the time of the log where no path is configured', async () => {
    const batch = await decode(service(), stream({ time: '' }), json({ id: 'a' }));
    expect([...batch.times]).toEqual([NOW]);
  });
});

describe('cells', () => {
  const invalid = `state ${CELL_INVALID}`;
  const missing = `state ${CELL_MISSING}`;

  it('numeric: numbers only', async () => {
    expect(await oneCell('numeric', -1.5)).toBe(-1.5);
    for (const value of [true, '1', {}, [1]]) expect(await oneCell('numeric', value)).toBe(invalid);
    for (const value of [null, undefined]) expect(await oneCell('numeric', value)).toBe(missing);
    const huge = record(Buffer.from(`{"id":"a","time":${time},"x":1e999}`));
    const batch = await decode(service({ inputs: [input('x', 'numeric')] }), stream(), [huge]);
    expect(cells(batch)).toEqual([[invalid]]);
  });

  it('categorical: strings, booleans and whole numbers, cut to 256 characters', async () => {
    expect(await oneCell('categorical', 'de')).toBe('de');
    expect(await oneCell('categorical', '')).toBe('');
    expect(await oneCell('categorical', true)).toBe('true');
    expect(await oneCell('categorical', 7)).toBe('7');
    expect(await oneCell('categorical', 1e21)).toBe('1000000000000000000000');
    expect(await oneCell('categorical', 7.5)).toBe(invalid);
    expect(await oneCell('categorical', ['a'])).toBe(invalid);
    expect(await oneCell('categorical', 'a'.repeat(300))).toBe('a'.repeat(256));
    expect(await oneCell('categorical', `${'a'.repeat(255)}😀`)).toBe('a'.repeat(255));
  });

  it('text: strings', async () => {
    expect(await oneCell('text', 'grüße')).toBe('grüße');
    expect(await oneCell('text', '')).toBe('');
    expect(await oneCell('text', 5)).toBe(invalid);
  });

  it('image: base64, with or without a data URL; an empty one is missing', async () => {
    expect(await oneCell('image', 'AQID')).toBe('010203');
    expect(await oneCell('image', 'data:image/png;base64,AQID')).toBe('010203');
    expect(await oneCell('image', 'AQI=')).toBe('0102');
    expect(await oneCell('image', '')).toBe(missing);
    expect(await oneCell('image', 'no base64!')).toBe(invalid);
    expect(await oneCell('image', 'A')).toBe(invalid);
    expect(await oneCell('image', 5)).toBe(invalid);
    const large = Buffer.alloc(600_000, 7);
    expect(await oneCell('image', large.toString('base64'))).toBe(large.toString('hex'));
  });

  it('codes 20,000 categories, and leaves out those of dead rows', async () => {
    const values = Array.from({ length: 20_000 }, (_, i) => ({ id: String(i), time, x: `c${i}` }));
    const batch = await decode(
      service({ inputs: [input('x', 'categorical')] }),
      stream(),
      json(...values, { x: 'dead' }),
    );
    const column = batch.inputs[0] as CategoricalColumn;
    expect(batch.n).toBe(20_000);
    expect(codes(batch)).toEqual(['id_missing']);
    expect(column.dictionary).toHaveLength(20_000);
    expect(column.dictionary[column.codes[19_999]!]).toBe('c19999');
  });

  it('a dead row leaves nothing in the row that takes its place', async () => {
    const spec = service({ inputs: [input('t', 'text'), input('n', 'numeric'), input('i', 'image')] });
    const batch = await decode(spec, stream(), json({ time, t: 'x', n: 1, i: 'AQID' }, { id: 'b', time }));
    expect(batch.inputs).toMatchObject([{ values: [''] }, {}, { bytes: [null] }]);
    expect(cells(batch)).toEqual([[missing], [missing], [missing]]);
  });
});
