import kafkajs from 'kafkajs';
import { describe, expect, test } from 'vitest';
import { coPartitionAssigner, type OwnedPartitions } from '../../src/log/co-partition-assigner.ts';

const { MemberAssignment, MemberMetadata } = kafkajs.AssignerProtocol;
const NOTHING: OwnedPartitions = { generation: -1, assignment: {}, request: 0 };

/** An assigner whose client knows these topics. */
const assignerOf = (known: Record<string, number> | null, owned = NOTHING) =>
  coPartitionAssigner(
    {
      findTopicPartitionMetadata: (topic) => {
        if (known === null) throw new Error('Topic metadata not loaded');
        return Array.from({ length: known[topic] ?? 0 }, (_, partitionId) => ({ partitionId })) as never;
      },
    },
    () => owned,
  );

const joining = (memberId: string, topics: string[], assigner: ReturnType<typeof assignerOf>) => ({
  memberId,
  memberMetadata: assigner.protocol({ topics }).metadata,
});

const decoded = (assignments: { memberId: string; memberAssignment: Buffer }[]) =>
  Object.fromEntries(
    assignments.map(({ memberId, memberAssignment }) => [
      memberId,
      { ...MemberAssignment.decode(memberAssignment)!.assignment },
    ]),
  );

describe('the assigner as kafkajs calls it', () => {
  test('a leader assigns a topic that it does not know itself', async () => {
    const leader = assignerOf({ old: 2 });
    const assignments = await leader.assign({
      members: [
        joining('leader', ['old'], leader),
        joining('other', ['added', 'old'], assignerOf({ old: 2, added: 3 })),
      ],
      topics: ['old'],
    });
    expect(decoded(assignments)).toEqual({
      leader: { old: [0, 1] },
      other: { added: [0, 1, 2] },
    });
  });

  test('a member that has seen a new partition makes it known, and subscribes differently', async () => {
    const leader = assignerOf({ t: 2 });
    const before = joining('a', ['t'], assignerOf({ t: 2 }));
    const after = joining('a', ['t'], assignerOf({ t: 3 }));
    expect(after.memberMetadata.equals(before.memberMetadata)).toBe(false);
    const assignments = await leader.assign({ members: [after], topics: ['t'] });
    expect(decoded(assignments)).toEqual({ a: { t: [0, 1, 2] } });
  });

  test('partitions stay where they were', async () => {
    const known = { t: 4, u: 4 };
    const assigner = assignerOf(known);
    const owns = (...partitions: number[]) =>
      assignerOf(known, { ...NOTHING, generation: 3, assignment: { t: partitions, u: partitions } });
    const assignments = await assigner.assign({
      members: [
        joining('a', ['t', 'u'], owns(1, 2)),
        joining('b', ['t', 'u'], owns(0, 3)),
        joining(
          'stale',
          ['t', 'u'],
          assignerOf(known, { ...NOTHING, generation: 2, assignment: { t: [0, 1, 2, 3] } }),
        ),
      ],
      topics: ['t', 'u'],
    });
    const { a, b, stale } = decoded(assignments);
    expect([...a!.t!, ...b!.t!, ...stale!.t!].sort()).toEqual([0, 1, 2, 3]);
    expect([1, 2]).toEqual(expect.arrayContaining(a!.t!));
    expect([0, 3]).toEqual(expect.arrayContaining(b!.t!));
    expect(stale!.t).toHaveLength(1);
    expect(stale!.u).toEqual(stale!.t);
  });

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['no JSON', Buffer.from([0, 1, 2])],
    ['another shape', Buffer.from('{"generation":"x","assignment":[{}],"counts":{"t":"9","u":1.5}}')],
    ['null', Buffer.from('null')],
  ])('user data that is %s counts as no claim', async (_name, userData) => {
    const assigner = assignerOf({ t: 2 });
    const memberMetadata = MemberMetadata.encode({ version: 0, topics: ['t'], userData });
    const assignments = await assigner.assign({
      members: [{ memberId: 'm', memberMetadata }],
      topics: ['t'],
    });
    expect(decoded(assignments)).toEqual({ m: { t: [0, 1] } });
  });

  test('without metadata, and for topics that do not exist, nothing is assigned and nothing thrown', async () => {
    const assigner = assignerOf(null);
    const assignments = await assigner.assign({
      members: [joining('m', ['t', 'not-there'], assigner)],
      topics: ['t'],
    });
    expect(decoded(assignments)).toEqual({ m: {} });
  });
});
