/** Routing tables come from the topic: those that are there at the start before anything is answered, and later ones as they come. */
import { afterEach, expect, test, vi } from 'vitest';
import { followRouting } from '../../src/flow/predicting.ts';
import { createMemoryLog } from '../../src/log/memory.ts';
import type { Log } from '../../src/log/port.ts';
import { firstTable } from '../../src/router/index.ts';
import { openRuntime } from './runtime.ts';

const stop = new AbortController();
afterEach(() => stop.abort());

const table = (service: string, epoch: number) => ({
  topic: 't.routing',
  key: service,
  value: Buffer.from(
    JSON.stringify({
      ...firstTable({ service, seed: service, level: 'full' }, [{ version: 'a', role: 'primary', share: 1 }]),
      epoch,
    }),
  ),
});

test('the topic is read whole, then followed', async () => {
  const memory = createMemoryLog();
  // Kafka waits where there is nothing yet; this log would be asked without a pause.
  const log: Log = {
    ...memory,
    // Late, so that what is written meanwhile is lost where the end is taken for the beginning.
    ends: async (topic, partition) => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      return memory.ends(topic, partition);
    },
    read: async (topic, partition, from, max, waitMs) => {
      const found = await memory.read(topic, partition, from, max, waitMs);
      if (found.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      return found;
    },
  };
  const runtime = { ...(await openRuntime(memory)), log };
  await memory.append([table('churn', 1), table('fraud', 4), table('churn', 2)]);
  const read: string[] = [];
  const tables = {
    read: ({ key, value }: { key: Buffer | null; value: Buffer | null }) =>
      void read.push(`${key}@${JSON.parse(String(value)).epoch}`),
    routerOf: () => {
      throw new Error('nobody asks');
    },
  };
  await followRouting(runtime, tables, stop.signal);
  expect(read).toEqual(['churn@1', 'fraud@4', 'churn@2']);
  await memory.append([table('churn', 3)]);
  await vi.waitFor(() => expect(read).toEqual(['churn@1', 'fraud@4', 'churn@2', 'churn@3']));
});
