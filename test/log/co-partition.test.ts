import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { assignPartitions, type GroupAssignment, type GroupMemberClaim } from '../../src/log/co-partition.ts';

const fresh = (id: string, topics: string[]): GroupMemberClaim => ({
  id,
  topics,
  generation: -1,
  owned: new Map(),
});

/** The members as they would join the next generation. */
const again = (members: readonly GroupMemberClaim[], assigned: GroupAssignment, generation: number) =>
  members.map((member) => ({ ...member, generation, owned: assigned.get(member.id) ?? new Map() }));

/** `topic/partition` -> member. */
const ownersOf = (assigned: GroupAssignment): Map<string, string> => {
  const owners = new Map<string, string>();
  for (const [id, topics] of assigned) {
    for (const [topic, partitions] of topics) {
      for (const partition of partitions) {
        expect(owners.has(`${topic}/${partition}`)).toBe(false);
        owners.set(`${topic}/${partition}`, id);
      }
    }
  }
  return owners;
};

const loadOf = (topics: Map<string, number[]> | undefined): number =>
  [...(topics ?? [])].reduce((sum, [, partitions]) => sum + partitions.length, 0);

const movedBetween = (before: GroupAssignment, after: GroupAssignment): string[] => {
  const owners = ownersOf(after);
  return [...ownersOf(before)].filter(([name, id]) => owners.get(name) !== id).map(([name]) => name);
};

const TOPICS = ['a', 'b', 'c', 'd'];
const counts = fc
  .record({ a: fc.nat(9), b: fc.nat(9), c: fc.nat(3), d: fc.nat(9) }, { requiredKeys: [] })
  .map((record) => new Map(Object.entries(record)));
const claim = fc.record({
  topics: fc.subarray(TOPICS),
  generation: fc.integer({ min: -1, max: 3 }),
  owned: fc
    .uniqueArray(fc.tuple(fc.constantFrom(...TOPICS), fc.uniqueArray(fc.nat(10))), {
      selector: ([topic]) => topic,
    })
    .map((entries) => new Map(entries)),
});
const group = fc
  .array(claim, { minLength: 1, maxLength: 6 })
  .map((claims) => claims.map((one, i): GroupMemberClaim => ({ id: `m${i}`, ...one })));

