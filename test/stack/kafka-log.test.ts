import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createKafkaLog, type KafkaLog } from '../../src/log/kafka.ts';
import type { GroupOptions, Membership, PartitionHandler } from '../../src/log/port.ts';
import type { LogRecord } from '../../src/records.ts';
import { logContract, readAll } from '../log/contract.ts';
import { describeStack } from './support/context.ts';
import { foreignConsume, javaProduce } from './support/foreign.ts';
import { createTopics, deleteTopics, testClient, uniquePrefix } from './support/topics.ts';

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const WAIT = { timeout: 40_000, interval: 20 };

interface Seen {
  partition: number;
  offset: number;
  value: string;
}

const seenOf = (records: readonly LogRecord[]): Seen[] =>
  records.map(({ partition, offset, value }) => ({ partition, offset, value: String(value) }));

/** A handler that keeps what it sees and commits when it is closed. */
function keeping(
  seen: Seen[],
  topic: string,
  partition: number,
  membership: Membership,
  overrides: Partial<PartitionHandler> = {},
): PartitionHandler {
  let next: number | null = null;
  return {
    open: async () => 'stay',
    handle: async (records, heartbeat) => {
      seen.push(...seenOf(records));
      next = records.at(-1)!.offset + 1;
      await heartbeat();
    },
    tick: async () => undefined,
    close: async () => {
      if (next !== null) await membership.commit(topic, partition, next, `closed at ${next}`);
    },
    ...overrides,
  };
}

