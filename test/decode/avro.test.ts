import { describe, expect, it } from 'vitest';
import { createDecoder } from '../../src/decode/decoder.ts';
import type { LogRecord } from '../../src/records.ts';
import {
  answers,
  avroRecord,
  cells,
  codes,
  confluent,
  decode,
  encode,
  input,
  NOW,
  output,
  record,
  schemasOf,
  service,
  stream,
} from './helpers.ts';

const amount = service({ inputs: [input('amount', 'numeric')] });
const avro = stream({ encoding: 'avro' });
const ID = { name: 'id', type: 'string' };
const TIME = { name: 'time', type: 'long' };
const V1 = avroRecord([ID, TIME, { name: 'amount', type: 'double' }]);

/** One value through avro_file, read into columns and as objects: both must say the same. */
async function viaFile(schema: string, values: unknown[], spec = amount, part = {}) {
  const file = stream({ encoding: 'avro_file', schemaFile: 'a.avsc', ...part });
  const records = values.map((value, i) => record(Buffer.isBuffer(value) ? value : encode(schema, value), i));
  const fast = await decode(spec, file, records, { schemaFile: schema });
  const slow = await decode(spec, file, records, { schemaFile: schema, columns: false });
  expect([cells(fast), fast.ids, fast.times, codes(fast)]).toEqual([
    cells(slow),
    slow.ids,
    slow.times,
    codes(slow),
  ]);
  return fast;
}

describe('Confluent wire format', () => {
  const good = encode(V1, { id: 'a', time: NOW, amount: 5 });

  it('reads what is good, and says what is wrong with the rest', async () => {
    const values = [
      confluent(7, good),
      Buffer.from([0, 0, 0]),
      Buffer.concat([Buffer.from([1]), confluent(7, good).subarray(1)]),
      confluent(8, good),
      confluent(7, good.subarray(0, good.length - 3)),
      confluent(7, Buffer.concat([good, Buffer.from('tail')])),
      confluent(9, good),
      confluent(10, good),
      confluent(7, good),
    ];
    const schemas = schemasOf({ 7: V1, 9: avroRecord([{ name: 'other', type: 'int' }]), 10: '"string"' });
    const batch = await decode(
      amount,
      avro,
      values.map((value, i) => record(value, i)),
      { schemas },
    );
    expect([...batch.offsets]).toEqual([0, 8]);
    expect(cells(batch)).toEqual([[5, 5]]);
    expect(codes(batch)).toEqual([
      'wire_format',
      'wire_format',
      'schema_unknown',
      'avro',
      'avro',
      'schema_incompatible',
      'schema_incompatible',
    ]);
  });

  it('fetches a schema once, asks again for an unknown one, and has nothing to do in between', async () => {
    const asked: number[] = [];
    const known: Record<number, string> = { 7: V1 };
    const schemas = {
      get: async (id: number) => {
        asked.push(id);
        return known[id] ?? null;
      },
    };
    const decoder = createDecoder(amount, avro, { schemas, schemaFile: null });
    const seven = [record(confluent(7, good)), record(confluent(7, good), 1)];
    await decoder.prepare(seven);
    expect(decoder.decode(seven).n).toBe(2);
    expect(decoder.prepare(seven)).toBeNull();
    const eight = [record(confluent(8, good))];
    await decoder.prepare(eight);
    expect(codes(decoder.decode(eight))).toEqual(['schema_unknown']);
    known[8] = V1;
    await decoder.prepare(eight);
    expect(decoder.decode(eight).n).toBe(1);
    expect(asked).toEqual([7, 8, 8]);
  });

  it('fetches many schemas at once', async () => {
    const many = Object.fromEntries(Array.from({ length: 20 }, (_, id) => [id, V1]));
    const records = Array.from({ length: 20 }, (_, id) => record(confluent(id, good), id));
    expect((await decode(amount, avro, records, { schemas: schemasOf(many) })).n).toBe(20);
  });

  it('ends the process rather than losing records that were not prepared', () => {
    const decoder = createDecoder(amount, avro, { schemas: schemasOf({ 7: V1 }), schemaFile: null });
    expect(() => decoder.decode([record(confluent(7, good))])).toThrow('not prepared');
  });

  it('needs a registry, and avro_file a good schema', () => {
    expect(() => createDecoder(amount, avro, { schemas: null, schemaFile: null })).toThrow('schema registry');
    const file = stream({ encoding: 'avro_file', schemaFile: 'a.avsc' });
    expect(() => createDecoder(amount, file, { schemas: null, schemaFile: null })).toThrow('schema file');
    for (const schemaFile of ['{', '{"type":"nonsense"}', avroRecord([{ name: 'other', type: 'int' }])]) {
      expect(() => createDecoder(amount, file, { schemas: null, schemaFile })).toThrow('a.avsc');
    }
  });
});

