import kafkajs, { type Assigner, type Cluster as PublicCluster } from 'kafkajs';
import { assignPartitions, type GroupMemberClaim } from './co-partition.ts';

const { MemberMetadata, MemberAssignment } = kafkajs.AssignerProtocol;

/** Members of a group that offer another name are refused by the broker. */
export const ASSIGNER_NAME = 'telltale-co-partition';
const VERSION = 0;

/** The assignment that a member had last. */
export interface OwnedPartitions {
  generation: number;
  /** Topic -> partitions. */
  assignment: Record<string, number[]>;
  /** Higher when the member wants the group to assign anew. */
  request: number;
}

/** Travels with a member's subscription. */
interface UserData extends OwnedPartitions {
  /** Partitions of the topics that the member subscribes to, as far as it knows them. */
  counts: Record<string, number>;
}

/**
 * kafkajs' form of `assignPartitions`. The leader of a group knows the topics of its own subscription only, so every
 * member tells how many partitions its topics have. That also makes a member's news of a new partition a change of its
 * subscription: without one the broker answers a follower that joins again with the old assignment.
 */
export function coPartitionAssigner(
  cluster: Pick<PublicCluster, 'findTopicPartitionMetadata'>,
  owned: () => OwnedPartitions,
): Assigner {
  const countOf = (topic: string): number => {
    try {
      return cluster.findTopicPartitionMetadata(topic).length;
    } catch {
      // No metadata yet: another member may know.
      return 0;
    }
  };
  return {
    name: ASSIGNER_NAME,
    version: VERSION,
    protocol: ({ topics }) => {
      const counts = Object.fromEntries(topics.map((topic) => [topic, countOf(topic)]));
      const userData: UserData = { ...owned(), counts };
      return {
        name: ASSIGNER_NAME,
        metadata: MemberMetadata.encode({
          version: VERSION,
          topics: [...topics],
          userData: Buffer.from(JSON.stringify(userData)),
        }),
      };
    },
    assign: async ({ members }) => {
      const counts = new Map<string, number>();
      const claims: GroupMemberClaim[] = members.map(({ memberId, memberMetadata }) => {
        const { topics, userData } = MemberMetadata.decode(memberMetadata)!;
        const data = readUserData(userData);
        // The highest count: a partition that nobody reads is worse than one that is not there yet for some.
        for (const topic of topics)
          counts.set(topic, Math.max(counts.get(topic) ?? countOf(topic), data.counts[topic] ?? 0));
        const { generation, assignment } = data;
        return { id: memberId, topics, generation, owned: new Map(Object.entries(assignment)) };
      });
      const assigned = assignPartitions(claims, counts);
      return claims.map(({ id, topics }) => ({
        memberId: id,
        memberAssignment: MemberAssignment.encode({
          version: VERSION,
          assignment: Object.fromEntries(assigned.get(id)!),
          userData: textOf(topics),
        }),
      }));
    },
  };
}

/**
 * Whether an assignment was made for another subscription. A static member that comes back is given the assignment of
 * the process before it as long as its group is stable, whatever it subscribes to now.
 */
export function isForOtherTopics(memberAssignment: Buffer, topics: readonly string[]): boolean {
  const userData = MemberAssignment.decode(memberAssignment)?.userData;
  return userData === undefined || !userData.equals(textOf(topics));
}

const textOf = (topics: readonly string[]): Buffer => Buffer.from(JSON.stringify([...topics].sort()));

/** What another version may have written is taken as nothing where it cannot be read. */
function readUserData(data: Buffer): UserData {
  let read: Partial<UserData> | null = null;
  try {
    read = JSON.parse(String(data)) as Partial<UserData> | null;
  } catch {}
  const { generation, assignment, counts } = read ?? {};
  const owned = Object.entries(tableOf(assignment)).filter(([, partitions]) => Array.isArray(partitions));
  return {
    request: 0,
    generation: typeof generation === 'number' ? generation : -1,
    assignment: Object.fromEntries(owned) as Record<string, number[]>,
    counts: Object.fromEntries(
      Object.entries(tableOf(counts)).filter(([, count]) => Number.isSafeInteger(count)),
    ) as Record<string, number>,
  };
}

function tableOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
