/** Routing tables come from the topic: those that are there at the start before anything is answered, and later ones as they come. */
import { afterEach, expect, test, vi } from 'vitest';
import { followDecisions, followRouting } from '../../src/flow/predicting.ts';
import { createMemoryLog, type MemoryLog } from '../../src/log/memory.ts';
import type { Log } from '../../src/log/port.ts';
import { createRecent } from '../../src/predict/recent.ts';
import { firstTable } from '../../src/router/index.ts';
import { openRuntime } from './runtime.ts';

let stop = new AbortController();
afterEach(() => {
  stop.abort();
  stop = new AbortController();
});

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

/** Kafka waits where there is nothing yet; the log in memory would be asked without a pause. */
const patient = (memory: MemoryLog): Log => ({
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
});

test('the topic is read whole, then followed', async () => {
  const memory = createMemoryLog();
  const runtime = { ...(await openRuntime(memory)), log: patient(memory) };
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

test('of decisions the last ones are read, then those that come', async () => {
  const memory = createMemoryLog();
  const runtime = { ...(await openRuntime(memory)), log: patient(memory) };
  const decisions = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => ({
      ...{ topic: runtime.topics.decisions, key: `r${from + i}` },
      value: Buffer.from(String(from + i)),
    }));
  await memory.append(decisions(0, 6_000));
  const noted: number[] = [];
  const recent = { ...createRecent(), note: (value: Buffer) => void noted.push(Number(value)) };
  await followDecisions(runtime, { recent }, stop.signal);
  expect([noted[0], noted.length, noted.at(-1)]).toEqual([1_000, 5_000, 5_999]);
  await memory.append(decisions(6_000, 6_002));
  await vi.waitFor(() => expect(noted.slice(5_000)).toEqual([6_000, 6_001]));
});
