import { describe, expect, it } from 'vitest';
import { vectorOfText } from '../../src/decode/vectors.ts';
import { avroRecord, cells, decode, encode, input, json, NOW, record, service, stream } from './helpers.ts';

const spec = service({ inputs: [{ ...input('v', 'embedding'), dimensions: 3 }] });
const INVALID = 'state 2';

describe('an embedding', () => {
  it.each<[unknown, unknown]>([
    [
      [0.5, -2, 3],
      [0.5, -2, 3],
    ],
    [
      [0.1, 0, 1e-60],
      [Math.fround(0.1), 0, 0],
    ],
    [
      [1048576, -1048576, 0],
      [1048576, -1048576, 0],
    ],
    [[1048577, 0, 0], INVALID],
    [[1, 2], INVALID],
    [[1, 2, 3, 4], INVALID],
    [[], INVALID],
    [[1, null, 3], INVALID],
    [[1, '2', 3], INVALID],
    [[1, [2], 3], INVALID],
    ['[1,2,3]', INVALID],
    [{ 0: 1, 1: 2, 2: 3, length: 3 }, INVALID],
    [7, INVALID],
    [null, 'state 1'],
    [undefined, 'state 1'],
  ])('in JSON, %j is %j', async (v, expected) => {
    const batch = await decode(spec, stream(), json({ id: 'a', time: NOW, v }));
    expect(cells(batch)).toEqual([[expected]]);
  });

  const schema = avroRecord([
    { name: 'id', type: 'string' },
    { name: 'time', type: 'long' },
    { name: 'v', type: { type: 'array', items: 'double' } },
  ]);
  const avro = stream({ encoding: 'avro_file', schemaFile: 'r.avsc' });
  const of = (v: number[]) => encode(schema, { id: 'a', time: NOW, v });

  it('in Avro, what is not finite or of another length is invalid, and the rows around it are good', async () => {
    const values = [
      [1, 2, 3],
      [Number.NaN, 1, 2],
      [1, Number.POSITIVE_INFINITY, 2],
      [1, 2],
      [1, 2, 3, 4],
      [],
      [4, 5, 6],
    ];
    const records = values.map((v, offset) => record(of(v), offset));
    const batch = await decode(spec, avro, records, { schemaFile: schema });
    expect(cells(batch)).toEqual([[[1, 2, 3], ...Array(5).fill(INVALID), [4, 5, 6]]]);
  });

  it('in Avro, blocks with and without their size in bytes', async () => {
    const head = of([]).subarray(0, -1);
    const double = (x: number): Buffer => {
      const bytes = Buffer.alloc(8);
      bytes.writeDoubleLE(x);
      return bytes;
    };
    const blocks = (...parts: (number[] | Buffer)[]) =>
      Buffer.concat([head, ...parts.map((part) => (Buffer.isBuffer(part) ? part : Buffer.from(part)))]);
    const good = blocks([2], double(1), [3, 32], double(2), double(3), [0]);
    const wrongSize = blocks([2], double(1), [3, 30], double(2), double(3), [0]);
    const tooMany = blocks([0x80, 0x80, 0x80, 0x80, 0x10], double(1));
    const records = [good, wrongSize, tooMany, good].map((value, offset) => record(value, offset));
    for (const columns of [true, false]) {
      const batch = await decode(spec, avro, records, { schemaFile: schema, columns });
      expect(cells(batch)).toEqual([
        [
          [1, 2, 3],
          [1, 2, 3],
        ],
      ]);
      expect(batch.dead.map(({ offset, code }) => [offset, code])).toEqual([
        [1, 'avro'],
        [2, 'avro'],
      ]);
    }
  });

  it('of a dead row is forgotten', async () => {
    const records = json(
      { time: NOW, v: [1, 1, 1] },
      { id: 'a', time: NOW, v: [2, 2, 2] },
      { id: 'b', time: NOW },
    );
    const batch = await decode(spec, stream(), records);
    expect(cells(batch)).toEqual([[[2, 2, 2], 'state 1']]);
    expect(batch.inputs[0]).toMatchObject({ vectors: 1, values: Float32Array.of(2, 2, 2) });
  });

  it('grows with the vectors that come', async () => {
    const records = json(
      ...Array.from({ length: 100 }, (_, i) => ({ id: `${i}`, time: NOW, v: [i, i + 1, -i] })),
    );
    const [column] = cells(await decode(spec, stream(), records));
    expect(column![99]).toEqual([99, 100, -99]);
    expect(column![0]).toEqual([0, 1, 0]);
  });
});

it.each<[string, unknown]>([
  ['[1, -2.5e3]', [1, -2500]],
  ['1|2 | 3', [1, 2, 3]],
  ['1||3', [1, null, 3]],
  ['[1,', '[1,'],
  ['words', [Number.NaN]],
])('a vector as text: %s', (text, expected) => {
  expect(vectorOfText(text)).toEqual(expected);
});
