import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileProgram } from '../../src/decode/avro-program.ts';
import { parseSchema } from '../../src/decode/avro-schema.ts';
import { createInput } from '../../src/decode/cells.ts';
import { planTargets } from '../../src/decode/plan.ts';
import type { InputSpec, InputType } from '../../src/records.ts';
import { avroRecord, cells, codes, decode, encode, input, NOW, record, service, stream } from './helpers.ts';

interface Field {
  type: unknown;
  value: fc.Arbitrary<unknown>;
}

const long = fc.oneof(
  fc.integer(),
  fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
  fc.maxSafeInteger().filter((n) => Math.abs(n) < 9_007_199_254_740_990),
);
const PRIMITIVES: Field[] = [
  { type: 'int', value: fc.integer() },
  { type: 'long', value: long },
  { type: { type: 'long', logicalType: 'timestamp-micros' }, value: long },
  { type: 'float', value: fc.float() },
  { type: 'double', value: fc.double() },
  { type: 'boolean', value: fc.boolean() },
  {
    type: 'string',
    value: fc.oneof(fc.string({ unit: 'grapheme', maxLength: 40 }), fc.constantFrom('a', 'b', '')),
  },
  { type: 'bytes', value: fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)) },
  { type: { type: 'array', items: 'string' }, value: fc.array(fc.string()) },
  { type: { type: 'array', items: 'float' }, value: fc.array(fc.float(), { maxLength: 3 }) },
  { type: { type: 'array', items: 'double' }, value: fc.array(fc.double({ max: 1e7 }), { maxLength: 3 }) },
  { type: { type: 'array', items: 'long' }, value: fc.array(fc.integer(), { maxLength: 3 }) },
  { type: { type: 'map', values: 'double' }, value: fc.dictionary(fc.string(), fc.double()) },
];
const NAMED: ((name: string) => Field)[] = [
  (name) => ({
    type: { type: 'enum', name, symbols: ['X', 'Y', 'Z'] },
    value: fc.constantFrom('X', 'Y', 'Z'),
  }),
  (name) => ({
    type: { type: 'fixed', name, size: 3 },
    value: fc.uint8Array({ minLength: 3, maxLength: 3 }).map((bytes) => Buffer.from(bytes)),
  }),
];

const optional = (field: Field): Field => ({
  type: ['null', field.type],
  value: fc.option(field.value, { nil: null }),
});
const fieldOf = (name: string): fc.Arbitrary<Field> =>
  fc.oneof(
    fc.constantFrom(...PRIMITIVES, ...NAMED.map((make) => make(name))),
    fc.constantFrom(...PRIMITIVES, ...NAMED.map((make) => make(name))).map(optional),
    fc.constant<Field>({ type: ['string', 'null', 'double'], value: fc.oneof(fc.string(), fc.double()) }),
  );

/** Random records: flat fields, one of them within a nested record, each read as any type of input or not at all. */
const world = fc
  .tuple(
    fc.integer({ min: 1, max: 8 }),
    fc.infiniteStream(fc.constantFrom('numeric', 'categorical', 'text', 'image', 'embedding', null)),
  )
  .chain(([count, types]) =>
    fc.tuple(...Array.from({ length: count }, (_, i) => fieldOf(`N${i}`))).map((fields) => {
      const all = fields.map((field, i) => ({ ...field, name: `f${i}`, read: types.next().value }));
      const nested = all.slice(0, 2);
      const flat = all.slice(2);
      const schemaFields = (some: typeof all) => some.map(({ name, type }) => ({ name, type }));
      const schema = avroRecord([
        { name: 'id', type: 'string' },
        { name: 'inner', type: ['null', { type: 'record', name: 'Inner', fields: schemaFields(nested) }] },
        ...schemaFields(flat),
        { name: 'time', type: { type: 'long', logicalType: 'timestamp-millis' } },
      ]);
      const valueOfAll = (some: typeof all) =>
        fc.record(Object.fromEntries(some.map(({ name, value }) => [name, value])));
      const value = fc
        .tuple(fc.option(valueOfAll(nested), { nil: null }), valueOfAll(flat), fc.string({ minLength: 1 }))
        .map(([inner, rest, id]) => ({ id, time: NOW, inner, ...rest }));
      const inputs: InputSpec[] = all.flatMap(({ name, read }, i) =>
        read === null
          ? []
          : [{ ...input(name, read as InputType, i < 2 ? `inner.${name}` : name), dimensions: 2 }],
      );
      return { schema, value, inputs };
    }),
  );

