import { registerCodecs } from './codecs.ts';
import { createTopicAdmin, type KafkaTopicAdmin } from './kafka-admin.ts';
import { clientFactory, GROUP_TIMES, type KafkaLogOptions, waitForBroker } from './kafka-client.ts';
import { createConnections } from './kafka-connections.ts';
import { createCoordinator } from './kafka-coordinator.ts';
import { brokerFault } from './kafka-fault.ts';
import { joinGroup } from './kafka-group.ts';
import { createReader } from './kafka-reader.ts';
import { createWriter } from './kafka-writer.ts';
import { patchRequestQueue } from './kafkajs-patch.ts';
import type { Group, GroupLog } from './port.ts';

export type { KafkaTopicAdmin } from './kafka-admin.ts';
export type { GroupTimes, KafkaLogger, KafkaLogOptions } from './kafka-client.ts';

/** About half a minute with kafkajs' growing pauses: a broker that restarts is waited for. */
const RETRIES = 10;

export interface KafkaLog extends GroupLog {
  /** Connects with its first call, and has its own `close`. */
  admin(): KafkaTopicAdmin;
  /** Resolves when a broker answers; rejects with `broker_unavailable`. */
  ping(): Promise<void>;
}

/**
 * The log on Kafka. Waits for a broker for as long as it takes, telling `onUnavailable` of each attempt. Rejects with
 * `codec_missing`, `file_unreadable`, the reason of an aborted `signal`, or a refusal where `refusalIsFinal`.
 */
export async function createKafkaLog(options: KafkaLogOptions): Promise<KafkaLog> {
  patchRequestQueue();
  await registerCodecs();
  const client = clientFactory(options);
  await waitForBroker(options, client);
  const kafka = client(RETRIES);
  const connections = createConnections(kafka);
  const reader = createReader(connections);
  const coordinator = createCoordinator(connections);
  const writer = await createWriter(kafka, options.compression ?? 'none').catch((error: unknown) => {
    throw brokerFault(error, options);
  });
  const groups = new Set<Group>();
  return {
    partitions: reader.partitions,
    ends: reader.ends,
    read: reader.read,
    committed: coordinator.committed,
    ping: reader.ping,
    append: writer.append,
    admin: () => createTopicAdmin(client(RETRIES)),
    join: async (groupOptions) => {
      const group = await joinGroup(groupOptions, {
        kafka: client(RETRIES),
        reader,
        coordinator,
        log: options.log,
        times: { ...GROUP_TIMES, ...options.groupTimes },
        instanceId: options.instanceId ?? null,
      });
      groups.add(group);
      return group;
    },
    close: async () => {
      await Promise.all([...groups].map((group) => group.leave()));
      await Promise.all([writer.close(), connections.close()]);
    },
  };
}
