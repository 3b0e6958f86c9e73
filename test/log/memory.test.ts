import { beforeEach, describe, expect, test } from 'vitest';
import { createMemoryLog, type MemoryLog } from '../../src/log/memory.ts';
import { murmur2, partitionOf } from '../../src/log/partition.ts';
import { logContract } from './contract.ts';

describe('the embedded log', () => {
  let log: MemoryLog;
  let count = 0;
  beforeEach(() => {
    log = createMemoryLog();
  });

  logContract(() => ({
    log,
    createTopic: async (partitions) => {
      const name = `topic-${count++}`;
      log.createTopic(name, partitions);
      return name;
    },
    trim: async (topic, beforeOffset) => log.trim(topic, 0, beforeOffset),
  }));

  test('keeps what a group commits', async () => {
    log.createTopic('t', 2);
    log.commit('g', 't', 1, 7, 'meta');
    expect(await log.committed('g', 't', 1)).toEqual({ offset: 7, metadata: 'meta' });
    expect(await log.committed('g', 't', 0)).toEqual({ offset: null, metadata: '' });
  });

  test('takes its time stamps from the clock it is given', async () => {
    log = createMemoryLog({ now: () => 1_234 });
    log.createTopic('t', 1);
    await log.append([{ topic: 't', key: null, value: null }]);
    expect((await log.read('t', 0, 0, 1, 0))[0]).toMatchObject({ timestampMs: 1_234 });
  });

  test('creates a topic once', async () => {
    log.createTopic('t', 2);
    log.createTopic('t', 5);
    expect(log.topics()).toEqual(['t']);
    expect(await log.partitions(['t'])).toEqual(new Map([['t', 2]]));
  });

  test('a batch that cannot be written leaves nothing behind', async () => {
    log.createTopic('t', 1);
    const batch = ['t', 'not-there'].map((topic) => ({ topic, key: null, value: null }));
    await expect(log.append(batch)).rejects.toMatchObject({ code: 'log_failed' });
    await expect(log.append([{ topic: 't', partition: 1, key: null, value: null }])).rejects.toMatchObject({
      code: 'log_failed',
    });
    expect(await log.ends('t', 0)).toEqual({ first: 0, next: 0 });
  });
});

test('murmur2 is that of Java', () => {
  // The cases of Kafka's UtilsTest.testMurmur2.
  const cases: Record<string, number> = {
    '21': -973932308,
    foobar: -790332482,
    'a-little-bit-long-string': -985981536,
    'a-little-bit-longer-string': -1486304829,
    lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8: -58897971,
    abc: 479470107,
  };
  for (const [key, hash] of Object.entries(cases)) expect(murmur2(Buffer.from(key))).toBe(hash);
  expect(partitionOf('foobar', 10)).toBe((-790332482 & 0x7fffffff) % 10);
});
