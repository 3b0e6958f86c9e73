// A bare kafkajs consumer, in a process of its own: node consumer.mjs drain|decode BROKERS GROUP TOPIC. Says `ready`
// when it has joined its group. `decode` reads each value into an object with avsc.
import kafkajs from 'kafkajs';
import { type } from './records.mjs';

const WIRE_HEADER_BYTES = 5;
const [mode, brokers, groupId, topic] = process.argv.slice(2);
const kafka = new kafkajs.Kafka({
  clientId: 'bench',
  brokers: brokers.split(','),
  logLevel: kafkajs.logLevel.ERROR,
});
const consumer = kafka.consumer({ groupId });
consumer.on(consumer.events.GROUP_JOIN, () => process.stdout.write('ready\n'));
await consumer.connect();
await consumer.subscribe({ topics: [topic], fromBeginning: true });
const eachBatch =
  mode === 'drain'
    ? async () => {}
    : async ({ batch }) => {
        for (const { value } of batch.messages) type.fromBuffer(value.subarray(WIRE_HEADER_BYTES));
      };
process.once('SIGTERM', async () => {
  await consumer.disconnect();
  process.exit(0);
});
await consumer.run({ eachBatch });