describe('who reads which partitions', () => {
  test('partitions of one number go to one member', () => {
    const members = ['x', 'y', 'z'].map((id) => fresh(id, ['labels', 'requests', 'events']));
    const assigned = assignPartitions(
      members,
      new Map([
        ['requests', 4],
        ['labels', 4],
        ['events', 6],
      ]),
    );
    const owners = ownersOf(assigned);
    expect(owners.size).toBe(14);
    for (const partition of [0, 1, 2, 3]) {
      const ids = ['requests', 'labels', 'events'].map((topic) => owners.get(`${topic}/${partition}`));
      expect(new Set(ids).size).toBe(1);
    }
    // Two of the partitions that only one topic has level what the four lanes of three leave.
    expect([...assigned.values()].map(loadOf).sort()).toEqual([4, 4, 6]);
  });

  test('a topic goes only to those that subscribe to it, also when no other knows it', () => {
    const assigned = assignPartitions(
      [fresh('new', ['old', 'added']), fresh('old', ['old'])],
      new Map([
        ['old', 4],
        ['added', 2],
      ]),
    );
    expect(assigned.get('new')!.get('added')).toEqual([0, 1]);
    expect(assigned.get('old')!.has('added')).toBe(false);
    expect([...assigned.values()].map(loadOf)).toEqual([3, 3]);
  });

  test('a topic that does not exist is left out', () => {
    const assigned = assignPartitions([fresh('x', ['there', 'not-there'])], new Map([['there', 2]]));
    expect(assigned).toEqual(new Map([['x', new Map([['there', [0, 1]]])]]));
  });

  test('of two claims the one of the later generation holds', () => {
    const ownerOfBoth = (x: number, y: number): Map<string, string> => {
      const owned = new Map([['t', [0]]]);
      const claims = [
        { ...fresh('x', ['t']), generation: x, owned },
        { ...fresh('y', ['t']), generation: y, owned },
      ];
      return ownersOf(assignPartitions(claims, new Map([['t', 2]])));
    };
    expect(Object.fromEntries(ownerOfBoth(4, 5))).toEqual({ 't/0': 'y', 't/1': 'x' });
    expect(Object.fromEntries(ownerOfBoth(5, 4))).toEqual({ 't/0': 'x', 't/1': 'y' });
  });

  test('everything is assigned once, to a subscriber', () => {
    fc.assert(
      fc.property(group, counts, (members, count) => {
        const owners = ownersOf(assignPartitions(members, count));
        const topicsOf = new Map(members.map(({ id, topics }) => [id, topics]));
        const expected = TOPICS.filter((topic) =>
          members.some(({ topics }) => topics.includes(topic)),
        ).reduce((sum, topic) => sum + (count.get(topic) ?? 0), 0);
        expect(owners.size).toBe(expected);
        for (const [name, id] of owners) expect(topicsOf.get(id)).toContain(name.split('/')[0]);
      }),
    );
  });

  test('no lane could move to a member that has more than the lane less', () => {
    fc.assert(
      fc.property(group, counts, (members, count) => {
        const assigned = assignPartitions(members, count);
        const subscribersOf = (topic: string) =>
          members.filter(({ topics }) => topics.includes(topic)).map(({ id }) => id);
        for (const [name, id] of ownersOf(assigned)) {
          const [topic, partition] = name.split('/') as [string, string];
          const lane = TOPICS.filter(
            (other) =>
              (count.get(other) ?? 0) > Number(partition) &&
              subscribersOf(other).join() === subscribersOf(topic).join(),
          );
          for (const other of subscribersOf(topic)) {
            const more = loadOf(assigned.get(id)) - loadOf(assigned.get(other));
            expect(more).toBeLessThanOrEqual(lane.length);
          }
        }
      }),
    );
  });

  test('the order of the members and of their topics does not matter', () => {
    const shuffled = group.chain((members) =>
      fc.tuple(
        fc.constant(members),
        fc.shuffledSubarray(members, { minLength: members.length, maxLength: members.length }),
      ),
    );
    fc.assert(
      fc.property(shuffled, counts, ([members, other], count) => {
        const reversed = other.map((member) => ({ ...member, topics: [...member.topics].reverse() }));
        const one = ownersOf(assignPartitions(members, count));
        expect(ownersOf(assignPartitions(reversed, new Map([...count].reverse())))).toEqual(one);
      }),
    );
  });

  test('nothing moves when nothing has changed', () => {
    fc.assert(
      fc.property(group, counts, (members, count) => {
        const first = assignPartitions(members, count);
        const second = assignPartitions(again(members, first, 7), count);
        expect(movedBetween(first, second)).toEqual([]);
      }),
    );
  });

  test('who leaves moves only its own; who comes gets only its share', () => {
    const size = fc.record({
      members: fc.integer({ min: 2, max: 7 }),
      partitions: fc.nat(30),
      who: fc.nat(),
    });
    fc.assert(
      fc.property(size, ({ members: memberCount, partitions, who }) => {
        const topics = ['labels', 'requests'];
        const count = new Map(topics.map((topic) => [topic, partitions]));
        const members = Array.from({ length: memberCount }, (_, i) => fresh(`m${i}`, topics));
        const first = assignPartitions(members, count);

        const gone = members[who % memberCount]!.id;
        const left = members.filter(({ id }) => id !== gone);
        const second = assignPartitions(again(left, first, 1), count);
        expect(movedBetween(first, second)).toHaveLength(loadOf(first.get(gone)));

        const third = assignPartitions([...again(left, second, 2), fresh(gone, topics)], count);
        const share = loadOf(third.get(gone));
        expect(movedBetween(second, third)).toHaveLength(share);
        expect(share).toBe(2 * Math.floor(partitions / memberCount));
      }),
    );
  });
});