describe('evolution', () => {
  const V2 = avroRecord([
    { name: 'channel', type: ['null', 'string'] },
    ID,
    { name: 'amount', type: 'double' },
    TIME,
  ]);
  const V3 = avroRecord([ID, TIME, { name: 'sum', type: 'int' }]);
  const spec = service({ inputs: [input('amount', 'numeric'), input('channel', 'categorical')] });
  const schemas = schemasOf({ 1: V1, 2: V2, 3: V3 });
  const records: LogRecord[] = [
    record(confluent(1, encode(V1, { id: 'a', time: NOW, amount: 1.5 })), 0),
    record(confluent(2, encode(V2, { id: 'b', time: NOW, amount: 2.5, channel: 'web' })), 1),
    record(confluent(1, encode(V1, { id: 'c', time: NOW, amount: 3.5 })), 2),
    record(confluent(3, encode(V3, { id: 'd', time: NOW, sum: 4 })), 3),
  ];

  it('reads every version as it was written', async () => {
    const batch = await decode(spec, avro, records, { schemas });
    expect(batch.ids).toEqual(['a', 'b', 'c', 'd']);
    expect(cells(batch)).toEqual([
      [1.5, 2.5, 3.5, 'state 1'],
      ['state 1', 'web', 'state 1', 'state 1'],
    ]);
  });

  it("resolves to the reader's schema with its defaults, aliases and promotions, whatever the record is called", async () => {
    const reader = avroRecord(
      [
        ID,
        TIME,
        { name: 'amount', type: 'double', aliases: ['sum'] },
        { name: 'channel', type: ['string', 'null'], default: 'unknown' },
      ],
      { namespace: 'somewhere.else' },
    );
    const batch = await decode(spec, avro, records, { schemas, schemaFile: reader });
    expect(batch.dead).toEqual([]);
    expect(cells(batch)).toEqual([
      [1.5, 2.5, 3.5, 4],
      ['unknown', 'web', 'unknown', 'unknown'],
    ]);
  });

  it("makes records dead that the reader's schema cannot read, and no others", async () => {
    const reader = avroRecord([ID, TIME, { name: 'amount', type: 'double' }]);
    const batch = await decode(spec, avro, records, { schemas, schemaFile: reader });
    expect(batch.ids).toEqual(['a', 'b', 'c']);
    expect(codes(batch)).toEqual(['schema_incompatible']);
  });
});

