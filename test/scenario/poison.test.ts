import { expect, test } from 'vitest';
import type { Append } from '../../src/records.ts';
import { MINUTE, openDrive, type Sent, sorted, T0 } from './support.ts';

const SERVICE = `
service: shop
streams:
  requests: { topic: shop.requests }
  predictions: { topic: shop.predictions, fields: { price: price } }
  labels: { topic: shop.labels, fields: { price: price } }
inputs:
  amount: { type: numeric }
outputs:
  price: { type: regressor }
windows: { size: 1m, lateness: 5s }
join: { max_delay: 2m }
`;

const traffic: Sent[] = Array.from({ length: 300 }, (_, i) => {
  const record = (stream: Sent['stream'], more: object): Sent => ({
    stream,
    key: `r${i}`,
    value: { id: `r${i}`, time: T0 + i * 2_000, ...more },
  });
  return [
    record('requests', { amount: i }),
    record('predictions', { price: i }),
    record('labels', { price: i + 1 }),
  ];
}).flat();

const poison = (topic: string, key: string, value: Buffer): Append => ({ topic, partition: 0, key, value });

/** What nobody of ours writes: a cut record, one of nonsense, and one that says it is a slot. */
const POISON = [
  poison('t.events', 'r1', Buffer.from([0x04, 0x08, 0xff])),
  poison('t.events', 'r1', Buffer.from('nonsense')),
  poison('t.slots', 'slot|shop|nonsense', Buffer.from([1, 2, 3])),
  poison('t.slots', 'mark|shop', Buffer.alloc(0)),
  poison('t.slots', 'config|shop', Buffer.from('{')),
];

test.each([[[]], [[1]]] as number[][][])(
  'a record that makes a stage throw goes to the dead letters, and the partition moves on',
  async (lostAfter) => {
    const outcomeOf = async (poisoned: boolean) => {
      const drive = await openDrive(SERVICE);
      for (let at = 0, chunk = 0; at < traffic.length; at += 200, chunk++) {
        await drive.send(traffic.slice(at, at + 200));
        if (poisoned) await drive.append(POISON);
        if (lostAfter.includes(chunk)) await drive.lose();
      }
      const outcome = await drive.end();
      await drive.close();
      return outcome;
    };
    const [clean, found] = [await outcomeOf(false), await outcomeOf(true)];
    expect(sorted(found.results)).toEqual(sorted(clean.results));
    expect(
      found.results.some(
        ({ metric, windowStartMs }) => metric === 'mae' && windowStartMs === T0 + 4 * MINUTE,
      ),
    ).toBe(true);
    const places = found.dead.map(({ code, stage, topic }) => `${code} ${stage} ${topic}`);
    const times = Math.ceil(traffic.length / 200);
    expect(places.filter((place) => place === 'failed join t.events')).toHaveLength(2 * times);
    expect(places.filter((place) => place === 'failed judge t.slots')).toHaveLength(3 * times);
  },
);
