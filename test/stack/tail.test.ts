/** `telltale tail` of the built program: live from Kafka, and a clean end with Ctrl-C. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { encodePublic } from '../../src/flow/wire.ts';
import { makeAlert } from '../sink/records.ts';
import { configFolder, MAIN } from './daemon.ts';
import { runCommand } from './security.ts';
import { describeStack } from './support/context.ts';
import { deleteTopics, testClient, uniquePrefix } from './support/topics.ts';

describeStack('telltale tail', (stack) => {
  test('shows what comes, and ends with code 0 at SIGINT', async () => {
    const name = uniquePrefix('tail');
    const folder = configFolder(stack, name, { partitions: 2 });
    folder.service({ service: 'fraud', streams: { requests: { topic: `${name}.requests` } } });
    const producer = testClient(stack.kafka).producer();
    await producer.connect();
    const tell = (id: string) => {
      const value = encodePublic('alert', makeAlert({ id }), null);
      return producer.send({ topic: `${name}.alerts`, messages: [{ key: 'fraud', value }] });
    };
    try {
      expect((await runCommand(folder.dir, ['topics', 'create'])).code).toBe(0);
      await tell('before');
      const args = ['--config', folder.dir, 'tail', '--alerts', '--since', '1h', '--json'];
      const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      const next = async (): Promise<unknown> => JSON.parse((await lines.next()).value as string);
      expect(await next()).toMatchObject({ type: 'alert', id: 'before' });
      await tell('now');
      expect(await next()).toMatchObject({ id: 'now' });
      child.kill('SIGINT');
      expect(await once(child, 'exit')).toEqual([0, null]);
    } finally {
      await producer.disconnect();
      folder.remove();
      await deleteTopics(stack.kafka, name);
    }
  });
});
