// Nanoseconds per record of decoding Avro requests (15 numeric, 5 categorical inputs, id, time), straight into columns
// and through avsc objects. Run after `npm run build`: node test/bench/decode.mjs [records] [columns|objects]
import avsc from 'avsc';
import { createDecoder } from '../../dist/decode/decoder.js';

const records = Number(process.argv[2] ?? 100_000);
const numeric = Array.from({ length: 15 }, (_, i) => `n${i}`);
const categorical = Array.from({ length: 5 }, (_, i) => `c${i}`);
const schema = {
  type: 'record',
  name: 'Request',
  fields: [
    { name: 'id', type: 'string' },
    { name: 'time', type: { type: 'long', logicalType: 'timestamp-millis' } },
    ...numeric.map((name, i) => ({ name, type: i % 3 === 0 ? ['null', 'double'] : 'double' })),
    ...categorical.map((name) => ({ name, type: 'string' })),
  ],
};
const type = avsc.Type.forSchema(schema);
const now = 1_750_000_000_000;

function payload(i) {
  const record = { id: `request-${i}`, time: now + i };
  for (const [k, name] of numeric.entries()) record[name] = Math.sin(i * 31 + k) * 1000;
  for (const [k, name] of categorical.entries()) record[name] = `category-${(i * 7 + k) % 20}`;
  const header = Buffer.from([0, 0, 0, 0, 7]);
  return Buffer.concat([header, type.toBuffer(record)]);
}

// One buffer for all, as a Kafka fetch has it.
const payloads = Array.from({ length: 10_000 }, (_, i) => payload(i));
const arena = Buffer.concat(payloads);
let at = 0;
const log = payloads.map(({ length }, offset) => {
  const value = arena.subarray(at, at + length);
  at += length;
  return { topic: 't', partition: 0, offset, timestampMs: now, key: null, value, headers: {} };
});

const spec = {
  service: 'bench',
  inputs: [
    ...numeric.map((name) => ({ name, type: 'numeric', from: name, range: null, categories: null })),
    ...categorical.map((name) => ({ name, type: 'categorical', from: name, range: null, categories: null })),
  ],
  outputs: [],
  windows: { maxFutureMs: 3_600_000, maxPastMs: null },
  limits: { messageBytesMax: 1_000_000 },
};
const stream = {
  stream: 'requests',
  topic: 't',
  encoding: 'avro',
  schemaFile: null,
  id: 'id',
  time: 'time',
  fields: {},
  score: null,
  latencyMs: null,
  error: null,
  kind: null,
  kinds: {},
};
const schemas = { get: async () => JSON.stringify(schema) };

const modes = { columns: [true], objects: [false] }[process.argv[3]] ?? [true, false];
for (const columns of modes) {
  const decoder = createDecoder(spec, stream, { schemas, schemaFile: null, columns });
  await decoder.prepare(log);
  let rows = 0;
  const run = (count) => {
    for (let done = 0; done < count; done += 1000) {
      const from = done % log.length;
      rows += decoder.decode(log.slice(from, from + 1000)).n;
    }
  };
  run(30_000);
  rows = 0;
  // CPU time of the process, not the clock: other work on the machine must not count.
  const start = process.cpuUsage();
  run(records);
  const { user, system } = process.cpuUsage(start);
  const ns = (user + system) * 1000;
  console.log(
    `${columns ? 'columns' : 'objects'}: ${(ns / rows).toFixed(0)} CPU ns per record, ${rows} records`,
  );
}
