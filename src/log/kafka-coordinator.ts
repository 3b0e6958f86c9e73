import { TelltaleError } from '../errors.ts';
import type { Connections } from './kafka-connections.ts';
import { groupRequest, type KafkajsError } from './kafkajs-internals.ts';
import type { Log } from './port.ts';

/** Who a member is to the coordinator of its group since its last join. */
export interface MemberIdentity {
  group: string;
  memberId: string;
  generation: number;
  /** Null: not a static member (KIP-345). */
  instanceId: string | null;
}

/**
 * Requests to the coordinator of a group that do not go through the group's client: while a join waits for the other
 * members, nothing else gets through the connections of the client.
 */
export interface KafkaCoordinator extends Pick<Log, 'committed'> {
  /**
   * Commits in the name of exactly this member of exactly this generation. kafkajs' own commit tries again with
   * whatever generation its client has meanwhile, so that one which was refused as a zombie's goes through after the
   * zombie has joined again. Rejects with what `isFenced` knows when another generation rules.
   */
  commit(
    identity: MemberIdentity,
    topic: string,
    partition: number,
    offset: number,
    metadata: string,
  ): Promise<void>;
  /** Removes the member, wherever its own client hangs. */
  leave(identity: MemberIdentity): Promise<void>;
}

const FENCED = new Set([
  'ILLEGAL_GENERATION',
  'UNKNOWN_MEMBER_ID',
  'REBALANCE_IN_PROGRESS',
  'FENCED_INSTANCE_ID',
]);

/** Whether a coordinator refused a request because the member or its generation is not the group's any more. */
export function isFenced(error: unknown): boolean {
  return FENCED.has((error as Partial<KafkajsError> | null)?.type ?? '');
}

/** Whether the group assigns anew; until it has, its old assignment holds. */
export function isRebalance(error: unknown): boolean {
  return (error as Partial<KafkajsError> | null)?.type === 'REBALANCE_IN_PROGRESS';
}

export function createCoordinator({ use }: Connections): KafkaCoordinator {
  return {
    committed: (group, topic, partition) =>
      use(async (cluster) => {
        const coordinator = await cluster.findGroupCoordinator({ groupId: group });
        const { responses } = await coordinator.offsetFetch({
          groupId: group,
          topics: [{ topic, partitions: [{ partition }] }],
        });
        const found = responses[0]!.partitions[0]!;
        const offset = Number(found.offset);
        // -1: nothing; -2: kafkajs found its offset out of range and committed "from the beginning".
        return { offset: offset < 0 ? null : offset, metadata: found.metadata ?? '' };
      }),
    commit: async ({ group, memberId, generation }, topic, partition, offset, metadata) => {
      try {
        await use(async (cluster) => {
          const coordinator = await cluster.findGroupCoordinator({ groupId: group });
          await coordinator.offsetCommit({
            groupId: group,
            memberId,
            groupGenerationId: generation,
            topics: [{ topic, partitions: [{ partition, offset: String(offset), metadata }] }],
          });
        });
      } catch (error) {
        // The client's own error: thrown on, it makes the client join again.
        if (error instanceof TelltaleError && isFenced(error.cause)) throw error.cause;
        throw error;
      }
    },
    leave: ({ group, memberId, instanceId }) =>
      use(async (cluster) => {
        const coordinator = await cluster.findGroupCoordinator({ groupId: group });
        await groupRequest(coordinator, 'LeaveGroup', {
          groupId: group,
          memberId,
          groupInstanceId: instanceId,
        });
      }),
  };
}