describeStack('Kafka as the log', (stack) => {
  const prefix = uniquePrefix('log');
  let log: KafkaLog;
  let count = 0;
  const fatal: Error[] = [];

  const topicOf = async (partitions: number): Promise<string> => {
    const topic = `${prefix}-${count++}`;
    await createTopics(stack.kafka, [{ topic, partitions }]);
    return topic;
  };
  const open = () =>
    createKafkaLog({
      brokers: stack.kafka.split(','),
      clientId: 'telltale-test',
      compression: 'lz4',
      log: silent,
    });
  const optionsOf = (
    topic: string,
    handlerFor: GroupOptions['handlerFor'],
    group = `${topic}-group`,
  ): GroupOptions => ({
    group,
    topics: [topic],
    tickMs: 50,
    partitionsConcurrentMax: 4,
    handlerFor,
    onFatal: (error) => fatal.push(error),
  });

  beforeAll(async () => {
    log = await open();
  });
  afterAll(async () => {
    await log.close();
    await deleteTopics(stack.kafka, prefix);
    expect(fatal).toEqual([]);
  });

  describe('does what every log does:', () => {
    logContract(() => ({
      log,
      createTopic: topicOf,
      trim: async (topic, beforeOffset) => {
        const admin = testClient(stack.kafka).admin();
        await admin.connect();
        // Loads the metadata, without which kafkajs does not find the leader.
        await admin.fetchTopicOffsets(topic);
        await admin.deleteTopicRecords({
          topic,
          partitions: [{ partition: 0, offset: String(beforeOffset) }],
        });
        await admin.disconnect();
      },
    }));
  });

  test('creates only the topics that are missing', async () => {
    const there = await topicOf(1);
    const fresh = `${prefix}-${count++}`;
    const admin = log.admin();
    const spec = { partitions: 2, replication: 1, config: { 'cleanup.policy': 'compact' } };
    expect(await admin.create([there, fresh].map((name) => ({ name, ...spec })))).toEqual([fresh]);
    expect(await admin.list()).toEqual(expect.arrayContaining([there, fresh]));
    await admin.close();
    expect(await log.partitions([there, fresh])).toEqual(
      new Map([
        [there, 1],
        [fresh, 2],
      ]),
    );
    await log.ping();
  });

  test('writes more than a request holds in one append; others read it', async () => {
    const topic = await topicOf(1);
    const values = Array.from({ length: 30 }, (_, i) => Buffer.alloc(100_000, i));
    await log.append(values.map((value) => ({ topic, key: 'k', value })));
    // The matchers compare buffers byte by byte, which takes seconds here.
    const same = (read: readonly { value: Buffer | null }[]) =>
      read.length === values.length && values.every((value, i) => read[i]!.value?.equals(value));
    expect(same(await foreignConsume(stack.kafka, topic))).toBe(true);
    expect(same(await readAll(log, topic, 0))).toBe(true);
  });

  test('a read waits for records that come while it waits', async () => {
    const topic = await topicOf(1);
    const waiting = log.read(topic, 0, 0, 10, 20_000);
    await log.append([{ topic, key: null, value: Buffer.from('late') }]);
    expect(seenOf(await waiting)).toEqual([{ partition: 0, offset: 0, value: 'late' }]);
  });

  test('consumes what the Java client compresses, with each codec', async () => {
    const topic = await topicOf(1);
    const codecs = ['gzip', 'snappy', 'lz4', 'zstd'] as const;
    const expected: string[] = [];
    for (const compression of codecs) {
      const values = Array.from({ length: 50 }, (_, i) => `${compression} ${i} ${'x'.repeat(500)}`);
      expected.push(...values);
      await javaProduce(
        stack.kafka,
        topic,
        values.map((value) => ({ value })),
        { compression },
      );
    }
    const seen: Seen[] = [];
    const group = await log.join(optionsOf(topic, (t, p, m) => keeping(seen, t, p, m)));
    await vi.waitFor(() => expect(seen).toHaveLength(expected.length), WAIT);
    await group.leave();
    expect(seen.map(({ value }) => value)).toEqual(expected);
    expect((await readAll(log, topic, 0)).map(({ value }) => String(value))).toEqual(expected);
  });

  test('two members share the partitions; leaving hands them over', async () => {
    const topic = await topicOf(4);
    const seen: Seen[][] = [[], []];
    const other = await open();
    const join = (from: KafkaLog, i: number) =>
      from.join(optionsOf(topic, (t, p, m) => keeping(seen[i]!, t, p, m)));
    const members = await Promise.all([join(log, 0), join(other, 1)]);
    await vi.waitFor(() => {
      for (const member of members) expect(member.assigned()).toHaveLength(2);
    }, WAIT);
    const batch = (round: string) =>
      Array.from({ length: 40 }, (_, i) => ({
        topic,
        partition: i % 4,
        key: null,
        value: Buffer.from(`${round}${i}`),
      }));
    await log.append(batch('a'));
    await vi.waitFor(() => expect(seen[0]!.length + seen[1]!.length).toBe(40), WAIT);
    const partitions = seen.map((one) => new Set(one.map(({ partition }) => partition)));
    expect(partitions.map(({ size }) => size)).toEqual([2, 2]);

    await members[0]!.leave();
    expect(members[0]!.assigned()).toEqual([]);
    await vi.waitFor(() => expect(members[1]!.assigned()).toHaveLength(4), WAIT);
    await log.append(batch('b'));
    const late = () => seen[1]!.filter(({ value }) => value.startsWith('b'));
    await vi.waitFor(() => expect(late()).toHaveLength(40), WAIT);
    await members[1]!.leave();
    await other.close();
    // What the first member had handled it committed when it left, so nobody saw it again.
    const firstsPartitions = partitions[0]!;
    expect(
      seen[1]!.filter(({ partition, value }) => firstsPartitions.has(partition) && value.startsWith('a')),
    ).toEqual([]);
  });

  test('commits with metadata, and continues there after a restart', async () => {
    const topic = await topicOf(1);
    const metadata = 'm'.repeat(3_000);
    await log.append(['0', '1', '2'].map((value) => ({ topic, key: null, value: Buffer.from(value) })));
    const first: Seen[] = [];
    const one = await log.join(
      optionsOf(topic, (t, p, m) =>
        keeping(first, t, p, m, {
          handle: async (records) => {
            first.push(...seenOf(records));
            await m.commit(t, p, 2, metadata);
          },
          close: async () => undefined,
        }),
      ),
    );
    await vi.waitFor(() => expect(first).toHaveLength(3), WAIT);
    await one.leave();
    expect(await log.committed(`${topic}-group`, topic, 0)).toEqual({ offset: 2, metadata });

    const second: Seen[] = [];
    const two = await log.join(optionsOf(topic, (t, p, m) => keeping(second, t, p, m)));
    await vi.waitFor(() => expect(second).toHaveLength(1), WAIT);
    await two.leave();
    expect(second).toEqual([{ partition: 0, offset: 2, value: '2' }]);
    expect(await log.committed(`${topic}-group`, topic, 0)).toEqual({ offset: 3, metadata: 'closed at 3' });
  });

  test('opening may go back, or on', async () => {
    const topic = await topicOf(1);
    const batch = Array.from({ length: 10 }, (_, i) => ({ topic, key: null, value: Buffer.from(String(i)) }));
    await log.append(batch);
    const offsets = async (openAt: number, expected: number) => {
      const seen: Seen[] = [];
      const member = await log.join(
        optionsOf(topic, (t, p, m) => keeping(seen, t, p, m, { open: async () => openAt })),
      );
      await vi.waitFor(() => expect(seen).toHaveLength(expected), WAIT);
      await member.leave();
      return seen.map(({ offset }) => offset);
    };
    expect(await offsets(7, 3)).toEqual([7, 8, 9]);
    // It has committed 10 by now, and goes back to 4.
    expect(await offsets(4, 6)).toEqual([4, 5, 6, 7, 8, 9]);
  });

  test('ticks a silent partition, opened before, with its lag; calls never overlap', async () => {
    const topic = await topicOf(1);
    const calls: string[] = [];
    const lags: number[] = [];
    let running = 0;
    let runningMax = 0;
    const alone = async (name: string) => {
      runningMax = Math.max(runningMax, ++running);
      calls.push(name);
      await new Promise(setImmediate);
      running--;
    };
    const member = await log.join(
      optionsOf(topic, (t, p, m) =>
        keeping([], t, p, m, {
          open: async () => {
            await alone('open');
            return 'stay';
          },
          handle: () => alone('handle'),
          tick: async (_now, lag) => {
            lags.push(lag);
            await alone('tick');
          },
          close: () => alone('close'),
        }),
      ),
    );
    await vi.waitFor(() => expect(calls.filter((call) => call === 'tick').length).toBeGreaterThan(2), WAIT);
    expect(calls.slice(0, 2)).toEqual(['open', 'tick']);
    await log.append([{ topic, key: null, value: null }]);
    await vi.waitFor(() => expect(calls).toContain('handle'), WAIT);
    await member.leave();
    expect(calls.at(-1)).toBe('close');
    expect(calls.filter((call) => call === 'open')).toHaveLength(1);
    expect(new Set(lags)).toEqual(new Set([0]));
    expect(runningMax).toBe(1);
  });

  test('the lag counts what is not handled yet', async () => {
    const topic = await topicOf(1);
    const batch = Array.from({ length: 5 }, (_, i) => ({ topic, key: null, value: Buffer.from(String(i)) }));
    await log.append(batch);
    const lags: number[] = [];
    const member = await log.join(
      optionsOf(topic, (t, p, m) =>
        keeping([], t, p, m, {
          // Never done, as with a sink that is away: the lag stays.
          handle: async (_records, heartbeat) => {
            await heartbeat();
            throw new Error('away');
          },
          tick: async (_now, lag) => {
            lags.push(lag);
          },
        }),
      ),
    );
    await vi.waitFor(() => expect(lags).toContain(5), WAIT);
    await member.leave();
    fatal.length = 0;
  });

  test('a batch that fails is given to a new handler again, five times', async () => {
    const topic = await topicOf(1);
    await log.append([{ topic, key: null, value: Buffer.from('poison') }]);
    let handlers = 0;
    const ends: Error[] = [];
    const member = await log.join({
      ...optionsOf(topic, (t, p, m) => {
        handlers++;
        return keeping([], t, p, m, { handle: () => Promise.reject(new TypeError('no')) });
      }),
      onFatal: (error) => ends.push(error),
    });
    await vi.waitFor(() => expect(ends).toHaveLength(1), WAIT);
    expect(ends[0]).toMatchObject({ code: 'group_failed' });
    expect(ends[0]!.message).toContain(`${topic}/0 failed at offset 0`);
    expect(handlers).toBeGreaterThanOrEqual(5);
    await member.leave();
    expect(await log.committed(`${topic}-group`, topic, 0)).toMatchObject({ offset: null });
  });

  test('refuses a commit after leaving', async () => {
    const topic = await topicOf(1);
    let kept: Membership | undefined;
    const member = await log.join(
      optionsOf(topic, (t, p, m) => {
        kept = m;
        return keeping([], t, p, m);
      }),
    );
    await vi.waitFor(() => expect(kept).toBeDefined(), WAIT);
    await member.leave();
    await expect(kept!.commit(topic, 0, 1, '')).rejects.toThrow('not assigned');
    await expect(
      log.join(optionsOf(`${prefix}-not-there`, (t, p, m) => keeping([], t, p, m))),
    ).rejects.toMatchObject({ code: 'topic_missing' });
  });
});