const worldWithBytes = world.chain(({ schema, value, inputs }) =>
  fc.array(value, { minLength: 1, maxLength: 6 }).map((values) => ({
    schema,
    inputs,
    payloads: values.map((each) => encode(schema, each)),
  })),
);

async function both(schema: string, inputs: InputSpec[], payloads: Buffer[]) {
  const spec = service({ inputs });
  const requests = stream({ encoding: 'avro_file', schemaFile: 'request.avsc' });
  const records = payloads.map((payload, offset) => record(payload, offset));
  const results = [];
  for (const columns of [true, false]) {
    const batch = await decode(spec, requests, records, { schemaFile: schema, columns });
    results.push({
      n: batch.n,
      ids: batch.ids,
      times: [...batch.times],
      offsets: [...batch.offsets],
      cells: cells(batch),
      dictionaries: batch.inputs.map((column) => (column.kind === 'categorical' ? column.dictionary : null)),
      dead: codes(batch),
    });
  }
  return results as [(typeof results)[0], (typeof results)[0]];
}

describe('the column reader and avsc', () => {
  it('agree on random schemas and values', async () => {
    await fc.assert(
      fc.asyncProperty(worldWithBytes, async ({ schema, inputs, payloads }) => {
        const [fast, slow] = await both(schema, inputs, payloads);
        expect(fast).toEqual(slow);
        expect(fast.n).toBe(payloads.length);
      }),
      { numRuns: 300 },
    );
  });

  it('agree that truncated bytes and trailing bytes are dead, and on the rows around them', async () => {
    await fc.assert(
      fc.asyncProperty(
        worldWithBytes,
        fc.nat(),
        fc.nat(),
        async ({ schema, inputs, payloads }, which, cut) => {
          const index = which % payloads.length;
          const victim = payloads[index]!;
          const torn = cut % (victim.length + 1);
          const bad =
            torn === victim.length ? Buffer.concat([victim, Buffer.from([0])]) : victim.subarray(0, torn);
          const [fast, slow] = await both(schema, inputs, payloads.with(index, bad));
          expect(fast).toEqual(slow);
          expect(fast.dead).toEqual([bad.length === 0 ? 'empty' : 'avro']);
          expect(fast.n).toBe(payloads.length - 1);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('never throw on bytes that are not Avro at all', async () => {
    await fc.assert(
      fc.asyncProperty(
        world,
        fc.uint8Array({ minLength: 1, maxLength: 60 }),
        async ({ schema, inputs }, bytes) => {
          const [fast, slow] = await both(schema, inputs, [Buffer.from(bytes)]);
          expect(fast.n + fast.dead.length).toBe(1);
          expect(slow.n + slow.dead.length).toBe(1);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('compileProgram', () => {
  const compiles = (fields: unknown[], inputs: InputSpec[]) => {
    const targets = planTargets(service({ inputs }), stream());
    const builders = inputs.map(({ type }) => createInput(type, 2));
    return compileProgram(parseSchema(avroRecord(fields)).shape, targets, builders) !== null;
  };

  it('reads an array of floats or doubles as a vector, and no other', () => {
    const field = (items: string) => [{ name: 'a', type: ['null', { type: 'array', items }] }];
    for (const items of ['float', 'double'])
      expect(compiles(field(items), [input('a', 'embedding')])).toBe(true);
    expect(compiles(field('float'), [input('a', 'text')])).toBe(false);
    expect(compiles(field('int'), [input('a', 'embedding')])).toBe(false);
    const both = [input('a', 'embedding'), input('b', 'numeric', 'a.0')];
    expect(compiles(field('float'), both)).toBe(false);
  });

  it('takes flat and nested records, and leaves paths into maps and arrays to objects', () => {
    const map = { name: 'm', type: { type: 'map', values: 'double' } };
    expect(compiles([map, { name: 'x', type: 'double' }], [input('x', 'numeric')])).toBe(true);
    expect(compiles([map], [input('x', 'numeric', 'm.x')])).toBe(false);
    expect(compiles([{ name: 'a', type: { type: 'array', items: 'int' } }], [input('a', 'text')])).toBe(
      false,
    );
  });
});
