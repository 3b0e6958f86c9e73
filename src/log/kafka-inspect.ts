/** A look at the brokers that waits for nobody and changes nothing, for `telltale doctor`. */
import kafkajs from 'kafkajs';
import { clientFactory, type KafkaLogOptions } from './kafka-client.ts';
import { createConnections } from './kafka-connections.ts';
import { brokerFault } from './kafka-fault.ts';
import { type ClusterFacts, clusterFacts, groupRights, type Right, tellsRights } from './kafka-rights.ts';
import type { KafkajsError } from './kafkajs-internals.ts';
import { patchRequestQueue } from './kafkajs-patch.ts';

export type { ClusterFacts, Right, TopicFacts } from './kafka-rights.ts';

export interface KafkaInspector {
  /**
   * Connects to one address, `HOST:PORT`, and proves who we are.
   * @returns how long it took, in ms
   * @throws TelltaleError broker_unavailable, broker_denied, broker_untrusted, token_unavailable
   */
  reach(address: string): Promise<number>;
  /** Null: the brokers are older than Kafka 2.3 and do not tell rights. */
  cluster(topics: readonly string[]): Promise<ClusterFacts | null>;
  groupRights(group: string): Promise<ReadonlySet<Right>>;
  /** Settings of topics by their names; null: they may not be seen. */
  topicConfigs(topics: readonly string[]): Promise<Map<string, Record<string, string>> | null>;
  close(): Promise<void>;
}

/** Some attempts: a listener that restarts is no fault, and a person waits. */
const RETRIES = 1;
const OF_GROUP = 0;

export function inspectKafka(options: KafkaLogOptions): KafkaInspector {
  patchRequestQueue();
  const clients = clientFactory(options);
  const kafka = clients(RETRIES);
  const connections = createConnections(kafka);
  return {
    reach: async (address) => {
      const only = { ...options, brokers: [address] };
      const admin = clientFactory(only)(0).admin();
      const startedMs = performance.now();
      try {
        await admin.connect();
        // A listener with SASL closes the connection of a client without at its first question.
        await admin.describeCluster();
        return performance.now() - startedMs;
      } catch (error) {
        throw brokerFault(error, only);
      } finally {
        await admin.disconnect().catch(() => undefined);
      }
    },
    cluster: (topics) =>
      connections.use(async (cluster) => {
        await cluster.refreshMetadata();
        const broker = await cluster.findControllerBroker();
        return tellsRights(broker) ? clusterFacts(broker, topics) : null;
      }),
    groupRights: (group) =>
      connections.use(async (cluster) => {
        try {
          const seed = await cluster.findControllerBroker();
          const found = await seed.findGroupCoordinator({ groupId: group, coordinatorType: OF_GROUP });
          const nodeId = String(found.coordinator.nodeId);
          return await groupRights(await cluster.findBroker({ nodeId }), group);
        } catch (error) {
          // Who may not describe a group is not told where its coordinator is.
          if ((error as KafkajsError).type === 'GROUP_AUTHORIZATION_FAILED') return new Set();
          throw error;
        }
      }),
    topicConfigs: async (topics) => {
      const admin = kafka.admin();
      try {
        await admin.connect();
        const { resources } = await admin.describeConfigs({
          includeSynonyms: false,
          resources: topics.map((name) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name })),
        });
        return new Map(
          resources.map(({ resourceName, configEntries }) => [
            resourceName,
            Object.fromEntries(configEntries.map(({ configName, configValue }) => [configName, configValue])),
          ]),
        );
      } catch {
        return null;
      } finally {
        await admin.disconnect().catch(() => undefined);
      }
    },
    close: () => connections.close(),
  };
}
