import type { PartitionAssigner, Cluster as PublicCluster } from 'kafkajs';
import { coPartitionAssigner, isForOtherTopics, type OwnedPartitions } from './co-partition-assigner.ts';
import type { KafkaCoordinator, MemberIdentity } from './kafka-coordinator.ts';
import { type Broker, type Cluster, groupRequest, type KafkajsError } from './kafkajs-internals.ts';
import type { GroupOptions } from './port.ts';

/** Ends kafkajs' attempts to join. */
class GroupLeftError extends Error {
  readonly retriable = false;
}

/** Makes kafkajs join again. */
class StaleAssignmentError extends Error {
  readonly type = 'REBALANCE_IN_PROGRESS';
}

/**
 * What one member's client and its coordinator agree on. kafkajs tells neither the generation of an assignment nor the
 * member id of a join that is under way, and a join cannot be called off; so the requests of its client pass here.
 */
export class GroupSession {
  readonly #group: string;
  readonly #topics: readonly string[];
  readonly #instanceId: string | null;
  readonly #coordinator: KafkaCoordinator;
  #memberId = '';
  #generation = -1;
  #isJoining = false;
  #owned: OwnedPartitions = { generation: -1, assignment: {}, request: 0 };
  #ending: Promise<unknown> | null = null;

  constructor(
    { group, topics }: Pick<GroupOptions, 'group' | 'topics'>,
    instanceId: string | null,
    coordinator: KafkaCoordinator,
  ) {
    this.#group = group;
    this.#topics = topics;
    this.#instanceId = instanceId;
    this.#coordinator = coordinator;
  }

  /** For the consumer whose session this is: kafkajs gives its assigners the connections that it joins with. */
  readonly partitionAssigner: PartitionAssigner = ({ cluster }) => {
    this.#watch(cluster as unknown as Cluster);
    return coPartitionAssigner(cluster as PublicCluster, () => this.#owned);
  };

  /** To be called when the client has joined; gives who the member is now. */
  joined(assignment: Record<string, number[]>): MemberIdentity {
    this.#isJoining = false;
    this.#owned = { ...this.#owned, generation: this.#generation, assignment };
    return this.#identity();
  }

  /** From now on a join waits for `flushed` and then fails. */
  end(flushed: Promise<unknown>): void {
    this.#ending = flushed;
  }

  /** Takes back a join that waits for the other members, which otherwise would wait for this one as long again. */
  async withdraw(): Promise<void> {
    if (this.#isJoining && this.#memberId !== '') await this.#coordinator.leave(this.#identity());
  }

  #identity(): MemberIdentity {
    return {
      group: this.#group,
      memberId: this.#memberId,
      generation: this.#generation,
      instanceId: this.#instanceId,
    };
  }

  #watch(cluster: Cluster): void {
    const watched = new WeakSet<Broker>();
    const find = cluster.findGroupCoordinator.bind(cluster);
    cluster.findGroupCoordinator = async (options) => {
      const broker = await find(options);
      if (!watched.has(broker)) {
        watched.add(broker);
        const groupInstanceId = this.#instanceId;
        broker.joinGroup = (request) => this.#join(broker, request);
        broker.syncGroup = (request) => this.#sync(broker, request);
        broker.heartbeat = (request) => groupRequest(broker, 'Heartbeat', { ...request, groupInstanceId });
        broker.leaveGroup = (request) => groupRequest(broker, 'LeaveGroup', { ...request, groupInstanceId });
      }
      return broker;
    };
  }

  async #sync(broker: Broker, request: object): Promise<SyncAnswer> {
    const fields = { ...request, groupInstanceId: this.#instanceId };
    const answer = (await groupRequest(broker, 'SyncGroup', fields)) as SyncAnswer;
    if (this.#instanceId !== null && isForOtherTopics(answer.memberAssignment, this.#topics)) {
      this.#owned = { ...this.#owned, request: this.#owned.request + 1 };
      throw new StaleAssignmentError(`group ${this.#group} has assigned by an earlier subscription`);
    }
    return answer;
  }

  async #join(broker: Broker, request: { memberId: string }): Promise<JoinAnswer> {
    if (this.#ending !== null) {
      await this.#ending;
      throw new GroupLeftError(`the member leaves group ${this.#group}`);
    }
    this.#memberId = request.memberId;
    this.#isJoining = true;
    const send = async (): Promise<JoinAnswer> =>
      (await groupRequest(broker, 'JoinGroup', {
        ...request,
        memberId: this.#memberId,
        groupInstanceId: this.#instanceId,
        protocolType: 'consumer',
      })) as JoinAnswer;
    let answer: JoinAnswer;
    try {
      answer = await send();
    } catch (error) {
      const { name, memberId } = error as KafkajsError & { memberId?: string };
      if (name !== 'KafkaJSMemberIdRequired') throw error;
      // The coordinator gives a new member its id first, and counts on it from then on.
      this.#memberId = memberId!;
      answer = await send();
    }
    this.#memberId = answer.memberId;
    this.#generation = answer.generationId;
    return answer;
  }
}

interface JoinAnswer {
  memberId: string;
  generationId: number;
}

interface SyncAnswer {
  memberAssignment: Buffer;
}
