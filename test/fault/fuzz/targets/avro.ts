/** Avro: bare and behind a Confluent header, read into columns, as objects, and resolved to a reader's schema. */

import { parseSchema } from '../../../../src/decode/avro-schema.ts';
import { createDecoder } from '../../../../src/decode/decoder.ts';
import type { StreamName } from '../../../../src/records.ts';
import { avroRecord, confluent, encode, NOW, record, schemasOf } from '../../../decode/helpers.ts';
import type { Choices } from '../choices.ts';
import { mutate } from '../mutate.ts';
import { decodeBetween, type Reader, textOf } from '../neighbours.ts';
import { MESSAGE_BYTES_MAX, STREAMS, spec, streams } from '../services.ts';
import { must, type Target } from '../target.ts';
import { buildAvro } from './avro-build.ts';

const inner = {
  type: 'record',
  name: 'Inner',
  fields: [
    { name: 'kind', type: { type: 'enum', name: 'Kind', symbols: ['A', 'B', 'C'] } },
    { name: 'price', type: ['null', 'double', 'string'] },
  ],
};
const columns = [
  { name: 'id', type: ['null', 'string', 'long'] },
  { name: 'time', type: { type: 'long', logicalType: 'timestamp-millis' } },
  { name: 'number', type: ['null', 'double'] },
  { name: 'whole', type: 'int' },
  { name: 'category', type: ['null', 'string', 'boolean'] },
  { name: 'inner', type: ['null', inner] },
  { name: 'comment', type: 'string' },
  { name: 'photo', type: 'bytes' },
  { name: 'vector', type: ['null', { type: 'array', items: 'float' }] },
  { name: 'fraud', type: ['null', 'string', 'int', 'boolean'] },
];
const corners = ['x1', 'y1', 'x2', 'y2'].map((name) => ({ name, type: 'double' }));
const box = { type: 'record', name: 'Box', fields: [...corners, { name: 'label', type: ['string', 'int'] }] };
const parts = { name: 'parts', type: ['null', { type: 'array', items: box }] };
const tags = { name: 'tags', type: ['null', { type: 'array', items: ['string', 'int'] }] };
/** Nothing reads these fields: they are passed over. */
const others = [
  { name: 'nulls', type: { type: 'array', items: { type: 'array', items: 'null' } } },
  {
    name: 'sizes',
    type: { type: 'map', values: { type: 'array', items: { type: 'fixed', name: 'F', size: 3 } } },
  },
  {
    name: 'tree',
    type: ['null', { type: 'record', name: 'Tree', fields: [{ name: 'next', type: ['null', 'Tree'] }] }],
  },
];
const vector = { name: 'vector', type: ['null', { type: 'array', items: 'double' }] };
const READER = avroRecord([
  ...columns.map((field) => (field.name === 'vector' ? vector : field)),
  { ...parts, default: null },
  { ...tags, default: null },
  { name: 'extra', type: 'string', default: 'none' },
]);
const SCHEMAS: Record<string, string> = {
  flat: avroRecord(columns),
  deep: avroRecord([...columns.slice(0, 3), ...others, ...columns.slice(3), parts, tags]),
  doubles: avroRecord([...columns.filter(({ name }) => name !== 'vector'), vector]),
};
const GOOD = {
  id: 'good',
  time: NOW,
  number: 0.5,
  whole: 7,
  category: 'clicked',
  inner: { kind: 'B', price: 3.5 },
  comment: 'words',
  photo: Buffer.from('image'),
  vector: [0.5, -2, 1e-7],
  fraud: 'yes',
  nulls: [[null]],
  sizes: { x: [Buffer.from('abc')] },
  tree: { next: null },
  parts: [{ x1: 0, y1: 0, x2: 1, y2: 1, label: 'nut' }],
  tags: ['nut', 2],
};

interface Variant {
  name: string;
  schema: string;
  framed: boolean;
  /** The same bytes through another reader, which must see the same. */
  readers: Reader[];
}

async function variantOf(schemaName: string, framing: string, streamName: StreamName): Promise<Variant> {
  const schema = SCHEMAS[schemaName]!;
  const framed = framing !== 'bare';
  const stream = {
    ...streams[streamName as 'requests'],
    encoding: framed ? ('avro' as const) : ('avro_file' as const),
  };
  const payload = encode(schema, GOOD);
  const good = framed ? confluent(7, payload) : payload;
  const sources = {
    schemas: framed ? schemasOf({ 7: schema }) : null,
    schemaFile: framing === 'bare' ? schema : framing === 'resolved' ? READER : null,
  };
  const modes = framing === 'resolved' ? [true] : [true, false];
  const readers = modes.map((columnsOn) => ({
    spec,
    stream,
    good,
    decoder: createDecoder(spec, stream, { ...sources, columns: columnsOn }),
  }));
  for (const { decoder } of readers) await decoder.prepare([record(good)]);
  return { name: [schemaName, framing, streamName].join('-'), schema, framed, readers };
}

/** The registry knows one schema; another id must be asked for before its records are decoded. */
async function prepared(reader: Reader, bytes: Buffer): Promise<void> {
  await reader.decoder.prepare([record(bytes)]);
}

export async function avroTarget(): Promise<Target> {
  const variants: Variant[] = [];
  for (const schema of Object.keys(SCHEMAS)) {
    for (const framing of ['bare', 'framed', 'resolved']) {
      for (const stream of STREAMS) variants.push(await variantOf(schema, framing, stream));
    }
  }
  const shapes = variants.map(({ schema }) => parseSchema(schema).shape);
  const good = variants.map(({ readers }) => readers[0]!.good);

  const build = (choices: Choices) => {
    const variant = choices.pick(variants.length);
    if (choices.once(50)) return { variant, bytes: choices.bytes(choices.pick(300)) };
    const payload = choices.once(3) ? null : buildAvro(choices, shapes[variant]!, '');
    const framed = variants[variant]!.framed;
    const bytes = payload === null ? good[variant]! : framed ? confluent(7, payload) : payload;
    return { variant, bytes: mutate(choices, bytes, good).subarray(0, MESSAGE_BYTES_MAX + 10) };
  };

  return {
    variants: variants.map(({ name }) => name),
    build,
    check: ({ variant, bytes }) => {
      const { readers, framed } = variants[variant]!;
      const look = (): void => {
        const [first, second] = readers.map((reader) => decodeBetween(reader, bytes, null));
        if (second !== undefined)
          must(textOf(first!, 11) === textOf(second, 11), 'columns and objects agree');
      };
      const knownId = !framed || bytes.length < 5 || bytes[0] !== 0 || bytes.readUInt32BE(1) === 7;
      return knownId ? look() : Promise.all(readers.map((reader) => prepared(reader, bytes))).then(look);
    },
    // Two readers, each with fresh columns; the objects of a box are larger than its bytes.
    heap: { fixedBytes: 4 << 20, perByte: 200 },
    residentBytesMax: null,
  };
}
