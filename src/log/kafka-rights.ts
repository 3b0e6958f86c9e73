/**
 * What the brokers let this client do, without doing it: Metadata v8 and DescribeGroups v3 of the protocol of Kafka, which
 * kafkajs does not know, tell the operations that are allowed (KIP-430). Brokers from 2.3 on have them.
 */
import { type Broker, type Decoder, Encoder, sendTo } from './kafkajs-internals.ts';

/** By number of the operation (org.apache.kafka.common.acl.AclOperation); those that Telltale needs. */
const OPERATIONS: Readonly<Record<number, string>> = {
  3: 'Read',
  4: 'Write',
  5: 'Create',
  8: 'Describe',
  10: 'DescribeConfigs',
};
export type Right = 'Read' | 'Write' | 'Create' | 'Describe' | 'DescribeConfigs';

export interface PartitionFacts {
  replicas: number;
  inSync: number;
  hasLeader: boolean;
}

export interface TopicFacts {
  name: string;
  /** denied: the broker does not even say whether it exists. */
  state: 'there' | 'missing' | 'denied';
  partitions: PartitionFacts[];
  rights: ReadonlySet<Right>;
}

export interface ClusterFacts {
  /** As they advertise themselves. */
  brokers: { nodeId: number; host: string; port: number }[];
  topics: TopicFacts[];
  rights: ReadonlySet<Right>;
}

const METADATA = 3;
const METADATA_VERSION = 8;
const DESCRIBE_GROUPS = 15;
const DESCRIBE_GROUPS_VERSION = 3;
const TOPIC_DENIED = 29;
const NO_TOPIC = 3;
const NO_LEADER = -1;

/** A set of bits; the smallest number says that there is no answer. */
function rightsOf(bits: number): ReadonlySet<Right> {
  const found = Object.entries(OPERATIONS).filter(
    ([code]) => bits !== -(2 ** 31) && (bits >> Number(code)) & 1,
  );
  return new Set(found.map(([, name]) => name as Right));
}

function partitionOf(decoder: Decoder): PartitionFacts {
  decoder.readInt16();
  decoder.readInt32();
  const leader = decoder.readInt32();
  decoder.readInt32();
  const numbers = () => decoder.readArray((one) => one.readInt32());
  const [replicas, inSync] = [numbers(), numbers()];
  numbers();
  return { replicas: replicas.length, inSync: inSync.length, hasLeader: leader !== NO_LEADER };
}

function topicOf(decoder: Decoder): TopicFacts {
  const error = decoder.readInt16();
  const name = decoder.readString();
  decoder.readBoolean();
  const partitions = decoder.readArray(partitionOf);
  const rights = rightsOf(decoder.readInt32());
  let state: TopicFacts['state'] = 'there';
  if (error === TOPIC_DENIED) state = 'denied';
  if (error === NO_TOPIC) state = 'missing';
  return { name, state, partitions, rights };
}

/** Whether the broker answers both questions. */
export const tellsRights = ({ versions }: Broker): boolean =>
  (versions[METADATA]?.maxVersion ?? 0) >= METADATA_VERSION &&
  (versions[DESCRIBE_GROUPS]?.maxVersion ?? 0) >= DESCRIBE_GROUPS_VERSION;

export function clusterFacts(broker: Broker, topics: readonly string[]): Promise<ClusterFacts> {
  return sendTo(broker, {
    apiKey: METADATA,
    apiVersion: METADATA_VERSION,
    apiName: 'Metadata',
    body: () =>
      // Nothing is created by asking; the rights are told of the cluster and of topics.
      new Encoder().writeArray(topics).writeBoolean(false).writeBoolean(true).writeBoolean(true),
    read: (decoder) => {
      decoder.readInt32();
      const brokers = decoder.readArray((one) => {
        const at = { nodeId: one.readInt32(), host: one.readString(), port: one.readInt32() };
        one.readString();
        return at;
      });
      decoder.readString();
      decoder.readInt32();
      const found = decoder.readArray(topicOf);
      return { brokers, topics: found, rights: rightsOf(decoder.readInt32()) };
    },
  });
}

/** What is allowed with each group, whether it exists or not, asked of its coordinator. */
export function groupRights(broker: Broker, group: string): Promise<ReadonlySet<Right>> {
  return sendTo(broker, {
    apiKey: DESCRIBE_GROUPS,
    apiVersion: DESCRIBE_GROUPS_VERSION,
    apiName: 'DescribeGroups',
    body: () => new Encoder().writeArray([group]).writeBoolean(true),
    read: (decoder) => {
      decoder.readInt32();
      const [rights] = decoder.readArray((one) => {
        one.readInt16();
        for (let i = 0; i < 4; i++) one.readString();
        one.readArray((member) => {
          // Id, id of a static member, client and host; what it subscribes to and has.
          for (let i = 0; i < 4; i++) member.readString();
          for (let i = 0; i < 2; i++) member.readBytes();
        });
        return rightsOf(one.readInt32());
      });
      return rights ?? new Set();
    },
  });
}
