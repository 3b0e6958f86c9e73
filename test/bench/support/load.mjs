// Writes requests of now, in a process of its own: node load.mjs BROKERS TOPIC SCHEMA_ID RATE. RATE is per second; 0: as
// many as the lines `N` on its input allow in all. Says `ready`, then `sent N` once a second. SIGTERM ends it.
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import kafkajs from 'kafkajs';
import { PARTITIONS, requestsOf } from './records.mjs';
import { seededNumbers } from './service.mjs';

const TICK_MS = 50;
const RECORDS_PER_SEND_MAX = 5_000;
const [brokers, topic, schemaId, rateText] = process.argv.slice(2);
const rate = Number(rateText);
const logLevel = kafkajs.logLevel.NOTHING;
const kafka = new kafkajs.Kafka({ clientId: 'bench-load', brokers: brokers.split(','), logLevel });
const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
const requestOf = requestsOf(Number(schemaId), seededNumbers(3));
let ended = false;
let allowed = 0;
let sent = 0;
process.once('SIGTERM', () => {
  ended = true;
});
createInterface({ input: process.stdin }).on('line', (line) => {
  allowed = Number(line);
});

await producer.connect();
process.stdout.write('ready\n');
const startedMs = performance.now();
let toldMs = startedMs;
while (!ended) {
  const nowMs = performance.now();
  const due = rate > 0 ? Math.floor(((nowMs - startedMs) / 1_000) * rate) : allowed;
  const count = Math.min(RECORDS_PER_SEND_MAX, due - sent);
  const messages = [];
  for (let i = 0; i < count; i++, sent++) {
    messages.push({
      partition: sent % PARTITIONS,
      key: null,
      value: requestOf(`request-${sent}`, Date.now()),
    });
  }
  if (messages.length > 0) await producer.send({ topic, messages, acks: -1 });
  if (nowMs - toldMs >= 1_000) {
    process.stdout.write(`sent ${sent}\n`);
    toldMs = nowMs;
  }
  if (due - sent < RECORDS_PER_SEND_MAX) await delay(TICK_MS);
}
await producer.disconnect();
process.exit(0);
