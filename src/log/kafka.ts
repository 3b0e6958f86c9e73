import { messageOf, TelltaleError } from '../errors.ts';
import { registerCodecs } from './codecs.ts';
import { createTopicAdmin, type KafkaTopicAdmin } from './kafka-admin.ts';
import { createClient, type KafkaLogOptions, waitForBroker } from './kafka-client.ts';
import { joinGroup } from './kafka-group.ts';
import { createReader } from './kafka-reader.ts';
import { createWriter } from './kafka-writer.ts';
import { patchRequestQueue } from './kafkajs-patch.ts';
import type { Group, GroupLog } from './port.ts';

export type { KafkaTopicAdmin } from './kafka-admin.ts';
export type { KafkaLogger, KafkaLogOptions } from './kafka-client.ts';

/** A group that is behind and has not moved for this long is broken: restarting is free, waiting is not. */
const DEAD_AFTER_MS = 5 * 60_000;
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
 * `codec_missing`, `file_unreadable` or the reason of an aborted `signal`.
 */
export async function createKafkaLog(options: KafkaLogOptions): Promise<KafkaLog> {
  patchRequestQueue();
  await registerCodecs();
  await waitForBroker(options);
  const kafka = createClient(options, RETRIES);
  const reader = createReader(kafka);
  const writer = await createWriter(kafka, options.compression ?? 'none').catch((error: unknown) => {
    throw new TelltaleError('broker_unavailable', messageOf(error), { cause: error });
  });
  const groups = new Set<Group>();
  return {
    partitions: reader.partitions,
    ends: reader.ends,
    read: reader.read,
    committed: reader.committed,
    ping: reader.ping,
    append: writer.append,
    admin: () => createTopicAdmin(createClient(options, RETRIES)),
    join: async (groupOptions) => {
      const group = await joinGroup(groupOptions, {
        kafka: createClient(options, RETRIES),
        reader,
        log: options.log,
        deadAfterMs: options.deadAfterMs ?? DEAD_AFTER_MS,
      });
      groups.add(group);
      return group;
    },
    close: async () => {
      await Promise.all([...groups].map((group) => group.leave()));
      await Promise.all([writer.close(), reader.close()]);
    },
  };
}
