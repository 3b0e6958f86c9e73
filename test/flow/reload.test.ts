import { expect, test } from 'vitest';
import { NO_COUNTS } from '../../src/flow/assembly.ts';
import { createEmbedded } from '../../src/flow/embedded.ts';
import { createMemoryLog } from '../../src/log/memory.ts';
import { specOf, T0 } from '../scenario/support.ts';

const shop = (time: string) =>
  specOf(`
service: shop
streams: { requests: { topic: shop.requests, time: ${time} } }
inputs: { amount: { type: numeric } }
`);

test('a reload changes how a stream is decoded, without a restart of its task', async () => {
  const log = createMemoryLog({ now: () => T0 });
  log.createTopic('shop.requests', 1);
  const embedded = await createEmbedded({
    log,
    partitions: 1,
    group: 'g',
    prefix: 't.',
    services: [shop('at')],
    schemas: null,
    scoring: { threads: 1, shadowTimeoutMs: 1, shadowFailuresMax: 1 },
    checkpoint: { everyMs: 0, recordsMax: 1 },
    nowMs: () => 0,
    counts: NO_COUNTS,
    logger: { info: () => {}, warn: () => {}, error: () => {} },
  });
  const value = Buffer.from(JSON.stringify({ id: 'a', time: T0, amount: 1 }));
  const deadAfter = async (): Promise<number> => {
    await embedded.append([{ topic: 'shop.requests', key: null, value }]);
    await embedded.pump();
    return (await embedded.drain('t.dead')).length;
  };
  expect(await deadAfter()).toBe(1);
  embedded.runtime.services.set('shop', { spec: shop('time'), scorer: null });
  expect(await deadAfter()).toBe(0);
  await embedded.close();
});
