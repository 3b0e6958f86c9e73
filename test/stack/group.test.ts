/** How members of a group on a real broker take over from each other. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Consumer } from 'kafkajs';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { createKafkaLog, type GroupTimes, type KafkaLog } from '../../src/log/kafka.ts';
import type { Group, GroupOptions, Heartbeat, Membership, PartitionHandler } from '../../src/log/port.ts';
import type { LogRecord } from '../../src/records.ts';
import { describeStack } from './support/context.ts';
import { addPartitions, createTopics, deleteTopics, testClient, uniquePrefix } from './support/topics.ts';

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const WAIT = { timeout: 50_000, interval: 20 };
/** Whatever has to wait for one of these has waited longer than its test may take. */
const ENDLESS: Partial<GroupTimes> = { sessionTimeoutMs: 300_000, rebalanceTimeoutMs: 300_000 };
/** The shortest that a broker allows. */
const SHORT: Partial<GroupTimes> = {
  sessionTimeoutMs: 6_000,
  heartbeatIntervalMs: 1_000,
  rebalanceTimeoutMs: 3_000,
};

/** A promise and the function that resolves it. */
function signal(): { done: Promise<void>; resolve: () => void } {
  let resolve!: () => void;
  const done = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { done, resolve };
}

describeStack('members of a group', (stack) => {
  const prefix = uniquePrefix('group');
  const logs: KafkaLog[] = [];
  const fatal: Error[] = [];
  let writer: KafkaLog;
  let count = 0;

  const topicOf = async (partitions: number): Promise<string> => {
    const topic = `${prefix}-${count++}`;
    await createTopics(stack.kafka, [{ topic, partitions }]);
    return topic;
  };
  const open = async (
    groupTimes: Partial<GroupTimes>,
    instanceId: string | null = null,
  ): Promise<KafkaLog> => {
    const log = await createKafkaLog({
      brokers: stack.kafka.split(','),
      clientId: 'telltale-test',
      log: silent,
      groupTimes,
      instanceId,
    });
    logs.push(log);
    return log;
  };
  const write = (topic: string, partition: number, ...values: string[]): Promise<void> =>
    writer.append(values.map((value) => ({ topic, partition, key: null, value: Buffer.from(value) })));

  /** A member that commits each batch; `names` are of the records that it committed, in order. */
  const join = async (
    log: KafkaLog,
    topics: string[],
    overrides: (
      topic: string,
      partition: number,
      membership: Membership,
    ) => Partial<PartitionHandler> = () => ({}),
    options: Partial<GroupOptions> = {},
  ): Promise<Group & { names: string[] }> => {
    const names: string[] = [];
    const group = await log.join({
      group: `${topics[0]}-group`,
      topics,
      tickMs: 50,
      partitionsConcurrentMax: 4,
      handlerFor: (topic, partition, membership) => ({
        open: async () => 'stay',
        handle: async (records) => {
          await membership.commit(topic, partition, records.at(-1)!.offset + 1, '');
          names.push(...namesOf(records));
        },
        tick: async () => undefined,
        close: async () => undefined,
        ...overrides(topic, partition, membership),
      }),
      onFatal: (error) => fatal.push(error),
      ...options,
    });
    return { ...group, assigned: () => group.assigned(), leave: () => group.leave(), names };
  };
  const namesOf = (records: readonly LogRecord[]): string[] =>
    records.map(({ partition, value }) => `${partition}:${value}`);
  const hold = (members: Group[], counts: number[]): Promise<void> =>
    vi.waitFor(() => expect(members.map((one) => one.assigned().length)).toEqual(counts), WAIT);

  beforeAll(async () => {
    writer = await open({});
  });
  afterEach(async () => {
    await Promise.all(logs.splice(1).map((log) => log.close()));
    expect(fatal.splice(0)).toEqual([]);
  });
  afterAll(async () => {
    await writer.close();
    await deleteTopics(stack.kafka, prefix);
  });

  test('who leaves says goodbye: the others do not wait for its session', async () => {
    const topic = await topicOf(4);
    const one = await join(await open(ENDLESS), [topic]);
    await hold([one], [4]);
    const two = await join(await open(ENDLESS), [topic]);
    await hold([one, two], [2, 2]);
    await one.leave();
    await hold([one, two], [0, 4]);
  });

  test('a join that waits for others is taken back by leaving, the first one and a later one', async () => {
    const topic = await topicOf(4);
    const release = signal();
    const entered = signal();
    const stuck = await join(await open(ENDLESS), [topic], () => ({
      handle: async () => {
        entered.resolve();
        await release.done;
      },
    }));
    await hold([stuck], [4]);
    const second = await join(await open(ENDLESS), [topic]);
    await hold([stuck, second], [2, 2]);
    for (const { partition } of stuck.assigned()) await write(topic, partition, 'x');
    await entered.done;
    // The group now waits for the first member, whose handler hangs: for the third for ever, by its times.
    const third = await join(await open(ENDLESS), [topic]);
    await vi.waitFor(async () => expect(await stateOf(`${topic}-group`)).toBe('PreparingRebalance'), WAIT);
    await third.leave();
    await second.leave();
    release.resolve();
    await hold([stuck, second, third], [4, 0, 0]);
  });

  const stateOf = async (group: string): Promise<string> => {
    const admin = testClient(stack.kafka).admin();
    await admin.connect();
    const { groups } = await admin.describeGroups([group]);
    await admin.disconnect();
    return groups[0]!.state;
  };

  /** Restores for longer than two sessions, as far as the log is read. */
  const slowOpen = async (heartbeat: Heartbeat): Promise<'stay'> => {
    const endMs = Date.now() + 2.2 * SHORT.sessionTimeoutMs!;
    while (Date.now() < endMs) {
      await delay(250);
      await heartbeat();
    }
    return 'stay';
  };

  test.each([
    ['in the first batch', true],
    ['while the partition is silent', false],
  ])('a restore that takes longer than the session keeps the membership: %s', async (_name, isBatch) => {
    const topic = await topicOf(1);
    if (isBatch) await write(topic, 0, 'a');
    let handlers = 0;
    const opened = signal();
    const member = await join(await open(SHORT), [topic], () => {
      handlers++;
      return {
        open: async (heartbeat) => {
          const answer = await slowOpen(heartbeat);
          opened.resolve();
          return answer;
        },
      };
    });
    await hold([member], [1]);
    await opened.done;
    if (!isBatch) await write(topic, 0, 'a');
    await vi.waitFor(async () => {
      expect(await writer.committed(`${topic}-group`, topic, 0)).toMatchObject({ offset: 1 });
    }, WAIT);
    expect(handlers).toBe(1);
    expect(member.names).toEqual(['0:a']);
  });

  test('a member that was silent past its session cannot commit, and joins again with new handlers', async () => {
    const topic = await topicOf(1);
    const release = signal();
    const refused: unknown[] = [];
    let handlers = 0;
    const zombie = await join(await open(SHORT), [topic], (t, p, membership) => {
      handlers++;
      if (handlers > 1) return {};
      return {
        handle: async () => {
          await release.done;
          await membership.commit(t, p, 1, 'zombie').catch((error: unknown) => {
            refused.push(error);
            throw error;
          });
        },
      };
    });
    await hold([zombie], [1]);
    await write(topic, 0, 'a', 'b');
    await vi.waitFor(async () => expect(await stateOf(`${topic}-group`)).toBe('Empty'), WAIT);
    const heir = await join(await open(SHORT), [topic]);
    await vi.waitFor(() => expect(heir.names).toEqual(['0:a', '0:b']), WAIT);
    release.resolve();
    await vi.waitFor(() => expect(refused).toMatchObject([{ type: 'UNKNOWN_MEMBER_ID' }]), WAIT);
    // Whoever has the partition now, it goes on behind what the heir has committed.
    await write(topic, 0, 'c');
    await vi.waitFor(() => expect([...heir.names, ...zombie.names]).toContain('0:c'), WAIT);
    await heir.leave();
    await hold([zombie], [1]);
    await write(topic, 0, 'd');
    await vi.waitFor(() => expect(zombie.names).toContain('0:d'), WAIT);
    expect([...heir.names, ...zombie.names]).toEqual(['0:a', '0:b', '0:c', '0:d']);
    expect(handlers).toBeGreaterThan(1);
    expect(await writer.committed(`${topic}-group`, topic, 0)).toEqual({ offset: 4, metadata: '' });
  });

  test('a partition that is added while the group runs is read from its beginning, by one member', async () => {
    const topic = await topicOf(2);
    const members = [await join(await open({}), [topic]), await join(await open({}), [topic])];
    await hold(members, [1, 1]);
    await write(topic, 0, 'a');
    await write(topic, 1, 'a');
    const names = () => members.flatMap((member) => member.names).sort();
    await vi.waitFor(() => expect(names()).toHaveLength(2), WAIT);
    await addPartitions(stack.kafka, topic, 3);
    await vi.waitFor(async () => expect((await writer.partitions([topic])).get(topic)).toBe(3), WAIT);
    const late = await open({});
    await late.append([{ topic, partition: 2, key: null, value: Buffer.from('first') }]);
    await vi.waitFor(() => expect(names()).toContain('2:first'), WAIT);
    const owners = members.flatMap((member) => member.assigned()).map(({ partition }) => partition);
    expect(owners.sort()).toEqual([0, 1, 2]);
    for (const partition of [0, 1, 2])
      await late.append([{ topic, partition, key: null, value: Buffer.from('z') }]);
    await vi.waitFor(() => expect(names()).toHaveLength(6), WAIT);
    expect(names()).toEqual(['0:a', '0:z', '1:a', '1:z', '2:first', '2:z']);
  });

  test('a topic that only the newer member knows is read by it, also when the older one leads', async () => {
    const [known, added] = [await topicOf(2), await topicOf(2)];
    const leader = await join(await open({}), [known]);
    await hold([leader], [2]);
    await write(added, 1, 'new');
    const newer = await join(await open({}), [known, added]);
    await hold([leader, newer], [2, 2]);
    expect(newer.assigned().map(({ topic }) => topic)).toEqual([added, added]);
    await vi.waitFor(() => expect(newer.names).toEqual(['1:new']), WAIT);
  });

  test('partitions of one number stay together, and where they were when a third member comes and goes', async () => {
    const topics = [await topicOf(4), await topicOf(4)];
    // Nothing is committed: what a partition sees twice was restored.
    const seen: string[] = [];
    const watching = () => ({
      handle: async (records: readonly LogRecord[]) => {
        seen.push(...namesOf(records));
      },
    });
    const members = [
      await join(await open({}), topics, watching),
      await join(await open({}), topics, watching),
    ];
    await hold(members, [4, 4]);
    const held = () =>
      members.map((member) =>
        member
          .assigned()
          .map(({ topic, partition }) => `${topic}/${partition}`)
          .sort(),
      );
    const before = held();
    for (const mine of before) expect(new Set(mine.map((name) => name.split('/')[1])).size).toBe(2);
    const round = async (value: string, count: number): Promise<void> => {
      for (const partition of [0, 1, 2, 3]) await write(topics[0]!, partition, value);
      await vi.waitFor(() => expect(seen.length).toBe(count), WAIT);
    };
    await round('a', 4);
    const third = await join(await open({}), topics, watching);
    await vi.waitFor(() => expect(third.assigned()).toHaveLength(2), WAIT);
    await vi.waitFor(() => expect(held().flat()).toHaveLength(6), WAIT);
    for (const [i, mine] of held().entries()) expect(before[i]).toEqual(expect.arrayContaining(mine));
    // The one that moved begins anew; those that stayed go on.
    await round('b', 9);
    const [moved] = third.assigned();
    const expected = [0, 1, 2, 3].flatMap((partition) => [`${partition}:a`, `${partition}:b`]);
    expect([...seen].sort()).toEqual([...expected, `${moved!.partition}:a`].sort());
    await third.leave();
    await hold(members, [4, 4]);
    expect(held()).toEqual(before);
  });

  test('a static member that is started again has its partitions at once, and the process before it ends', async () => {
    const [topic, added] = [await topicOf(2), await topicOf(1)];
    const errors: Error[] = [];
    const memberships: Membership[] = [];
    const before = await join(
      await open(ENDLESS, 'instance'),
      [topic],
      (_topic, _partition, membership) => {
        memberships.push(membership);
        return {};
      },
      { onFatal: (error) => errors.push(error) },
    );
    await hold([before], [2]);
    await write(topic, 0, 'a');
    await vi.waitFor(() => expect(before.names).toEqual(['0:a']), WAIT);
    // Its client has not left, so by its session the group would wait for it for minutes.
    const again = await join(await open(ENDLESS, 'instance'), [topic]);
    await hold([again], [2]);
    await vi.waitFor(() => expect(errors).toMatchObject([{ code: 'group_failed' }]), WAIT);
    expect(errors[0]!.message).toContain('same group instance id');
    await write(topic, 0, 'b');
    await vi.waitFor(() => expect(again.names).toEqual(['0:b']), WAIT);
    await again.leave();

    // What has left is no member any more, and other topics make a new assignment.
    const other = await join(await open(ENDLESS), [topic, added]);
    await hold([other], [3]);
    await expect(memberships[0]!.commit(topic, 0, 1, '')).rejects.toThrow();
    expect(await writer.committed(`${topic}-group`, topic, 0)).toEqual({ offset: 2, metadata: '' });
  });

  test('a static member that is started again with other topics reads them', async () => {
    const [known, added] = [await topicOf(2), await topicOf(2)];
    const member = await join(await open(ENDLESS), [known]);
    await hold([member], [2]);
    const before = await join(await open(ENDLESS, 'instance'), [known], undefined, {
      onFatal: () => undefined,
    });
    await hold([member, before], [1, 1]);
    const again = await join(await open(ENDLESS, 'instance'), [known, added]);
    await write(added, 0, 'x');
    await vi.waitFor(() => expect(again.names).toEqual(['0:x']), WAIT);
    await hold([member, again], [2, 2]);
  });

  test('a group of members with another protocol is a fatal error', async () => {
    const topic = await topicOf(1);
    const stranger: Consumer = testClient(stack.kafka).consumer({ groupId: `${topic}-group` });
    await stranger.connect();
    await stranger.subscribe({ topic });
    const joined = new Promise((resolve) => stranger.on(stranger.events.GROUP_JOIN, resolve));
    await stranger.run({ eachMessage: async () => undefined });
    await joined;
    const errors: Error[] = [];
    await join(await open({}), [topic], undefined, { onFatal: (error) => errors.push(error) });
    await vi.waitFor(() => expect(errors).toHaveLength(1), WAIT);
    expect(errors[0]).toMatchObject({ code: 'group_failed', cause: { type: 'INCONSISTENT_GROUP_PROTOCOL' } });
    await stranger.disconnect();
  });
});
