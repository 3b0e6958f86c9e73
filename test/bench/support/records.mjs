// The requests of the benchmark: an id, a time, 15 numeric and 5 categorical inputs, the same ones in every run.
import avsc from 'avsc';
import kafkajs from 'kafkajs';

export const PARTITIONS = 4;
const RECORDS_PER_SEND = 4_000;
const MISSING_SHARE = 0.01;

export const numericNames = Array.from({ length: 15 }, (_, at) => `n${at}`);
export const categoryNames = Array.from({ length: 5 }, (_, at) => `c${at}`);
/** The first categorical input splits the traffic; few segments, as a country or a channel has. */
const categoryCounts = [5, 10, 10, 20, 20];
export const categoriesOf = (at) => Array.from({ length: categoryCounts[at] }, (_, i) => `category-${i}`);

export const schema = {
  type: 'record',
  name: 'Request',
  fields: [
    { name: 'id', type: 'string' },
    { name: 'time', type: { type: 'long', logicalType: 'timestamp-millis' } },
    ...numericNames.map((name, at) => ({ name, type: at % 3 === 0 ? ['null', 'double'] : 'double' })),
    ...categoryNames.map((name) => ({ name, type: 'string' })),
  ],
};
export const type = avsc.Type.forSchema(schema);

/** Rows of inputs: `numbers` (null: missing) and `codes` of categories. `next` gives numbers in [-1, 1). */
export function rowsFrom(next) {
  return () => ({
    numbers: numericNames.map((_, at) => {
      const value = (next() + next() + next()) * 10 ** (at % 4) + (at % 2 === 0 ? 0 : 50);
      return at % 3 === 0 && (next() + 1) / 2 < MISSING_SHARE ? null : value;
    }),
    codes: categoryCounts.map((count) => Math.floor(((next() + 1) / 2) ** 2 * count)),
  });
}

/** Registers the schema of the topic's values; the id that the wire format carries. */
export async function registerSchema(registryUrl, topic) {
  const response = await fetch(`${registryUrl}/subjects/${topic}-value/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify({ schema: JSON.stringify(schema) }),
  });
  if (!response.ok) throw new Error(`the registry answers ${response.status} to a schema`);
  return (await response.json()).id;
}

/** Gives the bytes of one request after the other, behind the header of the wire format. */
export function requestsOf(schemaId, next) {
  const rows = rowsFrom(next);
  const header = Buffer.alloc(5);
  header.writeInt32BE(schemaId, 1);
  return (id, timeMs) => {
    const { numbers, codes } = rows();
    const request = { id, time: timeMs };
    numericNames.forEach((name, at) => {
      request[name] = numbers[at];
    });
    categoryNames.forEach((name, at) => {
      request[name] = `category-${codes[at]}`;
    });
    return Buffer.concat([header, type.toBuffer(request)]);
  };
}

/** Writes `count` requests, uncompressed, in turn to the partitions. */
export async function produce(kafka, topic, schemaId, count, next, spanMs) {
  const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  await producer.connect();
  const requestOf = requestsOf(schemaId, next);
  const startMs = Date.now() - spanMs;
  for (let done = 0; done < count; ) {
    const messages = [];
    for (; messages.length < RECORDS_PER_SEND && done < count; done++) {
      const timeMs = Math.floor(startMs + (done / count) * spanMs);
      messages.push({ partition: done % PARTITIONS, key: null, value: requestOf(`request-${done}`, timeMs) });
    }
    await producer.send({ topic, messages, acks: -1 });
  }
  await producer.disconnect();
}