describe('values', () => {
  it('NaN, infinities and the wrong type are invalid cells, not dead rows', async () => {
    const schema = avroRecord([ID, TIME, { name: 'amount', type: ['null', 'double', 'string', 'boolean'] }]);
    const values = [Number.NaN, Number.POSITIVE_INFINITY, 'x', true, null, 1];
    const batch = await viaFile(
      schema,
      values.map((value) => ({ id: 'a', time: NOW, amount: value })),
    );
    expect(cells(batch)).toEqual([['state 2', 'state 2', 'state 2', 'state 2', 'state 1', 1]]);
  });

  it('reads logical time stamps in their unit, also before 1973, and other logical types as their base', async () => {
    const at = (logicalType: string, time: number) =>
      viaFile(
        avroRecord([
          ID,
          { name: 'time', type: ['null', { type: 'long', logicalType }] },
          { name: 'amount', type: 'int' },
        ]),
        [{ id: 'a', time, amount: 1 }],
      );
    expect([...(await at('timestamp-millis', NOW)).times]).toEqual([NOW]);
    expect([...(await at('timestamp-micros', NOW * 1000)).times]).toEqual([NOW]);
    expect([...(await at('timestamp-millis', 86_400_000)).times]).toEqual([86_400_000]);
    expect([...(await at('something-else', NOW / 1000)).times]).toEqual([NOW]);
  });

  it('reads a value that two paths name, for both', async () => {
    const spec = service({ inputs: [input('when', 'numeric', 'time'), input('who', 'categorical', 'id')] });
    const batch = await viaFile(V1, [{ id: 'a', time: NOW, amount: 1 }], spec);
    expect(cells(batch)).toEqual([[NOW], ['a']]);
    expect([...batch.times, ...batch.ids]).toEqual([NOW, 'a']);
  });

  it('keeps ids beyond 2^53 exact', async () => {
    const schema = avroRecord([{ name: 'id', type: 'long' }, TIME, { name: 'amount', type: 'long' }]);
    const varint = (value: bigint) => {
      const bytes: number[] = [];
      let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
      for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
      return Buffer.from([...bytes, Number(rest)]);
    };
    const ids = [2n ** 53n + 1n, -(2n ** 53n) - 1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n - 1n, 2n ** 27n];
    const payloads = ids.map((id) => Buffer.concat([varint(id), varint(BigInt(NOW)), varint(id)]));
    const batch = await viaFile(schema, payloads);
    expect(batch.ids).toEqual(ids.map(String));
    expect(cells(batch)).toEqual([ids.map(Number)]);
  });

  it('an empty image is missing, and bytes are an image', async () => {
    const spec = service({ inputs: [input('photo', 'image')] });
    const schema = avroRecord([ID, TIME, { name: 'photo', type: 'bytes' }]);
    const values = [Buffer.alloc(0), Buffer.from([1, 2])].map((photo) => ({ id: 'a', time: NOW, photo }));
    expect(cells(await viaFile(schema, values, spec))).toEqual([['state 1', '0102']]);
  });

  it('codes 20,000 categories over many batches like one that never forgets', async () => {
    const schema = avroRecord([ID, TIME, { name: 'x', type: 'string' }]);
    const spec = service({ inputs: [input('x', 'categorical')] });
    const decoder = createDecoder(spec, stream({ encoding: 'avro_file' }), {
      schemas: null,
      schemaFile: schema,
    });
    const all = Array.from({ length: 20_000 }, (_, i) => `category ${i}`);
    // Backwards the second time: the table has begun anew in between, and its codes are those of other batches.
    for (const names of [all, all.toReversed()]) {
      for (let from = 0; from < names.length; from += 1000) {
        const some = names.slice(from, from + 1000);
        const records = some.map((x, i) => record(encode(schema, { id: 'a', time: NOW, x }), from + i));
        expect(cells(decoder.decode(records))).toEqual([some]);
      }
    }
  });

  it('reads lists of classes', async () => {
    const schema = avroRecord([ID, TIME, { name: 'tags', type: { type: 'array', items: 'string' } }]);
    const part = { stream: 'labels' as const, fields: { tags: 'tags' } };
    const spec = service({ outputs: [output('tags', 'multilabel', ['red', 'green', 'blue'])] });
    const values = [['blue', 'green'], []].map((tags) => ({ id: 'a', time: NOW, tags }));
    expect(answers(await viaFile(schema, values, spec, part))).toMatchObject([
      { kind: 'set', words: [6, 0], state: [0, 0] },
    ]);
  });

  it('reads boxes and map entries as objects', async () => {
    const box = {
      type: 'record',
      name: 'Box',
      fields: ['x1', 'y1', 'x2', 'y2'].map((name) => ({ name, type: 'float' })),
    };
    box.fields.push({ name: 'label', type: 'int' }, { name: 'confidence', type: 'float' });
    const schema = avroRecord([ID, TIME, { name: 'boxes', type: { type: 'array', items: box } }]);
    const value = {
      id: 'a',
      time: NOW,
      boxes: [{ x1: 0, y1: 0.25, x2: 0.5, y2: 1, label: 1, confidence: 0.5 }],
    };
    const part = { stream: 'predictions' as const, fields: { parts: 'boxes' } };
    const spec = service({ outputs: [output('parts', 'detector', ['screw', 'nut'])] });
    expect(answers(await viaFile(schema, [value], spec, part))).toMatchObject([{ boxes: [value.boxes] }]);
    const tags = avroRecord([ID, TIME, { name: 'tags', type: { type: 'map', values: 'string' } }]);
    const country = service({ inputs: [input('country', 'categorical', 'tags.country')] });
    const tagged = await viaFile(tags, [{ id: 'a', time: NOW, tags: { country: 'de' } }], country);
    expect(cells(tagged)).toEqual([['de']]);
  });
});

describe('bytes that lie', () => {
  const long = (value: number) => encode('"long"', value);
  const head = Buffer.concat([encode('"string"', 'a'), long(NOW)]);
  const field = (type: unknown) => avroRecord([ID, TIME, { name: 'amount', type }]);
  const cases: [string, unknown, Buffer][] = [
    ['a string of 2 GB', 'string', long(2 ** 31)],
    ['bytes of a negative length', 'bytes', long(-5)],
    ['an array of 2 thousand million', { type: 'array', items: 'double' }, long(2 ** 31)],
    ['an array of 10^15 nulls', { type: 'array', items: 'null' }, long(10 ** 15)],
    [
      'a block whose size leads back',
      { type: 'array', items: 'int' },
      Buffer.concat([long(-1), long(-20), long(1), long(0)]),
    ],
    ['a map of 10^15', { type: 'map', values: 'null' }, long(10 ** 15)],
    ['an unknown branch', ['null', 'double'], long(2)],
    ['a negative branch', ['null', 'double'], long(-1)],
    ['an unknown symbol', { type: 'enum', name: 'E', symbols: ['X'] }, long(1)],
    ['a varint beyond 64 bits', 'long', Buffer.from([...new Array<number>(9).fill(0xff), 2])],
    ['a varint of 11 bytes', 'long', Buffer.from([...new Array<number>(10).fill(0x80), 0])],
  ];

  it.each(cases)('%s is a dead letter', async (_, type, tail) => {
    const batch = await viaFile(field(type), [Buffer.concat([head, tail])]);
    expect(codes(batch)).toEqual(['avro']);
    const unread = service({ inputs: [input('id', 'text')] });
    expect(codes(await viaFile(field(type), [Buffer.concat([head, tail])], unread))).toEqual(['avro']);
  });

  it('a negative length that leads back to itself is a dead letter', async () => {
    const schema = avroRecord([ID, TIME, { name: 'amount', type: 'bytes' }, { name: 'next', type: 'int' }]);
    const batch = await viaFile(schema, [Buffer.concat([head, long(-1)])]);
    expect(codes(batch)).toEqual(['avro']);
  });

  it('nesting beyond 32 records, or without end, is a dead letter', async () => {
    const node = { type: 'record', name: 'Node', fields: [{ name: 'next', type: ['null', 'Node'] }] };
    const deep = (levels: number) => Buffer.concat([head, Buffer.alloc(levels, 2), Buffer.from([0])]);
    const unread = service({ inputs: [input('id', 'text')] });
    for (const spec of [amount, unread]) {
      const batch = await viaFile(field(node), [deep(20), deep(40), deep(100_000)], spec);
      expect([...batch.offsets]).toEqual([0]);
      expect(codes(batch)).toEqual(['avro', 'avro']);
    }
  });
});
